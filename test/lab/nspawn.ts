// systemd-nspawn: how one machine is started, found and killed.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { openCgroups } from "./cgroup.ts";
import { command, type Result } from "./command.ts";
import type { Disk } from "./disk.ts";

/** nspawn ends with this number where the machine asks for a reboot. */
export const REBOOT = 133;

export interface RunOptions {
  readonly input?: string;
  /** A login of the machine; root where none is named. */
  readonly user?: string;
  readonly timeoutMs?: number;
}

interface Boot {
  readonly name: string;
  readonly disk: Disk;
  /** The name that its network link gets on this side; inside it is eth0. */
  readonly link: string;
  readonly lab: string;
  /** The file that its console is written to. */
  readonly screen: string;
}

/** Starts the machine, in control groups of its own. It ends with this process, however that ends. */
export function spawnMachine({ name, disk, link, lab, screen }: Boot): ChildProcess {
  const groups = openCgroups(lab, name);
  const output = openSync(screen, "a");
  const enter =
    'while [ "$1" != -- ]; do echo 0 >"$1" || exit 1; shift; done; shift; exec setpriv --pdeathsig KILL "$@"';
  const child = spawn(
    "sh",
    [
      "-c",
      enter,
      "sh",
      ...groups,
      "--",
      "systemd-nspawn",
      "--quiet",
      "--boot",
      "--directory",
      disk.root,
      `--machine=${name}`,
      "--register=no",
      "--keep-unit",
      "--resolv-conf=off",
      "--timezone=off",
      "--link-journal=no",
      `--network-veth-extra=${link}:eth0`,
      `--bind=${disk.boot}:/boot/firmware`,
      `--bind-ro=${process.execPath}:/usr/local/lib/quorate-lab/node`,
    ],
    // Apart from the terminal: Ctrl-C is for the tests, and what ends with them is killed.
    { stdio: ["ignore", output, output], detached: true },
  );
  closeSync(output);
  child.on("error", () => undefined);
  return child;
}

/** Runs a shell script among the processes of the machine whose process 1 is `pid`; what takes too long is killed there. */
export function runInside(
  pid: number,
  script: string,
  { input = "", user = "root", timeoutMs = 60_000 }: RunOptions,
): Promise<Result> {
  const home = user === "root" ? "/root" : `/home/${user}`;
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const login = user === "root" ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups"];
  const words = `-t ${pid} -a -- env -i HOME=${home} USER=${user} LC_ALL=C.UTF-8 PATH=${path}`.split(" ");
  const limit = ["timeout", "--signal=KILL", String(timeoutMs / 1000)];
  return command("nsenter", [...words, ...login, ...limit, "sh", "-c", script], {
    input,
    timeoutMs: timeoutMs + 5000,
  });
}

/** The machine's process 1, as this computer numbers it: the child of nspawn that is number 1 in a process space of its own. */
export function firstProcess(nspawn: number): number | undefined {
  return readText(`/proc/${nspawn}/task/${nspawn}/children`)
    .split(" ")
    .map(Number)
    .find((pid) => pid > 0 && /^NSpid:\t\d+\t1$/m.test(readText(`/proc/${pid}/status`)));
}

/** Ends a process at once; nothing happens where it is gone. */
export function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** The text of a file; nothing where it is not there, or not any more. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Whether a program that this process has started still runs. */
export function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
