// out/ on disk: silent the second time, pruned by its own list, nothing of anybody else touched.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { FileMap } from "../generator/model/files.ts";
import { compareOutput, guardOutput, OutputError, writeOutput } from "../generator/output.ts";
import { fixturePath, renderFixture } from "./support/fixtures.ts";
import { listFiles, TEST_FOLDER } from "./support/golden.ts";
import { scratch } from "./support/scratch.ts";

function write(folder: string, files: FileMap) {
  const difference = compareOutput(folder, files);
  guardOutput(folder, difference);
  writeOutput(folder, files, difference);
  return difference;
}

function without(files: FileMap, prefix: string): FileMap {
  const kept = [...files].filter(([path]) => !path.startsWith(prefix));
  const manifest = { generatedBy: "quorate", files: Object.fromEntries(kept.map(([path]) => [path, {}])) };
  const text = JSON.stringify(manifest, null, 2);
  return new Map([...kept, ["cluster.json", { text, executable: false }]]);
}

const SAMPLE = renderFixture("sample");

test("invariant 4, silent second time: no difference, and no file touched", (t) => {
  const folder = join(scratch(t), "out");
  assert.equal(write(folder, SAMPLE).added.length, SAMPLE.size);
  const paths = listFiles(folder);
  assert.deepEqual(paths, [...SAMPLE.keys()].toSorted());
  const past = new Date("2020-01-01");
  for (const path of paths) utimesSync(join(folder, path), past, past);
  const { added, changed, stale, foreign, unchanged } = write(folder, SAMPLE);
  assert.deepEqual([added, changed, stale, foreign], [[], [], [], []]);
  assert.equal(unchanged.length, SAMPLE.size);
  for (const path of paths) assert.equal(statSync(join(folder, path)).mtimeMs, past.getTime(), path);
});

test("one changed byte, one lost executable bit, one removed file come back; the rest is not touched", (t) => {
  const folder = join(scratch(t), "out");
  write(folder, SAMPLE);
  writeFileSync(join(folder, "haproxy.cfg"), `${readFileSync(join(folder, "haproxy.cfg"), "utf8")}#`);
  chmodSync(join(folder, "verify.sh"), 0o644);
  rmSync(join(folder, "nodes/lb-1/meta-data"));
  const { added, changed } = write(folder, SAMPLE);
  assert.deepEqual(added, ["nodes/lb-1/meta-data"]);
  assert.deepEqual(changed, ["haproxy.cfg", "verify.sh"]);
  assert.equal(statSync(join(folder, "verify.sh")).mode & 0o777, 0o755);
  assert.equal(write(folder, SAMPLE).unchanged.length, SAMPLE.size);
});

test("a machine that is gone is pruned with its folders; the record and foreign files stay", (t) => {
  const folder = join(scratch(t), "out");
  write(folder, SAMPLE);
  writeFileSync(join(folder, "applied.json"), "{}\n");
  writeFileSync(join(folder, "nodes/notes.txt"), "mine\n");
  const { stale, foreign } = write(folder, without(SAMPLE, "nodes/server-3/"));
  assert.ok(stale.length > 5 && stale.every((path) => path.startsWith("nodes/server-3/")));
  assert.deepEqual(foreign, ["nodes/notes.txt"]);
  assert.equal(existsSync(join(folder, "nodes/server-3")), false);
  assert.equal(readFileSync(join(folder, "nodes/notes.txt"), "utf8"), "mine\n");
  assert.equal(readFileSync(join(folder, "applied.json"), "utf8"), "{}\n");
});

test("a folder with somebody else's README.md is refused and left as it was", (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, "README.md"), "my project\n");
  assert.throws(
    () => write(folder, SAMPLE),
    (error) => error instanceof OutputError && /Quorate did not write \(README\.md\)/.test(error.message),
  );
  assert.deepEqual(listFiles(folder), ["README.md"]);
  assert.equal(readFileSync(join(folder, "README.md"), "utf8"), "my project\n");
});

test("a merge conflict in cluster.json does not lock the folder", (t) => {
  const folder = join(scratch(t), "out");
  write(folder, SAMPLE);
  const manifest = join(folder, "cluster.json");
  writeFileSync(manifest, `<<<<<<< HEAD\n${readFileSync(manifest, "utf8")}=======\n>>>>>>> other\n`);
  assert.deepEqual(write(folder, SAMPLE).changed, ["cluster.json"]);
});

test("a link in the way is not followed", (t) => {
  const base = scratch(t);
  const folder = join(base, "out");
  const elsewhere = join(base, "elsewhere");
  write(folder, SAMPLE);
  rmSync(join(folder, "nodes"), { recursive: true });
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(folder, "nodes"));
  assert.throws(
    () => write(folder, SAMPLE),
    (error) => error instanceof OutputError && /file or a link/.test(error.message),
  );
  assert.deepEqual(listFiles(elsewhere), []);
});

test("what a killed run left beside its place is cleaned up", (t) => {
  const folder = join(scratch(t), "out");
  write(folder, SAMPLE);
  writeFileSync(join(folder, "haproxy.cfg.quorate-new"), "half");
  assert.deepEqual(write(folder, SAMPLE).stale, ["haproxy.cfg.quorate-new"]);
  assert.deepEqual(listFiles(folder), [...SAMPLE.keys()].toSorted());
});

test("a file where the folder must be: said, with the next action, and nothing is lost", (t) => {
  const folder = join(scratch(t), "out");
  writeFileSync(folder, "a file\n");
  assert.throws(
    () => write(folder, SAMPLE),
    (error) =>
      error instanceof OutputError && error.message.includes(folder) && /move it away/.test(error.hint),
  );
  assert.equal(readFileSync(folder, "utf8"), "a file\n");
});

test("staging fails in the middle: the old files are all as they were, nothing half-written stays", (t) => {
  const folder = join(scratch(t), "out");
  write(folder, SAMPLE);
  const before = listFiles(folder);
  // A folder where the last staged file must go stands for a full disk: the write fails after others succeeded.
  mkdirSync(join(folder, "verify.sh.quorate-new", "x"), { recursive: true });
  const changed: FileMap = new Map(
    [...SAMPLE].map(([path, file]) => [path, { ...file, text: `${file.text}#\n` }]),
  );
  assert.throws(() => write(folder, changed), OutputError);
  rmSync(join(folder, "verify.sh.quorate-new"), { recursive: true });
  assert.deepEqual(listFiles(folder), before);
  assert.equal(compareOutput(folder, SAMPLE).unchanged.length, SAMPLE.size);
});

test("invariant 9, resumable: a first render killed as soon as it touches the disk is completed by the next", async (t) => {
  const folder = join(scratch(t), "out");
  const cli = join(TEST_FOLDER, "../generator/cli.ts");
  const child = spawn(process.execPath, [
    "--import",
    "tsx/esm",
    cli,
    "render",
    "--config",
    fixturePath("sample"),
    "--out",
    folder,
  ]);
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const limit = Date.now() + 20_000;
  while (!existsSync(folder) && Date.now() < limit) await new Promise((resolve) => setImmediate(resolve));
  child.kill("SIGKILL");
  await ended;
  assert.ok(existsSync(folder), "it never began to write");
  write(folder, SAMPLE);
  assert.deepEqual(listFiles(folder), [...SAMPLE.keys()].toSorted());
});
