// The record on the disk: whole at every moment, also where the disk is full.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseRecord } from "../generator/model/record.ts";
import { openRecordStore, removeRecord } from "../generator/record-store.ts";
import { makeRecord, recordedMachine } from "./support/record.ts";
import { scratch } from "./support/scratch.ts";

const LOADER = import.meta.resolve("tsx/esm");
const STORE = new URL("../generator/record-store.ts", import.meta.url).href;

test(
  "a disk that takes only a part of it: the record before stays, and it is said",
  { skip: process.platform === "win32" ? "there is no ulimit" : false },
  (t) => {
    const path = join(scratch(t), "applied.json");
    const known = makeRecord({ name: "test" });
    openRecordStore(path, known.cluster, known).set("server-1", recordedMachine({}));
    const before = readFileSync(path, "utf8");
    assert.ok(parseRecord(before).ok);
    const machines = Array.from({ length: 40 }, (_, index) => [`server-${index}`, recordedMachine({})]);
    const program = `
      import { openRecordStore, removeRecord } from ${JSON.stringify(STORE)};
      const known = { cluster: ${JSON.stringify(known.cluster)}, machines: new Map(${JSON.stringify(machines)}) };
      try {
        openRecordStore(${JSON.stringify(path)}, known.cluster, known).set("server-0", known.machines.get("server-0"));
      } catch (error) {
        console.log(error.message);
      }`;
    // A file may have 8 kB here: what is written beyond is cut off, as where the disk is full.
    const node = [process.execPath, "--import", LOADER, "--input-type=module", "-e", program];
    const { stdout, stderr } = spawnSync("sh", ["-c", 'ulimit -f 16; exec "$@"', "sh", ...node], {
      encoding: "utf8",
    });
    assert.match(stdout, /^the record cannot be written to .*applied\.json: EFBIG/, stderr);
    assert.equal(readFileSync(path, "utf8"), before);
  },
);

test("a machine that is removed is not in the file any more, and the others are; the record itself can go", (t) => {
  const path = join(scratch(t), "applied.json");
  const known = makeRecord({ name: "test" }, ["server-1", "server-2"]);
  const store = openRecordStore(path, known.cluster, known);
  store.remove("server-2");
  const read = parseRecord(readFileSync(path, "utf8"));
  assert.ok(read.ok);
  assert.deepEqual([...read.record.machines.keys()], ["server-1"]);
  assert.deepEqual([...store.record.machines.keys()], ["server-1"]);
  removeRecord(path);
  assert.ok(!existsSync(path));
  // An uninstallation that goes on finds it gone.
  removeRecord(path);
  const folder = join(scratch(t), "applied.json");
  mkdirSync(folder);
  assert.throws(() => removeRecord(folder), { message: /^the record cannot be removed / });
});
