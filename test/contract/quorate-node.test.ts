// The shells judge quorate-node: it is clean, and its decisions are the founding table's, in every situation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, SITUATION_KEYS } from "../../generator/model/founding.ts";
import { nodeProgram } from "../../generator/render/node-program.ts";
import { TEMPLATES } from "../support/fixtures.ts";
import { everySituation } from "../support/situations.ts";
import { requireTool, runTool } from "../support/tools.ts";

const PROGRAM = nodeProgram(TEMPLATES);

test(
  "shellcheck has nothing to say about quorate-node",
  {
    skip: requireTool("shellcheck", "apt-get install shellcheck"),
  },
  () => {
    const { status, stdout } = runTool("shellcheck", ["--shell=sh", "--severity=style", "-"], PROGRAM);
    assert.equal(stdout, "");
    assert.equal(status, 0);
  },
);

test(
  "quorate-node decides as the founding table does, in every situation, in dash and in bash",
  {
    skip: requireTool("dash", "apt-get install dash") || requireTool("bash", "apt-get install bash"),
  },
  () => {
    const [, body] = /\ndecide\(\) \{\n(.*?)\n\}\n/s.exec(PROGRAM) ?? [];
    assert.ok(body);
    const variables = SITUATION_KEYS.map((key) => (key === "mayFound" ? "may_found" : key)).join(" ");
    const script = `decide() {\n${body}\n}\nwhile read -r ${variables}; do outcome=none; decide; echo "$outcome"; done`;
    const situations = everySituation();
    const input = situations
      .map((situation) => SITUATION_KEYS.map((key) => situation[key]).join(" "))
      .join("\n");
    const meant = situations.map(decide);
    for (const shell of ["dash", "bash"]) {
      const { status, stdout, stderr } = runTool(shell, ["-c", script], `${input}\n`);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.deepEqual(stdout.trimEnd().split("\n"), meant);
    }
  },
);
