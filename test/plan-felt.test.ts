// What a plan says is felt while a machine is worked on, and which of it is an outage.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../generator/model/cluster.ts";
import type { ObservedFile, ObservedMachine } from "../generator/plan/observed.ts";
import type { MachinePlan } from "../generator/plan/plan.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { type ClusterShape, makeCluster } from "./support/clusters.ts";
import { different, machine, planOf, planWith } from "./support/plan-play.ts";

const RESTART = different(K3S_PATHS.config);
const RELOAD = different(NODE_PATHS.haproxy);
const KEYS = different(NODE_PATHS.authorizedKeys);
const REBOOT: ObservedFile = { path: "/etc/old.conf", is: "stale", action: "reboot", text: "" };
const UNIT: ObservedFile = { path: "/etc/old.conf", is: "stale", action: "restart", text: "" };

function made(
  cluster: Cluster,
  name: string,
  file: ObservedFile,
  more: Partial<ObservedMachine> = {},
  others: readonly ObservedMachine[] = [],
): MachinePlan {
  return planOf(name, planWith([machine(name, [file], more, cluster), ...others], undefined, cluster));
}

interface Case {
  readonly what: string;
  readonly shape?: ClusterShape;
  readonly name: string;
  readonly file: ObservedFile;
  readonly more?: Partial<ObservedMachine>;
  readonly text: RegExp;
  readonly outage?: true;
}

const CASES: readonly Case[] = [
  { what: "new keys", name: "server-1", file: KEYS, text: /^nothing$/ },
  {
    what: "a server behind load balancers",
    name: "server-1",
    file: RESTART,
    text: /^nothing through the load balancers/,
  },
  {
    what: "the only server",
    shape: { servers: 1, loadBalancers: 0 },
    name: "server-1",
    file: RESTART,
    text: /^an outage of the API: it is the only server$/,
    outage: true,
  },
  {
    what: "new keys on the only server",
    shape: { servers: 1, loadBalancers: 0 },
    name: "server-1",
    file: KEYS,
    text: /^nothing$/,
  },
  {
    what: "the first server without load balancers: its address is where people are pointed",
    shape: { servers: 3, loadBalancers: 0 },
    name: "server-1",
    file: RESTART,
    text: /^an outage for whoever uses this server's address/,
    outage: true,
  },
  {
    what: "another server without load balancers",
    shape: { servers: 3, loadBalancers: 0 },
    name: "server-2",
    file: RESTART,
    text: /^nothing at the registration address/,
  },
  { what: "an agent", shape: { agents: 1 }, name: "agent-1", file: RESTART, text: /moved away first/ },
  {
    what: "a reload of the only load balancer",
    name: "lb-1",
    file: RELOAD,
    more: { vip: true },
    text: /^nothing: a reload hands the listening sockets on/,
  },
  {
    what: "a restart of the only load balancer",
    name: "lb-1",
    file: UNIT,
    more: { vip: true },
    text: /^an outage: it is the only load balancer$/,
    outage: true,
  },
  {
    what: "a reboot of the only load balancer",
    name: "lb-1",
    file: REBOOT,
    text: /^an outage: it is the only load balancer$/,
    outage: true,
  },
  {
    what: "a reload of the load balancer that holds the vip",
    shape: { loadBalancers: 2 },
    name: "lb-1",
    file: RELOAD,
    more: { vip: true },
    text: /^at most 0\.5 s while the registration address moves .*; open streams through it reconnect$/,
  },
  {
    what: "a restart of the one that holds it",
    shape: { loadBalancers: 2 },
    name: "lb-1",
    file: UNIT,
    more: { vip: true },
    text: /^at most 0\.5 s while/,
  },
  {
    what: "a standby one",
    shape: { loadBalancers: 2 },
    name: "lb-2",
    file: REBOOT,
    text: /^nothing: another load balancer holds/,
  },
  {
    what: "a standby one that gets keepalived again",
    shape: { loadBalancers: 2 },
    name: "lb-2",
    file: { path: NODE_PATHS.keepalived, is: "missing" },
    text: /^nothing: another load balancer holds/,
  },
  {
    what: "nobody was asked who holds it",
    shape: { loadBalancers: 2 },
    name: "lb-2",
    file: RELOAD,
    more: { vip: null },
    text: /^at most 0\.5 s if it holds the registration address/,
  },
  {
    what: "new keys on the one that holds it",
    shape: { loadBalancers: 2 },
    name: "lb-1",
    file: KEYS,
    more: { vip: true },
    text: /^nothing$/,
  },
  {
    what: "one of two is to be the only one: the other may hold the address still",
    name: "lb-1",
    file: { path: NODE_PATHS.keepalived, is: "stale", action: "reload", text: "" },
    text: /^an outage: the registration address is nobody's from when keepalived ends until/,
    outage: true,
  },
  {
    what: "the only load balancer gets a second one beside it: keepalived takes over its address",
    shape: { loadBalancers: 2 },
    name: "lb-1",
    file: { path: NODE_PATHS.keepalived, is: "missing" },
    more: { vip: true },
    text: /^at most 0\.5 s while the registration address moves to another load balancer; open streams/,
  },
];

for (const { what, shape = {}, name, file, more, text, outage } of CASES) {
  test(`felt: ${what}`, () => {
    const plan = made(makeCluster(shape), name, file, more);
    assert.match(plan.felt, text);
    assert.equal(plan.outage, outage ?? false);
    assert.equal(/\boutage\b/.test(plan.felt), plan.outage, "what it says is what it is");
  });
}

test("a server that leaves no majority behind is an outage", () => {
  const cluster = makeCluster();
  const away = machine("server-2", [], { voter: false }, cluster);
  const plan = made(cluster, "server-1", RESTART, {}, [away]);
  assert.deepEqual([plan.quorum?.enough, plan.outage], [false, true]);
  assert.match(plan.felt, /^an outage of the API: the other servers alone are no majority$/);
});

test("agents that are not drained: pods outlive a restart of K3s, and no reboot", () => {
  const drained = makeCluster({ agents: 1 });
  const cluster = { ...drained, rollout: { ...drained.rollout, drain: false } };
  assert.match(made(cluster, "agent-1", RESTART).felt, /^nothing: pods keep running/);
  assert.match(made(cluster, "agent-1", REBOOT).felt, /^its workloads stop until it is back/);
});
