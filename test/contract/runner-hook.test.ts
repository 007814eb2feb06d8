// shellcheck and the shells that a runner may take judge the hook: bash, and sh where there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FORGED, HOOK, OURS, work } from "../support/runner-hook.ts";
import { requireTool, runTool } from "../support/tools.ts";

test(
  "shellcheck has nothing to say about the runner's hook",
  { skip: requireTool("shellcheck", "apt-get install shellcheck") },
  () => {
    const { status, stdout } = runTool("shellcheck", ["--shell=sh", "--severity=style", "-"], HOOK);
    assert.equal(stdout, "");
    assert.equal(status, 0);
  },
);

for (const shell of ["dash", "bash"]) {
  const needsShell = { skip: requireTool(shell, `apt-get install ${shell}`) };

  test(`${shell}: our jobs pass, every other one ends at the hook`, needsShell, (t) => {
    for (const [what, variables] of Object.entries(OURS)) {
      const { status, said, wentOn } = work(t, shell, variables);
      assert.deepEqual([status, wentOn], [0, true], `${what}: ${said}`);
    }
    for (const [what, [variables, message]] of Object.entries(FORGED)) {
      const { status, said, wentOn } = work(t, shell, variables);
      assert.deepEqual([status, wentOn], ["SIGKILL", false], `${what}: ${said}`);
      assert.match(said, message, what);
    }
  });
}
