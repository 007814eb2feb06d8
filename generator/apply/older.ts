// Whether a machine under a name is the one that the cluster knows, or a new one in its place.
import { Failure } from "../failure.ts";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { listed } from "../model/words.ts";
import type { MachineState } from "../status/ask.ts";
import { type Job, runOn } from "./job.ts";
import { kubernetesServer } from "./kubernetes.ts";
import { isOf, membersOn } from "./steps/forget.ts";

/** older: the cluster has to forget what it knows under this name. new: it comes by itself, or needs nothing of the cluster. */
export type Standing = "older" | "new";

const HAS_DATA = "[ ! -d /var/lib/rancher/k3s/server/db/etcd/member/wal ] || echo data\n";

/**
 * Of a machine that is to be replaced. Throws a Failure where the one that the cluster knows is there: nobody wants that away.
 * `states`: of every machine of the cluster, as they just answered.
 */
export async function standingOf(job: Job, node: Node, states: readonly MachineState[]): Promise<Standing> {
  const own = states.find(({ name }) => name === node.name);
  const answers = own !== undefined && own.state !== "no answer";
  if (own?.state === "ready" || own?.status?.voter === true) throw isThere(job.cluster, node, states);
  // It needs nobody to come back; and an agent's password is always the same, so that Kubernetes knows it again.
  if (node.role === "loadbalancer" || (node.role === "agent" && answers)) return "new";
  if (node.role === "agent") return "older";
  const through = await kubernetesServer(job, node);
  const members = await membersOn(job, through);
  const member = members?.find((each) => isOf(each, node));
  if (!answers) return "older";
  if (!member || member.learner) return "new";
  if ((await runOn(job, node.name, HAS_DATA)).trim() === "") return "older";
  throw new Failure(
    `${node.name} answers, and has the data of a member (${own.state}${own.detail && `: ${own.detail}`})`,
    `wait for it, or look at it: npx quorate ssh ${node.name}; to give it up: switch it off for good, then the same command again`,
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
      ? `to put another machine in its place, switch ${name} off first; then the same command again`
      : `${listed(silent)} ${silent.length === 1 ? "does" : "do"} not answer: npx quorate replace ${silent[0]}`;
  return new Failure(`${name} answers and works: there is nothing to replace`, others);
}
