// The registration address is brought to where the failure will be: the worst case, and the same one each time.
import { Failure } from "../failure.ts";
import { type Node, ofRole } from "../model/cluster.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Drill, must, pause } from "./drill.ts";
import { askPage, PAGE_MS } from "./page.ts";
import { untilWell } from "./well.ts";

const LOOK_MS = 200;
const MOVE_MS = 15_000;
/** The other load balancer takes part again after so long, should nobody come to say so. */
const AWAY_SECONDS = 60;

/** Nothing where that load balancer holds it already. Throws a Failure where it does not take it. */
export async function holdVip(drill: Drill, node: Node): Promise<void> {
  const { cluster } = drill;
  const holds = async () =>
    (await askPage(cluster.registration.address, cluster.loadBalancer.statusPort, PAGE_MS))?.name ===
    node.name;
  if (await holds()) return;
  // All of them: of two that are left the other one could take it.
  const others = ofRole(cluster, "loadbalancer").filter((balancer) => balancer !== node);
  const onOthers = async (script: string) => {
    const all = await Promise.allSettled(others.map((other) => must(drill, other, script)));
    const failed = all.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  };
  try {
    await onOthers(`${drill.fence}\nexec ${NODE_PATHS.program} yield ${AWAY_SECONDS}\n`);
    const end = Date.now() + MOVE_MS;
    while (!(await holds())) {
      if (Date.now() >= end || drill.interrupted.aborted)
        throw new Failure(
          `${node.name} does not take the registration address`,
          "look at it: npx quorate status",
        );
      await pause(drill, LOOK_MS);
    }
  } finally {
    await onOthers(
      `${drill.fence}\nsystemctl stop quorate-vip.service 2>/dev/null\nsystemctl start keepalived\n`,
    );
  }
  await untilWell(drill);
}
