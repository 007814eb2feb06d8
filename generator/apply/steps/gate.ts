// Step: before a machine is touched, the others alone have to carry the cluster.
import { Failure } from "../../failure.ts";
import { type Node, ofRole } from "../../model/cluster.ts";
import { minorsAhead, parseK3sVersion } from "../../model/k3s-version.ts";
import { counted, listed } from "../../model/words.ts";
import type { MachinePlan } from "../../plan/plan.ts";
import { majorityOf } from "../../plan/quorum.ts";
import { interrupts, isUpgrade } from "../../plan/steps.ts";
import type { MachineState } from "../../status/ask.ts";
import { askNode } from "../ask-node.ts";
import { backendsOn, balancersOf, isBehind } from "../backends.ts";
import type { Job } from "../job.ts";

/**
 * Throws a Failure where they do not: then nothing has been touched. `outage`: the person has accepted what the plan calls
 * an outage. Design, invariant 6: the others must be a majority of all voters and healthy.
 */
export async function gate(job: Job, node: Node, machine: MachinePlan, outage: boolean): Promise<void> {
  if (node.role === "agent" && isUpgrade(machine)) await serversFirst(job, node);
  if (machine.action === "none" || (outage && isWithoutOthers(job, node, machine))) return;
  const own = await askNode(job.remote, job.cluster, node);
  const carries = carriesSomething(own);
  // Silence says nothing: a slow machine votes and holds the address like any other.
  const silent = own.state === "no answer";
  if (node.role === "loadbalancer") return carries || silent ? balancers(job, node) : undefined;
  if (!interrupts(machine.action)) return;
  if (carries) await servers(job, node, machine);
  else if (node.role === "server" && (silent || own.status?.members === 0)) await voters(job, node, machine);
  await ways(job, node);
}

/**
 * An agent must not be newer than a server, and within a minor it does not matter (Kubernetes' version skew policy). A server
 * that does not answer may come back with what it had.
 */
async function serversFirst(job: Job, node: Node): Promise<void> {
  const wanted = parseK3sVersion(job.cluster.k3s.version);
  if (!wanted) return;
  const servers = await Promise.all(
    ofRole(job.cluster, "server").map((server) => askNode(job.remote, job.cluster, server)),
  );
  const behind = servers.flatMap(({ name, status }) => {
    const version = parseK3sVersion(status?.k3s ?? "");
    if (version && minorsAhead(version, wanted) <= 0) return [];
    return [version ? `${name} has ${version.text}` : `${name} does not say which it has`];
  });
  if (behind.length === 0) return;
  throw new Failure(
    `${node.name} is left as it is: K3s ${wanted.text} comes to all servers first, and ${listed(behind)}`,
    "npx quorate apply, for all machines, brings it to the servers first; npx quorate status says which of them does not answer",
  );
}

/** The plan said that there are not enough others. What else it calls an outage leaves a majority, and that has to stay. */
function isWithoutOthers({ cluster }: Job, { role }: Node, { outage, quorum }: MachinePlan): boolean {
  if (!outage || role !== "server") return outage;
  return ofRole(cluster, "server").length === 1 || quorum?.enough === false;
}

/** One that does not work takes nothing away when it is worked on; but it may be not well, and vote or hold the address. */
function carriesSomething({ state, status }: MachineState): boolean {
  return state === "ready" || status?.voter === true || status?.vip === true;
}

async function balancers(job: Job, node: Node): Promise<void> {
  const others = ofRole(job.cluster, "loadbalancer").filter((other) => other !== node);
  if (others.length === 0) return;
  const states = await Promise.all(others.map((other) => askNode(job.remote, job.cluster, other)));
  if (states.some(({ state }) => state === "ready")) return;
  throw new Failure(
    `${node.name} is left as it is: no other load balancer is ready (${listed(states.map(({ name, state }) => `${name}: ${state}`))})`,
    "bring them back first: npx quorate status says what they wait for",
  );
}

async function servers(job: Job, node: Node, machine: MachinePlan): Promise<void> {
  const states = await otherServers(job, node);
  const healthy = states.filter(({ state, status }) => state === "ready" && status?.voter === true);
  // A server that was silent from the start is counted as lost; one that answers and is not well is a reason to stop.
  const ill = states.filter(
    (state) =>
      state.state !== "ready" &&
      state.state !== "no answer" &&
      job.reachable.has(state.name) &&
      job.leaving.every(({ name }) => name !== state.name),
  );
  if (ill.length > 0) {
    throw new Failure(
      `${node.name} is left as it is: ${listed(ill.map(({ name, state, detail }) => `${name} is ${state}${detail && ` (${detail})`}`))}`,
      "wait until all servers are ready (npx quorate status --watch), then run apply again",
    );
  }
  if (node.role === "server") majority(node, healthy.length, membersOf(job, machine, states));
  if (node.role === "agent" && healthy.length === 0) {
    throw new Failure(
      `${node.name} is left as it is: no server is ready`,
      "look at the servers: npx quorate status",
    );
  }
}

/**
 * Of a server of which nobody knows whether it votes: that some other one finds a majority, and the others are none, is the
 * answer. Those that are not well count here, or one of two that are broken could never be repaired.
 */
async function voters(job: Job, node: Node, machine: MachinePlan): Promise<void> {
  const states = await otherServers(job, node);
  const voting = states.filter(({ status }) => status?.voter === true).length;
  if (voting > 0) majority(node, voting, membersOf(job, machine, states));
}

/** Those that leave vote until they are out. */
function otherServers(job: Job, node: Node): Promise<readonly MachineState[]> {
  const all = [...ofRole(job.cluster, "server"), ...job.leaving];
  const others = all.filter(({ name }) => name !== node.name);
  return Promise.all(others.map((other) => askNode(job.remote, job.cluster, other)));
}

/** How many etcd counts: at least those of the plan, which knows who has never joined, without those that were to join before. */
function membersOf({ cluster }: Job, { quorum }: MachinePlan, states: readonly MachineState[]): number {
  const known = quorum ? quorum.of - quorum.after.length : ofRole(cluster, "server").length;
  return Math.max(known, ...states.map(({ status }) => status?.members ?? 0));
}

function majority({ name }: Node, stay: number, members: number): void {
  const needed = majorityOf(members);
  if (stay >= needed) return;
  throw new Failure(
    `${name} is left as it is: without it ${counted(stay, "voter")} would stay, and ${needed} of ${members} are needed`,
    "bring the other servers back first: npx quorate status says what they wait for",
  );
}

/** Every load balancer has somebody else to lead traffic to, whom nobody works on at the same time. */
async function ways(job: Job, node: Node): Promise<void> {
  if (!isBehind(job.cluster, node)) return;
  await Promise.all(
    balancersOf(job).map(async (balancer) => {
      const backends = await backendsOn(job, balancer);
      const mine = new Set(
        backends
          .filter(({ server, up, drained }) => server === node.name && up && !drained)
          .map(({ backend }) => backend),
      );
      const alone = [...mine].filter(
        (each) =>
          backends.some(({ backend, server }) => backend === each && server !== node.name) &&
          !backends.some(
            ({ backend, server, up, drained }) =>
              backend === each && server !== node.name && !job.together.has(server) && up && !drained,
          ),
      );
      if (alone.length === 0) return;
      throw new Failure(
        `${node.name} is left as it is: ${balancer.name} has nobody else to send ${listed(alone)} to`,
        `look at them: curl http://${balancer.address}:${job.cluster.loadBalancer.statusPort}/backends${job.together.size > 1 ? "; or let rollout.agentBatch be 1" : ""}`,
      );
    }),
  );
}
