// Runs the card driver with a fault in one of its system calls, by strace: a kill, or an error that the kernel would give.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { type DriverAnswer, type DriverOrder, putCard } from "./card-driver.ts";
import { scratch } from "./scratch.ts";

export interface Fault {
  /** A set of calls as strace names them: rename is three calls, and which one a program makes depends on the processor. */
  readonly calls: string;
  /** Only those that touch one of these. Default: all. */
  readonly paths?: readonly string[];
  /** As strace's inject takes it: signal=SIGKILL, error=EIO. */
  readonly what: string;
  /** The first call that it happens to, from 1. */
  readonly first: number;
  /** It happens to every later call too: the card is gone. */
  readonly forGood?: boolean;
}

export interface Played {
  /** Null where it was killed. */
  readonly answer: DriverAnswer | null;
  /** There was a call that the fault happened to. */
  readonly wasHit: boolean;
}

export type Order = Omit<DriverOrder, "scratch">;

/** The driver as a program: it prints its answer as JSON. */
const PROGRAM = `import { putCard } from "./card-driver.ts";
import { readFileSync } from "node:fs";
putCard(JSON.parse(readFileSync(process.argv[2], "utf8"))).then((answer) => process.stdout.write(JSON.stringify(answer)));`;

/** Built as one file: it starts in a third of the time that it takes through a loader. */
export function cardDriver(t: TestContext): (order: Order, fault: Fault) => Promise<Played> {
  const folder = scratch(t);
  const driver = join(folder, "driver.cjs");
  const resolveDir = dirname(fileURLToPath(import.meta.url));
  buildSync({
    stdin: { contents: PROGRAM, resolveDir },
    outfile: driver,
    bundle: true,
    platform: "node",
    target: "node20",
  });
  return async (order, fault) => {
    const own = mkdtempSync(join(folder, "run-"));
    const [log, file] = [join(own, "strace.log"), join(own, "order.json")];
    writeFileSync(file, JSON.stringify({ ...order, scratch: own }));
    const argv = [...straceOf(fault, log), process.execPath, driver, file];
    const child = spawn("strace", argv, { stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    const traced = readFileSync(log, "utf8");
    rmSync(own, { recursive: true });
    // A killed program's strace ends by the same signal.
    const wasKilled = status === null;
    assert.ok(wasKilled || status === 0, `${fault.calls} ${fault.what} ${fault.first}: ${stderr}`);
    return {
      answer: wasKilled ? null : JSON.parse(stdout),
      wasHit: wasKilled || traced.includes("(INJECTED)"),
    };
  };
}

/** The same without a fault, in this process. */
export async function playWell(t: TestContext, order: Order): Promise<DriverAnswer> {
  return putCard({ ...order, scratch: scratch(t) });
}

/** The first thread only: there the driver does all of this, and the programs that it runs are left in peace. */
function straceOf(
  { calls, paths = [], what, first, forGood = false }: Fault,
  log: string,
): readonly string[] {
  return [
    "-qq",
    "-o",
    log,
    ...paths.flatMap((path) => ["-P", path]),
    "-e",
    `trace=${calls}`,
    "-e",
    `inject=${calls}:${what}:when=${first}${forGood ? "+" : ""}`,
    "--",
  ];
}

/** Plays with the fault at the first call, the second, and so on, until there is no further call; returns how many there were. */
export async function atEveryCall(
  fault: Omit<Fault, "first">,
  play: (fault: Fault) => Promise<boolean>,
): Promise<number> {
  for (let first = 1; ; first += 1) {
    if (!(await play({ ...fault, first }))) return first - 1;
  }
}
