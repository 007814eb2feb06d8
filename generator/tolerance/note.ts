// What a row of the table tells people to do or to expect.
import { KUBERNETES_TIMING } from "../model/timing.ts";
import type { ComponentKind } from "./component.ts";
import type { Aspects } from "./aspect.ts";
import { listed } from "../model/words.ts";
import { formatBound, formatSeconds } from "./seconds.ts";
import { allHold, standing } from "./standing.ts";

/** Facts of the cluster that decide which advice fits. */
export interface Advised {
  readonly servers: number;
  readonly loadBalancers: number;
  /** How many components there are of the kind that fails. */
  readonly ofKind: number;
}

/** Advice for a component that fails alone, or null where there is nothing to say. */
export function singleNote(kind: ComponentKind, aspects: Aspects, cluster: Advised): string | null {
  if (!allHold(aspects)) return remedy(kind, aspects, cluster);
  const { typicalSeconds, worstSeconds } = aspects.workloads;
  if (kind === "workload") {
    return `back in ${formatSeconds(typicalSeconds)} and its own start; use two replicas. A pod of a StatefulSet or with a local volume waits for its machine`;
  }
  if (worstSeconds > 0 && (kind === "server" || kind === "agent")) {
    return "requests inside the cluster to a replica that was there fail until Kubernetes counts the machine as not ready";
  }
  return null;
}

function remedy(kind: ComponentKind, aspects: Aspects, { servers, loadBalancers, ofKind }: Advised): string {
  if (kind === "workload") return "use two replicas on different machines";
  if (kind === "loadbalancer") return "add a second load balancer, nothing else changes";
  const isLost = (name: keyof Aspects) => standing(aspects[name]) === "lost";
  const quorum = kind === "server" && servers < 3;
  const address = loadBalancers === 0 && (isLost("api") || isLost("ingress"));
  const onlyPod = (kind === "traefik" || kind === "coredns") && ofKind === 1;
  const place =
    !quorum && (isLost("scheduling") || isLost("workloads") || onlyPod || (isLost("ingress") && !address));
  const missing = [
    ...(quorum ? [servers === 1 ? "two servers" : "a third server"] : []),
    ...(place ? ["a second machine that takes workloads"] : []),
    ...(address ? ["two load balancers", "a vip"] : []),
  ];
  return `add ${listed(missing)}`;
}

/** What to know about two components that fail together and of which nothing stays away. */
export function pairNote({ workloads }: Aspects): string | null {
  const late = workloads.worstSeconds * 1000 >= KUBERNETES_TIMING.podEviction;
  return late ? `back in at most ${formatBound(workloads.worstSeconds)}: ${workloads.why}` : null;
}
