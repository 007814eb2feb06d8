// The pages for people: every link between them leads somewhere, and what docs/github.md shows of a pull request is the real comment.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { TEST_FOLDER } from "./support/golden.ts";

const ROOT = join(TEST_FOLDER, "..");
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs")).map((name) => join("docs", name)),
];
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");
const withoutCode = (text: string) =>
  text.replaceAll(/^( *)```[^]*?^\1```$/gm, "").replaceAll(/`[^`\n]*`/g, "");

/** As GitHub names the headings of a page. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

for (const page of PAGES) {
  test(`${page}: every link to another page leads to it`, () => {
    for (const [, target = ""] of withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target.startsWith("https://")) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      assert.ok(existsSync(join(ROOT, file)), target);
      if (anchor !== undefined) assert.ok(anchorsOf(read(file)).has(anchor), target);
    }
  });
}

function shown(markdown: string): string {
  const html = micromark(markdown, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
  });
  return html.replaceAll(/\s+/g, " ").trim();
}

test("docs/github.md shows a comment as it is written", () => {
  const [, quoted = ""] = /\n((?:>[^\n]*\n)+)/.exec(read("docs/github.md")) ?? [];
  const [, ...lines] = readFileSync(join(TEST_FOLDER, "golden/comment/one-label.md"), "utf8").split("\n");
  assert.equal(shown(quoted.replaceAll(/^> ?/gm, "")), shown(lines.join("\n")));
});
