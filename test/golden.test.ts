// What people and machines get, byte for byte: out/ and the terminal summary of every fixture.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../generator/verbs.ts";
import { fixturePath, FIXTURES, renderFixture } from "./support/fixtures.ts";
import { assertGolden, assertGoldenTree } from "./support/golden.ts";
import { scratch } from "./support/scratch.ts";

for (const name of FIXTURES) {
  test(`golden out/ of ${name}`, () => {
    const texts = new Map([...renderFixture(name)].map(([path, { text }]) => [path, text]));
    assertGoldenTree(`golden/${name}/out`, texts);
  });

  test(`golden summary of ${name}`, async (t) => {
    const out = join(scratch(t), "out");
    const { exit, stdout, stderr } = await run(
      ["render", "--config", fixturePath(name), "--out", out],
      {},
      false,
    );
    assert.equal(stderr, "");
    assert.equal(exit, 0);
    const shown = stdout.replaceAll(out, "out").replaceAll(fixturePath(name), "cluster.config.json");
    assertGolden(`golden/${name}/summary.txt`, shown);
  });
}

test("only verify.sh is executable", () => {
  const executable = [...renderFixture("sample")].filter(([, file]) => file.executable).map(([path]) => path);
  assert.deepEqual(executable, ["verify.sh"]);
});
