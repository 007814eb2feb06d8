// pipeline apply: on the runner in the LAN, after a merge. What was approved is carried out, verified, committed and told.
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatResults } from "../apply/progress.ts";
import { succeeded } from "../apply/rollout.ts";
import { Failure } from "../failure.ts";
import { contains } from "../git.ts";
import { APPLIED_MARKER, type ApplyStory, doneIn, storyOf, verdict } from "../github/apply-story.ts";
import { type Deploying, deploying } from "../github/deploying.ts";
import { persistently } from "../github/persistently.ts";
import { BODY_BUDGET, sendable, SUMMARY_BUDGET } from "../github/sendable.ts";
import { ACTIONS_BOT, findComment, upsertComment } from "../github/sticky.ts";
import type { Cluster } from "../model/cluster.ts";
import { knownSecrets } from "../secrets/known.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import { type Check, isVerified } from "../verify/check.ts";
import { formatChecks } from "../verify/format.ts";
import { verifyCluster } from "../verify/verify.ts";
import { type Intent, OlderCommit, prepare } from "./apply-intent.ts";
import { endingOf } from "./apply.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { applyApproved, inputsOf, mergedSince } from "./pipeline-approved.ts";
import { commitApplied, writtenRecord } from "./pipeline-commit.ts";
import { inJob, type Job, type JobOptions } from "./pipeline-job.ts";
import { reach } from "./reach.ts";

export interface ApplyOptions extends JobOptions {
  /** Milliseconds after the last machine in which verify is asked again where it fails. Votes are counted every 15 s, pods looked at every 10. */
  readonly settle?: number;
  /** Milliseconds between two times. */
  readonly again?: number;
}

const SETTLE_MS = 90_000;
const AGAIN_MS = 10_000;

/**
 * Exit 0 when the machines are as the config says, that was verified, and the record of it is committed. Also where a newer
 * commit was applied already. Exit 1 else; what was done stands in the record all the same.
 */
export const pipelineApply: Command = (invocation) => applyAs(invocation);

/** The same, with what tests give in the place of GitHub and of waiting. */
export function applyAs(given: Invocation, options: ApplyOptions = {}): Promise<Result> {
  const { config, colour, environment, flags } = given;
  const { cluster, findings, report } = loadConfig(config);
  const invocation = { ...given, flags: { ...flags, ...inputsOf(environment) } };
  const secrets = () => (cluster ? knownSecrets(readRootSecret(config, environment), cluster) : []);
  return inJob(invocation, "apply", secrets, options, async (job) => {
    if (cluster) return work(job, cluster, { settle: SETTLE_MS, again: AGAIN_MS, ...options });
    job.invocation.session.show(await report(findings, colour));
    throw new Failure("the config has errors: nothing was changed", "npx quorate check");
  });
}

/** What becomes known little by little. */
type Story = { -readonly [key in keyof ApplyStory]: ApplyStory[key] };

type Patience = Required<Pick<ApplyOptions, "settle" | "again">>;

async function work(job: Job, cluster: Cluster, patience: Patience): Promise<Result> {
  const { context, invocation, github, hidden } = job;
  const notes: string[] = [];
  const story: Story = {
    cluster: cluster.name,
    source: context.sha,
    run: context.run.url,
    results: null,
    begun: false,
    stopped: null,
    checks: null,
    done: false,
    committed: null,
    notes,
  };
  const pulls = new Set<number>();
  const before = writtenRecord(invocation.config);
  const told = deploying(github, context, hidden);
  const intent = await attempt(job, story, async () => {
    const known = await prepare(invocation, cluster, job.run);
    return { ...known, merged: await mergedSince(job, known, pulls) };
  });
  if (intent instanceof OlderCommit) {
    if (await contains(job.run, dirname(invocation.config), intent.newer)) return superseded(job, intent);
  } else if (!(intent instanceof Failure)) {
    const applied = await attempt(job, story, () =>
      applyApproved(intent, intent.merged, told, (text) => notes.push(text)),
    );
    story.begun = told.begun();
    if (!(applied instanceof Failure)) {
      story.results = applied.results;
      const { show, interrupted } = invocation.session;
      show(`${formatResults(applied.results)}apply: ${endingOf(cluster, applied.results)}\n`);
      // Where a machine is not as it should be, nothing comes to rest.
      const settle = succeeded(applied.results) ? patience.settle : 0;
      if (!interrupted.aborted) await verify(job, intent, story, { ...patience, settle });
    }
    // Also where it stopped: what was done to machines is true, whatever failed afterwards.
    const now = writtenRecord(invocation.config);
    const written = now === before ? null : now;
    if (written !== null || !(applied instanceof Failure)) {
      const committed = await attempt(job, story, () => commitApplied(job, intent, written));
      if (!(committed instanceof Failure)) story.committed = committed;
    }
  }
  const { results, stopped, checks } = story;
  story.done = stopped === null && results !== null && succeeded(results) && isVerified(checks ?? []);
  await tell(job, story, pulls, told, notes);
  const exit = story.done ? 0 : invocation.session.interrupted.aborted ? 130 : 1;
  return { exit, stdout: "", stderr: hidden(`pipeline apply: ${verdict(story)}\n`) };
}

/** What it gives, or the failure; the first one of all is the one that is told. A mistake of ours too must not keep the rest from being done. */
async function attempt<T>({ invocation }: Job, story: Story, doing: () => Promise<T>): Promise<T | Failure> {
  try {
    return await doing();
  } catch (error) {
    const failure = error instanceof Failure ? error : mistake(error);
    if (failure !== error) invocation.session.show(`${(error as Error).stack ?? String(error)}\n`);
    story.stopped ??= { message: failure.message, next: failure.hint };
    return failure;
  }
}

function mistake(error: unknown): Failure {
  return new Failure(
    `a mistake in Quorate: ${String(error)}`,
    "report it with the log of this run; then run the job again: it goes on where it stopped",
    error,
  );
}

/** A newer commit contains this one and was applied: nothing is left to do, and nothing is wrong. */
function superseded(job: Job, { newer }: OlderCommit): Result {
  const message = `commit ${newer.slice(0, 12)}, which contains this one, was applied already`;
  job.annotate({ level: "notice", title: "apply", message: `nothing to do: ${message}` });
  return { exit: 0, stdout: "", stderr: `pipeline apply: nothing to do: ${message}\n` };
}

async function verify(job: Job, intent: Intent, story: Story, patience: Patience): Promise<void> {
  await attempt(job, story, async () => {
    const checks = await verified(intent, patience);
    story.checks = checks;
    job.invocation.session.show(formatChecks(intent.cluster.name, checks, "text"));
  });
}

/** Asked again for a while: not everything has come to rest with the last machine. */
async function verified(
  { cluster, root, invocation, run }: Intent,
  { settle, again }: Patience,
): Promise<readonly Check[]> {
  const remote = reach(cluster, root, invocation);
  const { interrupted } = invocation.session;
  const templates = readTemplates();
  const end = performance.now() + settle;
  try {
    for (;;) {
      const checks = await verifyCluster({
        cluster,
        templates,
        run,
        remote,
        now: Date.now,
        signal: interrupted,
      });
      interrupted.throwIfAborted();
      if (isVerified(checks) || performance.now() >= end) return checks;
      await sleep(again, undefined, { signal: interrupted });
    }
  } catch (error) {
    if (!interrupted.aborted) throw error;
    throw new Failure("it was interrupted before it was verified", "npx quorate verify", error);
  } finally {
    await remote.close();
  }
}

/** On every pull request that came with it, under Deployments, in the summary and as annotations. What GitHub does not take is said. */
async function tell(
  job: Job,
  story: Story,
  pulls: ReadonlySet<number>,
  told: Deploying,
  notes: string[],
): Promise<void> {
  const { github, context, secrets, hidden } = job;
  const texts = (budget: number) => storyOf(hidden(story), budget);
  const { repository } = context;
  for (const number of pulls) {
    try {
      const body = sendable("the comment", texts(BODY_BUDGET), secrets);
      await persistently(github, async () => {
        const there = await findComment(github, repository, number, APPLIED_MARKER, ACTIONS_BOT);
        const done = doneIn(there?.body ?? "");
        // A machine that no merge has changed has an old commit, and what was merged since was told long ago.
        if (done !== null && done !== context.sha) return;
        await upsertComment(github, repository, number, APPLIED_MARKER, body, ACTIONS_BOT);
      });
    } catch (error) {
      notes.push(`#${number} does not show what became of this apply (${(error as Error).message})`);
    }
  }
  notes.push(...(await told.told()));
  if (story.stopped) {
    const message = `${story.stopped.message}\nnext: ${story.stopped.next}`;
    job.annotate({ level: "error", title: "apply", message });
  }
  job.summarise(texts(SUMMARY_BUDGET));
  for (const message of notes) job.annotate({ level: "warning", title: "apply", message });
}
