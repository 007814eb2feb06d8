// Which kind of card a machine gets: the first server's, one that joins, or a replacement, and why.
import { type Cluster, firstServer, type Node, ofRole } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { listed } from "../model/words.ts";

/** What is known about the cluster before a card is written. */
export interface Known {
  readonly record: ClusterRecord | null;
  /** Addresses where a cluster answered. */
  readonly answers: readonly string[];
  /** Addresses of servers that took a connection and said nothing of a cluster: one may be starting. */
  readonly busy: readonly string[];
  /** Nobody looked, or nobody could: why. */
  readonly blind: string | null;
  /** Whether a running server lists this machine as a node; null where none could be asked. */
  readonly member: boolean | null;
}

export type Kind = "first" | "joining" | "replacement" | "load balancer";

export interface CardKind {
  readonly kind: Kind;
  /** A sentence without its first word: what the card does, and why. */
  readonly why: string;
  readonly mayFound: boolean;
  /** What a person has to do besides, where there is something. */
  readonly next: string | null;
}

/** The card's kind from what is known; design: only the first server's card may found, only while no cluster is known. */
export function cardKind(cluster: Cluster, node: Node, known: Known): CardKind {
  const { record, answers, busy, blind } = known;
  const evidence = [
    ...(record ? ["it is recorded in out/applied.json"] : []),
    ...(answers.length > 0 ? [`it answers at ${listed(answers)}`] : []),
    ...(busy.length > 0 ? [`something takes connections on the API's port of ${listed(busy)}`] : []),
  ];
  const exists = evidence.length > 0;
  const recorded = record?.machines.has(node.name) ?? false;
  const before = recorded || known.member === true;
  const whose = recorded ? "the record names this machine" : "a running server lists this machine";
  if (node.role !== "server") {
    const what =
      node.role === "agent" ? "it joins through any server that answers" : "it needs no server to start";
    if (before)
      return {
        kind: "replacement",
        why: `${whose}; ${what}`,
        mayFound: false,
        next: `switch the older ${node.name} off before this one is switched on`,
      };
    return {
      kind: node.role === "agent" ? "joining" : "load balancer",
      why: what,
      mayFound: false,
      next: null,
    };
  }
  if (before) {
    return {
      kind: "replacement",
      why: `the cluster stands (${listed(evidence)}), and ${whose}; it waits until the cluster has forgotten the older ${node.name}, then joins`,
      mayFound: false,
      next: `switch the older ${node.name} off for good, then: npx quorate replace ${node.name}`,
    };
  }
  if (exists) {
    const unsure =
      known.member === null ? "; no running server could be asked whether it had this machine before" : "";
    return {
      kind: "joining",
      why: `${record || answers.length > 0 ? "the cluster stands" : "a cluster may stand"}: ${listed(evidence)}${unsure}`,
      mayFound: false,
      next: null,
    };
  }
  const nobody = blind === null ? "none is recorded and none answers" : `none is recorded, and ${blind}`;
  const first = firstServer(cluster);
  if (node !== first) {
    return {
      kind: "joining",
      why: `it never founds a cluster, it joins the one that ${first.name} founds (${nobody})`,
      mayFound: false,
      next: null,
    };
  }
  const alone = ofRole(cluster, "server").length === 1;
  return {
    kind: "first",
    why: `${alone ? "it founds the cluster" : "it may found the cluster, together with the other servers, and only if none of them has one"} (${nobody})`,
    mayFound: true,
    next: null,
  };
}
