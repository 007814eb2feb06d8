// Runs the lab's test files, one after another, each in a lab of its own, within a budget of time.
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { LAB_SEED } from "./chance.ts";
import { enter, inside } from "./inside.ts";
import { REAL_ARTIFACTS } from "./needs.ts";
import { labFile } from "./paths.ts";

/** Fewer tests than this mean that some were not found. Raise it when the suite grows. */
const AT_LEAST = 108;
/** The files that measure how long things take, and the one whose computer is emulated and slow: each by itself. */
const BY_THEMSELVES = ["cold-boot", "cards", "apply.test"];
/** Begun first, so that all lanes end together. */
const LONGEST = ["apply-faults", "come-and-go", "drill", "upgrade", "never-two", "replace"];
const LANES = 3;
/** What one run of all files may take. Past one and a half times that it fails. */
const BUDGET_MINUTES = 30;

export interface SuiteOptions {
  readonly repeat: number;
  /** Parts of file names; none: all files. */
  readonly only: readonly string[];
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs the suite and says what came of it. Returns the exit code. */
export async function runSuite({ repeat, only }: SuiteOptions): Promise<number> {
  const files = readdirSync(labFile("."))
    .filter(
      (file) => file.endsWith(".test.ts") && (only.length === 0 || only.some((part) => file.includes(part))),
    )
    .toSorted()
    .map(labFile);
  if (files.length === 0) {
    say(`no test file is named like ${only.join(", ")}`);
    return 1;
  }
  for (let round = 1; round <= repeat; round++) {
    const seed = repeat > 1 ? randomInt(1, 2 ** 31) : LAB_SEED;
    say(
      `${repeat > 1 ? `round ${round} of ${repeat}, ` : ""}QUORATE_LAB_SEED=${seed}, budget ${BUDGET_MINUTES} min`,
    );
    if (!(await runOnce(files, seed, only.length === 0))) {
      say(`failed. The same chances again: QUORATE_LAB_SEED=${seed} npm run lab`);
      return 1;
    }
  }
  return 0;
}

function byLength(one: string, other: string): number {
  const place = (file: string) => {
    const index = LONGEST.findIndex((name) => file.includes(name));
    return index < 0 ? LONGEST.length : index;
  };
  return place(one) - place(other);
}

async function runOnce(files: readonly string[], seed: number, whole: boolean): Promise<boolean> {
  const started = performance.now();
  const counts: Count[] = [];
  let good = true;
  const run = async (file: string, alone: boolean) => {
    const left = BUDGET_MINUTES * 1.5 * 60_000 - (performance.now() - started);
    const begun = performance.now();
    const { ok, count } = await runFile(file, seed, left, alone);
    counts.push(count);
    good &&= ok;
    say(`${basename(file)}: ${ok ? "passed" : "failed"}, ${seconds(begun)} s`);
  };
  // The others wait more than they compute: several at a time.
  const single = files.filter((file) => BY_THEMSELVES.some((name) => basename(file).startsWith(name)));
  for (const file of single) await run(file, true);
  const queue = files.filter((file) => !single.includes(file)).toSorted(byLength);
  const lane = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await run(file, false);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
  say(
    `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped in ${seconds(started)} s of ${BUDGET_MINUTES * 60} s`,
  );
  if (whole && sum("passed") + sum("skipped") < AT_LEAST) {
    say(`only ${sum("passed")} tests ran, at least ${AT_LEAST} are there`);
    return false;
  }
  // On a real K3s without kubelets some tests have nothing to look at, and say so.
  if (sum("skipped") > 0 && process.env["CI"] && REAL_ARTIFACTS === undefined) {
    say("tests were skipped, and in CI none may be");
    return false;
  }
  return good;
}

/** One file in a new lab; past `limitMs` it is stopped, with everything that it started. Beside another one it speaks at its end. */
async function runFile(
  file: string,
  seed: number,
  limitMs: number,
  alone: boolean,
): Promise<{ readonly ok: boolean; readonly count: Count }> {
  const none = { passed: 0, failed: 0, skipped: 0 };
  if (limitMs <= 0) {
    say(`no time is left for ${basename(file)}`);
    return { ok: false, count: none };
  }
  const scratch = mkdtempSync(join(tmpdir(), "quorate-lab-"));
  const summary = join(scratch, "summary.tap");
  const spoken = join(scratch, "spoken.txt");
  const place = inside([
    process.execPath,
    "--import",
    "tsx",
    "--test",
    "--test-reporter=spec",
    `--test-reporter-destination=${alone ? "stdout" : spoken}`,
    "--test-reporter=tap",
    `--test-reporter-destination=${summary}`,
    file,
  ]);
  const begun = performance.now();
  const status = await enter(place, { QUORATE_LAB_SEED: String(seed) }, limitMs);
  if (performance.now() - begun >= limitMs) say(`${basename(file)} took too long and was stopped`);
  if (!alone && existsSync(spoken)) process.stdout.write(readFileSync(spoken));
  const count = countOf(summary);
  rmSync(scratch, { recursive: true, force: true });
  return { ok: status === 0 && count.passed + count.skipped > 0, count };
}

function countOf(summary: string): Count {
  let tap = "";
  try {
    tap = readFileSync(summary, "utf8");
  } catch {
    // It was stopped before it could write one: no test counts.
  }
  const of = (key: string) => Number(new RegExp(`^# ${key} (\\d+)$`, "m").exec(tap)?.[1] ?? 0);
  return { passed: of("pass"), failed: of("fail"), skipped: of("skipped") };
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1000);
}

function say(text: string): void {
  process.stdout.write(`lab: ${text}\n`);
}
