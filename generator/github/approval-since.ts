// What was approved since the machines were last applied to: each from the commit that it has.
import type { ClusterRecord } from "../model/record.ts";
import type { MachinePlan } from "../plan/machine-plan.ts";
import { type Accepted, type Approval, approvalOf, type Since, wasPushed } from "./approved.ts";
import type { Merged } from "./merged-pulls.ts";

/** Nobody can say what happened: no record yet, or a config that was not committed. It counts as pushed without a pull request. */
const NOBODY_KNOWS: Since = { pulls: [], pushed: true };

/** The commits that the machines have, each once; null among them: nobody knows. */
export function appliedCommits(record: ClusterRecord | null): readonly (string | null)[] {
  return [...new Set([...(record?.machines.values() ?? [])].map(({ commit }) => commit))];
}

/**
 * `since`: what was merged after each of those commits. A machine that is not recorded counts from the oldest of them: what was
 * merged after any.
 */
export function approvalSince(
  machines: readonly MachinePlan[],
  record: ClusterRecord | null,
  since: ReadonlyMap<string, Merged>,
  accepted: Accepted,
): Approval {
  const recorded = [...since.values()].map(sinceOf);
  const oldest: Since =
    recorded.length === 0
      ? NOBODY_KNOWS
      : {
          pulls: recorded.flatMap(({ pulls }) => pulls),
          pushed: recorded.some(({ pushed }) => pushed),
        };
  const groups = new Map<string | null | undefined, MachinePlan[]>();
  for (const machine of machines) {
    const commit = record?.machines.get(machine.name)?.commit;
    groups.set(commit, [...(groups.get(commit) ?? []), machine]);
  }
  const approvals = [...groups].map(([commit, group]) => {
    const merged = typeof commit === "string" ? since.get(commit) : undefined;
    const when = merged ? sinceOf(merged) : commit === undefined && record ? oldest : NOBODY_KNOWS;
    return approvalOf(group, when, accepted);
  });
  const order = new Map(machines.map(({ name }, index) => [name, index]));
  const beyond = approvals
    .flatMap((each) => each.beyond)
    .toSorted((one, other) => (order.get(one.name) ?? 0) - (order.get(other.name) ?? 0));
  return {
    beyond,
    leftOut: approvals.flatMap(({ leftOut }) => leftOut),
    uncounted: [...new Set(approvals.flatMap(({ uncounted }) => uncounted))],
    accept: beyond.map(({ name, would }) => `${name}:${would}`).join(","),
  };
}

function sinceOf(merged: Merged): Since {
  if (merged.relation === "ahead") return { pulls: merged.pulls, pushed: wasPushed(merged) };
  return merged.relation === "identical" ? { pulls: [], pushed: false } : NOBODY_KNOWS;
}
