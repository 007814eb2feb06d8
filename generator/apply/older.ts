// Whether a machine under a name is the one that the cluster knows, or a new one in its place.
import { Failure } from "../failure.ts";
import { API_PORT_ON_SERVERS, type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { listed } from "../model/words.ts";
import type { MachineState } from "../status/ask.ts";
import { type Job, runOn } from "./job.ts";
import { kubernetesNode, kubernetesServer } from "./kubernetes.ts";
import { isOf, membersOn } from "./steps/forget.ts";
import { removalGate } from "./steps/removal-gate.ts";

/** older: the cluster has to forget what it knows under this name. new: it comes by itself, or needs nothing of the cluster. */
export type Standing = "older" | "new";

const HAS_DATA = "[ ! -d /var/lib/rancher/k3s/server/db/etcd/member/wal ] || echo data\n";
const KUBELET_PORT = 10_250;

/**
 * Of a machine that is to be replaced. Throws a Failure where the one that the cluster knows is there: nobody wants that away;
 * and where the others could not carry the cluster without it.
 * `states`: of every machine of the cluster, as they just answered.
 */
export async function standingOf(job: Job, node: Node, states: readonly MachineState[]): Promise<Standing> {
  const own = states.find(({ name }) => name === node.name);
  const answers = own !== undefined && own.state !== "no answer";
  if (own?.state === "ready") throw isThere(job.cluster, node, states);
  // It needs nobody to come back; and an agent's password is always the same, so that Kubernetes knows it again.
  if (node.role === "loadbalancer" || (node.role === "agent" && answers)) return "new";
  needsReadyServer(job.cluster, node, states);
  await removalGate(job, node);
  const through = await kubernetesServer(job, node);
  const member = node.role === "server" ? await memberOf(job, node, through) : null;
  // One that was cut off while it joined: it goes on when it is switched on, and else K3s drops it after 5 minutes.
  if (member?.learner) return "new";
  if (!answers) {
    await refuseLiving(job, node, through);
    return member || (await kubernetesNode(job, through, node)) ? "older" : "new";
  }
  if (!member) return "new";
  if ((await runOn(job, node.name, HAS_DATA)).trim() === "") return "older";
  // A member that is on its way: the new one, where an earlier run has come so far.
  if (own.state !== "failed" && (own.status?.error ?? "") === "") return "new";
  throw new Failure(
    `${node.name} answers, and has the data of a member (${own.state}${own.detail && `: ${own.detail}`})`,
    `wait for it, or look at it: npx quorate ssh ${node.name}; to give it up: switch it off for good, then the same command again`,
  );
}

async function memberOf(job: Job, node: Node, through: Node) {
  const members = await membersOn(job, through);
  if (members) return members.find((each) => isOf(each, node)) ?? null;
  throw new Failure(
    `${through.name} does not list etcd's members, so nobody knows whether ${node.name} is one`,
    "npx quorate status; then the same command again",
  );
}

/** Without a majority of the servers nothing can be forgotten, and nothing join. */
function needsReadyServer(cluster: Cluster, node: Node, states: readonly MachineState[]): void {
  const servers = states.filter(({ role }) => role === "server");
  const others = servers.filter(({ name }) => name !== node.name);
  if (others.some(({ state }) => state === "ready")) return;
  if (others.length === 0) {
    throw new Failure(
      `${node.name} is the only server: without it there is no cluster that a new one could join`,
      `if its disk is whole, put it into the new machine and switch that on: it is ${node.name} then`,
    );
  }
  const silent = others.filter(({ state }) => state === "no answer").map(({ name }) => name);
  throw new Failure(
    `${node.name} is left as it is: no other server is ready (${listed(servers.map(({ name, state }) => `${name}: ${state}`))})`,
    silent.length === 0
      ? `wait until one is: npx quorate status --watch; then npx quorate replace ${node.name} again`
      : `switch ${listed(silent, "or")} on, for only a majority of the servers can forget one: npx quorate status --watch; then npx quorate replace ${node.name} again; if they are gone for good: docs/operations.md#no-majority`,
  );
}

/** A machine whose sshd is silent may still vote and run pods: what listens there only while K3s runs says so. */
async function refuseLiving(job: Job, node: Node, through: Node): Promise<void> {
  const port = node.role === "server" ? API_PORT_ON_SERVERS : KUBELET_PORT;
  const ask = `curl -sk --noproxy '*' --connect-timeout 2 --max-time 5 -o /dev/null https://${node.address}:${port}/ping && echo lives || true\n`;
  if ((await runOn(job, through.name, ask)).trim() === "") return;
  throw new Failure(
    `K3s runs on ${node.name} (${through.name} reaches it at ${node.address}:${port}), though SSH does not answer`,
    `npx quorate status says why SSH does not; if the machine is to be replaced, switch it off, then the same command again`,
  );
}

/** The likeliest reason is that a person means another one. */
function isThere(cluster: Cluster, { name, role }: Node, states: readonly MachineState[]): Failure {
  const silent = states
    .filter(
      ({ state, name: each }) =>
        state === "no answer" && ofRole(cluster, role).some((one) => one.name === each),
    )
    .map((each) => each.name);
  const others =
    silent.length === 0
      ? `if it is the new one, it has joined: npx quorate apply records it; to put another machine in its place, switch ${name} off first, then the same command again`
      : `${listed(silent)} ${silent.length === 1 ? "does" : "do"} not answer: npx quorate replace ${silent[0]}; if ${name} is the new one, it has joined: npx quorate apply records it`;
  return new Failure(`${name} answers and works: there is nothing to replace`, others);
}
