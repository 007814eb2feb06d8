// The id of a folder, as git itself computes it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import type { FileMap } from "../generator/model/files.ts";
import { gitTreeId } from "../generator/render/git-tree.ts";
import { renderFixture } from "./support/fixtures.ts";
import { scratch } from "./support/scratch.ts";

const git = (folder: string, ...args: readonly string[]) =>
  execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    encoding: "utf8",
  }).trim();

/** Writes the files into a new repository and has git say the id of a folder in it. */
function idsByGit(t: TestContext, files: FileMap, folders: readonly string[]): readonly string[] {
  const place = scratch(t);
  git(place, "init", "-q");
  git(place, "config", "core.autocrlf", "false");
  for (const [path, { text, executable }] of files) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
    chmodSync(join(place, path), executable ? 0o755 : 0o644);
  }
  git(place, "add", "-A");
  const root = git(place, "write-tree");
  return folders.map((folder) => git(place, "rev-parse", `${root}:${folder}`));
}

for (const fixture of ["sample", "everything-set"]) {
  test(`the tree of every machine of ${fixture} is the one that git makes`, (t) => {
    const files = renderFixture(fixture);
    const folders = [...new Set([...files.keys()].flatMap((path) => /^nodes\/[^/]+/.exec(path)?.[0] ?? []))];
    assert.ok(folders.length >= 4);
    assert.deepEqual(
      folders.map((folder) => gitTreeId(files, folder)),
      idsByGit(t, files, folders),
    );
  });
}

test("order, executables, empty files and other letters: as git has them", (t) => {
  const file = (text: string, executable = false) => ({ text, executable });
  const files: FileMap = new Map([
    ["n/a.b", file("1")],
    ["n/a/x", file("2")],
    ["n/a0", file("3", true)],
    ["n/B", file("")],
    ["n/é/deep/er", file("ü\n")],
    ["n/a-c/x", file("4")],
    ["nn/other", file("5")],
  ]);
  assert.deepEqual([gitTreeId(files, "n"), gitTreeId(files, "n/a")], idsByGit(t, files, ["n", "n/a"]));
  assert.throws(() => gitTreeId(files, "none"), /nothing is rendered below none/);
});
