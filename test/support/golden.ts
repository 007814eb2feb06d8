// Golden files: text on disk that a test compares byte for byte; UPDATE_GOLDEN=1 rewrites it, except in CI.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder test/. */
export const TEST_FOLDER = fileURLToPath(new URL("..", import.meta.url));

const updating = process.env["UPDATE_GOLDEN"] === "1";
if (updating && process.env["CI"])
  throw new Error("UPDATE_GOLDEN is refused in CI: a golden is reviewed by a person");

/** Holds one text against test/PATH. */
export function assertGolden(path: string, text: string): void {
  const file = join(TEST_FOLDER, path);
  if (updating) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.ok(existsSync(file), `test/${path} is missing; npm run golden writes it`);
  assert.equal(text, readFileSync(file, "utf8"), `test/${path} differs; npm run golden rewrites it`);
}

/** Holds a whole tree against test/PATH: the same names, then the same text of each. */
export function assertGoldenTree(path: string, texts: ReadonlyMap<string, string>): void {
  const root = join(TEST_FOLDER, path);
  if (updating) rmSync(root, { recursive: true, force: true });
  else assert.deepEqual([...texts.keys()].toSorted(), listFiles(root), `the files of test/${path}`);
  for (const [name, text] of texts) assertGolden(`${path}/${name}`, text);
}

/** Paths of all files below a folder, with forward slashes, sorted. */
export function listFiles(root: string, below = ""): readonly string[] {
  const folder = join(root, below);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const path = below === "" ? name : `${below}/${name}`;
      return statSync(join(root, path)).isDirectory() ? listFiles(root, path) : [path];
    })
    .toSorted();
}
