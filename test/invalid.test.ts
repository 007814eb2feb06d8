// Every finding has a folder under test/invalid: the config that provokes it and the report a person reads.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CODES } from "../generator/config/finding.ts";
import { run } from "../generator/verbs.ts";
import { fixturePath } from "./support/fixtures.ts";
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

/** Where a person may paste a secret by mistake, as a change of the sample's text; each holds the word Tr0ub4dor. */
const PASTED: readonly (readonly [string, string])[] = [
  ['"k3s": {', '"k3s": { "token": "Tr0ub4dor&3",'],
  ['"k3s": {', '"k3s": { "serverConfig": { "token": "Tr0ub4dor&3" },'],
  ['"k3s": {', '"k3s": { "serverConfig": { "etcd-s3-secret-key": ["Tr0ub4dor&3"] },'],
  ['"k3s": {', '"k3s": { "serverConfig": { "kube-apiserver-arg": ["oidc-client-secret=Tr0ub4dor&3"] },'],
  ['"k3s": {', '"k3s": { "artifacts": { "mirror": "https://Tr0ub4dor@host/k3s" },'],
  ['"k3s": {', '"k3s": { "artifacts": { "mirror": "https://host/k3s?token=Tr0ub4dor" },'],
  ['"user": "ops"', '"user": "ops", "password": "Tr0ub4dor&3"'],
  ['"user": "ops"', '"user": "ops", "password": "Tr0ub4dor&3",,'],
  ['"name": "home"', '"name": "glpat-Tr0ub4dor-Tr0ub4dor"'],
  ['"name": "home"', '"name": "home", "token": { "value": "sk-ant-Tr0ub4dorTr0ub4dor" }'],
];

for (const [place, pasted] of PASTED) {
  test(`refused and not shown: ${pasted}`, async (t) => {
    const file = join(scratch(t), "cluster.config.json");
    const sample = readFileSync(fixturePath("sample"), "utf8");
    writeFileSync(file, sample.replace(place, pasted));
    for (const json of [[], ["--json"]]) {
      const { exit, stdout, stderr } = await run(["check", "--config", file, ...json], {}, true);
      assert.equal(exit, 3);
      assert.ok(!`${stdout}${stderr}`.includes("Tr0ub4dor"), `${stdout}${stderr}`);
    }
  });
}

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
