// What an apply writes down: machine by machine, whole each time, and nothing where nothing is new.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isRecorded, recordedMachine, recorder, type RecordingOf } from "../generator/apply/recording.ts";
import { Failure } from "../generator/failure.ts";
import { commitOf, missingCommits } from "../generator/git.ts";
import { parseRecord } from "../generator/model/record.ts";
import { programs } from "../generator/program.ts";
import { openRecordStore } from "../generator/record-store.ts";
import { gitTreeId } from "../generator/render/git-tree.ts";
import { renderCluster } from "../generator/render/index.ts";
import { digestOf } from "../generator/render/node-program.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { TEMPLATES } from "./support/fixtures.ts";
import { planPlace } from "./support/plan-place.ts";
import { filesOf, nodeOf, SIX } from "./support/plan-play.ts";
import { makeRecord, recordedMachine as made } from "./support/record.ts";
import { scratch } from "./support/scratch.ts";

const ROOT = new Uint8Array(32).fill(3);
const OUTPUT = renderCluster(SIX, TEMPLATES);
const COMMIT = "4".repeat(40);
const OF: RecordingOf = {
  cluster: SIX,
  root: ROOT,
  output: OUTPUT,
  filesOf: ({ name }) => filesOf(name),
  commit: COMMIT,
};
const CLUSTER = makeRecord({ name: "test" }).cluster;

test("what is recorded of a machine", () => {
  const now = recordedMachine(OF, nodeOf("server-1"), "restart", "applied");
  assert.deepEqual(now, {
    role: "server",
    address: "10.0.0.11",
    tree: gitTreeId(OUTPUT, "nodes/server-1"),
    digest: digestOf(filesOf("server-1")),
    action: "restart",
    result: "applied",
    k3s: "v1.36.4+k3s1",
    commit: COMMIT,
    hostKey: deriveSecret(ROOT, { secret: "ssh-host-key-public/server-1", generation: 1 }),
  });
  assert.equal(recordedMachine(OF, nodeOf("lb-1"), "none", "failed").k3s, "");
});

test("what was done last, and from which commit, is no news; everything else is", () => {
  const now = recordedMachine(OF, nodeOf("server-1"), "none", "applied");
  assert.ok(!isRecorded(undefined, now));
  assert.ok(isRecorded({ ...now, action: "upgrade", commit: null }, now));
  for (const [key, value] of Object.entries(now)) {
    if (key === "action" || key === "commit") continue;
    assert.ok(!isRecorded({ ...now, [key]: `${value}0` }, now), key);
  }
});

test("nothing is written before there is something new; then every machine that is known stays", (t) => {
  const path = join(scratch(t), "out/applied.json");
  const known = { cluster: CLUSTER, machines: new Map([["server-2", made()]]) };
  const store = openRecordStore(path, CLUSTER, known);
  const write = recorder(store, OF);
  assert.ok(!existsSync(path));
  write({ name: "server-1", action: "restart" }, "applied");
  const read = parseRecord(readFileSync(path, "utf8"));
  assert.ok(read.ok);
  assert.deepEqual([...read.record.machines.keys()], ["server-1", "server-2"]);
  assert.deepEqual(readdirSync(join(path, "..")), ["applied.json"], "nothing is left beside it");
  const text = readFileSync(path, "utf8");
  rmSync(path);
  write({ name: "server-1", action: "none" }, "applied");
  assert.ok(!existsSync(path), "it is recorded");
  write({ name: "stranger", action: "none" }, "applied");
  assert.ok(!existsSync(path), "no machine of the config");
  write({ name: "server-1", action: "none" }, "failed");
  assert.notEqual(readFileSync(path, "utf8"), text);
  assert.equal(store.record.machines.get("server-1")?.result, "failed");
});

test("a record that cannot be written is a failure with what to do, and the earlier one stays", (t) => {
  const folder = scratch(t);
  const path = join(folder, "applied.json");
  writeFileSync(path, "earlier\n");
  const store = openRecordStore(path, CLUSTER, null);
  // A folder in its way: also root cannot write there, and a full disk says it in the same place.
  mkdirSync(`${path}.quorate-new`);
  const fails = (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.match(error.message, /^the record cannot be written to .*applied\.json: EISDIR/);
    assert.match(error.hint, /make room or make the folder writable, then run apply again/);
    return true;
  };
  assert.throws(() => store.set("server-1", made()), fails);
  assert.equal(readFileSync(path, "utf8"), "earlier\n");
  assert.equal(store.record.machines.size, 0, "what is not on the disk is not recorded");
  rmSync(`${path}.quorate-new`, { recursive: true });
  store.set("server-1", made());
  const beside = openRecordStore(join(folder, "applied.json/below/applied.json"), CLUSTER, null);
  assert.throws(() => beside.set("server-1", made()), /the record cannot be written to/);
});

const RUN = programs({ PATH: process.env["PATH"] });

test("the commit of a config: only where it is committed as it lies here", async (t) => {
  const place = await planPlace(t, "sample", "clusters/home");
  const head = place.git("rev-parse", "HEAD");
  assert.equal(await commitOf(RUN, place.config), head);
  writeFileSync(join(place.folder, "out/stray"), "x");
  assert.equal(await commitOf(RUN, place.config), head, "another file does not matter");
  place.edit("cluster.config.json", '"version": 1', '"version":  1');
  assert.equal(await commitOf(RUN, place.config), null, "edited");
  place.git("add", "-A");
  assert.equal(await commitOf(RUN, place.config), null, "staged is not committed");
  place.git("commit", "-qm", "two");
  assert.equal(await commitOf(RUN, place.config), place.git("rev-parse", "HEAD"));
  place.git("rm", "-q", "--cached", "cluster.config.json");
  place.git("commit", "-qm", "not in git any more");
  assert.equal(await commitOf(RUN, place.config), null, "not among the committed files");
  const outside = join(scratch(t), "cluster.config.json");
  writeFileSync(outside, "{}");
  assert.equal(await commitOf(RUN, outside), null, "no repository");
  assert.equal(await commitOf(programs({ PATH: "/nonexistent" }), place.config), null, "no git");
});

test("commits that this checkout does not contain: older, beside it, unknown", async (t) => {
  const place = await planPlace(t);
  const one = place.git("rev-parse", "HEAD");
  place.git("commit", "-q", "--allow-empty", "-m", "two");
  const two = place.git("rev-parse", "HEAD");
  const missing = (...commits: readonly string[]) => missingCommits(RUN, place.folder, commits);
  assert.deepEqual(await missing(one, two), []);
  place.git("checkout", "-q", one);
  assert.deepEqual(await missing(one, two), [two], "an older checkout");
  place.git("commit", "-q", "--allow-empty", "-m", "beside");
  assert.deepEqual(await missing(one, two), [two], "another branch");
  assert.deepEqual(await missing("f".repeat(40)), ["f".repeat(40)], "git does not know it");
  assert.deepEqual(await missing(), []);
  assert.deepEqual(await missingCommits(RUN, scratch(t), [one]), [], "no repository: nobody can say");
});

test("a machine that is out is taken out of the record, and one that never was in it writes nothing", (t) => {
  const path = join(scratch(t), "applied.json");
  const known = makeRecord({ name: "test" }, ["server-1", "agent-9"]);
  const record = recorder(openRecordStore(path, CLUSTER, known), OF);
  record({ name: "agent-8", action: "remove" }, "removed");
  assert.ok(!existsSync(path));
  record({ name: "agent-9", action: "remove" }, "removed");
  const read = parseRecord(readFileSync(path, "utf8"));
  assert.ok(read.ok);
  assert.deepEqual([...read.record.machines.keys()], ["server-1"]);
});
