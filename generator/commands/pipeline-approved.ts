// The part of pipeline apply that changes machines: no more than what was approved by the merges since each was applied to.
import { workOf } from "../apply/rollout.ts";
import { appliedCommits, approvalSince } from "../github/approval-since.ts";
import { type Approval, readAccept, refuseUnapproved } from "../github/approved.ts";
import type { Deploying } from "../github/deploying.ts";
import { MARKER } from "../github/marker.ts";
import { type Merged, mergedPulls, mergedWith } from "../github/merged-pulls.ts";
import { ACTIONS_BOT } from "../github/sticky.ts";
import { listed } from "../model/words.ts";
import { formatPlan } from "../plan/format.ts";
import type { Plan } from "../plan/plan.ts";
import { type Intent, look, refuse } from "./apply-intent.ts";
import { type Applied, carryOut, settle } from "./apply-run.ts";
import type { Job } from "./pipeline-job.ts";
import { reach } from "./reach.ts";

/** What was merged, by the commits that machines have. */
export type MergedSince = ReadonlyMap<string, Merged>;

/** `pulls` gets the numbers of all pull requests that came with it, and of this commit's own. Rejects with a GithubFailure. */
export async function mergedSince(
  { github, context, branch }: Job,
  { record }: Intent,
  pulls: Set<number>,
): Promise<MergedSince> {
  const { repository: repo, sha } = context;
  const range = { repo, branch, until: sha, marker: MARKER, author: ACTIONS_BOT };
  const since = new Map<string, Merged>();
  for (const commit of appliedCommits(record))
    if (commit !== null) since.set(commit, await mergedPulls(github, { ...range, since: commit }));
  for (const merged of since.values()) for (const { number } of merged.pulls) pulls.add(number);
  // Of a run that is made again the record may have it all already.
  for (const number of await mergedWith(github, repo, branch, sha)) pulls.add(number);
  return since;
}

/**
 * Looks at the machines, and works on them. Throws a Failure, before the first one, where the plan goes beyond what was approved;
 * that is asked again while they are held. `note` gets what people should know.
 */
export async function applyApproved(
  intent: Intent,
  merged: MergedSince,
  { watcher }: Deploying,
  note: (text: string) => void,
): Promise<Applied> {
  const { cluster, root, invocation, record, only } = intent;
  const accepted = readAccept(invocation.environment["QUORATE_ACCEPT"] ?? "");
  const approval = (plan: Plan): Approval => {
    const worked = new Set(workOf(cluster, plan, only).map(({ name }) => name));
    const asked = plan.machines.filter(({ name, state }) => worked.has(name) || state === "unknown");
    return approvalSince(asked, record, merged, accepted);
  };
  // Ctrl-C does not end what runs on a machine: what was taken out of service is put back first.
  const remote = reach(cluster, root, invocation, { ends: false, record: intent.record });
  try {
    const plan = await look(intent, remote);
    invocation.session.show(`${formatPlan(plan)}\n`);
    refuse(intent, plan);
    const { leftOut } = approval(plan);
    if (leftOut.length > 0)
      note(`${listed(leftOut)} could not be asked, and ${leftOut.length === 1 ? "is" : "are"} left out`);
    refuseUnapproved(approval(plan));
    if (workOf(cluster, plan, only).length === 0) return await settle(intent, remote, plan);
    return await carryOut(intent, remote, plan, {
      consent: (now) => refuseUnapproved(approval(now)),
      watcher,
    });
  } finally {
    await remote.close();
  }
}

/** The inputs of the workflow, in the place of flags: a run by hand has nobody to ask. */
export function inputsOf(environment: Readonly<Record<string, string | undefined>>) {
  const only = (environment["QUORATE_NODE"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return {
    yes: true,
    ...(only.length > 0 && { node: only }),
    ...(environment["QUORATE_ACCEPT_OUTAGE"] === "true" && { "accept-outage": true }),
  };
}
