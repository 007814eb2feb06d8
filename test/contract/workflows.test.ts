// zizmor judges the workflows, as strictly as it can without asking GitHub.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scratch } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";
import { workflowTexts } from "../support/workflows.ts";

const needsZizmor = { skip: requireTool("zizmor", "npm run setup") };
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
  test(`zizmor: the workflows ${what}`, needsZizmor, (t) => {
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
