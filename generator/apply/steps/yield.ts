// Step: a load balancer that holds the registration address gives it up before it is worked on.
import { Failure } from "../../failure.ts";
import { type Node, ofRole } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { NODE_PATHS } from "../../render/node-paths.ts";
import { askNode } from "../ask-node.ts";
import { type Job, pause, runOn } from "../job.ts";

/**
 * Nothing where it does not hold it. Throws a Failure where it does not say so, or no other load balancer takes it; keepalived
 * then runs again. `byNetwork`: it is its own network's address, and that gives it up when the new files are in force: then
 * another one only has to hold it too.
 */
export async function giveUpVip(job: Job, node: Node, byNetwork: boolean): Promise<void> {
  const { state, status, detail, next } = await askNode(job.remote, job.cluster, node);
  if (state === "no answer") {
    throw new Failure(
      `${node.name} does not say whether it holds the registration address: ${detail}`,
      `${next}; then run apply again`,
    );
  }
  if (status?.vip !== true) {
    job.note(node.name, "it does not hold it");
    return;
  }
  if (!byNetwork)
    await runOn(
      job,
      node.name,
      `${job.fence}\nexec ${NODE_PATHS.program} yield ${APPLY_TIMING.healSeconds}\n`,
    );
  const others = ofRole(job.cluster, "loadbalancer").filter(
    (other) => other !== node && job.reachable.has(other.name),
  );
  const end = job.clock.now() + APPLY_TIMING.yield;
  let both = false;
  while (job.clock.now() < end) {
    const [own, ...answers] = await Promise.all(
      [node, ...others].map((each) => askNode(job.remote, job.cluster, each)),
    );
    const taken = answers.some(({ status }) => status?.vip === true);
    both = taken && !byNetwork && own?.status?.vip === true;
    if (taken && !both) return;
    await pause(job);
  }
  if (byNetwork) {
    throw new Failure(
      `${node.name} is left as it is: no other load balancer holds the registration address, and it would be nobody's until keepalived runs here`,
      "switch the new load balancer on with its card, and wait until it is ready (npx quorate status); then run apply again",
    );
  }
  // An apply ended before keepalived came here.
  if (both) {
    throw new Failure(
      `${node.name} is left as it is: its own network holds the registration address, and would hold it beside the others for ever`,
      `let it and the others be load balancers in the config, npx quorate apply, and only then take ${node.name} out`,
    );
  }
  await takePartAgain(job, node);
  throw new Failure(
    `${node.name} gave up the registration address, and no other load balancer took it within ${APPLY_TIMING.yield / 1000} s; its keepalived runs again`,
    "look at the others: npx quorate status",
  );
}

/** keepalived runs again; what would start it by itself ends only then. */
export async function takePartAgain(job: Job, node: Node): Promise<void> {
  await runOn(
    job,
    node.name,
    "systemctl start keepalived && { systemctl stop quorate-vip.service 2>/dev/null || true; }\n",
  );
}
