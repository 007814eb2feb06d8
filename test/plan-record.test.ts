// What the record adds to a plan: what a running cluster keeps for ever, and which machines come and go.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../generator/model/cluster.ts";
import { formatPlan } from "../generator/plan/format.ts";
import { makePlan, type Plan } from "../generator/plan/plan.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { makeCluster } from "./support/clusters.ts";
import { TEMPLATES } from "./support/fixtures.ts";
import {
  different,
  knowing,
  machine,
  planned,
  planOf,
  planWith,
  RECORDED,
  recordOf,
  SIX,
} from "./support/plan-play.ts";
import { makeRecord } from "./support/record.ts";

const withNode = (name: string, change: Partial<Cluster["nodes"][number]>): Cluster => ({
  ...SIX,
  nodes: SIX.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)),
});
const refusedIn = (plan: Plan) =>
  plan.machines.filter(({ action }) => action === "refused").map(({ name }) => name);

test("nothing is refused where the config keeps what the record says", () => {
  assert.deepEqual(planned(SIX).refusals, []);
  assert.ok(planned(SIX).machines.every(({ state }) => state === "unchanged"));
});

const SERVERS = ["server-1", "server-2", "server-3"];
for (const [field, k3s] of [
  ["k3s.clusterCidr", { clusterCidr: "10.44.0.0/16" }],
  ["k3s.serviceCidr", { serviceCidr: "10.45.0.0/16" }],
  ["k3s.flannelBackend", { flannelBackend: "host-gw" }],
  ["k3s.secretsEncryption", { secretsEncryption: false }],
  ["k3s.serverConfig.cluster-domain", { serverConfig: { "cluster-domain": "lan" } }],
  ["k3s.serverConfig.cluster-dns", { serverConfig: { "cluster-dns+": ["10.43.0.53"] } }],
] as const) {
  test(`refused: another ${field}`, () => {
    const plan = planned({ ...SIX, k3s: { ...SIX.k3s, ...k3s } });
    assert.deepEqual(
      plan.refusals.map((refusal) => [refusal.field, refusal.machines]),
      [[field, SERVERS]],
    );
    assert.deepEqual(refusedIn(plan), SERVERS);
    assert.match(plan.refusals[0]?.next ?? "", /^put .+ back/);
  });
}

test("a value that K3s takes for the same is not refused, nor what an older record does not hold", () => {
  const same = { ...SIX, k3s: { ...SIX.k3s, serverConfig: { "cluster-domain": "cluster.local" } } };
  assert.deepEqual(planned(same).refusals, []);
  const other = { ...SIX, k3s: { ...SIX.k3s, clusterCidr: "10.44.0.0/16" } };
  assert.deepEqual(planned(other, knowing(makeRecord({ name: "test" }))).refusals, []);
  assert.deepEqual(planned(other, knowing(null)).refusals, []);
});

for (const [what, cluster, field, machines, next] of [
  [
    "another cluster",
    { ...SIX, name: "lab" },
    "cluster.name",
    SIX.nodes.map(({ name }) => name),
    /put "test" back/,
  ],
  [
    "a server at another address",
    withNode("server-2", { address: "10.0.0.99" }),
    "nodes[1].address",
    ["server-2"],
    /put "10\.0\.0\.12" back/,
  ],
  [
    "a server that becomes an agent",
    withNode("server-2", { role: "agent" }),
    "nodes[1].role",
    ["server-2"],
    /put "server" back/,
  ],
  [
    "an agent that becomes a load balancer",
    withNode("agent-1", { role: "loadbalancer" }),
    "nodes[3].role",
    ["agent-1"],
    /put "agent" back/,
  ],
  [
    "a server under another name",
    withNode("server-2", { name: "node-2" }),
    "nodes[1].name",
    ["node-2", "server-2"],
    /put "server-2" back/,
  ],
] as const) {
  test(`refused: ${what}`, () => {
    const plan = planned(cluster);
    assert.deepEqual(
      plan.refusals.map((refusal) => [refusal.field, refusal.machines]),
      [[field, machines]],
    );
    assert.deepEqual(refusedIn(plan).toSorted(), [...machines].toSorted());
    const text = formatPlan(plan);
    assert.match(text, new RegExp(`^refused: ${field.replaceAll(/[[\]]/g, "\\$&")}: .*\\n {2}next: `, "m"));
    assert.match(text, next);
    assert.match(text, /nothing can be applied before what is refused is put back$/m);
  });
}

test("an agent or a load balancer may get another address, or another name", () => {
  for (const name of ["agent-1", "lb-1"]) {
    assert.deepEqual(planned(withNode(name, { address: "10.0.0.99" })).refusals, []);
    assert.deepEqual(planned(withNode(name, { name: "new" })).refusals, []);
  }
  const replaced = withNode("agent-1", { name: "agent-9", address: "10.0.0.12" });
  const nodes = replaced.nodes.filter(({ name }) => name !== "server-2");
  assert.deepEqual(planned({ ...replaced, nodes }).refusals, [], "at the address of a server that is gone");
});

test("refused: another server token, for K3s could not read what is in etcd", () => {
  const cluster = { ...SIX, generations: { ...SIX.generations, "server-token": 2 } };
  const old = different(K3S_PATHS.serverToken, "@@quorate:secret:server-token:1@@\n");
  const plan = planned(cluster, knowing(null), ["server-1", old], ["server-2", old]);
  assert.deepEqual(
    plan.refusals.map(({ field, machines }) => [field, machines]),
    [["secrets.generations.serverToken", ["server-1", "server-2"]]],
  );
  const spoilt = different(K3S_PATHS.serverToken, "by hand\n");
  const repaired = planned(SIX, knowing(null), ["server-1", spoilt]);
  assert.deepEqual([repaired.refusals, planOf("server-1", repaired).action], [[], "restart"]);
});

test("a machine that is not recorded and does not answer is to be added; a recorded one is unknown", () => {
  const silent = { files: null, problem: { message: "10.0.0.101 does not answer", next: "is it on?" } };
  const record = recordOf({ ...SIX, nodes: SIX.nodes.filter(({ name }) => name !== "agent-1") });
  const plan = planWith([machine("agent-1", [], silent)], knowing(record));
  const added = planOf("agent-1", plan);
  assert.deepEqual([added.state, added.action, added.outage], ["changes", "add", false]);
  assert.match(
    formatPlan(plan),
    /^agent-1 .* add: it is not in the record, and 10\.0\.0\.101 does not answer\n.*\n {2}why +the config\n {2}next: npx quorate card agent-1$/m,
  );
  assert.match(formatPlan(plan), /^plan: 1 machine to add, 5 as it should be$/m);
  assert.equal(planOf("agent-1", planWith([machine("agent-1", [], silent)], RECORDED)).state, "unknown");
  const nobodyKnows = planOf("agent-1", planWith([machine("agent-1", [], silent)]));
  assert.deepEqual([nobodyKnows.state, nobodyKnows.action], ["unknown", "none"], "it may be a member");
});

test("servers that come are no voters yet, and those that went out of the config go first where they are dead", () => {
  const five = makeCluster({ servers: 5, agents: 1, loadBalancers: 2 });
  const absent = { files: null, voter: false };
  const plan = planWith(
    [
      machine("server-1", [different(K3S_PATHS.config)], {}, five),
      ...["server-4", "server-5"].map((name) => machine(name, [], absent, five)),
    ],
    RECORDED,
    five,
  );
  assert.deepEqual(planOf("server-1", plan).quorum, { stay: 2, of: 3, enough: true, after: [] });
  assert.equal(planOf("server-4", plan).quorum, null);
  const back = planWith([machine("server-1", [different(K3S_PATHS.config)])], knowing(recordOf(five)));
  assert.deepEqual(planOf("server-4", back).quorum, { stay: 3, of: 4, enough: true, after: [] });
  assert.deepEqual(planOf("server-5", back).quorum, { stay: 3, of: 3, enough: true, after: [] });
  assert.deepEqual(planOf("server-1", back).quorum, { stay: 2, of: 3, enough: true, after: [] });
});

test("without a record, and with nobody asked, everything is to be added", () => {
  const plan = makePlan(SIX, TEMPLATES, [], knowing(null, { offline: true }));
  assert.ok(plan.machines.every(({ action, state }) => action === "add" && state === "changes"));
  assert.match(formatPlan(plan), /^server-1 .* add: nothing has been applied yet$/m);
  assert.match(formatPlan(plan), /^plan \(against the record, no machine was asked\): 6 machines to add$/m);
});
