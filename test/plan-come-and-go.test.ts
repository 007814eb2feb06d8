// Machines that come and go: in which order, what that does to the quorum, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../generator/model/cluster.ts";
import type { ObservedMachine } from "../generator/plan/observed.ts";
import { formatPlan } from "../generator/plan/format.ts";
import { makePlan, type Plan } from "../generator/plan/plan.ts";
import { stepsOf } from "../generator/plan/steps.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { type ClusterShape, makeCluster } from "./support/clusters.ts";
import { TEMPLATES } from "./support/fixtures.ts";
import { different, knowing, machine, planOf, recordOf } from "./support/plan-play.ts";

const SILENT = { files: null, problem: { message: "no answer", next: "look" }, voter: false, ready: false };

/** From one shape to another; `more`: what is different about a machine than that all is well, or that it is not there yet. */
function from(
  before: ClusterShape,
  after: ClusterShape | Cluster,
  more: Readonly<Record<string, Partial<ObservedMachine>>> = {},
): Plan {
  const old = makeCluster(before);
  const cluster = "nodes" in after ? after : makeCluster(after);
  const there = new Set(old.nodes.map(({ name }) => name));
  const all = new Map([...cluster.nodes, ...old.nodes].map((node) => [node.name, node]));
  const observed = [...all.values()].map(({ name, role }) => {
    const base = machine(name, [], {}, { ...cluster, nodes: [...all.values()] });
    return { ...base, voter: role === "server", ...(there.has(name) ? {} : SILENT), ...more[name] };
  });
  return makePlan(cluster, TEMPLATES, observed, knowing(recordOf(old)));
}

const order = ({ machines }: Plan) =>
  machines.filter(({ state }) => state !== "unchanged").map(({ name, action }) => `${name} ${action}`);
const RESTART = { files: [different(K3S_PATHS.config)] };

test("1 to 3 servers: the new ones first, so that the only one that is there can restart without an outage", () => {
  const plan = from(
    { servers: 1, loadBalancers: 1 },
    { servers: 3, loadBalancers: 1 },
    { "server-1": RESTART },
  );
  assert.deepEqual(order(plan), ["server-2 add", "server-3 add", "server-1 restart"]);
  const { quorum, outage } = planOf("server-1", plan);
  assert.deepEqual(quorum, { stay: 2, of: 3, enough: true, after: ["server-2", "server-3"] });
  assert.equal(outage, false);
  assert.match(
    formatPlan(plan),
    /^ {2}quorum {2}2 of 3 voters stay, when server-2 and server-3 have joined$/m,
  );
});

test("3 to 5 servers: those that are there need no new one to restart", () => {
  const shape = { loadBalancers: 1 };
  const plan = from({ ...shape, servers: 3 }, { ...shape, servers: 5 }, { "server-1": RESTART });
  assert.deepEqual(order(plan), ["server-4 add", "server-5 add", "server-1 restart"]);
  assert.deepEqual(planOf("server-1", plan).quorum, { stay: 2, of: 3, enough: true, after: [] });
});

test("a server that answers and is on its way is waited for, not worked on; once it is ready it is like any other", () => {
  const shape = { loadBalancers: 1 };
  const onItsWay = { files: [], ready: false, unfinished: "waiting: server: a vote in etcd", problem: null };
  const plan = from({ ...shape, servers: 3 }, { ...shape, servers: 5 }, { "server-4": onItsWay });
  assert.deepEqual(order(plan), ["server-4 add", "server-5 add"]);
  assert.match(planOf("server-4", plan).problem?.message ?? "", /^it is on its way: waiting: server: a vote/);
  const there = { files: [], ready: true, voter: true, problem: null };
  const later = from({ ...shape, servers: 3 }, { ...shape, servers: 5 }, { "server-4": there });
  assert.deepEqual(order(later), ["server-5 add"]);
});

test("a second load balancer comes first: it holds the address when the first one's network gives it up", () => {
  const first = { files: [{ path: NODE_PATHS.keepalived, is: "missing" }] as const, vip: true };
  const plan = from({ loadBalancers: 1 }, { loadBalancers: 2 }, { "lb-1": first });
  assert.deepEqual(order(plan), ["lb-2 add", "lb-1 reload"]);
  assert.match(planOf("lb-1", plan).felt, /^at most 0\.5 s while the registration address moves/);
  assert.equal(planOf("lb-1", plan).outage, false);
});

test("a load balancer that goes comes before the one that stays alone", () => {
  const plan = from(
    { loadBalancers: 2 },
    { loadBalancers: 1 },
    { "lb-1": { files: [different(NODE_PATHS.haproxy)] } },
  );
  assert.deepEqual(order(plan), ["lb-2 remove", "lb-1 reload"]);
});

test("a new agent keeps the others waiting for nothing, and one that goes is the last", () => {
  const two = makeCluster({ agents: 2 });
  const renamed = {
    ...two,
    nodes: two.nodes.map((node) =>
      node.name === "agent-1" ? { ...node, name: "agent-9", address: "10.0.0.109" } : node,
    ),
  };
  const plan = from({ agents: 2 }, renamed, { "agent-2": { files: [different(K3S_PATHS.config)] } });
  assert.deepEqual(order(plan), ["agent-2 restart", "agent-9 add", "agent-1 remove"]);
});

test("a server in the place of a dead one: the dead one goes first; in the place of a living one: that goes last", () => {
  const three = makeCluster({});
  const moved = {
    ...three,
    nodes: three.nodes.map((node) =>
      node.name === "server-3" ? { ...node, name: "server-4", address: "10.0.0.14" } : node,
    ),
  };
  assert.deepEqual(order(from({}, moved, { "server-3": SILENT })), ["server-3 remove", "server-4 add"]);
  const living = from({}, moved);
  assert.deepEqual(order(living), ["server-4 add", "server-3 remove"]);
  assert.deepEqual(planOf("server-3", living).quorum, { stay: 3, of: 3, enough: true, after: ["server-4"] });
  assert.match(formatPlan(living), /^ {2}quorum {2}3 of 3 voters stay, when server-4 has joined$/m);
  const dead = from({}, moved, { "server-3": SILENT });
  assert.deepEqual(planOf("server-3", dead).quorum, { stay: 2, of: 2, enough: true, after: [] });
});

test("5 to 3 and 3 to 1 go, one server after the other", () => {
  const five = from({ servers: 5 }, { servers: 3 });
  assert.deepEqual(order(five), ["server-4 remove", "server-5 remove"]);
  assert.deepEqual(five.refusals, []);
  const one = from({ servers: 3 }, { servers: 1 });
  assert.deepEqual(
    one.machines.flatMap(({ quorum }) => (quorum ? [`${quorum.stay}/${quorum.of}`] : [])),
    ["2/2", "1/1"],
  );
  assert.deepEqual(one.refusals, []);
});

test("what would leave no majority is refused, with the order that works", () => {
  const plan = from({ servers: 5 }, { servers: 3 }, { "server-2": SILENT, "server-3": SILENT });
  assert.deepEqual(order(plan).slice(0, 1), ["server-2 none"]);
  const [refusal] = plan.refusals;
  assert.deepEqual(refusal?.machines, ["server-4"]);
  assert.equal(refusal?.field, "nodes");
  assert.match(refusal.message, /^server-4 cannot be taken out now: 2 voters of 4 would be left/);
  assert.match(
    refusal.next,
    /^first put server-4 back into the config and bring server-2 and server-3 back .*npx quorate replace server-2\), or take server-2 and server-3 out instead; then take server-4 out$/,
  );
  assert.equal(planOf("server-4", plan).action, "refused");
});

test("a dead server is not taken out where too few are left to agree to it, though they would be enough afterwards", () => {
  const plan = from({ servers: 4 }, { servers: 3 }, { "server-2": SILENT, "server-4": SILENT });
  assert.match(
    plan.refusals[0]?.message ?? "",
    /^server-4 cannot be taken out now: only 2 voters of 4 can agree to it, and that is no majority$/,
  );
  assert.match(
    plan.refusals[0]?.next ?? "",
    /^first put server-4 back into the config and bring server-2 back /,
  );
  const both = { "server-2": SILENT, "server-3": SILENT };
  assert.match(
    from({ servers: 3 }, { servers: 1 }, both).refusals[0]?.next ?? "",
    /^put server-2 back; npx quorate status says which servers vote$/,
  );
  const alone = from({ servers: 4 }, { servers: 2 }, { "server-3": SILENT, "server-4": SILENT });
  assert.match(alone.refusals[0]?.next ?? "", /^first put server-3 back into the config and bring it back /);
});

test("where nobody says that he votes, the plan refuses nothing: each step asks again", () => {
  const all = Object.fromEntries([1, 2, 3].map((each) => [`server-${each}`, SILENT]));
  assert.deepEqual(from({ servers: 3 }, { servers: 1 }, all).refusals, []);
});

test("the way out of a refusal names no server that has never joined", () => {
  const after = makeCluster({ servers: 6 });
  const nodes = after.nodes.filter(({ name }) => name !== "server-4" && name !== "server-5");
  const plan = from({ servers: 5 }, { ...after, nodes }, { "server-2": SILENT, "server-3": SILENT });
  assert.deepEqual(plan.refusals[0]?.machines, ["server-5"]);
  assert.match(plan.refusals[0].next, / bring server-2 and server-3 back /);
});

test("a machine that was cleared already is only forgotten; one that is silent is no outage more than there is", () => {
  const cleared = { files: [], ready: false, voter: false, unfinished: "it booted without quorate-node" };
  const plan = from({ servers: 5 }, { servers: 4 }, { "server-5": cleared });
  const machine = planOf("server-5", plan);
  assert.deepEqual(stepsOf(makeCluster({ servers: 4 }), machine), ["gate", "forget"]);
  assert.equal(machine.problem?.next, "nothing; it is only taken out of the record");
  const last = (more: Partial<ObservedMachine>) =>
    planOf("lb-1", from({ loadBalancers: 1 }, { loadBalancers: 0 }, { "lb-1": more }));
  assert.deepEqual([last({}).outage, last(SILENT).outage], [true, false]);
  // Nobody was asked whether it holds the address.
  const offline = planOf("lb-2", from({ loadBalancers: 2 }, { loadBalancers: 1 }, { "lb-2": { vip: null } }));
  assert.match(offline.felt, /^at most 0\.5 s if it holds the registration address/);
  const other = planOf("lb-2", from({ loadBalancers: 2 }, { loadBalancers: 1 }, { "lb-2": { vip: false } }));
  assert.match(other.felt, /^nothing: another load balancer holds/);
});

test("a machine that goes: how it is felt, and what to do about one that does not answer", () => {
  const plan = from({ agents: 1 }, {}, {});
  assert.match(
    formatPlan(plan),
    /^agent-1 +agent .* remove\n {2}felt +nothing of workloads with two replicas: .*deleted\n {2}why +the config$/m,
  );
  assert.match(formatPlan(plan), /^plan: 1 machine to take out, /m);
  const silent = from({ servers: 5 }, {}, { "server-5": SILENT });
  assert.match(
    formatPlan(silent),
    /^server-5 .* remove: it is taken out without being asked \(no answer\)\n.*\n.*\n {2}quorum {2}4 of 4 voters stay\n {2}next: never switch server-5 on again with the disk that it has: it would join the cluster again/m,
  );
});

test("the only load balancer is not exchanged in one edit while it works: its own network would keep the address", () => {
  const one = makeCluster({ loadBalancers: 1 });
  const other = {
    ...one,
    nodes: one.nodes.map((node) =>
      node.role === "loadbalancer" ? { ...node, name: "lb-2", address: "10.0.0.22" } : node,
    ),
  };
  const plan = from({ loadBalancers: 1 }, other, { "lb-1": { vip: true } });
  assert.deepEqual(order(plan), ["lb-1 refused", "lb-2 add"]);
  assert.deepEqual(plan.refusals[0]?.machines, ["lb-1"]);
  assert.match(
    plan.refusals[0].next,
    /^put lb-1 back beside lb-2, npx quorate apply, and only then take it out;/,
  );
  // Dead, or cleared by an apply that came no further, it is nobody's holder.
  for (const gone of [SILENT, { unfinished: "nothing is there" }])
    assert.deepEqual(from({ loadBalancers: 1 }, other, { "lb-1": gone }).refusals, []);
  // One of two that goes, and no other at all, are other cases.
  assert.deepEqual(from({ loadBalancers: 2 }, { loadBalancers: 1 }).refusals, []);
  assert.deepEqual(from({ loadBalancers: 1 }, { loadBalancers: 0 }).refusals, []);
});

test("what goes without load balancers: the first server takes the registration address with it, the others only their own", () => {
  const old = makeCluster({ loadBalancers: 0 });
  const moved = { ...old.registration, address: "10.0.0.12" };
  const cluster = { ...old, registration: moved, nodes: old.nodes.slice(1) };
  const record = recordOf(old);
  const seen = old.nodes.map(({ name }) => machine(name, [], {}, old));
  const baseline = new Map([["3".repeat(40), old]]);
  const first = planOf("server-1", makePlan(cluster, TEMPLATES, seen, knowing(record, { baseline })));
  assert.match(first.felt, /^an outage for whoever uses its address, .*npx quorate kubeconfig/);
  assert.equal(first.outage, true);
  const fewer = { ...old, nodes: old.nodes.slice(0, 2) };
  const last = planOf("server-3", makePlan(fewer, TEMPLATES, seen, knowing(record, { baseline })));
  assert.match(last.felt, /^nothing at the registration address; .*npx quorate kubeconfig/);
  assert.equal(last.outage, false);
});

test("an agent that goes where nothing is drained: its workloads stop, and the plan says so", () => {
  const cluster = { ...makeCluster({}), rollout: { drain: false, agentBatch: 1 } };
  const machine = planOf("agent-1", from({ agents: 1 }, cluster));
  assert.match(machine.felt, /^its workloads stop, and start elsewhere/);
  assert.ok(!stepsOf(cluster, machine).includes("evict"));
});
