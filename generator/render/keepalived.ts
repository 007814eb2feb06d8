// keepalived.conf: one per load balancer, where there are two or more; it holds the vip.
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { VRRP_TIMING, vrrpPriority } from "../model/timing.ts";
import { printTemplate, type Templates } from "./template.ts";

interface KeepalivedLocals {
  readonly cluster: string;
  readonly name: string;
  readonly interface: string;
  readonly address: string;
  readonly peers: readonly string[];
  readonly vip: string;
  readonly vrrpId: number;
  readonly priority: number;
  readonly advertSeconds: number;
  readonly checkTimeout: number;
  readonly checkInterval: number;
  readonly checkFall: number;
  readonly checkRise: number;
  readonly statusPort: number;
}

/** The text of keepalived.conf for one load balancer. Accepted by keepalived 2.2.7 and newer. */
export function keepalivedConfig(cluster: Cluster, node: Node, templates: Templates): string {
  const all = ofRole(cluster, "loadbalancer");
  return printTemplate<KeepalivedLocals>(templates, "keepalived.conf", {
    cluster: cluster.name,
    name: node.name,
    interface: node.interface,
    address: node.address,
    peers: all.filter((peer) => peer !== node).map(({ address }) => address),
    vip: cluster.registration.address,
    vrrpId: cluster.vrrpId ?? 1,
    priority: vrrpPriority(all.indexOf(node)),
    advertSeconds: VRRP_TIMING.advert / 1000,
    checkTimeout: VRRP_TIMING.checkTimeout / 1000,
    checkInterval: VRRP_TIMING.checkInterval / 1000,
    checkFall: VRRP_TIMING.checkFall,
    checkRise: VRRP_TIMING.checkRise,
    statusPort: cluster.loadBalancer.statusPort,
  });
}
