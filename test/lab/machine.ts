// One machine of the lab: a disk, a cable and a power switch; inside it is a Debian that cloud-init sets up from its seed.
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Seed } from "../../generator/cards/seed.ts";
import { removeCgroups } from "./cgroup.ts";
import { command, type Result, until } from "./command.ts";
import { type Disk, flash, scrap } from "./disk.ts";
import { linkName, plugIn, removeLink, setLink, throttleLink } from "./network.ts";
import {
  firstProcess,
  isAlive,
  kill,
  readText,
  REBOOT,
  type RunOptions,
  runInside,
  spawnMachine,
} from "./nspawn.ts";

const POWER_MS = 20_000;

export interface Machine {
  readonly name: string;
  /** The root file system as seen from here, also while the machine is off. */
  readonly disk: string;
  /** The boot partition as seen from here. */
  readonly bootPartition: string;
  readonly on: boolean;
  /** Starts it. Resolves when it has a cable and its first process, long before it has booted. */
  readonly powerOn: () => Promise<void>;
  /** Pulls the plug: everything on it dies at once. The disk stays. */
  readonly powerOff: () => Promise<void>;
  /** A blank disk with a new card's seed. The machine must be off. */
  readonly reflash: (seed: Seed) => void;
  /** Resolves at the end of cloud-init's last stage, runcmd included, with the milliseconds since power-on. Throws after `limitMs`. */
  readonly booted: (limitMs?: number) => Promise<number>;
  /** Runs a shell script on it, whether or not it has a network. Throws where the machine is off or the script takes too long. */
  readonly run: (script: string, options?: RunOptions) => Promise<Result>;
  /** The same, and throws unless it ends with 0. Returns what it printed on stdout. */
  readonly must: (script: string, options?: RunOptions) => Promise<string>;
  /** All that the machine has printed on its console since it was made. */
  readonly console: () => string;
  /** Pulls the network cable; it stays out over a power cut. */
  readonly cut: () => void;
  readonly heal: () => void;
  /** A slow line: so many kbit a second to it; null: as fast as it can. */
  readonly throttle: (kbit: number | null) => void;
  /** Hangs processes whose command line matches: they are there, hold their ports, and do nothing. Throws where none does. */
  readonly freeze: (pattern: string) => Promise<void>;
  readonly thaw: (pattern: string) => Promise<void>;
}

export interface Place {
  readonly lab: string;
  readonly folder: string;
  readonly image: string;
  /** Counts the machines of the lab. */
  readonly index: number;
}

/** A machine with a freshly written card, switched off; `discard` pulls the plug and throws its disk away. */
export function makeMachine(
  name: string,
  seed: Seed,
  place: Place,
): { readonly machine: Machine; readonly discard: () => Promise<void> } {
  const folder = join(place.folder, name);
  const link = linkName(name, place.index);
  const screen = join(place.folder, `${name}.console`);
  let disk: Disk = flash(folder, place.image, seed);
  let running: ChildProcess | null = null;
  let first = 0;
  let cable = true;
  let poweredAt = 0;

  async function start(): Promise<void> {
    // After a reboot the kernel may not have taken the old one away yet.
    removeLink(link);
    const child = spawnMachine({ name, disk, link, lab: place.lab, screen });
    running = child;
    first = 0;
    child.once("exit", (code) => {
      if (running !== child) return;
      running = null;
      first = 0;
      // What was going to be thrown by the restart shows up as a machine that does not boot, with its console.
      if (code === REBOOT) start().catch(() => undefined);
    });
    await plugIn(link, cable, () => isAlive(child));
    first = await until(`the first process of ${name}`, POWER_MS, () => {
      if (!isAlive(child)) throw new Error(`${name} did not start:\n${tail(screen)}`);
      return firstProcess(child.pid ?? 0);
    });
  }

  async function powerOff(): Promise<void> {
    const child = running;
    const inner = first;
    running = null;
    first = 0;
    if (!child) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    kill(child.pid ?? 0);
    kill(inner);
    if (isAlive(child)) await ended;
    await until(`the end of ${name}`, POWER_MS, () =>
      existsSync(`/proc/${inner || "none"}`) ? undefined : true,
    );
    removeLink(link);
    removeCgroups(place.lab, name);
  }

  async function run(script: string, options: RunOptions = {}) {
    const pid = await until(`${name} to be on`, running ? POWER_MS : 0, () => first || undefined);
    return runInside(pid, script, options);
  }

  async function must(script: string, options?: RunOptions) {
    const { status, stdout, stderr } = await run(script, options);
    if (status !== 0) throw new Error(`${name}: ${script}: status ${status}: ${stderr || stdout}`);
    return stdout;
  }

  async function signal(kind: "STOP" | "CONT", pattern: string): Promise<void> {
    // No shell: its own command line would hold the pattern too.
    const { status } = await command("nsenter", [
      "-t",
      String(first),
      "-a",
      "pkill",
      `-${kind}`,
      "-f",
      pattern,
    ]);
    if (status !== 0) throw new Error(`${name}: no process matches ${pattern}`);
  }

  const machine: Machine = {
    name,
    disk: disk.root,
    bootPartition: disk.boot,
    get on() {
      return running !== null;
    },
    powerOn: async () => {
      if (running) throw new Error(`${name} is on already`);
      poweredAt = performance.now();
      await start();
    },
    powerOff,
    reflash: (newSeed) => {
      if (running) throw new Error(`${name} is on: nobody can take its card out`);
      disk = flash(folder, place.image, newSeed);
    },
    booted: async (limitMs = 120_000) => {
      try {
        await until(`${name} to boot`, limitMs, () => {
          if (!running) throw new Error(`${name} is off`);
          return (
            (first > 0 && existsSync(join(`/proc/${first}/root`, "run/cloud-init/result.json"))) || undefined
          );
        });
      } catch (error) {
        throw new Error(`${String(error)}; the end of its console:\n${tail(screen)}`, { cause: error });
      }
      return performance.now() - poweredAt;
    },
    run,
    must,
    console: () => readText(screen),
    cut: () => {
      cable = false;
      setLink(link, false);
    },
    heal: () => {
      cable = true;
      setLink(link, true);
    },
    throttle: (kbit) => throttleLink(link, kbit),
    freeze: (pattern) => signal("STOP", pattern),
    thaw: (pattern) => signal("CONT", pattern),
  };
  const discard = async () => {
    await powerOff();
    scrap(folder);
  };
  return { machine, discard };
}

function tail(path: string): string {
  return readText(path).slice(-2000);
}
