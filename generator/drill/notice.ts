// Whether those who have to notice a failure have done so, as their own pages say it.
import { type Node, ofRole } from "../model/cluster.ts";
import type { Drill } from "./drill.ts";
import { askPage, type Page, PAGE_MS } from "./page.ts";
import type { Scenario } from "./scenario.ts";

/** Asks once. Never true for what nobody has to notice. */
export async function isNoticed(
  { cluster }: Drill,
  node: Node,
  noticed: Scenario["noticed"],
): Promise<boolean> {
  const port = cluster.loadBalancer.statusPort;
  if (noticed === "none") return false;
  if (noticed === "vip") {
    const page = await askPage(cluster.registration.address, port, PAGE_MS);
    return page !== null && page.name !== node.name;
  }
  const others = ofRole(cluster, "loadbalancer").filter((balancer) => balancer !== node);
  const pages = await Promise.all(others.map(({ address }) => askPage(address, port, PAGE_MS)));
  const gone = ({ servers }: Page) =>
    [...servers]
      .filter(([key]) => key.endsWith(`/${node.name}`))
      .every(([key, up]) => !up || (noticed === "api" && !key.startsWith("be_api/")));
  return pages.length > 0 && pages.every((page) => page !== null && gone(page));
}
