// pipeline apply: on the runner in the LAN, after a merge. What was approved is carried out, verified, committed and told.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatResults } from "../apply/progress.ts";
import { succeeded, workOf } from "../apply/rollout.ts";
import { Failure } from "../failure.ts";
import { contains } from "../git.ts";
import { silenced } from "../github/annotations.ts";
import { appliedCommits, approvalSince } from "../github/approval-since.ts";
import { type Approval, readAccept, refuseUnapproved } from "../github/approved.ts";
import { APPLIED_MARKER, type ApplyStory, storyOf, verdict } from "../github/apply-story.ts";
import { commitState, type Committed } from "../github/commit.ts";
import { deploying } from "../github/deploying.ts";
import { GithubFailure } from "../github/failure.ts";
import { MARKER } from "../github/marker.ts";
import { type Merged, mergedPulls, mergedWith } from "../github/merged-pulls.ts";
import { BODY_BUDGET, sendable, SUMMARY_BUDGET } from "../github/sendable.ts";
import { ACTIONS_BOT, upsertComment } from "../github/sticky.ts";
import type { Cluster } from "../model/cluster.ts";
import { recordText as recordAsText } from "../model/record.ts";
import { listed } from "../model/words.ts";
import { formatPlan } from "../plan/format.ts";
import type { Plan } from "../plan/plan.ts";
import { knownSecrets } from "../secrets/known.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import { type Check, isVerified } from "../verify/check.ts";
import { formatChecks } from "../verify/format.ts";
import { verifyCluster } from "../verify/verify.ts";
import { type Intent, look, OlderCommit, prepare, refuse } from "./apply-intent.ts";
import { type Applied, carryOut, settle } from "./apply-run.ts";
import { endingOf } from "./apply.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { type Job, openJob } from "./pipeline-job.ts";
import { reach } from "./reach.ts";

/** After the last machine the cluster comes to rest: votes are counted every 15 s, pods are looked at every 10. */
const SETTLE_MS = 90_000;
const AGAIN_MS = 10_000;
const TRIES = 4;

/**
 * Exit 0 when the machines are as the config says, that was verified, and the record of it is committed. Also where a newer
 * commit was applied already. Exit 1 else; what was done stands in the record all the same.
 */
export const pipelineApply: Command = async (given) => {
  const { config, colour } = given;
  const { cluster, findings, report } = loadConfig(config);
  if (!cluster) {
    const text = silenced(await report(findings, colour), randomBytes(16).toString("hex"));
    return { exit: 1, stdout: "", stderr: text };
  }
  const invocation = withInputs(given);
  const root = readRootSecret(config, invocation.environment);
  const job = openJob(invocation, knownSecrets(root, cluster));
  try {
    return await work(job, cluster, invocation);
  } finally {
    job.close();
  }
};

/** The inputs of the workflow, in the place of flags. A run by hand has nobody to ask. */
function withInputs(invocation: Invocation): Invocation {
  const { environment, flags } = invocation;
  const only = (environment["QUORATE_NODE"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return {
    ...invocation,
    flags: {
      ...flags,
      yes: true,
      ...(only.length > 0 && { node: only }),
      ...(environment["QUORATE_ACCEPT_OUTAGE"] === "true" && { "accept-outage": true }),
    },
  };
}

async function work(job: Job, cluster: Cluster, invocation: Invocation): Promise<Result> {
  const { context } = job;
  const untold: string[] = [];
  const story: Story = {
    cluster: cluster.name,
    source: context.sha,
    run: context.run.url,
    results: null,
    stopped: null,
    checks: null,
    committed: null,
    notes: untold,
  };
  const pulls = new Set<number>();
  const before = writtenRecord(invocation);
  const intent = await attempt(story, async () => {
    const known = await prepare(invocation, cluster, job.run);
    const merged = await mergedSince(job, known, pulls);
    return { ...known, merged };
  });
  if (intent instanceof OlderCommit) {
    if (await contains(job.run, dirname(invocation.config), intent.newer)) return superseded(job, intent);
  } else if (!(intent instanceof Failure)) {
    const applied = await attempt(story, () => applyApproved(job, intent, intent.merged, untold));
    if (!(applied instanceof Failure)) {
      story.results = applied.results;
      const { show } = invocation.session;
      show(`${formatResults(applied.results)}apply: ${endingOf(cluster, applied.results)}\n`);
      const checks = await attempt(story, () => verified(job, intent));
      if (!(checks instanceof Failure)) {
        story.checks = checks;
        show(formatChecks(cluster.name, checks, "text"));
      }
    }
    // Also where it stopped: what was done to machines is true, whatever failed afterwards.
    const written = writtenRecord(invocation) === before ? null : writtenRecord(invocation);
    if (written !== null || !(applied instanceof Failure)) {
      const committed = await attempt(story, () => commit(job, intent, written));
      if (!(committed instanceof Failure)) story.committed = committed;
    }
  }
  if (story.stopped) {
    const message = `${story.stopped.message}\nnext: ${story.stopped.next}`;
    job.annotate({ level: "error", title: "apply", message });
  }
  await tell(job, story, pulls, untold);
  job.summarise(storyOf(story, SUMMARY_BUDGET));
  for (const note of untold) job.annotate({ level: "warning", title: "apply", message: note });
  return { exit: exitOf(story, invocation), stdout: "", stderr: `pipeline apply: ${verdict(story)}\n` };
}

function exitOf({ results, stopped, checks }: Story, { session }: Invocation): Result["exit"] {
  const done = stopped === null && results !== null && succeeded(results) && isVerified(checks ?? []);
  return done ? 0 : session.interrupted.aborted ? 130 : 1;
}

/** What it gives, or the failure; the first one of all is the one that is told. */
async function attempt<T>(story: Story, doing: () => Promise<T>): Promise<T | Failure> {
  try {
    return await doing();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    story.stopped ??= { message: error.message, next: error.hint };
    return error;
  }
}

/** What becomes known little by little. */
type Story = { -readonly [key in keyof ApplyStory]: ApplyStory[key] };

/** A newer commit contains this one and was applied: nothing is left to do, and nothing is wrong. */
function superseded(job: Job, { newer }: OlderCommit): Result {
  const message = `commit ${newer.slice(0, 12)}, which contains this one, was applied already`;
  job.annotate({ level: "notice", title: "apply", message: `nothing to do: ${message}` });
  return { exit: 0, stdout: "", stderr: `pipeline apply: nothing to do: ${message}\n` };
}

/** What was merged after each commit that the machines have; `pulls` gets the numbers of all of it, and of this commit's own. */
async function mergedSince(
  { github, context, branch }: Job,
  { record }: Intent,
  pulls: Set<number>,
): Promise<ReadonlyMap<string, Merged>> {
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

async function applyApproved(
  job: Job,
  intent: Intent,
  merged: ReadonlyMap<string, Merged>,
  untold: string[],
): Promise<Applied> {
  const { cluster, root, invocation, record, only } = intent;
  const accepted = readAccept(invocation.environment["QUORATE_ACCEPT"] ?? "");
  const approval = (plan: Plan): Approval => {
    const worked = new Set(workOf(cluster, plan, only).map(({ name }) => name));
    const asked = plan.machines.filter(({ name, state }) => worked.has(name) || state === "unknown");
    return approvalSince(asked, record, merged, accepted);
  };
  // Ctrl-C does not end what runs on a machine: what was taken out of service is put back first.
  const remote = reach(cluster, root, invocation, false);
  const { github, context } = job;
  const told = deploying(github, context.repository, context.sha, context.run);
  try {
    const plan = await look(intent, remote);
    invocation.session.show(`${formatPlan(plan)}\n`);
    refuse(intent, plan);
    const { leftOut } = approval(plan);
    if (leftOut.length > 0)
      untold.push(
        `${listed(leftOut)} could not be asked, and ${leftOut.length === 1 ? "is" : "are"} left out`,
      );
    refuseUnapproved(approval(plan));
    if (workOf(cluster, plan, only).length === 0) return await settle(intent, remote, plan);
    const consent = (now: Plan) => refuseUnapproved(approval(now));
    return await carryOut(intent, remote, plan, { consent, watcher: told.watcher });
  } finally {
    await remote.close();
    untold.push(...(await told.told()));
  }
}

/** Asked again for a while: not everything has come to rest with the last machine. */
async function verified({ run }: Job, { cluster, root, invocation }: Intent): Promise<readonly Check[]> {
  const remote = reach(cluster, root, invocation);
  const { interrupted } = invocation.session;
  const end = performance.now() + SETTLE_MS;
  try {
    for (;;) {
      const checks = await verifyCluster({
        cluster,
        templates: readTemplates(),
        run,
        remote,
        now: Date.now,
        signal: interrupted,
      });
      if (isVerified(checks) || performance.now() >= end || interrupted.aborted) return checks;
      await sleep(AGAIN_MS, undefined, { signal: interrupted }).catch(() => {});
    }
  } finally {
    await remote.close();
  }
}

/**
 * out/ as render makes it of what was applied, and the record: what was `written` now, else the one that is there. Null where
 * nothing was ever applied. GitHub that does not answer is asked again.
 */
async function commit(
  job: Job,
  { cluster, output, record }: Intent,
  written: string | null,
): Promise<Committed | null> {
  const { github, context, branch } = job;
  const known = written ?? (record && recordAsText(record));
  if (known === null) return null;
  const wanted = {
    repo: context.repository,
    branch: cluster.state.branch ?? branch,
    source: context.sha,
    apart: cluster.state.branch !== null,
    files: output,
    record: written ?? ((theirs: string | null) => theirs ?? known),
    message: `Record what runs on ${cluster.name}\n\nSource: ${context.sha}\nRun: ${context.run.url}`,
  };
  const committed = await persistently(job, () => commitState(github, wanted));
  if (committed.did === "committed" && !committed.signature.verified) {
    const message = `the commit ${committed.commit.slice(0, 12)} is not signed: ${committed.signature.reason}`;
    job.annotate({ level: "notice", title: "apply", message });
  }
  return committed;
}

/** Tries again where GitHub gives no answer: the work on the machines is done, and is not done again for that. */
async function persistently<T>({ github }: Job, doing: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await doing();
    } catch (error) {
      if (!(error instanceof GithubFailure) || !error.unsure || tries >= TRIES) throw error;
      await github.pause(tries);
    }
  }
}

function writtenRecord({ config }: Invocation): string | null {
  try {
    return readFileSync(join(dirname(config), "out/applied.json"), "utf8");
  } catch {
    return null;
  }
}

/** On every pull request that came with it. What GitHub does not take is said. */
async function tell(job: Job, story: Story, pulls: ReadonlySet<number>, untold: string[]): Promise<void> {
  const { github, context, secrets } = job;
  for (const number of pulls) {
    try {
      const body = sendable("the comment", storyOf(story, BODY_BUDGET), secrets);
      const { repository } = context;
      await persistently(job, () =>
        upsertComment(github, repository, number, APPLIED_MARKER, body, ACTIONS_BOT),
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      untold.push(`#${number} does not show what became of this apply (${error.message})`);
    }
  }
}
