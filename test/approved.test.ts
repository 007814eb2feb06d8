// What a merge has approved: the union of what its pull requests showed, and no more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../generator/failure.ts";
import {
  approvalOf,
  readAccept,
  refuseUnapproved,
  type Since,
  wasPushed,
} from "../generator/github/approved.ts";
import { markerLine } from "../generator/github/marker.ts";
import { ACTION_CLASSES, type ActionClass } from "../generator/model/action.ts";
import type { MachinePlan } from "../generator/plan/plan.ts";
import { isApplied } from "../generator/plan/steps.ts";
import { different, machine, planOf, planWith } from "./support/plan-play.ts";

const HEAD = "ab".repeat(20);
const BASE = planOf("server-1", planWith([machine("server-1", [different("/etc/rancher/k3s/config.yaml")])]));
const would = (name: string, action: ActionClass, more: Partial<MachinePlan> = {}): MachinePlan => ({
  ...BASE,
  name,
  action,
  ...more,
});
const pull = (number: number, shown: Readonly<Record<string, ActionClass>>, more = {}) => ({
  number,
  head: HEAD,
  comment: `${markerLine({ head: HEAD, shown, truncated: false, ...more })}\n### words\n`,
});
const since = (...pulls: Since["pulls"]): Since => ({ pulls, pushed: false });
const NONE = readAccept("");
const beyond = (machines: readonly MachinePlan[], merged: Since, accept = "") =>
  approvalOf(machines, merged, readAccept(accept)).beyond.map(({ name, shown }) => [name, shown]);

test("what was shown may be done, and what is less; what is worse, and another machine, may not", () => {
  const merged = since(pull(1, { "server-1": "restart" }));
  for (const action of ["none", "reload", "restart"] as const)
    assert.deepEqual(beyond([would("server-1", action)], merged), []);
  for (const action of ["upgrade", "reboot"] as const)
    assert.deepEqual(beyond([would("server-1", action)], merged), [["server-1", "restart"]]);
  assert.deepEqual(beyond([would("server-1", "none"), would("server-2", "none")], merged), [
    ["server-2", null],
  ]);
});

test("the union: of each machine the worst that any of the pull requests showed", () => {
  const merged = since(
    pull(1, { "server-1": "restart", "agent-1": "reboot" }),
    pull(2, { "server-1": "upgrade", "agent-1": "none" }),
    pull(3, { "server-1": "reload" }),
  );
  assert.deepEqual(beyond([would("server-1", "upgrade"), would("agent-1", "reboot")], merged), []);
  assert.deepEqual(beyond([would("server-1", "reboot")], merged), [["server-1", "upgrade"]]);
});

test("a comment counts only whole, of the commit that was merged, and where it is a comment of ours at all", () => {
  const good = pull(4, { "server-1": "restart" });
  for (const [merged, why] of [
    [since({ ...good, comment: null }), /^#4: it has no comment/],
    [since({ ...good, comment: "<!-- quorate:plan {} -->" }), /^#4: it has no comment/],
    [since({ ...good, head: "cd".repeat(20) }), /^#4: .*another commit than cdcdcdc/],
    [since(pull(4, { "server-1": "restart" }, { truncated: true })), /^#4: .*too long/],
  ] as const) {
    const approval = approvalOf([would("server-1", "none")], merged, NONE);
    assert.deepEqual(approval.beyond, [{ name: "server-1", would: "none", shown: null }]);
    assert.match(approval.uncounted.join(), why);
  }
  assert.deepEqual(approvalOf([], since(good), NONE).uncounted, []);
});

test("refused shows that nothing is done, so it approves nothing; remove is the most", () => {
  const merged = since(pull(1, { "server-1": "refused", "agent-1": "remove", "agent-2": "add" }));
  assert.deepEqual(
    beyond([would("server-1", "none"), would("agent-1", "none"), would("agent-2", "reboot")], merged),
    [["server-1", null]],
  );
  assert.deepEqual(beyond([would("agent-1", "remove"), would("agent-2", "remove")], merged), [
    ["agent-2", "add"],
  ]);
});

test("a push without a pull request goes up to restart, on any machine", () => {
  const merged: Since = { pulls: [], pushed: true };
  assert.deepEqual(beyond([would("server-1", "restart"), would("lb-1", "reload")], merged), []);
  assert.deepEqual(beyond([would("server-1", "upgrade")], merged), [["server-1", "restart"]]);
  assert.ok(wasPushed({ alone: [{ sha: HEAD, subject: "x", outOnly: false }] }));
  assert.ok(!wasPushed({ alone: [{ sha: HEAD, subject: "x", outOnly: true }] }));
});

test("what apply does not carry out needs no approval; an unreachable machine is left out", () => {
  for (const action of ACTION_CLASSES.filter((each) => !isApplied(each)))
    assert.deepEqual(beyond([would("server-1", action)], since()), [], action);
  const approval = approvalOf(
    [would("server-1", "none", { state: "unknown" }), would("server-2", "none", { state: "unchanged" })],
    since(),
    NONE,
  );
  assert.deepEqual([approval.beyond, approval.leftOut], [[], ["server-1"]]);
});

test("a machine that an ended apply left closed is put back without having been shown; a restart that is left is not", () => {
  assert.deepEqual(beyond([would("server-1", "none", { files: [], closed: true })], since()), []);
  assert.deepEqual(beyond([would("server-1", "restart", { files: [] })], since()), [["server-1", null]]);
});

test("the failure names every machine with both actions, and the input that accepts just that", () => {
  const machines = [would("server-1", "reboot"), would("agent-2", "restart"), would("lb-1", "reload")];
  const merged = since(pull(1, { "server-1": "restart", "lb-1": "reload" }), {
    number: 9,
    head: HEAD,
    comment: null,
  });
  const approval = approvalOf(machines, merged, NONE);
  assert.throws(
    () => refuseUnapproved(approval),
    (error) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /server-1 would change by reboot, and what was shown is restart/);
      assert.match(error.message, /agent-2 would change \(restart\), and no change of it was shown/);
      assert.match(error.message, /not counted: #9: it has no comment/);
      assert.doesNotMatch(error.message, /lb-1/);
      assert.match(error.hint, /accept: server-1:reboot,agent-2:restart$/);
      return true;
    },
  );
  assert.doesNotThrow(() => refuseUnapproved(approvalOf(machines, merged, readAccept(approval.accept))));
  assert.doesNotThrow(() => refuseUnapproved(approvalOf(machines, merged, readAccept("all"))));
  assert.deepEqual(beyond(machines, merged, "server-1:reboot"), [["agent-2", null]]);
});

test("the input: empty, all, or machines with an action that an apply carries out", () => {
  assert.deepEqual(readAccept("  "), new Map());
  assert.equal(readAccept(" all "), "all");
  assert.deepEqual(
    readAccept("server-1:reboot, agent-2:restart"),
    new Map([
      ["server-1", "reboot"],
      ["agent-2", "restart"],
    ]),
  );
  for (const text of [
    "server-1",
    "server-1:",
    "server-1:refused",
    "server-1:add",
    "all,server-1:none",
    "a:none,",
    "A:none",
    "a:constructor",
  ])
    assert.throws(() => readAccept(text), Failure, text);
});

test("a removal is done only where it was shown, or accepted by its name: nothing that is less stands for it", () => {
  const goes = [would("server-1", "remove", { files: [] })];
  for (const action of ["none", "restart", "upgrade", "reboot", "reflash", "add", "refused"] as const)
    assert.equal(beyond(goes, since(pull(1, { "server-1": action }))).length, 1, action);
  assert.equal(beyond(goes, since(pull(1, { "server-2": "remove" }))).length, 1);
  assert.equal(
    beyond(goes, { pulls: [], pushed: true }).length,
    1,
    "nobody has seen a plan of what was pushed",
  );
  assert.deepEqual(beyond(goes, since(pull(1, { "server-1": "remove" }))), []);
  assert.deepEqual(beyond(goes, since(), "server-1:remove"), []);
  assert.equal(beyond(goes, since(), "server-1:reboot").length, 1);
});
