// Before a machine is touched: what the others must be like, and what is not asked of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gate } from "../generator/apply/steps/gate.ts";
import { Failure } from "../generator/failure.ts";
import type { Cluster } from "../generator/model/cluster.ts";
import type { MachinePlan } from "../generator/plan/plan.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { type ApplyPlay, applyPlay, type Played } from "./support/apply-play.ts";
import { type ClusterShape, makeCluster } from "./support/clusters.ts";
import { different, machine, nodeOf, planOf, planWith, SIX } from "./support/plan-play.ts";

type State = Readonly<Record<string, Partial<Played>>>;

interface Case {
  readonly what: string;
  readonly name: string;
  readonly shape?: ClusterShape;
  readonly state?: State;
  readonly more?: Partial<MachinePlan>;
  readonly outage?: true;
  /** Those that answered when the work began; default: all. */
  readonly silent?: readonly string[];
  /** What it says; absent: it lets the work begin. */
  readonly says?: RegExp;
}

const SILENT = { status: null };
const ILL = { status: { state: "failed", error: "k3s does not start", step: "server" } };
const DEAD = { status: { ...ILL.status, voter: false } };
const CANNOT_SAY = { status: { ...DEAD.status, members: 0 } };
const NO_VOTER = { status: { state: "waiting", step: "server", waitingFor: "the others", voter: false } };
const members = (count: number) => ({ status: { members: count } });

const CASES: readonly Case[] = [
  { what: "all are well", name: "server-1" },
  {
    what: "a server that was silent from the start counts as lost, and one is no majority of three",
    name: "server-1",
    state: { "server-2": SILENT },
    silent: ["server-2"],
    says: /^server-1 is left as it is: without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  {
    what: "of five servers one may be silent",
    name: "server-1",
    shape: { servers: 5, loadBalancers: 1 },
    state: { "server-2": SILENT },
    silent: ["server-2"],
  },
  {
    what: "of five servers two may not",
    name: "server-1",
    shape: { servers: 5, loadBalancers: 1 },
    state: { "server-2": SILENT, "server-3": SILENT },
    silent: ["server-2", "server-3"],
    says: /without it 2 voters would stay, and 3 of 5 are needed$/,
  },
  {
    what: "a server that answers and is not well stops the work, whatever the majority",
    name: "server-1",
    shape: { servers: 5, loadBalancers: 1 },
    state: { "server-2": ILL },
    says: /^server-1 is left as it is: server-2 is failed \(k3s does not start\)$/,
  },
  {
    what: "a server that is on its way stops the work too",
    name: "server-1",
    shape: { servers: 5, loadBalancers: 1 },
    state: { "server-2": NO_VOTER },
    says: /server-2 is waiting \(server: the others\)$/,
  },
  {
    what: "a server that was there when the work began and is silent now counts as lost",
    name: "server-1",
    state: { "server-2": SILENT },
    says: /without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  {
    what: "etcd counts more members than the config has: they count",
    name: "server-1",
    state: { "server-2": members(5), "server-3": members(5) },
    says: /without it 2 voters would stay, and 3 of 5 are needed$/,
  },
  {
    what: "a server that is ready and no voter does not count",
    name: "server-1",
    state: { "server-2": { status: { voter: false } } },
    says: /without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  {
    what: "the ill one itself may be worked on",
    name: "server-1",
    state: { "server-1": DEAD, "server-2": SILENT },
  },
  {
    what: "the ill one votes all the same, and the others alone are no majority",
    name: "server-1",
    state: { "server-1": ILL, "server-2": SILENT },
    says: /without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  { what: "so may one that does not answer", name: "server-1", state: { "server-1": SILENT } },
  {
    what: "one that does not answer in time may vote all the same, and the others alone are no majority",
    name: "server-1",
    state: { "server-1": SILENT, "server-2": SILENT },
    says: /^server-1 is left as it is: without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  {
    what: "nor does one that is not well and cannot say whether it votes",
    name: "server-1",
    state: { "server-1": CANNOT_SAY, "server-2": SILENT },
    says: /^server-1 is left as it is: without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  {
    what: "where nobody finds a majority there is none to lose",
    name: "server-1",
    state: { "server-1": CANNOT_SAY, "server-2": CANNOT_SAY, "server-3": CANNOT_SAY },
  },
  {
    what: "another one that is not well and votes does not keep a dead one from being repaired",
    name: "server-1",
    state: { "server-1": CANNOT_SAY, "server-2": ILL },
  },
  {
    what: "servers that are new to the config and have never joined are no members",
    name: "server-1",
    shape: { servers: 5, loadBalancers: 1 },
    state: { "server-4": SILENT, "server-5": SILENT },
    silent: ["server-4", "server-5"],
    more: { quorum: { stay: 2, of: 3, enough: true, after: [] } },
  },
  {
    what: "what interrupts nobody asks for nothing",
    name: "server-1",
    state: { "server-2": ILL },
    more: { action: "reload" },
  },
  {
    what: "nor does what changes nothing that runs",
    name: "server-1",
    state: { "server-2": ILL },
    more: { action: "none" },
  },
  {
    what: "an outage that is accepted",
    name: "server-1",
    state: { "server-2": SILENT },
    more: { outage: true, quorum: { stay: 1, of: 3, enough: false, after: [] } },
    outage: true,
  },
  {
    what: "an outage of the first server's own address is accepted, and not that of the majority",
    name: "server-1",
    shape: { servers: 3, loadBalancers: 0 },
    state: { "server-2": SILENT },
    more: { outage: true },
    outage: true,
    says: /without it 1 voter would stay, and 2 of 3 are needed$/,
  },
  {
    what: "an outage that is accepted for another machine only",
    name: "server-1",
    state: { "server-2": SILENT },
    outage: true,
    says: /1 voter would stay/,
  },
  {
    what: "an agent does not need a majority",
    name: "agent-1",
    state: { "server-2": SILENT, "server-3": SILENT },
  },
  {
    what: "an agent needs a server that is ready",
    name: "agent-1",
    state: { "server-1": SILENT, "server-2": SILENT, "server-3": SILENT },
    says: /^agent-1 is left as it is: no server is ready$/,
  },
  {
    what: "a server that answers and is not well stops work on an agent",
    name: "agent-1",
    state: { "server-3": ILL },
    says: /^agent-1 is left as it is: server-3 is failed/,
  },
  {
    what: "an agent gets a newer K3s after all servers have it",
    name: "agent-1",
    more: { action: "upgrade" },
  },
  {
    what: "an agent is not upgraded before a server",
    name: "agent-1",
    state: { "server-2": { status: { k3s: "v1.35.9+k3s1" } } },
    more: { action: "upgrade" },
    says: /^agent-1 is left as it is: K3s v1\.36\.4\+k3s1 comes to all servers first, and server-2 has v1\.35\.9\+k3s1$/,
  },
  {
    what: "nor is one that is not well, or where the outage is accepted",
    name: "agent-1",
    state: { "agent-1": ILL, "server-2": { status: { k3s: "v1.35.9+k3s1" } } },
    more: { action: "upgrade", outage: true },
    outage: true,
    says: /server-2 has v1\.35\.9\+k3s1$/,
  },
  {
    what: "a server that does not answer may come back with an older K3s than an agent's",
    name: "agent-1",
    state: { "server-3": SILENT },
    silent: ["server-3"],
    more: { action: "upgrade" },
    says: /and server-3 does not say which it has$/,
  },
  {
    what: "within a minor the order does not matter",
    name: "agent-1",
    state: { "server-2": { status: { k3s: "v1.36.1+k3s1" } } },
    more: { action: "upgrade" },
  },
  {
    what: "a load balancer with another one that is ready",
    name: "lb-1",
    more: { action: "reload" },
  },
  {
    what: "a load balancer whose other is not well",
    name: "lb-1",
    state: { "lb-2": { status: { state: "failed", error: "haproxy does not run any more" } } },
    more: { action: "reload" },
    says: /^lb-1 is left as it is: no other load balancer is ready \(lb-2: failed\)$/,
  },
  {
    what: "a load balancer whose other is silent",
    name: "lb-1",
    state: { "lb-2": SILENT },
    more: { action: "reload" },
    says: /no other load balancer is ready \(lb-2: no answer\)$/,
  },
  {
    what: "one that does not answer may hold the address, where no other is ready",
    name: "lb-1",
    state: { "lb-1": SILENT, "lb-2": SILENT },
    more: { action: "reload" },
    says: /no other load balancer is ready/,
  },
  {
    what: "a load balancer that is not well may be worked on",
    name: "lb-1",
    state: { "lb-1": { status: { state: "failed", error: "x" } }, "lb-2": SILENT },
    more: { action: "reload" },
  },
  {
    what: "one that is not well and holds the address may not, where no other is ready",
    name: "lb-1",
    state: { "lb-1": { status: { state: "failed", error: "x", vip: true } }, "lb-2": SILENT },
    more: { action: "reload" },
    says: /no other load balancer is ready/,
  },
  {
    what: "an agent that is not well and down in HAProxy has no traffic to lose",
    name: "agent-1",
    shape: { servers: 3, agents: 2, loadBalancers: 1, ingress: ["agent-1", "agent-2"] },
    state: { "agent-1": ILL, "agent-2": ILL },
  },
  { what: "the only load balancer", name: "lb-1", shape: { loadBalancers: 1 }, more: { action: "reload" } },
  {
    what: "a load balancer does not look at servers",
    name: "lb-1",
    state: { "server-1": ILL, "server-2": SILENT },
    more: { action: "reload" },
  },
  {
    what: "HAProxy has nobody else for the API: the others are drained",
    name: "server-1",
    state: { "lb-2": { drained: ["server-2", "server-3"] } },
    says: /^server-1 is left as it is: lb-2 has nobody else to send be_api to$/,
  },
  {
    what: "HAProxy has nobody else for the ingress",
    name: "agent-1",
    shape: { servers: 3, agents: 2, loadBalancers: 1, ingress: ["agent-1", "agent-2"] },
    state: { "agent-2": { nodeReady: false } },
    says: /lb-1 has nobody else to send be_http to$/,
  },
  {
    what: "nobody else is behind it anyway",
    name: "agent-1",
    shape: { servers: 3, agents: 1, loadBalancers: 1, ingress: ["agent-1"] },
  },
  {
    what: "a load balancer that was silent from the start is not asked",
    name: "server-1",
    state: { "lb-2": SILENT },
    silent: ["lb-2"],
  },
  {
    what: "an agent that no load balancer sends anybody to",
    name: "agent-1",
    shape: { servers: 3, agents: 1, loadBalancers: 1, ingress: false },
    state: { "lb-1": { drained: ["server-1", "server-2", "server-3"] } },
  },
];

function playOf({ shape, state = {}, silent = [] }: Case): {
  readonly cluster: Cluster;
  readonly play: ApplyPlay;
} {
  const cluster = shape ? makeCluster(shape) : SIX;
  const there = cluster.nodes.map(({ name }) => name).filter((name) => !silent.includes(name));
  const play = applyPlay(cluster, undefined, there);
  for (const [name, more] of Object.entries(state)) Object.assign(play.of(name), more);
  return { cluster, play };
}

for (const each of CASES) {
  test(`${each.says ? "stops" : "goes on"}: ${each.what}`, async () => {
    const { cluster, play } = playOf(each);
    const files = [different(K3S_PATHS.config)];
    const plan = planWith([machine(each.name, files, {}, cluster)], undefined, cluster);
    const made = { ...planOf(each.name, plan), action: "restart", outage: false, ...each.more } as const;
    const tried = gate(play.job, nodeOf(each.name, cluster), made, each.outage === true);
    if (each.says) {
      await assert.rejects(tried, (error) => {
        assert.ok(error instanceof Failure);
        assert.match(error.message, each.says ?? / /);
        assert.notEqual(error.hint, "");
        return true;
      });
    } else {
      await tried;
    }
    assert.deepEqual(play.done, [], "it only asks");
    if (each.shape?.ingress === false)
      assert.ok(!play.asked.includes("lb-1 ?backends"), "and nobody for nothing");
  });
}
