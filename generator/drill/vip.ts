// The registration address is brought to where the failure will be: the worst case, and the same one each time.
import { Failure } from "../failure.ts";
import type { Node } from "../model/cluster.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Drill, must, nodeOf, pause } from "./drill.ts";
import { askPage, PAGE_MS } from "./page.ts";
import { untilWell } from "./well.ts";

const LOOK_MS = 200;
const MOVE_MS = 15_000;
/** The other load balancer takes part again after so long, should nobody come to say so. */
const AWAY_SECONDS = 60;

/** Nothing where that load balancer holds it already, or nobody does. Throws a Failure where it does not take it. */
export async function holdVip(drill: Drill, node: Node): Promise<void> {
  const { cluster } = drill;
  const holder = async () =>
    (await askPage(cluster.registration.address, cluster.loadBalancer.statusPort, PAGE_MS))?.name;
  const other = await holder();
  if (other === node.name || other === undefined) return;
  await must(
    drill,
    nodeOf(cluster, other),
    `${drill.fence}\nexec ${NODE_PATHS.program} yield ${AWAY_SECONDS}\n`,
  );
  const end = Date.now() + MOVE_MS;
  while ((await holder()) !== node.name) {
    if (Date.now() >= end)
      throw new Failure(
        `${node.name} does not take the registration address`,
        "look at it: npx quorate status",
      );
    await pause(drill, LOOK_MS);
  }
  await must(
    drill,
    nodeOf(cluster, other),
    "systemctl stop quorate-vip.service 2>/dev/null\nsystemctl start keepalived\n",
  );
  await untilWell(drill);
}
