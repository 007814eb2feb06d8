// The parts of a cluster that can fail: its machines, and the pods that the promise rests on.
import { type Cluster, ingressNodes, type Node, ofRole, type Role } from "../model/cluster.ts";

export type Component =
  | { readonly kind: Role; readonly node: string }
  /** The ingress pod of one machine, which itself stays up. */
  | { readonly kind: "traefik"; readonly node: string }
  /** Where they run is Kubernetes' choice, so the worst place is assumed. */
  | { readonly kind: "coredns"; readonly replica: number }
  /** Somebody's workload with one replica: its machine fails, the one where that hurts most. */
  | { readonly kind: "workload" };

export type ComponentKind = Component["kind"];

/** In the order of rows for people. */
export const KINDS: readonly ComponentKind[] = [
  "server",
  "loadbalancer",
  "agent",
  "traefik",
  "coredns",
  "workload",
];

/** Everything that is failed, one at a time and two at a time. In the order of the config within a kind. */
export function components(cluster: Cluster): readonly Component[] {
  const ingress = new Set(ingressNodes(cluster));
  return [
    ...cluster.nodes.map(({ role, name }): Component => ({ kind: role, node: name })),
    ...cluster.nodes
      .filter(({ name }) => ingress.has(name))
      .map(({ name }): Component => ({ kind: "traefik", node: name })),
    ...Array.from({ length: dnsPods(cluster) }, (_, replica): Component => ({ kind: "coredns", replica })),
    ...(cluster.nodes.some(takesWorkloads) ? [{ kind: "workload" } as const] : []),
  ];
}

/** True where a pod without tolerations can be placed. */
export function takesWorkloads(node: Node): boolean {
  return node.role !== "loadbalancer" && !node.taints.some((taint) => /:No(Schedule|Execute)$/.test(taint));
}

/** True where CoreDNS can run. */
export function hostsDns(cluster: Cluster): (node: Node) => boolean {
  const names = new Set(cluster.addonNodes);
  return ({ name }) => names.has(name);
}

/** CoreDNS pods that run: two, never on the same machine; one where there is only one machine for them. */
export function dnsPods(cluster: Cluster): number {
  if (cluster.k3s.disable.includes("coredns")) return 0;
  return Math.min(2, cluster.addonNodes.length);
}

/**
 * The machine whose address clients of the ingress use where there is no load balancer: the registration address if it
 * serves the ingress, else the first machine that does. Undefined behind load balancers.
 */
export function ingressDoor(cluster: Cluster): string | undefined {
  if (!cluster.ingress || cluster.registration.holder !== "server") return undefined;
  const first = ofRole(cluster, "server")[0]?.name;
  const ingress = new Set(cluster.addonNodes);
  if (first !== undefined && ingress.has(first)) return first;
  return cluster.nodes.find(({ name }) => ingress.has(name))?.name;
}
