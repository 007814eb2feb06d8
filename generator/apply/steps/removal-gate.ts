// Step: before a machine is taken out for good, what is left has to carry the cluster.
import { Failure } from "../../failure.ts";
import { type Node, ofRole } from "../../model/cluster.ts";
import { counted, listed } from "../../model/words.ts";
import { majorityOf } from "../../plan/quorum.ts";
import { KUBERNETES_TIMING } from "../../model/timing.ts";
import type { MachinePlan } from "../../plan/plan.ts";
import { isOther, NOTHING_THERE } from "../../status/ask.ts";
import { askNode } from "../ask-node.ts";
import { type Job, pause } from "../job.ts";
import { kubernetesNode, kubernetesServer } from "../kubernetes.ts";

/** Its turn comes when others have joined. Nothing is wrong with it. */
export class NotYet extends Failure {}

/** Until Kubernetes says of a machine that has lost its power that it is not ready: the last sign of life, and a look at it. */
const NOTICED_MS = KUBERNETES_TIMING.nodeMonitorGrace + 2 * KUBERNETES_TIMING.nodeMonitorPeriod;

/**
 * Throws a Failure where it does not, or where the machine is alive and could not be kept from coming back: then nothing has been
 * touched. Throws NotYet where those that are to join before have not.
 */
export async function removalGate(job: Job, node: Node, machine: MachinePlan | null = null): Promise<void> {
  const absent = (machine?.quorum?.after ?? []).filter((name) => !job.reachable.has(name));
  if (absent.length > 0) {
    throw new NotYet(
      `${node.name} stays until ${listed(absent)} ${absent.length === 1 ? "has" : "have"} joined`,
      `npx quorate apply, when ${absent.length === 1 ? "it is" : "they are"} ready; or take ${listed(absent)} out of the config`,
    );
  }
  await remaining(job, node);
  if (machine && machine.problem !== null) await refuseLiving(job, node);
}

/**
 * One that the plan takes out without it starts K3s anew when its member is gone, and joins again. What is only slow, or lets nobody
 * in, is no dead machine.
 */
async function refuseLiving(job: Job, node: Node): Promise<void> {
  const own = await askNode(job.remote, job.cluster, node);
  if (own.state !== "no answer" && own.detail !== NOTHING_THERE && !isOther(own)) {
    throw new Failure(
      `${node.name} is left as it is: it answers now, and the plan was made without it`,
      "run the same command again: then it is cleared too",
    );
  }
  if (own.state !== "no answer" || node.role === "loadbalancer") return;
  const through = await kubernetesServer(job, node);
  const end = job.clock.now() + NOTICED_MS;
  while ((await kubernetesNode(job, through, node))?.ready === true) {
    if (job.clock.now() >= end) {
      throw new Failure(
        `${node.name} is left as it is: it does not answer (${own.detail}), and Kubernetes hears from it: K3s runs there, and would join again`,
        `switch it off for good, or let ssh in again; then run the same command again`,
      );
    }
    job.note(node.name, "Kubernetes calls it ready; it is waited for until it notices");
    await pause(job);
  }
}

/** What is left has to carry the cluster. */
async function remaining(job: Job, node: Node): Promise<void> {
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
  const few =
    healthy.length >= majorityOf(left)
      ? `only ${counted(healthy.length, "voter")} of ${counted(members, "member")} can agree to it`
      : `without it ${counted(healthy.length, "voter")} of ${counted(left, "member")} would be left`;
  throw new Failure(
    `${node.name} is left as it is: ${few}, and that is no majority${silent && ` (${silent})`}`,
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
