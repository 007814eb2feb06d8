// A repository as the workflow of a pull request finds it: its trial merge is checked out, and the event is in a file.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Result } from "../../generator/commands/command.ts";
import { type PullReport, readReport } from "../../generator/github/report.ts";
import { run } from "../../generator/verbs.ts";
import { type PlanPlace, planPlace } from "./plan-place.ts";
import { scratch } from "./scratch.ts";

export interface PullPlace extends PlanPlace {
  /** What the pull request commits; then it is merged for a trial. */
  readonly propose: (edit: () => void | Promise<void>) => Promise<void>;
  /** The event is another one: main has moved on. */
  readonly again: () => void;
  /** `pipeline plan` as the workflow runs it. */
  readonly pipelinePlan: (args?: readonly string[]) => Promise<Result>;
  /** The report of the last run, read as strictly as the other job reads it. */
  readonly report: () => PullReport;
  readonly summary: () => string;
  /** The environment of a step. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: string;
  readonly head: () => string;
}

/** On main everything is applied and recorded, unless `recorded` is false. */
export async function pullPlace(t: TestContext, fixture = "sample", recorded = true): Promise<PullPlace> {
  const place = await planPlace(t, fixture);
  const away = scratch(t);
  const [event, summary, out] = [join(away, "event.json"), join(away, "summary.md"), join(away, "plan")];
  if (recorded) {
    place.record();
    place.git("add", "-A");
    place.git("commit", "-qm", "applied");
  }
  place.git("branch", "-q", "-M", "main");
  let head = "";
  const environment = {
    PATH: process.env["PATH"],
    GITHUB_EVENT_PATH: event,
    GITHUB_EVENT_NAME: "pull_request",
    GITHUB_REPOSITORY: "example/home",
    GITHUB_REF: "refs/pull/7/merge",
    GITHUB_SHA: place.git("rev-parse", "HEAD"),
    GITHUB_RUN_ID: "42",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_API_URL: "https://api.github.example",
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_STEP_SUMMARY: summary,
  };
  const happened = (base: string) => {
    const repo = { full_name: "example/home" };
    const pull = { number: 7, head: { sha: head, repo }, base: { sha: base } };
    writeFileSync(event, JSON.stringify({ pull_request: pull }));
  };
  return {
    ...place,
    environment,
    out,
    head: () => head,
    propose: async (edit) => {
      const base = place.git("rev-parse", "main");
      place.git("checkout", "-q", "-b", "topic");
      await edit();
      place.git("add", "-A");
      place.git("commit", "-q", "--allow-empty", "-m", "a proposal");
      head = place.git("rev-parse", "HEAD");
      place.git("checkout", "-q", "--detach", "main");
      place.git("merge", "-q", "--no-ff", "-m", "a trial", "topic");
      happened(base);
    },
    again: () => happened(place.git("rev-parse", "main")),
    pipelinePlan: (args = []) =>
      run(["pipeline", "plan", "--out", out, "--config", place.config, ...args], environment, false),
    report: () => readReport(readFileSync(join(out, "report.json"), "utf8")),
    summary: () => readFileSync(summary, "utf8"),
  };
}
