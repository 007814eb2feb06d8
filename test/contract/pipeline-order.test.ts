// Runs of pipeline apply that come late, out of order, or beside another apply: no newer work is undone, and no record is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { recordText } from "../../generator/model/record.ts";
import { pipelinePlace } from "../support/pipeline-place.ts";

const KEYS = "different 0644 YQo= /etc/quorate/authorized_keys";
const FROM = '"k3s": {';
const san = (name: string) => `"k3s": { "tlsSans": ["${name}.example.org"],`;

test("a newer commit that contains this one was applied already: nothing to do, and exit 0", async (t) => {
  const place = await pipelinePlace(t);
  const first = place.merge(FROM, san("a"));
  const second = place.merge('"a.example.org"', '"b.example.org"');
  assert.equal((await place.pipelineApply()).exit, 0);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, second.sha);
  const before = place.main();
  place.checkout(first.sha);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.match(log, /::notice title=apply::nothing to do: commit [0-9a-f]{12}, which contains this one, was/);
  assert.equal(place.main(), before);
  assert.deepEqual(place.told(first.number), place.told(first.number).slice(0, 1));
});

test("a commit beside the one that the machines have: refused, and nothing is done", async (t) => {
  const place = await pipelinePlace(t);
  const base = place.main();
  place.merge(FROM, san("a"));
  assert.equal((await place.pipelineApply()).exit, 0);
  const [before, asked] = [place.main(), place.log().length];
  const beside = place.fake.push(
    "beside",
    { "cluster.config.json": `${place.fake.read(base, "cluster.config.json")}\n` },
    { from: base },
  );
  place.checkout(beside);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /this checkout does not contain it: it is older, or of another branch%0Anext: git pull/);
  assert.deepEqual([place.main(), place.log().length], [before, asked]);
});

test("two merges in a row, each applied by its own run: the newer config stays, and the older record is not lost", async (t) => {
  const place = await pipelinePlace(t);
  const first = place.merge(FROM, san("a"));
  const second = place.merge('"a.example.org"', '"b.example.org"');
  place.checkout(first.sha);
  const one = await place.pipelineApply();
  assert.equal(one.exit, 0, one.log);
  assert.match(place.fake.read("main", "cluster.config.json") ?? "", /b\.example\.org/);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, first.sha);
  assert.match(
    place.told(first.number).join(),
    /the branch has a newer config: out\/ stays as that one renders it/,
  );
  place.checkout(second.sha);
  const two = await place.pipelineApply();
  assert.equal(two.exit, 0, two.log);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, second.sha);
  assert.equal(place.recorded()?.machines.get("lb-1")?.result, "applied");
});

test("another apply has committed its record meanwhile: both are kept", async (t) => {
  const place = await pipelinePlace(t);
  const { sha } = place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  const theirs = place.recorded();
  assert.ok(theirs);
  const lb = theirs.machines.get("lb-1");
  assert.ok(lb);
  const meanwhile = {
    ...theirs,
    machines: new Map([...theirs.machines, ["lb-1", { ...lb, k3s: "v9.9.9+k3s1" }]]),
  };
  place.fake.fault("git/update-ref", () =>
    place.fake.push("main", { "out/applied.json": recordText(meanwhile) }),
  );
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.equal(place.recorded()?.machines.get("lb-1")?.k3s, "v9.9.9+k3s1");
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
});

test("a record of another cluster came onto the branch meanwhile: it is not overwritten, and exit 1", async (t) => {
  const place = await pipelinePlace(t);
  place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  const theirs = place.recorded();
  assert.ok(theirs);
  const other = recordText({ ...theirs, cluster: { ...theirs.cluster, caHash: "9".repeat(64) } });
  place.fake.fault("git/update-ref", () => place.fake.push("main", { "out/applied.json": other }));
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /the record on the branch is of another cluster%0Anext: put out\/applied\.json there/);
  assert.equal(place.fake.read("main", "out/applied.json"), other);
});

test("a branch of its own for out/ and the record: main stays as people left it", async (t) => {
  const place = await pipelinePlace(t, { recorded: false });
  const sha = place.push('"k3s": {', '"state": { "branch": "quorate-state" },\n  "k3s": {');
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.equal(place.main(), sha);
  assert.match(place.fake.read("quorate-state", "out/applied.json") ?? "", new RegExp(sha));
  assert.equal(place.fake.read("quorate-state", "cluster.config.json"), null);
});
