// Runs one suite of tests: the files are listed here, because a shell's glob that matches nothing once passed as green.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Fewer tests than this mean that some were not found. Raise a number when the suite grows. */
const SUITES: Readonly<Record<string, { readonly folder: string; readonly atLeast: number }>> = {
  hermetic: { folder: ".", atLeast: 920 },
  contract: { folder: "contract", atLeast: 95 },
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
const scratch = mkdtempSync(join(tmpdir(), "quorate-test-"));
const summary = join(scratch, "summary.tap");
const reporters = ["spec", "stdout", "tap", summary];
const { status } = spawnSync(
  process.execPath,
  [
    "--import",
    "tsx",
    "--test",
    `--test-reporter=${reporters[0]}`,
    `--test-reporter-destination=${reporters[1]}`,
    `--test-reporter=${reporters[2]}`,
    `--test-reporter-destination=${reporters[3]}`,
    ...files,
  ],
  { stdio: ["ignore", "inherit", "inherit"] },
);
const tap = readFileSync(summary, "utf8");
rmSync(scratch, { recursive: true, force: true });
const ran = Number(/^# pass (\d+)$/m.exec(tap)?.[1] ?? 0);
const skipped = Number(/^# skipped (\d+)$/m.exec(tap)?.[1] ?? 0);
if (status !== 0) process.exit(1);
if (only.length === 0 && skipped === 0 && ran < suite.atLeast) {
  process.stderr.write(`${name}: only ${ran} tests ran, at least ${suite.atLeast} are there\n`);
  process.exit(1);
}
if (skipped > 0 && process.env["CI"]) {
  process.stderr.write(`${name}: ${skipped} tests were skipped, and in CI none may be\n`);
  process.exit(1);
}
