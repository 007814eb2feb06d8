// What the servers tell of their cluster, against the record: which one it is, its members and its nodes.
import type { Cluster } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { contextOf, type OfMachine } from "./context.ts";
import type { Difference } from "./difference.ts";
import { disagreement, identity, isRecorded } from "./identity.ts";
import { strangeMembers, votes } from "./members.ts";
import { nodesOf, strangeNodes } from "./nodes.ts";
import type { SeenMachine } from "./seen.ts";

export interface Together {
  /** About one machine of the record, by its name. */
  readonly machines: ReadonlyMap<string, readonly Difference[]>;
  /** About no machine that is known. */
  readonly cluster: readonly Difference[];
}

/** `seen`: the machines that told something, by name. */
export function together(
  record: ClusterRecord,
  config: Cluster,
  seen: ReadonlyMap<string, SeenMachine>,
): Together {
  const context = contextOf(record, config, seen);
  const servers = [...seen].flatMap(([name, { cluster }]) => (cluster ? [{ name, cluster }] : []));
  const told: OfMachine[] = servers.flatMap(({ name, cluster }) =>
    identity(context, name, cluster).map((each) => [name, each] as const),
  );
  const ours = servers.filter(({ cluster }) => isRecorded(record, cluster));
  const byMembers = ours.find(({ cluster }) => cluster.members !== null);
  const byNodes = ours.find(({ cluster }) => cluster.nodes !== null);
  const members = byMembers?.cluster.members ?? null;
  const nodes = byNodes?.cluster.nodes ?? null;
  told.push(
    ...(members && byMembers ? votes(context, byMembers.name, members) : []),
    ...(nodes && byNodes ? nodesOf(context, byNodes.name, nodes) : []),
  );
  const machines = new Map<string, Difference[]>();
  for (const [name, each] of told) machines.set(name, [...(machines.get(name) ?? []), each]);
  return {
    machines,
    cluster: [
      ...disagreement(record, servers),
      ...(members && byMembers ? strangeMembers(context, byMembers.name, members) : []),
      ...(nodes && byNodes ? strangeNodes(context, byNodes.name, nodes) : []),
    ],
  };
}
