// What doctor takes for the workflows of this Quorate is what lies in .github/workflows/.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { generatedFromEdited } from "../../generator/docs/generated.ts";

for (const [path, text] of generatedFromEdited()) {
  test(`${path} is in step`, () => {
    const committed = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    assert.equal(committed, text, "npm run generate rewrites it");
  });
}
