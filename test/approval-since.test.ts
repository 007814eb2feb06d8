// What was approved since each machine was applied to: every machine counts from the commit that it has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appliedCommits, approvalSince } from "../generator/github/approval-since.ts";
import { readAccept } from "../generator/github/approved.ts";
import { markerLine } from "../generator/github/marker.ts";
import type { LoneCommit, Merged } from "../generator/github/merged-pulls.ts";
import type { ActionClass } from "../generator/model/action.ts";
import type { ClusterRecord } from "../generator/model/record.ts";
import type { MachinePlan } from "../generator/plan/plan.ts";
import { different, machine, planOf, planWith } from "./support/plan-play.ts";
import { makeRecord, recordedMachine } from "./support/record.ts";

const OLD = "a".repeat(40);
const NEW = "b".repeat(40);
const HEAD = "c".repeat(40);
const BASE = planOf("server-1", planWith([machine("server-1", [different("/etc/rancher/k3s/config.yaml")])]));
const would = (name: string, action: ActionClass, more: Partial<MachinePlan> = {}): MachinePlan => ({
  ...BASE,
  name,
  action,
  ...more,
});
const recordOf = (commits: Readonly<Record<string, string | null>>): ClusterRecord => ({
  ...makeRecord({ name: "test" }),
  machines: new Map(Object.entries(commits).map(([name, commit]) => [name, recordedMachine({ commit })])),
});
const pull = (number: number, shown: Readonly<Record<string, ActionClass>>) => ({
  number,
  title: "",
  url: "",
  head: HEAD,
  comment: markerLine({ head: HEAD, shown, truncated: false }),
});
const merged = (pulls: Merged["pulls"], alone: readonly Partial<LoneCommit>[] = []): Merged => ({
  relation: "ahead",
  pulls,
  alone: alone.map((each) => ({ sha: HEAD, subject: "x", outOnly: false, ...each })),
});
const beyond = (
  machines: readonly MachinePlan[],
  record: ClusterRecord | null,
  since: Readonly<Record<string, Merged>>,
  accept = "",
) => {
  const approval = approvalSince(machines, record, new Map(Object.entries(since)), readAccept(accept));
  return approval.beyond.map(({ name, would, shown }) => `${name} ${would} ${shown}`);
};

test("the commits that the machines have, each once, and null for what nobody knows", () => {
  assert.deepEqual(appliedCommits(null), []);
  assert.deepEqual(appliedCommits(recordOf({ a: OLD, b: NEW, c: OLD, d: null })), [OLD, NEW, null]);
});

test("each machine counts from its own commit: what one was shown before it was applied to is used up", () => {
  const record = recordOf({ "server-1": NEW, "server-2": OLD });
  const since = {
    [OLD]: merged([pull(1, { "server-1": "restart", "server-2": "restart" })]),
    [NEW]: merged([]),
  };
  assert.deepEqual(beyond([would("server-1", "restart"), would("server-2", "restart")], record, since), [
    "server-1 restart null",
  ]);
});

test("a machine that is not recorded counts from the oldest: what was merged after any of them", () => {
  const record = recordOf({ "server-1": NEW, "server-2": OLD });
  const since = { [OLD]: merged([pull(1, { "agent-1": "reboot" })]), [NEW]: merged([]) };
  assert.deepEqual(beyond([would("agent-1", "reboot")], record, since), []);
  assert.deepEqual(beyond([would("agent-2", "none")], record, since), ["agent-2 none null"]);
});

test("a push goes up to restart; one that changes out/ alone, as our own commits do, is none", () => {
  const record = recordOf({ "server-1": OLD });
  const pushed = { [OLD]: merged([], [{ outOnly: true }, {}]) };
  assert.deepEqual(beyond([would("server-1", "restart")], record, pushed), []);
  assert.deepEqual(beyond([would("server-1", "upgrade")], record, pushed), ["server-1 upgrade restart"]);
  const ours = { [OLD]: merged([], [{ outOnly: true }]) };
  assert.deepEqual(beyond([would("server-1", "none")], record, ours), ["server-1 none null"]);
});

for (const [what, record, since] of [
  ["no record", null, {}],
  ["a config that was not committed", recordOf({ "server-1": null }), {}],
  [
    "a commit that GitHub does not have",
    recordOf({ "server-1": OLD }),
    { [OLD]: { ...merged([]), relation: "unknown" } },
  ],
  [
    "a commit beside this one",
    recordOf({ "server-1": OLD }),
    { [OLD]: { ...merged([]), relation: "diverged" } },
  ],
] as readonly (readonly [string, ClusterRecord | null, Readonly<Record<string, Merged>>])[]) {
  test(`nobody knows what happened, so it counts as pushed: ${what}`, () => {
    assert.deepEqual(beyond([would("server-1", "restart")], record, since), []);
    assert.deepEqual(beyond([would("server-1", "reboot")], record, since), ["server-1 reboot restart"]);
  });
}

test("the same commit once more: nothing was approved since", () => {
  const since = { [OLD]: { ...merged([]), relation: "identical" as const } };
  assert.deepEqual(beyond([would("server-1", "none")], recordOf({ "server-1": OLD }), since), [
    "server-1 none null",
  ]);
});

test("accept counts for all groups, and names what is missing of all, in the order of the plan", () => {
  const record = recordOf({ "server-1": NEW, "server-2": OLD });
  const since = { [OLD]: merged([{ ...pull(3, {}), comment: null }]), [NEW]: merged([]) };
  const machines = [would("server-2", "restart"), would("server-1", "reboot"), would("agent-1", "none")];
  const { accept, uncounted } = approvalSince(
    machines,
    record,
    new Map(Object.entries(since)),
    readAccept(""),
  );
  assert.equal(accept, "server-2:restart,server-1:reboot,agent-1:none");
  assert.deepEqual(uncounted, ["#3: it has no comment that shows its plan"], "said once");
  assert.deepEqual(beyond(machines, record, since, accept), []);
  assert.deepEqual(beyond(machines, record, since, "all"), []);
  assert.deepEqual(beyond(machines, record, since, "server-1:reboot"), [
    "server-2 restart null",
    "agent-1 none null",
  ]);
});

test("a machine that could not be asked is left out", () => {
  const silent = would("server-1", "none", { state: "unknown" });
  const { beyond: none, leftOut } = approvalSince([silent], null, new Map(), readAccept(""));
  assert.deepEqual([none, leftOut], [[], ["server-1"]]);
});
