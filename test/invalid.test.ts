// Every finding has a folder under test/invalid: the config that provokes it and the report a person reads.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CODES } from "../generator/config/finding.ts";
import { run } from "../generator/verbs.ts";
import { assertGolden, TEST_FOLDER } from "./support/golden.ts";
import { scratch } from "./support/scratch.ts";

const INVALID = join(TEST_FOLDER, "invalid");

/** Findings about the file itself, where a committed config cannot show the case. */
const MADE: Readonly<Record<string, (file: string) => void>> = {
  "config-missing": () => {},
  "config-directory": (file) => mkdirSync(file),
  "config-unreadable": (file) => assert.equal(spawnSync("mkfifo", [file]).status, 0),
  "config-too-large": (file) => writeFileSync(file, " ".repeat(8 * 1024 * 1024 + 1)),
};

for (const [code, severity] of Object.entries(CODES)) {
  test(`${severity} ${code}`, async (t) => {
    const file = join(scratch(t), "cluster.config.json");
    const make = MADE[code];
    if (make) make(file);
    else copyFileSync(join(INVALID, code, "cluster.config.json"), file);
    const found = await run(["check", "--json", "--config", file], {}, false);
    const { findings } = JSON.parse(found.stdout) as {
      findings: readonly { code: string; severity: string }[];
    };
    assert.ok(
      findings.some((each) => each.code === code && each.severity === severity),
      `found instead: ${findings.map((each) => each.code).join(", ")}`,
    );
    const errors = findings.filter((each) => each.severity === "error");
    assert.ok(
      errors.every((each) => severity === "error" && each.code === code),
      `only ${code} may be an error: ${errors.map((each) => each.code).join(", ")}`,
    );
    assert.equal(found.exit, errors.length > 0 ? 3 : 0);
    const { stderr } = await run(["check", "--config", file], {}, false);
    assertGolden(`invalid/${code}/report.txt`, stderr.replaceAll(file, "cluster.config.json"));
  });
}

test("every folder under test/invalid is a finding's", () => {
  assert.deepEqual(
    readdirSync(INVALID).filter((name) => !Object.hasOwn(CODES, name)),
    [],
  );
});

test("no report shows what looks like a secret", () => {
  const report = readFileSync(join(INVALID, "secret-in-config", "report.txt"), "utf8");
  const config = readFileSync(join(INVALID, "secret-in-config", "cluster.config.json"), "utf8");
  const [token = ""] = /K10[0-9a-f]{64}/.exec(config) ?? [];
  assert.equal(token.length, 67);
  assert.ok(!report.includes(token.slice(0, 20)));
  assert.ok(existsSync(join(INVALID, "secret-in-config")));
});

test("docs/findings.md shows every finding as it is printed", () => {
  const lines = [
    "# What Quorate can find wrong",
    "",
    "<!-- Made from test/invalid by `npm run golden`. -->",
    "",
    "`npm run check` prints all findings of a config at once. Errors stop everything, and then nothing is written;",
    "warnings and infos never block. Each is shown here as it is printed, for a config that has it.",
    "",
    ...Object.entries(CODES).flatMap(([code, severity]) => [
      `## ${code}`,
      "",
      `${severity[0]?.toUpperCase()}${severity.slice(1)}.`,
      "",
      "```text",
      ...blocksOf(code, readFileSync(join(INVALID, code, "report.txt"), "utf8")),
      "```",
      "",
    ]),
  ];
  assertGolden("../docs/findings.md", lines.join("\n"));
});

/** The blocks of a report that speak of one code: a config may have harmless other findings. */
function blocksOf(code: string, report: string): readonly string[] {
  const blocks = report.split("\n\n").filter((block) => block.split(":")[0]?.endsWith(`[${code}]`));
  assert.ok(blocks.length > 0, code);
  return [blocks.join("\n\n")];
}
