// Two records that were written at the same time, made one: nobody's machine is forgotten.
import { isDeepStrictEqual } from "node:util";
import type { ClusterRecord } from "../model/record.ts";

/**
 * `ours` was made of `before`, and so was `theirs`. Of each machine what we have written, or that we have removed it, else what they have. Null where the
 * two are not of the same cluster.
 */
export function mergedRecord(
  before: ClusterRecord | null,
  ours: ClusterRecord,
  theirs: ClusterRecord,
): ClusterRecord | null {
  const { name, caHash, secretCheck } = ours.cluster;
  const other = theirs.cluster;
  if (other.name !== name || other.caHash !== caHash || other.secretCheck !== secretCheck) return null;
  const written = [...ours.machines].filter(
    ([machine, now]) => !isDeepStrictEqual(before?.machines.get(machine), now),
  );
  const removed = new Set(
    [...(before?.machines.keys() ?? [])].filter((machine) => !ours.machines.has(machine)),
  );
  const others = [...theirs.machines].filter(([machine]) => !removed.has(machine));
  return { cluster: ours.cluster, machines: new Map([...others, ...written]) };
}
