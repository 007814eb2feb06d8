// The hook as the runner calls it: by a worker that goes on with the job's steps whatever the hook said.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { runnerHook } from "../../generator/github/runner-hook.ts";
import { TEMPLATES } from "./fixtures.ts";
import { scratch } from "./scratch.ts";

export const REPOSITORY = "jane/Home.cluster";
export const BRANCH = "main";
export const HOOK = runnerHook(TEMPLATES, { repository: REPOSITORY, branch: BRANCH });

type Variables = Readonly<Record<string, string>>;

/** What the runner's own code sets for a job of that workflow file (src/Runner.Worker/GitHubContext.cs). */
function jobOf(file: "apply" | "drift", event: string, more: Variables = {}): Variables {
  return {
    GITHUB_ACTIONS: "true",
    RUNNER_TRACKING_ID: "github_5e9d",
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_REF: `refs/heads/${BRANCH}`,
    GITHUB_EVENT_NAME: event,
    GITHUB_WORKFLOW: file,
    GITHUB_WORKFLOW_REF: `${REPOSITORY}/.github/workflows/${file}.yml@refs/heads/${BRANCH}`,
    GITHUB_HEAD_REF: "",
    GITHUB_BASE_REF: "",
    GITHUB_SHA: "0".repeat(40),
    ...more,
  };
}

/** Jobs that the hook takes. */
export const OURS: Readonly<Record<string, Variables>> = {
  "a merge": jobOf("apply", "push"),
  "an apply by hand": jobOf("apply", "workflow_dispatch"),
  "the scheduled drift check": jobOf("drift", "schedule"),
  "a drift check by hand": jobOf("drift", "workflow_dispatch"),
};

const push = jobOf("apply", "push");
const without = (name: string): Variables =>
  Object.fromEntries(Object.entries(push).filter(([each]) => each !== name));
const workflow = (path: string): Variables => ({ ...push, GITHUB_WORKFLOW_REF: `${REPOSITORY}/${path}` });
const APPLY = ".github/workflows/apply.yml";

/** Jobs that somebody else made, and what is said about each. */
export const FORGED: Readonly<Record<string, readonly [Variables, RegExp]>> = {
  "a pull request": [
    {
      ...push,
      GITHUB_EVENT_NAME: "pull_request",
      GITHUB_REF: "refs/pull/7/merge",
      GITHUB_HEAD_REF: "evil",
      GITHUB_BASE_REF: "main",
      GITHUB_WORKFLOW_REF: `${REPOSITORY}/${APPLY}@refs/pull/7/merge`,
    },
    /serves the branch main, and the job is of refs\/pull\/7\/merge/,
  ],
  "a pull request by pull_request_target": [
    { ...push, GITHUB_EVENT_NAME: "pull_request_target", GITHUB_HEAD_REF: "evil", GITHUB_BASE_REF: "main" },
    /a pull request/,
  ],
  "a branch of a pull request that is called main": [{ ...push, GITHUB_HEAD_REF: "main" }, /a pull request/],
  "another branch": [{ ...push, GITHUB_REF: "refs/heads/maintenance" }, /job is of refs\/heads\/maintenance/],
  "a tag of the branch's name": [{ ...push, GITHUB_REF: "refs/tags/main" }, /job is of refs\/tags\/main/],
  "another repository": [
    { ...push, GITHUB_REPOSITORY: "mallory/Home.cluster" },
    /is of mallory\/Home.cluster/,
  ],
  "a repository whose name a pattern would take": [
    { ...push, GITHUB_REPOSITORY: "jane/Home-cluster" },
    /is of jane\/Home-cluster/,
  ],
  "an issue's comment": [jobOf("apply", "issue_comment"), /events: push workflow_dispatch, .*issue_comment/],
  "a workflow after another": [jobOf("apply", "workflow_run"), /job is of workflow_run/],
  "a schedule of apply.yml": [jobOf("apply", "schedule"), /job is of schedule/],
  "a push of drift.yml": [jobOf("drift", "push"), /events: schedule workflow_dispatch, .*push/],
  "two events in one": [jobOf("apply", "push workflow_dispatch"), /odd characters/],
  "another workflow file": [workflow(".github/workflows/evil.yml@refs/heads/main"), /workflows\/evil\.yml@/],
  "a workflow file of another branch": [workflow(`${APPLY}@refs/heads/evil`), /apply\.yml@refs\/heads\/evil/],
  "a workflow file of another repository": [
    { ...push, GITHUB_WORKFLOW_REF: `mallory/x/${APPLY}@refs/heads/main` },
    /is of mallory\/x/,
  ],
  "a workflow file in a folder like ours": [
    workflow(`x/${APPLY}@refs/heads/main`),
    /cluster\/x\/\.github\/workflows/,
  ],
  "a star": [{ ...push, GITHUB_REPOSITORY: "*", GITHUB_WORKFLOW_REF: "*" }, /something with odd characters/],
  "a line break and a command behind the right name": [
    { ...push, GITHUB_REPOSITORY: `${REPOSITORY}\n::set-env name=x::y` },
    /::error[^\n]*something with odd characters\n$/,
  ],
  "a line break behind the right event": [jobOf("apply", "push\n"), /something with odd characters/],
  "a shell's command in a name": [
    { ...push, GITHUB_REF: "$(touch ran-on)" },
    /something with odd characters/,
  ],
  "no repository": [without("GITHUB_REPOSITORY"), /job is of none/],
  "no ref": [without("GITHUB_REF"), /job is of none/],
  "no event": [without("GITHUB_EVENT_NAME"), /job is of none/],
  "no workflow file": [without("GITHUB_WORKFLOW_REF"), /job is of none/],
  "a parent that the job names": [{ ...without("GITHUB_REF"), PPID: "2147483646" }, /job is of none/],
};

export interface Hooked {
  /** Of the worker: 0, or the signal that ended it. */
  readonly status: number | string;
  /** What stands in the log. */
  readonly said: string;
  /** The worker went on to a step with `if: always()`. */
  readonly wentOn: boolean;
}

/** A worker calls the hook with that shell, then does what a job's step with `if: always()` says. */
export function work(t: TestContext, shell: string, variables: Variables): Hooked {
  const folder = scratch(t);
  const hook = join(folder, "job-started.sh");
  writeFileSync(hook, HOOK);
  // It waits for nobody here.
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/sleep"), "#!/bin/sh\nexit 0\n");
  chmodSync(join(folder, "bin/sleep"), 0o755);
  const worker = `"$0" -e "$1"; code=$?; : >ran-on; exit $code`;
  const env = { ...variables, PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
  const { status, signal, stdout } = spawnSync("/bin/sh", ["-c", worker, shell, hook], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status: status ?? signal ?? "unknown", said: stdout, wentOn: existsSync(join(folder, "ran-on")) };
}
