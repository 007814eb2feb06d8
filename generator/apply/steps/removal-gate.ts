// Step: before a machine is taken out for good, what is left has to carry the cluster.
import { Failure } from "../../failure.ts";
import { type Node, ofRole } from "../../model/cluster.ts";
import { counted, listed } from "../../model/words.ts";
import { majorityOf } from "../../plan/quorum.ts";
import { askNode } from "../ask-node.ts";
import type { Job } from "../job.ts";

/** Throws a Failure where it does not: then nothing has been touched. */
export async function removalGate(job: Job, node: Node): Promise<void> {
  if (node.role === "loadbalancer") return balancers(job, node);
  const all = [...ofRole(job.cluster, "server"), ...job.leaving];
  const others = all.filter(({ name }) => name !== node.name);
  const [own, ...states] = await Promise.all(
    [node, ...others].map((each) => askNode(job.remote, job.cluster, each)),
  );
  const healthy = states.filter(({ state, status }) => state === "ready" && status?.voter === true);
  if (healthy.length === 0) {
    throw new Failure(
      `${node.name} is left as it is: no other server is ready`,
      "look at the servers: npx quorate status",
    );
  }
  if (node.role === "agent") return;
  const members = Math.max(...healthy.map(({ status }) => status?.members ?? 0));
  const votes = own?.status?.voter === true;
  // Of one that was taken out of etcd already, by a run that ended early, nobody has to vote about anything.
  const left = members - 1;
  if (healthy.length + (votes ? 1 : 0) >= majorityOf(members) && healthy.length >= majorityOf(left)) return;
  const ill = states.filter(({ name }) => healthy.every((each) => each.name !== name));
  const silent = listed(ill.map(({ name, state }) => `${name} is ${state}`));
  throw new Failure(
    `${node.name} is left as it is: without it ${counted(healthy.length, "voter")} of ${counted(left, "member")} would be left, and that is no majority${silent && ` (${silent})`}`,
    "bring the other servers back first: npx quorate status says what they wait for",
  );
}

/** Somebody else can hold the registration address, where it is still needed. */
async function balancers(job: Job, node: Node): Promise<void> {
  const others = ofRole(job.cluster, "loadbalancer").filter(({ name }) => name !== node.name);
  if (others.length === 0) return;
  const [own, ...states] = await Promise.all(
    [node, ...others].map((each) => askNode(job.remote, job.cluster, each)),
  );
  if (own?.state === "no answer" || states.some(({ state }) => state === "ready")) return;
  throw new Failure(
    `${node.name} is left as it is: no other load balancer is ready (${listed(states.map(({ name, state }) => `${name}: ${state}`))})`,
    "bring them back first: npx quorate status says what they wait for",
  );
}
