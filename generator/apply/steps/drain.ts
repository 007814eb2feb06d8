// Step: no load balancer sends anybody to the machine; what is open gets some seconds and is then closed.
import type { Node } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { NODE_PATHS } from "../../render/node-paths.ts";
import { balancersOf } from "../backends.ts";
import { type Job, runOn } from "../job.ts";

const LIMIT_MS = APPLY_TIMING.drainSeconds * 1000 + 30_000;

/** On all load balancers at once. Each takes the machine back by itself, should nobody come to say so. */
export async function drain(job: Job, node: Node): Promise<void> {
  const words = `${node.name} ${APPLY_TIMING.drainSeconds} ${APPLY_TIMING.healSeconds}`;
  const script = `${job.fence}\nexec ${NODE_PATHS.program} drain ${words}\n`;
  await onAll(job, script, LIMIT_MS);
}

/** The opposite; nothing where it is not drained, or a person has done it. */
export async function undrain(job: Job, node: Node): Promise<void> {
  await onAll(job, `exec ${NODE_PATHS.program} undrain ${node.name} ours\n`);
}

/** Ends when all have ended: what takes back must not come before what still takes out. */
async function onAll(job: Job, script: string, limit?: number): Promise<void> {
  const options = limit === undefined ? {} : { limit };
  const tries = balancersOf(job).map(({ name }) => runOn(job, name, script, options));
  const failed = (await Promise.allSettled(tries)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
