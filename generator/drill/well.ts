// Whether everything is well: every machine ready, every server a voter, every load balancer seeing everybody, one at the address.
import { askNode } from "../apply/ask-node.ts";
import { Failure } from "../failure.ts";
import { ofRole } from "../model/cluster.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { type Drill, pause } from "./drill.ts";
import { askPage, PAGE_MS } from "./page.ts";

/** As apply waits for a machine that was started anew: a Pi with an SD card needs minutes. */
const WELL_MS = APPLY_TIMING.health.reboot;

/** Throws a Failure where something is not well: the drill has made nothing then. */
export async function refuseIll(drill: Drill): Promise<void> {
  const wrong = await notWell(drill);
  if (wrong === null) return;
  throw new Failure(
    `no drill on a cluster that is not well: ${wrong}`,
    "npx quorate status says what is waited for; npx quorate verify what does not answer",
  );
}

/** Everything as before. Throws a Failure where that does not come. */
export async function untilWell(drill: Drill): Promise<void> {
  const end = Date.now() + WELL_MS;
  for (;;) {
    const wrong = await notWell(drill);
    if (wrong === null) return;
    if (drill.interrupted.aborted)
      throw new Failure(`interrupted; not well yet: ${wrong}`, "npx quorate status --watch");
    if (Date.now() >= end) {
      throw new Failure(
        `the cluster is not well again after ${WELL_MS / 1000} s: ${wrong}`,
        "npx quorate status says what is waited for; the drill has ended",
      );
    }
    await pause(drill, 1000);
  }
}

/** What is not well, or null. */
async function notWell({ cluster, remote }: Drill): Promise<string | null> {
  const states = await Promise.all(cluster.nodes.map((node) => askNode(remote, cluster, node)));
  const ill = states.find(({ state }) => state !== "ready");
  if (ill) return `${ill.name} is ${ill.state}${ill.detail && ` (${ill.detail})`}`;
  const servers = states.filter(({ role }) => role === "server");
  const lacking = servers.find(({ status }) => status?.voter !== true || status.members !== servers.length);
  if (lacking) return `${lacking.name} does not vote among ${servers.length} servers`;
  const balancers = ofRole(cluster, "loadbalancer");
  for (const balancer of balancers) {
    const page = await askPage(balancer.address, cluster.loadBalancer.statusPort, PAGE_MS);
    if (!page) return `${balancer.name} shows no page of its backends`;
    const down = [...page.servers].find(([, up]) => !up);
    if (down) return `${balancer.name} sees ${down[0]} down`;
  }
  const { address } = cluster.registration;
  if (balancers.length > 0) {
    const page = await askPage(address, cluster.loadBalancer.statusPort, PAGE_MS);
    if (!balancers.some(({ name }) => name === page?.name))
      return `no load balancer of this cluster answers at the registration address ${address}`;
  }
  return null;
}
