// zizmor judges the workflows, as strictly as it can without asking GitHub.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scratch } from "../support/scratch.ts";
import { isThere, runTool } from "../support/tools.ts";
import { workflowTexts } from "../support/workflows.ts";

/** It comes from PyPI, which not everybody can reach; the project's own workflow insists on it. */
const insists = process.env["QUORATE_ZIZMOR"] === "required";
const there = isThere("zizmor");
if (!there && !insists)
  process.stdout.write("ZIZMOR IS NOT THERE, THE WORKFLOWS ARE NOT JUDGED BY IT. Next: npm run setup\n");
const STRICT = ["--offline", "--persona=auditor", "--strict-collection", "--no-progress", "--color=never"];

for (const [what, from, to, finding] of [
  ["as they are", "", "", null],
  ["with an action by its tag", /checkout@[0-9a-f]{40} # v7\.0\.1/, "checkout@v7", /error\[unpinned-uses\]/],
  [
    "with an input in a command",
    "pipeline apply\n",
    "pipeline apply ${{ inputs.node }}\n",
    /template-injection/,
  ],
] as const) {
  if (!there && !insists) break;
  test(`zizmor: the workflows ${what}`, (t) => {
    const folder = join(scratch(t), ".github/workflows");
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of workflowTexts())
      writeFileSync(join(folder, file), file === "apply.yml" ? text.replace(from, to) : text);
    const { status, stdout, stderr } = runTool("zizmor", [...STRICT, folder]);
    if (finding === null) {
      assert.match(stdout, /^No findings to report\. Good job! \(2 ignored\)$/m, stdout + stderr);
      assert.equal(status, 0);
    } else {
      assert.match(stdout, finding);
      assert.notEqual(status, 0);
    }
  });
}
