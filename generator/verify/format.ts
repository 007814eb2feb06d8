// The table of verify, in the forms that verify.sh has too: a test holds the two against each other.
import type { Check } from "./check.ts";

export type Form = "text" | "tap" | "quiet";

const ID_WIDTH = 24;

/** For people, for the Test Anything Protocol, or only what fails. */
export function formatChecks(cluster: string, checks: readonly Check[], form: Form): string {
  switch (form) {
    case "text":
      return [...checks.map(textLines), `${summary(cluster, checks)}\n`].join("");
    case "quiet":
      return checks
        .filter(({ result }) => result === "fail")
        .map(textLines)
        .join("");
    case "tap":
      return ["TAP version 13\n", ...checks.map(tapLines), `1..${checks.length}\n`].join("");
  }
}

/** One document for tools. */
export function checksJson(cluster: string, checks: readonly Check[]): string {
  const { pass, fail, skip } = counts(checks);
  return `${JSON.stringify({ cluster, checks, passed: pass, failed: fail, skipped: skip }, null, 2)}\n`;
}

function counts(checks: readonly Check[]): Readonly<Record<Check["result"], number>> {
  const of = (result: Check["result"]) => checks.filter((check) => check.result === result).length;
  return { pass: of("pass"), fail: of("fail"), skip: of("skip") };
}

function summary(cluster: string, checks: readonly Check[]): string {
  const { pass, fail, skip } = counts(checks);
  return `${cluster}: ${pass} ok, ${fail} failed${skip > 0 ? `, ${skip} not asked` : ""}`;
}

function textLines({ id, result, expected, seen, cause, next }: Check): string {
  const name = id.padEnd(ID_WIDTH);
  switch (result) {
    case "pass":
      return `ok    ${name} ${seen}\n`;
    case "skip":
      return `-     ${name} not asked: ${seen}\n`;
    case "fail":
      return `FAIL  ${name} ${seen}\n      expected: ${expected}\n      cause:    ${cause}\n      next:     ${next}\n`;
  }
}

function tapLines({ id, result, expected, seen, cause, next }: Check, index: number): string {
  const number = index + 1;
  if (result === "skip") return `ok ${number} - ${id} # SKIP ${seen}\n`;
  const line = `${result === "pass" ? "ok" : "not ok"} ${number} - ${`${id} - ${seen}`.replaceAll("#", "\\#")}\n`;
  if (result === "pass") return line;
  const pairs = Object.entries({ expected, seen, cause, next });
  return `${line}  ---\n${pairs.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`).join("")}  ...\n`;
}
