// What a failure takes from a cluster and what it leaves, counted; the rules of fail.ts look at nothing else.
import { type Cluster, firstServer, ingressNodes, ofRole, votersToSpare } from "../model/cluster.ts";
import { vrrpPriority } from "../model/timing.ts";
import { type Component, dnsPods, hostsDns, ingressDoor, takesWorkloads } from "./component.ts";

/** Of one sort of thing: how many went and how many are left. */
export interface Share {
  readonly gone: number;
  readonly left: number;
}

export interface Remains {
  readonly servers: Share;
  /** etcd can decide. */
  readonly quorum: boolean;
  /** etcd could still decide if one more machine that may run a workload went. */
  readonly quorumToSpare: boolean;
  /** Somebody answers at the registration address, where there is an API. */
  readonly registration: boolean;
  readonly loadBalancers: Share;
  /** VRRP priority of the best load balancer left; null where none is or where no vip moves. */
  readonly nextHolder: number | null;
  /** Machines that take workloads. */
  readonly workers: Share;
  readonly agents: Share;
  /** Machines that workloads or CoreDNS may have been on. */
  readonly silent: number;
  /** Machines that CoreDNS may be on. */
  readonly dnsHosts: Share;
  /** CoreDNS pods that failed on a machine that did not. */
  readonly dnsPodsGone: number;
  readonly dnsPods: number;
  /** Machines whose Traefik answers. Null: no ingress of ours. */
  readonly ingress: Share | null;
  /** Without load balancers: the machine that clients of the ingress turn to still serves it. True behind load balancers. */
  readonly door: boolean;
  /** The machine of a workload with one replica is lost. */
  readonly singleReplica: boolean;
}

/** Names that are not in the cluster count for nothing. */
export function remains(cluster: Cluster, failed: readonly Component[]): Remains {
  const machines = new Set<string>();
  const traefik = new Set<string>();
  const dnsReplicas = new Set<number>();
  for (const component of failed) {
    if (component.kind === "traefik") traefik.add(component.node);
    else if (component.kind === "coredns") dnsReplicas.add(component.replica);
    else if (component.kind !== "workload") machines.add(component.node);
  }
  const { nodes } = cluster;
  const gone = ({ name }: { readonly name: string }) => machines.has(name);
  const share = <T>(all: readonly T[], isGone: (each: T) => boolean): Share => {
    const count = all.filter(isGone).length;
    return { gone: count, left: all.length - count };
  };

  const servers = ofRole(cluster, "server");
  const loadBalancers = ofRole(cluster, "loadbalancer");
  const serversGone = share(servers, gone);
  const spare = votersToSpare(servers.length) - serversGone.gone;
  const hosts = hostsDns(cluster);
  const serving = (name: string) => !machines.has(name) && !traefik.has(name);
  const door = ingressDoor(cluster);
  const holder = loadBalancers.findIndex((each) => !gone(each));
  return {
    servers: serversGone,
    quorum: spare >= 0,
    quorumToSpare: spare - (servers.some((each) => takesWorkloads(each) && !gone(each)) ? 1 : 0) >= 0,
    registration: cluster.registration.holder === "server" ? !gone(firstServer(cluster)) : holder >= 0,
    loadBalancers: share(loadBalancers, gone),
    nextHolder: cluster.registration.holder === "keepalived" && holder >= 0 ? vrrpPriority(holder) : null,
    workers: share(nodes.filter(takesWorkloads), gone),
    agents: share(ofRole(cluster, "agent"), gone),
    silent: nodes.filter((node) => gone(node) && (takesWorkloads(node) || hosts(node))).length,
    dnsHosts: share(nodes.filter(hosts), gone),
    dnsPodsGone: dnsReplicas.size,
    dnsPods: dnsPods(cluster),
    ingress: cluster.ingress && share(ingressNodes(cluster), (name) => !serving(name)),
    door: door === undefined || serving(door),
    singleReplica: failed.some(({ kind }) => kind === "workload"),
  };
}
