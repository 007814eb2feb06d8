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
  await Promise.all(balancersOf(job).map(({ name }) => runOn(job, name, script, { limit: LIMIT_MS })));
}

/** The opposite; nothing where it is not drained. */
export async function undrain(job: Job, node: Node): Promise<void> {
  const script = `exec ${NODE_PATHS.program} undrain ${node.name}\n`;
  await Promise.all(balancersOf(job).map(({ name }) => runOn(job, name, script)));
}
