// Runs one suite of tests: the files are listed here, because a shell's glob that matches nothing once passed as green.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Suite {
  readonly folder: string;
  /** Fewer tests than this mean that some were not found. Raise a number when the suite grows. */
  readonly atLeast: number;
  /** Files that measure times, or let time limits pass: each has the computer for itself. The others run two at a time. */
  readonly alone?: RegExp;
  /** All of its files in as many processes as there are lanes: none of them changes anything outside itself. */
  readonly together?: true;
}

/** Side by side. */
const LANES = 2;

const SUITES: Readonly<Record<string, Suite>> = {
  hermetic: { folder: ".", atLeast: 1840, together: true },
  contract: {
    folder: "contract",
    atLeast: 745,
    alone: /client|haproxy|keepalived|k3s|ssh\.test|status|verify|card-look/,
  },
};

const [name = "", ...only] = process.argv.slice(2);
const suite = SUITES[name];
if (!suite) {
  process.stderr.write(`usage: test/run.ts ${Object.keys(SUITES).join(" | ")} [FILE...]\n`);
  process.exit(3);
}

const folder = fileURLToPath(new URL(suite.folder, import.meta.url));
const files = readdirSync(folder)
  .filter(
    (file) => file.endsWith(".test.ts") && (only.length === 0 || only.some((part) => file.includes(part))),
  )
  .toSorted()
  .map((file) => join(folder, file));
const alone = files.filter((file) => suite.alone?.test(basename(file)));
const groups = suite.together ? dealt(files) : [alone, files.filter((file) => !alone.includes(file))];
const scratch = mkdtempSync(join(tmpdir(), "quorate-test-"));
const run = (group: readonly string[], index: number): Promise<Outcome> => {
  const summary = join(scratch, `${index}.tap`);
  return suite.together ? runTogether(group, summary) : runFiles(group, index + 1, summary);
};
const outcomes: Outcome[] = [];
const filled = groups.filter((group) => group.length > 0);
if (suite.together) outcomes.push(...(await Promise.all(filled.map(run))));
else
  for (const [index, group] of groups.entries()) if (group.length > 0) outcomes.push(await run(group, index));
rmSync(scratch, { recursive: true, force: true });
const sum = (key: "passed" | "skipped") => outcomes.reduce((total, each) => total + each[key], 0);
const [ran, skipped] = [sum("passed"), sum("skipped")];
const status = outcomes.every(({ ok }) => ok) ? 0 : 1;
process.stdout.write(`${name}: ${ran} tests passed\n`);
if (status !== 0) process.exit(1);
if (only.length === 0 && skipped === 0 && ran < suite.atLeast) {
  process.stderr.write(`${name}: only ${ran} tests ran, at least ${suite.atLeast} are there\n`);
  process.exit(1);
}
if (skipped > 0 && process.env["CI"]) {
  process.stderr.write(`${name}: ${skipped} tests were skipped, and in CI none may be\n`);
  process.exit(1);
}

/** Into lanes of about the same length: the larger a file, the longer it takes, mostly. */
function dealt(all: readonly string[]): readonly (readonly string[])[] {
  const bySize = all.toSorted((one, other) => statSync(other).size - statSync(one).size);
  return Array.from({ length: LANES }, (_, lane) => bySize.filter((_file, index) => index % LANES === lane));
}

interface Outcome {
  readonly ok: boolean;
  readonly passed: number;
  readonly skipped: number;
}

function runFiles(group: readonly string[], atATime: number, summary: string): Promise<Outcome> {
  return runNode(["--test", `--test-concurrency=${atATime}`, ...reporters(summary), ...group], summary);
}

function runTogether(group: readonly string[], summary: string): Promise<Outcome> {
  const program = fileURLToPath(new URL("together.ts", import.meta.url));
  return runNode([...reporters(summary), program, ...group], summary);
}

function reporters(summary: string): readonly string[] {
  return [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=tap",
    `--test-reporter-destination=${summary}`,
  ];
}

async function runNode(args: readonly string[], summary: string): Promise<Outcome> {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const status = await new Promise<number | null>((ended) => child.once("close", ended));
  const tap = readFileSync(summary, "utf8");
  const of = (key: string) => Number(new RegExp(`^# ${key} (\\d+)$`, "m").exec(tap)?.[1] ?? 0);
  return { ok: status === 0, passed: of("pass"), skipped: of("skipped") };
}
