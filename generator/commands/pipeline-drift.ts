// pipeline drift: on the runner in the LAN, on a schedule. One issue shows what is not as it was applied; it needs no secret of the cluster.
import { Failure } from "../failure.ts";
import { reportDrift, type DriftIssueDone } from "../github/drift-issue.ts";
import { DRIFT_LABEL, DRIFT_MARKER, driftStory } from "../github/drift-story.ts";
import { formatDrift } from "../drift/format.ts";
import { BODY_BUDGET, sendable, SUMMARY_BUDGET } from "../github/sendable.ts";
import { ACTIONS_BOT } from "../github/sticky.ts";
import type { Cluster } from "../model/cluster.ts";
import { listed } from "../model/words.ts";
import { readRecord } from "../read-record.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { driftOfMachines } from "./drift.ts";
import { loadConfig } from "./load.ts";
import { inJob, type Job, type JobOptions } from "./pipeline-job.ts";
import { reachRecorded } from "./reach.ts";

const SAID: Readonly<Record<DriftIssueDone["did"], string>> = {
  opened: "an issue was opened",
  updated: "the issue was changed",
  closed: "the issue was closed",
  reopened: "the issue was opened again",
  same: "the issue says so already",
  none: "no issue is open",
};

/**
 * Exit 0 when every machine was asked and the issue says what was found, drift or none: a drift is no failure of the job. Exit 1
 * where a machine could not be asked, the config has errors, or GitHub does not take the issue. Throws a Failure where this is no run
 * that may look.
 */
export const pipelineDrift: Command = (invocation) => driftAs(invocation);

/** The same, with what tests give in the place of GitHub. */
export function driftAs(given: Invocation, options: JobOptions = {}): Promise<Result> {
  const { cluster, findings, report } = loadConfig(given.config);
  return inJob(
    given,
    "drift",
    () => [],
    options,
    async (job) => {
      if (cluster) return look(job, cluster);
      job.invocation.session.show(await report(findings, given.colour));
      throw new Failure("the config has errors: the machines cannot be reached", "npx quorate check");
    },
  );
}

async function look(job: Job, cluster: Cluster): Promise<Result> {
  const { github, context, run, secrets, invocation } = job;
  const { config, session } = invocation;
  const { record, problem } = await readRecord(config, run, { branch: cluster.state.branch, fetches: true });
  if (!record) {
    const message = "nothing was applied yet, so nothing can have drifted";
    job.annotate({ level: "notice", title: "drift", message });
    return { exit: 0, stdout: "", stderr: `pipeline drift: ${message}\n` };
  }
  const notes =
    problem === null
      ? []
      : [`the record on the shared branch could not be looked at (${problem}); the one here counts`];
  const remote = reachRecorded(cluster, record, invocation);
  let drift;
  try {
    drift = job.hidden(await driftOfMachines(cluster, remote, { config, run, record, notes }));
  } finally {
    await remote.close();
  }
  session.show(`${formatDrift(drift)}\n`);
  const story = driftStory(drift, context.run.url, BODY_BUDGET);
  job.summarise(driftStory(drift, context.run.url, SUMMARY_BUDGET).body);
  if (story.unknown.length > 0) {
    const message = `${listed(story.unknown)} could not be asked`;
    job.annotate({ level: "error", title: "drift", message: `${message}\nnext: npx quorate status` });
    // Nobody knows whether its drift is gone: what the issue says of it stays.
    if (!story.drift) return { exit: 1, stdout: "", stderr: `pipeline drift: ${message}\n` };
  }
  const { did, url } = await reportDrift(github, {
    repo: context.repository,
    author: ACTIONS_BOT,
    label: DRIFT_LABEL,
    marker: DRIFT_MARKER,
    title: story.title,
    body: sendable("the issue", story.body, secrets),
    drift: story.drift,
  });
  const where = url === null ? "" : ` (${url})`;
  const found = story.drift ? "the machines have drifted" : "everything is as it was applied";
  if (story.drift) job.annotate({ level: "warning", title: "drift", message: `${found}: ${url ?? ""}` });
  return {
    exit: story.unknown.length > 0 ? 1 : 0,
    stdout: "",
    stderr: `pipeline drift: ${found}; ${SAID[did]}${where}\n`,
  };
}
