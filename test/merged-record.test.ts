// Two applies that write the record at the same time: each machine keeps what was written of it last.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergedRecord } from "../generator/apply/merged-record.ts";
import type { ClusterRecord } from "../generator/model/record.ts";
import { makeRecord, recordedMachine } from "./support/record.ts";

const BEFORE = makeRecord({ name: "home" }, ["server-1", "server-2", "lb-1"]);
const OURS = recordedMachine({ k3s: "v1.37.0+k3s1" });
const THEIRS = recordedMachine({ result: "failed" });
const withMachine = (record: ClusterRecord, name: string, machine = OURS): ClusterRecord => ({
  ...record,
  machines: new Map([...record.machines, [name, machine]]),
});
const machines = (record: ClusterRecord | null) => Object.fromEntries(record?.machines ?? []);

test("ours where we have written, theirs where they have, and what neither has touched", () => {
  const merged = mergedRecord(
    BEFORE,
    withMachine(BEFORE, "server-1"),
    withMachine(withMachine(BEFORE, "server-2", THEIRS), "agent-1", THEIRS),
  );
  const plain = recordedMachine();
  assert.deepEqual(machines(merged), {
    "server-1": OURS,
    "server-2": THEIRS,
    "lb-1": plain,
    "agent-1": THEIRS,
  });
});

test("both have written the same machine: ours is the later one; nothing was recorded before", () => {
  const merged = mergedRecord(
    null,
    withMachine(makeRecord({ name: "home" }), "server-1"),
    withMachine(BEFORE, "server-1", THEIRS),
  );
  assert.deepEqual(machines(merged)["server-1"], OURS);
  assert.deepEqual(Object.keys(machines(merged)), ["server-1", "server-2", "lb-1"]);
});

test("another cluster's record is not mixed with ours", () => {
  for (const more of [{ caHash: "9".repeat(64) }, { secretCheck: "9".repeat(16) }, { name: "other" }])
    assert.equal(mergedRecord(BEFORE, BEFORE, makeRecord({ name: "home", ...more })), null);
});

test("what either has removed is not in it, unless the other has written it since", () => {
  const without = (record: ClusterRecord, name: string): ClusterRecord => ({
    ...record,
    machines: new Map([...record.machines].filter(([each]) => each !== name)),
  });
  const names = (record: ClusterRecord | null) => Object.keys(machines(record)).toSorted();
  assert.deepEqual(names(mergedRecord(BEFORE, without(BEFORE, "lb-1"), BEFORE)), ["server-1", "server-2"]);
  assert.deepEqual(names(mergedRecord(BEFORE, BEFORE, without(BEFORE, "lb-1"))), ["server-1", "server-2"]);
  // Both at the same time, each another one.
  const both = mergedRecord(BEFORE, without(BEFORE, "server-2"), without(BEFORE, "lb-1"));
  assert.deepEqual(names(both), ["server-1"]);
  // Theirs is new, and we have never seen it: it was not us who removed it.
  const added = mergedRecord(BEFORE, without(BEFORE, "lb-1"), withMachine(BEFORE, "agent-1", THEIRS));
  assert.deepEqual(names(added), ["agent-1", "server-1", "server-2"]);
  // They have removed it, and we have worked on it meanwhile: it is there.
  const back = mergedRecord(BEFORE, withMachine(BEFORE, "lb-1"), without(BEFORE, "lb-1"));
  assert.deepEqual(names(back), ["lb-1", "server-1", "server-2"]);
});
