// Which steps an apply takes on a machine: every action, role and state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTION_CLASSES, type ActionClass } from "../generator/model/action.ts";
import type { Cluster, Role } from "../generator/model/cluster.ts";
import type { FilePlan, MachinePlan } from "../generator/plan/plan.ts";
import { interrupts, STEPS, stepsOf } from "../generator/plan/steps.ts";
import { type ClusterShape, makeCluster } from "./support/clusters.ts";

const FILE: FilePlan = {
  path: "/etc/x",
  change: "changed",
  action: "none",
  armed: false,
  diff: null,
  cause: null,
};

function steps(cluster: Cluster, role: Role, action: ActionClass, more: Partial<MachinePlan> = {}): string {
  const name = { server: "server-1", agent: "agent-1", loadbalancer: "lb-1" }[role];
  return stepsOf(cluster, {
    name,
    role,
    address: "10.0.0.1",
    state: "changes",
    problem: null,
    files: [FILE],
    action,
    quorum: null,
    felt: "",
    outage: false,
    why: null,
    unfinished: null,
    unconfirmed: false,
    closed: false,
    ready: true,
    ...more,
  }).join(" ");
}

const cluster = (shape: ClusterShape, drain = true): Cluster => {
  const made = makeCluster(shape);
  return { ...made, rollout: { ...made.rollout, drain } };
};
const SIX = cluster({ servers: 3, agents: 1, loadBalancers: 2 });

const LED = "gate drain evict send start health resume";
/** By role, then by action; every other action has no step. */
const TABLE: Readonly<Record<Role, Partial<Readonly<Record<ActionClass, string>>>>> = {
  server: {
    none: "gate send start health",
    reload: "gate send start health",
    restart: LED,
    upgrade: LED,
    reboot: "gate drain evict send start reboot health resume",
    add: "join",
    remove: "gate drain evict retire forget uninstall",
  },
  agent: {
    none: "gate send start health",
    reload: "gate send start health",
    restart: LED,
    upgrade: LED,
    reboot: "gate drain evict send start reboot health resume",
    add: "join",
    remove: "gate drain evict retire forget uninstall",
  },
  loadbalancer: {
    none: "gate send start health",
    reload: "gate yield send start health",
    restart: "gate yield send start health",
    upgrade: "gate yield send start health",
    reboot: "gate yield send start reboot health",
    add: "join",
    remove: "gate yield retire uninstall",
  },
};

for (const [role, rows] of Object.entries(TABLE) as [Role, (typeof TABLE)[Role]][]) {
  for (const action of ACTION_CLASSES) {
    test(`${role}, ${action}: ${rows[action] ?? "nothing"}`, () => {
      assert.equal(steps(SIX, role, action), rows[action] ?? "");
      assert.equal(steps(SIX, role, action, { state: "unchanged" }), "");
      assert.equal(steps(SIX, role, action, { state: "unknown" }), "");
    });
  }
}

for (const [what, made, role, action, expected] of [
  [
    "the only load balancer has nobody to give the address to",
    { loadBalancers: 1 },
    "loadbalancer",
    "reload",
    "gate send start health",
  ],
  [
    "no load balancer drains anybody",
    { loadBalancers: 0 },
    "server",
    "restart",
    "gate evict send start health resume",
  ],
  [
    "the only server is drained nowhere",
    { servers: 1, agents: 1 },
    "server",
    "restart",
    "gate evict send start health resume",
  ],
  [
    "the only machine has nowhere to move pods to",
    { servers: 1 },
    "server",
    "restart",
    "gate send start health resume",
  ],
  [
    "the last load balancer that goes has nobody to give the address to",
    { loadBalancers: 0 },
    "loadbalancer",
    "remove",
    "gate retire uninstall",
  ],
  [
    "no load balancer drains a server that goes",
    { loadBalancers: 0 },
    "server",
    "remove",
    "gate evict retire forget uninstall",
  ],
  ["the only agent is drained: the servers take its place", { agents: 1 }, "agent", "restart", LED],
] as const) {
  test(what, () => assert.equal(steps(cluster(made), role, action), expected));
}

test("a machine that goes and does not answer is taken out without it", () => {
  const problem = { message: "no answer", next: "" };
  for (const role of ["server", "agent", "loadbalancer"] as const)
    assert.equal(steps(SIX, role, "remove", { problem }), "gate forget");
});

test("rollout.drain is false: pods stay where they are", () => {
  const made = cluster({ servers: 3, agents: 1, loadBalancers: 2 }, false);
  for (const role of ["server", "agent"] as const)
    assert.equal(steps(made, role, "restart"), "gate drain send start health resume");
});

test("no file differs: another set that was sent and not taken gives way all the same; or it is only taken back", () => {
  const files: readonly FilePlan[] = [];
  assert.equal(steps(SIX, "server", "none", { files, unfinished: "it failed" }), "gate send start health");
  assert.equal(
    steps(SIX, "server", "restart", { files, unfinished: "k3s waits" }),
    "gate drain evict send start health resume",
  );
  assert.equal(
    steps(SIX, "loadbalancer", "reload", { files, unfinished: "x" }),
    "gate yield send start health",
  );
  assert.equal(steps(SIX, "agent", "none", { files, closed: true }), "gate health resume");
  assert.equal(steps(SIX, "agent", "none", { files, unconfirmed: true }), "gate confirm health");
});

test("a change that could lock us out is confirmed, right after it is in force", () => {
  const files = [FILE, { ...FILE, armed: true }];
  assert.equal(steps(SIX, "server", "none", { files }), "gate send start confirm health");
  assert.equal(
    steps(SIX, "server", "reboot", { files }),
    "gate drain evict send start confirm reboot health resume",
  );
  assert.equal(steps(SIX, "server", "none", { unconfirmed: true }), "gate send start confirm health");
});

test("what ends a program interrupts; every step has words", () => {
  assert.deepEqual(ACTION_CLASSES.filter(interrupts), ["restart", "upgrade", "reboot"]);
  const texts = Object.values(STEPS);
  assert.equal(new Set(texts).size, texts.length);
});
