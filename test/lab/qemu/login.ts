// A login on a machine over SSH that stays open: an emulated computer takes seconds for each new one.
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, type Result, until } from "../command.ts";

/** For what runs on an emulated computer, and waits for its boot at most. */
const SCRIPT_MS = 240_000;

export interface LoginOptions {
  /** USER@ADDRESS, where somebody answers for the machine. */
  readonly who: string;
  /** The name of the machine in `knownHosts`. */
  readonly host: string;
  /** The private key's file. */
  readonly key: string;
  /** Lines of a known_hosts file: only a host with a key of these is taken. */
  readonly knownHosts: string;
  /** For the files of the connection. */
  readonly folder: string;
}

export interface Login {
  readonly run: (script: string) => Promise<Result>;
  /** The same, and throws unless it ends with 0. Returns what it printed on stdout. */
  readonly must: (script: string) => Promise<string>;
  readonly close: () => void;
}

/** Tries until it is let in. Throws after `limitMs`, or as soon as `isOn` says no or the host has another key, with what ssh said last. */
export async function logIn(
  { who, host, key, knownHosts, folder }: LoginOptions,
  limitMs: number,
  isOn: () => boolean,
): Promise<Login> {
  const known = join(folder, "known_hosts");
  writeFileSync(known, knownHosts);
  const socket = join(folder, "ssh");
  // One that was killed leaves it behind.
  rmSync(socket, { force: true });
  const options = ["-F", "none", "-S", socket, "-o", "BatchMode=yes"];
  const strict = [
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    `UserKnownHostsFile=${known}`,
    "-o",
    `HostKeyAlias=${host}`,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "ConnectTimeout=10",
  ];
  let said = "";
  const open: { master: ChildProcess | null } = { master: null };
  const knock = () => {
    const child = spawn("ssh", [...options, ...strict, "-M", "-N", "-i", key, who], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (text: Buffer) => (said = text.toString()));
    child.once("exit", () => (open.master = null));
    return child;
  };
  try {
    await until(`${who} to let us in`, limitMs, async () => {
      if (!isOn()) throw new Error("the machine is off");
      if (said.includes("Host key verification failed")) throw new Error("the host key is another one");
      open.master ??= knock();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { status } = await command("ssh", [...options, "-O", "check", who]);
      return status === 0 || undefined;
    });
  } catch (error) {
    open.master?.kill("SIGKILL");
    throw new Error(`${String(error)}; ssh said: ${said}`, { cause: error });
  }
  const run = (script: string) => command("ssh", [...options, who, script], { timeoutMs: SCRIPT_MS });
  return {
    run,
    must: async (script) => {
      const { status, stdout, stderr } = await run(script);
      if (status !== 0) throw new Error(`${who}: ${script}: status ${status}: ${stderr || stdout}`);
      return stdout;
    },
    close: () => void open.master?.kill("SIGKILL"),
  };
}
