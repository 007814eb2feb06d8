// What every check of the cluster looks at: the record, the config, and what the machines told.
import type { Cluster, Role } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import type { Difference } from "./difference.ts";
import type { SeenMachine } from "./seen.ts";

export interface Context {
  readonly record: ClusterRecord;
  readonly config: Cluster;
  /** The machines that told something, by name. */
  readonly seen: ReadonlyMap<string, SeenMachine>;
  /** Every machine that is recorded or in the config; what is recorded counts. */
  readonly known: ReadonlyMap<string, { readonly role: Role; readonly address: string }>;
}

/** A difference of the machine with that name. */
export type OfMachine = readonly [name: string, Difference];

/** All of it from its parts. */
export function contextOf(record: ClusterRecord, config: Cluster, seen: Context["seen"]): Context {
  const configured = config.nodes.map(({ name, role, address }) => [name, { role, address }] as const);
  return { record, config, seen, known: new Map([...configured, ...record.machines]) };
}
