// Scripts over OpenSSH: one shared connection per machine, the script on standard input and in no argument.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { $ } from "zx/core";
import { asArgument } from "../config/printable.ts";
import { withoutSecrets } from "../secrets/variables.ts";
import type { Finished, Lost, Remote, RemoteMachine, RunOptions } from "./remote.ts";
import { CONNECT_SECONDS, knownHosts, socketPath, sshConfig } from "./ssh-config.ts";
import { lost, offeredKeys, problemBeforeLogin, problemOfShell } from "./ssh-problem.ts";

export interface SshOptions {
  readonly machines: readonly RemoteMachine[];
  /** For ssh itself: PATH, HOME, SSH_AUTH_SOCK. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A private key to use instead of the usual ones and the agent. */
  readonly identity?: string;
  /** Ends what runs. */
  readonly signal?: AbortSignal;
}

export interface Ssh extends Remote {
  /**
   * Opens a machine for a person: this terminal, a login shell, or the command line given. Returns the exit status of the
   * command; 255 is ssh's own failure, which it has then said.
   */
  readonly enter: (machine: string, command?: string) => Promise<number>;
}

/** What a script may say, in bytes: more is a machine gone mad. */
const OUTPUT_LIMIT = 16 * 1024 * 1024;
/** After ssh is killed, how long its pipes may stay open. */
const LAST_WORDS_MS = 500;

// The last line of a script: a connection that is cut in the middle must not run the half that arrived.
const WHOLE = "# end of script";

/** Makes the private folder with ssh's files. Every `openSsh` needs its `close`. */
export function openSsh({ machines, environment, identity, signal }: SshOptions): Ssh {
  const folder = mkdtempSync(join(tmpdir(), "quorate-"));
  chmodSync(folder, 0o700);
  const config = join(folder, "config");
  try {
    const files = { folder, ...(identity !== undefined && { identity: resolve(identity) }) };
    writeFileSync(config, sshConfig(machines, files), { mode: 0o600 });
    writeFileSync(join(folder, "known_hosts"), knownHosts(machines), { mode: 0o600 });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const used = new Set<string>();
  const call = (args: readonly string[], input: string | Uint8Array, limit: number, more?: AbortSignal) => {
    const signals = [signal, more].flatMap((each) => each ?? []);
    const any = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    return ssh(["-F", config, ...args], input, limit, environment, any);
  };

  const run = async (name: string, script: string, options: RunOptions): Promise<Finished | Lost> => {
    const machine = machineOf(machines, name);
    used.add(name);
    const { command, input } = onStandardInput(script, options.input);
    const own = options.fresh === true ? ["-o", "ControlPath=none"] : [];
    const ended = await call([...own, name, command], input, options.limit, options.signal);
    if (ended.stopped === "signal") return lost("interrupted", machine);
    if (ended.stopped === "limit") return lost("too-long", machine, `${options.limit / 1000} s`);
    if (ended.stopped === "output") return lost("too-much", machine, `${OUTPUT_LIMIT / 2 ** 20} MiB`);
    const { exit, stdout, stderr } = ended;
    const known = exit === 255 ? (problemBeforeLogin(stderr) ?? "cut") : problemOfShell(exit, stderr);
    if (known === undefined) return { finished: true, exit, stdout, stderr };
    if (known !== "denied") return lost(known, machine, lastLine(stderr));
    // Asked again, aloud: which keys there were to offer is the one thing that helps.
    const aloud = await call(["-v", "-o", "ControlPath=none", name, "true"], "", CONNECT_SECONDS * 1000);
    return lost(known, machine, offeredKeys(aloud.stderr).join(", "));
  };

  const enter = async (name: string, command?: string): Promise<number> => {
    machineOf(machines, name);
    used.add(name);
    // A person can be asked for the passphrase of a key.
    const args = ["-F", config, "-o", "BatchMode=no", "-o", "ControlMaster=no", name];
    const running = start([...args, ...(command === undefined ? [] : [command])], environment, "inherit");
    const kill = () => running.child?.kill("SIGTERM");
    signal?.addEventListener("abort", kill);
    const { exitCode } = await running;
    signal?.removeEventListener("abort", kill);
    return exitCode ?? 255;
  };

  const close = async () => {
    const open = machines.flatMap(({ name }, index) => (used.has(name) ? [socketPath(folder, index)] : []));
    const end = (socket: string) =>
      ssh(["-F", config, "-o", `ControlPath=${socket}`, "-O", "exit", "x"], "", 1000, environment);
    await Promise.all(open.map(end));
    rmSync(folder, { recursive: true, force: true });
  };
  return { run, enter, close };
}

function machineOf(machines: readonly RemoteMachine[], name: string): RemoteMachine {
  const machine = machines.find((each) => each.name === name);
  if (!machine) throw new Error(`no machine named ${name} was given`);
  return machine;
}

/**
 * The remote command, and what goes to its standard input: the script's bytes, then its own input. The command names only
 * their number. `sh -s` would let any program in the script eat the rest of the script.
 */
function onStandardInput(script: string, input: string | Uint8Array = "") {
  const bytes = Buffer.from(`${script}\n${WHOLE}`);
  const inner = `script=$(head -c ${bytes.length}); case $script in *"${WHOLE}") eval "$script" ;; *) exit 255 ;; esac`;
  return { command: `sudo -n sh -c '${inner}'`, input: Buffer.concat([bytes, Buffer.from(input)]) };
}

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why we killed it, where we did. */
  readonly stopped?: "limit" | "signal" | "output";
}

/** Runs ssh to its end, to a limit in milliseconds, or to the signal. */
async function ssh(
  args: readonly string[],
  input: string | Uint8Array,
  limit: number,
  environment: SshOptions["environment"],
  signal?: AbortSignal,
): Promise<Ended> {
  if (signal?.aborted) return { exit: 255, stdout: "", stderr: "", stopped: "signal" };
  const running = start(args, { ...environment, LC_ALL: "C" }, "pipe");
  // ssh may end without having read it all.
  running.child?.stdin?.on("error", () => {}).end(input);
  const texts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const stopped = new Promise<Ended["stopped"]>((stop) => {
    const timer = setTimeout(() => stop("limit"), limit);
    const abort = () => stop("signal");
    signal?.addEventListener("abort", abort);
    let size = 0;
    for (const name of ["stdout", "stderr"] as const) {
      running.child?.[name]?.on("data", (part: Buffer) => {
        size += part.length;
        if (size > OUTPUT_LIMIT) stop("output");
        else texts[name].push(part);
      });
    }
    void running.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      stop(undefined);
    });
  });
  const why = await stopped;
  if (why !== undefined) {
    running.child?.kill("SIGKILL");
    await Promise.race([running, sleep(LAST_WORDS_MS)]);
  }
  const text = (parts: readonly Buffer[]) => Buffer.concat(parts).toString("utf8");
  const exit = why === undefined ? ((await running).exitCode ?? 255) : 255;
  return {
    exit,
    stdout: text(texts.stdout),
    stderr: text(texts.stderr),
    ...(why !== undefined && { stopped: why }),
  };
}

/** Every setting of zx is named: it would take others from variables ZX_... of the environment. */
function start(args: readonly string[], environment: SshOptions["environment"], stdio: "pipe" | "inherit") {
  return $({
    shell: "/bin/sh",
    prefix: "",
    postfix: "",
    quote: asArgument,
    env: { ...withoutSecrets(environment) },
    stdio,
    nothrow: true,
    quiet: true,
    verbose: false,
    detached: false,
    preferLocal: false,
  })`exec ssh ${[...args]}`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
