// Machines made of Linux namespaces: a host name, a network, processes and /run of their own, gone when the test ends.
import { type ChildProcess, spawn as spawnProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Keeper } from "./scratch.ts";
import { missing, requireTool, type Run, runTool } from "./tools.ts";

export interface Machine {
  readonly name: string;
  /** Its root folder as this computer sees it: its /run and its sockets are below. */
  readonly root: string;
  /** Runs a program in it and waits for the end. */
  readonly run: (args: readonly string[], input?: string) => Promise<Run>;
  /** The same, failing the test where the exit status is not 0; returns the standard output. */
  readonly must: (args: readonly string[], input?: string) => Promise<string>;
  /** Starts a program in it and leaves it running. */
  readonly start: (args: readonly string[]) => Promise<Program>;
  /** Adds a network card, its cable in the bridge br0 of another machine. Addresses in CIDR form. */
  readonly plug: (lan: Machine, card: string, addresses: readonly string[]) => Promise<void>;
  /** Pulls the plug: every process of it is killed at once. */
  readonly powerOff: () => Promise<void>;
}

export interface Program {
  /** What it has said so far, standard output and error together. */
  readonly output: () => string;
  /** The next line of its standard output. Throws after the limit, 10 s by default. */
  readonly nextLine: (limit?: number) => Promise<string>;
  readonly write: (line: string) => void;
  /** Ends its standard input. */
  readonly end: () => void;
  readonly signal: (name: "KILL" | "STOP" | "CONT" | "USR2" | "TERM" | "INT" | "HUP") => Promise<void>;
  readonly exited: Promise<number | string>;
}

const KINDS = ["--net", "--mount", "--pid", "--uts"];
const TMPFS = "mount -t proc proc /proc && mount -t tmpfs -o mode=755 tmpfs /run";

// The first process: it says what this computer calls it, then lives as long as its standard input, so that nothing is
// left of a machine even where the test itself is killed.
const INIT = `read -r pid rest </proc/self/stat
${TMPFS} && echo "$1" >/proc/sys/kernel/hostname && ip link set lo up && echo "$pid" && exec cat >/dev/null`;

/** For the `skip` option of a test: false where machines can be made here. Throws where CI is set, as `requireTool` does. */
export function requireNamespaces(): string | false {
  const noTool =
    requireTool("unshare", "apt-get install util-linux") ||
    requireTool("nsenter", "apt-get install util-linux") ||
    requireTool("ip", "apt-get install iproute2");
  if (noTool) return noTool;
  const root = process.getuid?.() === 0;
  const { status } = root ? runTool("unshare", [...KINDS, "--fork", "sh", "-c", TMPFS]) : { status: 1 };
  return status === 0
    ? false
    : missing("the right to make namespaces", "nothing; run the contract tests as root");
}

/** A new machine without a network card. */
export async function openMachine(t: Keeper, name: string): Promise<Machine> {
  const args = [...KINDS, "--fork", "--kill-child", "sh", "-c", INIT, "sh", name];
  const init = watch(spawn("unshare", args));
  const children: ChildProcess[] = [];
  const inside = (args: readonly string[]): ChildProcess => {
    const child = spawn("nsenter", ["-t", pid, "-n", "-m", "-p", "-u", "--", ...args]);
    children.push(child);
    return child;
  };
  const closed = async () => {
    // nsenter stops together with a program that is stopped: nobody would wake it up, and the machine would wait for it.
    for (const child of children) child.kill("SIGKILL");
    init.child.kill("SIGKILL");
    await init.exited;
  };
  t.after(closed);
  const pid = await init.nextLine();

  const start = async (args: readonly string[]): Promise<Program> => {
    // The shell says its own number, which the program then has.
    const child = inside(["sh", "-c", 'echo "$$"; exec "$@"', "sh", ...args]);
    const { nextLine, output, exited } = watch(child);
    const inner = await nextLine();
    return {
      output: () => output().replace(`${inner}\n`, ""),
      nextLine,
      exited,
      write: (line) => child.stdin?.write(`${line}\n`),
      end: () => child.stdin?.end(),
      signal: async (signal) => void (await must(["sh", "-c", `kill -${signal} ${Number(inner)}`])),
    };
  };
  const run = async (args: readonly string[], input = ""): Promise<Run> => finished(inside(args), input);
  const must = async (args: readonly string[], input = ""): Promise<string> => {
    const { status, stdout, stderr } = await run(args, input);
    if (status !== 0) throw new Error(`${name}: ${args.join(" ")}: ${status}: ${stderr}`);
    return stdout;
  };
  const plug = async (lan: Machine, card: string, addresses: readonly string[]) => {
    // Only the network of the other is entered: the process number of this one is known out here.
    const cable = ["link", "add", name, "type", "veth", "peer", "name", card, "netns", pid];
    const { status, stderr } = await finished(
      spawn("nsenter", [`--net=${lan.root}/proc/1/ns/net`, "ip", ...cable]),
      "",
    );
    if (status !== 0) throw new Error(stderr);
    await lan.must(["sh", "-ec", `ip link set ${name} master br0; ip link set ${name} up`]);
    const add = addresses.map((address) => `ip address add ${address} dev ${card}`);
    await must(["sh", "-ec", [`ip link set ${card} up`, ...add].join("; ")]);
  };
  return { name, root: `/proc/${pid}/root`, run, must, start, plug, powerOff: closed };
}

/** The LAN: a machine with a bridge that others are plugged into. Addresses in CIDR form; tests ask from here. */
export async function openLan(t: Keeper, addresses: readonly string[]): Promise<Machine> {
  const lan = await openMachine(t, "lan");
  const add = addresses.map((address) => `ip address add ${address} dev br0`);
  await lan.must(["sh", "-e"], ["ip link add br0 type bridge", "ip link set br0 up", ...add].join("\n"));
  return lan;
}

/** Asks again every 25 ms until the answer is not undefined. Throws after the limit, naming what was waited for. */
export async function until<T>(what: string, limit: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${limit} ms`);
    await sleep(25);
  }
}

/** With the sbin folders, which are not in everybody's PATH, and with plain English messages. */
function spawn(name: string, args: readonly string[]): ChildProcess {
  const PATH = `${process.env["PATH"]}:/usr/local/sbin:/usr/sbin:/sbin`;
  return spawnProcess(name, args, { env: { ...process.env, PATH, LC_ALL: "C.UTF-8" } });
}

async function finished(child: ChildProcess, input: string): Promise<Run> {
  const [stdout, stderr]: string[][] = [[], []];
  child.stdout?.setEncoding("utf8").on("data", (part: string) => stdout?.push(part));
  child.stderr?.setEncoding("utf8").on("data", (part: string) => stderr?.push(part));
  child.stdin?.on("error", () => {}).end(input);
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { status, stdout: (stdout ?? []).join(""), stderr: (stderr ?? []).join("") };
}

/** Collects what a process says. */
function watch(child: ChildProcess) {
  const said: string[] = [];
  const lines: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (part: string) => said.push(part));
  if (!child.stdout) throw new Error("no standard output");
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(`${line}\n`);
    lines.push(line);
  });
  child.stdin?.on("error", () => {});
  const exited = new Promise<number | string>((resolve) => {
    child
      .on("error", (error) => resolve(error.message))
      .on("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  const nextLine = async (limit = 10_000) =>
    until(`a line of ${child.spawnargs.join(" ")} after ${said.join("")}`, limit, async () => lines.shift());
  return { child, exited, nextLine, output: () => said.join("") };
}
