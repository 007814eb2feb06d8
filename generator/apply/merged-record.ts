// Two records that were written at the same time, made one: nobody's machine is forgotten.
import { isDeepStrictEqual } from "node:util";
import type { ClusterRecord } from "../model/record.ts";

/**
 * `ours` was made of `before`, and so was `theirs`. Of each machine what we have written, else what they have. Null where the
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
  return { cluster: ours.cluster, machines: new Map([...theirs.machines, ...written]) };
}
