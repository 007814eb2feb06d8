// Measures Quorate: `npm run bench`. Ratios count, absolute times are this machine's; docs/numbers.md keeps the last run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLE, buildBundle } from "../../generator/bundle/build.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "quorate-bench-"));

interface InProcess {
  readonly machines: number;
  readonly files: number;
  readonly first: number;
  readonly median: number;
  readonly megabytes: number;
}

function inProcess(machines: number, runs: number): InProcess {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--import", "tsx", join(ROOT, "test/bench/in-process.ts"), String(machines), String(runs)],
    { cwd: ROOT, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as InProcess;
}

function wholeProcess(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
}

const median = (values: readonly number[]) =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

/** Times commands in turn, so that a slow moment of the machine hits all alike. */
function alternating(commands: readonly (readonly string[])[], rounds: number): readonly number[] {
  const times = commands.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, command] of commands.entries()) times[index]?.push(wholeProcess(command));
  }
  return times.map(median);
}

const lines: string[] = [];
function report(what: string, value: string, target: string, reached: boolean): void {
  lines.push(`| ${what} | ${value} | ${target} | ${reached ? "yes" : "no"} |`);
}

try {
  const four = inProcess(4, 30);
  const hundred = inProcess(100, 10);
  const thousand = inProcess(1000, 5);
  const growth = thousand.median / hundred.median;
  const config = join(ROOT, "test/fixtures/sample/cluster.config.json");
  const render = ["render", "--config", config, "--out", join(scratch, "out")];
  await buildBundle(join(scratch, "dist"));
  const bundled = join(scratch, "dist", BUNDLE);
  const tsx = ["--import", "tsx/esm", join(ROOT, "generator/cli.ts"), ...render];
  wholeProcess(tsx);
  const [bare = 1, underTsx = 0, underBundle = 0] = alternating([["-e", "0"], tsx, [bundled, ...render]], 15);
  report(
    "parse and render the sample's shape (4 machines), in process, warm",
    `${four.median.toFixed(1)} ms`,
    "30 ms",
    four.median < 30,
  );
  report("the same, first time in the process", `${four.first.toFixed(1)} ms`, "none", true);
  report("100 machines, in process", `${hundred.median.toFixed(0)} ms`, "none", true);
  report(
    `1,000 machines (${thousand.files} files), in process`,
    `${thousand.median.toFixed(0)} ms`,
    "2 s",
    thousand.median < 2000,
  );
  report(
    "1,000 machines, peak memory",
    `${thousand.megabytes.toFixed(0)} MB`,
    "400 MB",
    thousand.megabytes < 400,
  );
  report("t(1000) / t(100)", growth.toFixed(1), "at most 12", growth <= 12);
  report(
    "whole render of the sample under tsx / node -e 0",
    `${(underTsx / bare).toFixed(1)} (${underTsx.toFixed(0)} / ${bare.toFixed(0)} ms)`,
    "at most 6",
    underTsx / bare <= 6,
  );
  report(
    "the same, bundled / node -e 0",
    `${(underBundle / bare).toFixed(1)} (${underBundle.toFixed(0)} ms)`,
    "at most 2",
    underBundle / bare <= 2,
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const [cpu] = cpus();
process.stdout.write(
  [
    `${cpus().length} x ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`,
    "",
    "| what | measured | target | reached |",
    "|---|---|---|---|",
    ...lines,
    "",
  ].join("\n"),
);
