// Other programs of this computer: none holds us up for longer than its limit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { programs } from "../generator/program.ts";

const run = programs({ PATH: process.env["PATH"] });

test("a program that has started another one is not waited for beyond its limit, whatever that one does", async () => {
  const begun = performance.now();
  const { status, stdout } = await run("sh", ["-c", "sleep 20 & echo begun; wait"], { limit: 300 });
  assert.equal(status, null);
  assert.equal(stdout.toString(), "begun\n");
  assert.ok(performance.now() - begun < 10_000);
});

test("a program's exit status and what it prints", async () => {
  const { status, stdout, stderr } = await run("sh", ["-c", "echo out; echo err >&2; exit 7"]);
  assert.deepEqual([status, stdout.toString(), stderr], [7, "out\n", "err\n"]);
  assert.equal((await run("no-such-program-anywhere", [])).missing, true);
});
