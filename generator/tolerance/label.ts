// What a row of the table is called.
import { listed } from "../model/words.ts";
import type { ComponentKind } from "./component.ts";

const NOUNS: Readonly<Record<ComponentKind, string>> = {
  server: "server",
  loadbalancer: "load balancer",
  agent: "agent",
  traefik: "Traefik pod",
  coredns: "CoreDNS pod",
  workload: "workload with one replica",
};

/** More names than this are counted, not listed. */
const LISTED = 3;

export function noun(kind: ComponentKind): string {
  return NOUNS[kind];
}

/** Members of one kind that fare alike. */
export interface Group {
  readonly kind: ComponentKind;
  /** Machines, in the order of the config; of a Traefik pod, its machine. */
  readonly names: readonly string[];
  /** How many of them. */
  readonly count: number;
  /** How many of this kind the cluster has. */
  readonly ofKind: number;
}

/** "any one server", "lb-1", "server-2 or server-3", "any of 998 agents". */
export function singleLabel({ kind, names, count, ofKind }: Group): string {
  if (kind === "workload") return `a ${NOUNS.workload}`;
  if (count === ofKind && count > 1) return `any one ${NOUNS[kind]}`;
  const machines = kind !== "traefik" && kind !== "coredns";
  if (count === ofKind && !machines) return `the ${NOUNS[kind]}`;
  if (names.length > LISTED) return `any of ${count} ${NOUNS[kind]}s`;
  return `${machines ? "" : `the ${NOUNS[kind]} on `}${listed(names, "or")}`;
}

/** "any two servers", "server-2 and server-3", "any one server and any one agent", "server-1 with server-2 or server-3". */
export function pairLabel(left: Group, right: Group): string {
  if (left !== right) {
    const [one, other] = [singleLabel(left), singleLabel(right)];
    return `${one} ${`${one}${other}`.includes(" or ") ? "with" : "and"} ${other}`;
  }
  const { kind, names, count, ofKind } = left;
  if (count === 2 && names.length === 2)
    return `${kind === "traefik" ? "the Traefik pods on " : ""}${listed(names)}`;
  if (count === ofKind) return count === 2 ? `both ${NOUNS[kind]}s` : `any two ${NOUNS[kind]}s`;
  return `two of ${names.length > LISTED ? `${count} ${NOUNS[kind]}s` : listed(names)}`;
}
