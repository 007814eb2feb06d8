// The lines about the runner of this computer and its hook: is it the one of this repository, who could change the hook, what does it let through?
import { listed } from "../model/words.ts";
import type { Unasked } from "./computer.ts";
import { type Line, lineOf } from "./line.ts";
import type { Place } from "./repository.ts";

/** What the runner's folder and its hook tell. */
export interface RunnerAnswers {
  readonly folder: string;
  /** Where it is registered, such as https://github.com/OWNER/REPO; null: it is no runner's folder. */
  readonly registered: string | null;
  /** Its file .env, which says which hook is run; null: there is none. */
  readonly env: Owned | null;
  /** ACTIONS_RUNNER_HOOK_JOB_STARTED in it; null: not set. */
  readonly hook: string | null;
  /** The file that QUORATE_CLUSTER_SECRET_FILE in it names; null: not set. */
  readonly secret: { readonly path: string; readonly found: Owned | null } | null;
  /** A secret stands in that file itself. */
  readonly bare: boolean;
  /** The hook's file and the folders that it lies in, from the file upwards; none: there is no such file. */
  readonly chain: readonly Owned[];
  /** What the hook did with each context; empty: it was not run. */
  readonly trials: readonly Tried[];
}

export interface Owned {
  readonly path: string;
  /** The user id of its owner. */
  readonly owner: number;
  /** Its permission bits. */
  readonly mode: number;
}

/** A job as GitHub describes it to the hook. */
export interface Trial {
  readonly what: string;
  readonly wanted: "accepted" | "refused";
  readonly context: Readonly<Record<string, string>>;
}

export interface Tried extends Trial {
  readonly was: "accepted" | "refused";
}

const GROUP = "this computer";
const INSTALL = "npx quorate runner-hook prints it and how to install it";
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const OTHERS_READ = 0o077;

/** In the order in which they are printed. `place`: the repository; null: it is not known. */
export function runnerLines(answers: RunnerAnswers | Unasked, place: Place | null): readonly Line[] {
  const hook = lineOf(GROUP, "runner-hook", "the runner here asks a hook before each job");
  if ("why" in answers) return [hook.unknown(answers.why, answers.next)];
  const { folder, registered } = answers;
  if (registered === null)
    return [
      hook.fail(
        `${folder} is no runner's folder: it has no file .runner`,
        "name the folder with run.sh: --runner DIR",
      ),
    ];
  if (answers.hook === null)
    return [
      registeredLine(registered, place),
      hook.fail(`ACTIONS_RUNNER_HOOK_JOB_STARTED is not set in ${folder}/.env`, INSTALL),
    ];
  if (answers.chain.length === 0)
    return [
      registeredLine(registered, place),
      hook.fail(`there is no ${answers.hook}: the runner fails every job`, INSTALL),
    ];
  return [
    registeredLine(registered, place),
    hook.ok(answers.hook),
    ownersLine(answers),
    envLine(answers),
    secretLine(answers),
    trialsLine(answers, place),
  ];
}

/** The hook is there, nobody but root can change it, and it did what it should; null: nobody looked. */
export function hookWorks(answers: RunnerAnswers | Unasked): boolean | null {
  if ("why" in answers) return null;
  const { chain, trials } = answers;
  return (
    chain.length > 0 &&
    !chain.some(isLoose) &&
    trials.length > 0 &&
    trials.every(({ wanted, was }) => wanted === was)
  );
}

/** Whether somebody else than root could put another file in its place. Root's own in a folder like /tmp cannot be replaced. */
export function isLoose({ owner, mode }: Owned): boolean {
  return owner !== 0 || ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0);
}

/** Every context that the hook is held against: three that it has to take, and all others with one thing wrong. */
export function trialsFor({ owner, repo }: Place, branch: string): readonly Trial[] {
  const own = `${owner}/${repo}`;
  const main = `refs/heads/${branch}`;
  const from = (file: string, ref: string, repository = own) =>
    `${repository}/.github/workflows/${file}@${ref}`;
  const context = (more: Readonly<Record<string, string>>) => ({
    GITHUB_REPOSITORY: own,
    GITHUB_REF: main,
    GITHUB_EVENT_NAME: "push",
    GITHUB_WORKFLOW_REF: from("apply.yml", main),
    ...more,
  });
  const taken = (what: string, more: Readonly<Record<string, string>> = {}): Trial => ({
    what,
    wanted: "accepted",
    context: context(more),
  });
  const forged = (what: string, more: Readonly<Record<string, string>>): Trial => ({
    what,
    wanted: "refused",
    context: context(more),
  });
  const pull = "refs/pull/7/merge";
  return [
    taken("a merge"),
    taken("an apply by hand", { GITHUB_EVENT_NAME: "workflow_dispatch" }),
    taken("the drift check", {
      GITHUB_EVENT_NAME: "schedule",
      GITHUB_WORKFLOW_REF: from("drift.yml", main),
    }),
    forged("a pull request", {
      GITHUB_EVENT_NAME: "pull_request",
      GITHUB_REF: pull,
      GITHUB_WORKFLOW_REF: from("apply.yml", pull),
      GITHUB_HEAD_REF: "evil",
      GITHUB_BASE_REF: branch,
    }),
    forged("a pull request's event", { GITHUB_EVENT_NAME: "pull_request" }),
    forged("a pull request's ref", { GITHUB_REF: pull }),
    forged("pull_request_target", { GITHUB_EVENT_NAME: "pull_request_target" }),
    forged("a comment", { GITHUB_EVENT_NAME: "issue_comment" }),
    forged("workflow_run", { GITHUB_EVENT_NAME: "workflow_run" }),
    forged("another branch", {
      GITHUB_REF: "refs/heads/evil",
      GITHUB_WORKFLOW_REF: from("apply.yml", "refs/heads/evil"),
    }),
    forged("a tag of the branch's name", { GITHUB_REF: `refs/tags/${branch}` }),
    forged("another workflow", { GITHUB_WORKFLOW_REF: from("evil.yml", main) }),
    forged("another branch's workflow", { GITHUB_WORKFLOW_REF: from("apply.yml", "refs/heads/evil") }),
    forged("another repository", {
      GITHUB_REPOSITORY: "evil/evil",
      GITHUB_WORKFLOW_REF: from("apply.yml", main, "evil/evil"),
    }),
    forged("another repository's workflow", { GITHUB_WORKFLOW_REF: from("apply.yml", main, "evil/evil") }),
    { what: "a job of nobody", wanted: "refused", context: {} },
  ];
}

function registeredLine(registered: string, place: Place | null): Line {
  const line = lineOf(GROUP, "runner-for", "a runner of this repository alone");
  if (!place) return line.unknown(`it serves ${registered}; this checkout has no remote on GitHub`, "");
  const { host, owner, repo } = place;
  const is = registered.toLowerCase().replace(/\/$/, "");
  if (is === `https://${host}/${owner}/${repo}`.toLowerCase()) return line.ok(registered);
  const next = `take it out there, and register it for ${owner}/${repo}: Settings, Actions, Runners, New self-hosted runner`;
  return is === `https://${host}/${owner}`.toLowerCase()
    ? line.warn(`it serves all of ${registered}: only the hook keeps the others out`, next)
    : line.fail(`it serves ${registered}`, next);
}

function ownersLine({ chain, hook }: RunnerAnswers): Line {
  const line = lineOf(GROUP, "hook-owner", "only root can change the hook, or put another file in its place");
  const loose = chain.filter(isLoose);
  if (loose.length === 0) return line.ok("root's alone");
  const said = loose.map(({ path, owner, mode }) => `${path} (owner ${owner}, mode ${octal(mode)})`);
  return line.fail(
    `others can change ${listed(said)}`,
    `sudo chown root ${loose[0]?.path ?? hook}; sudo chmod go-w ${loose[0]?.path ?? hook}`,
  );
}

function envLine({ env, folder }: RunnerAnswers): Line {
  const line = lineOf(GROUP, "hook-env", "the runner's user cannot change which hook is asked");
  if (env && !isLoose(env)) return line.ok(`${env.path} is root's`);
  return line.warn(
    `${folder}/.env is not root's alone: a job that was let in once could take the hook out`,
    `sudo chown root ${folder}/.env; sudo chmod 0644 ${folder}/.env`,
  );
}

function secretLine({ secret, bare, folder }: RunnerAnswers): Line {
  const line = lineOf(
    GROUP,
    "runner-secret",
    "what the runner has of the cluster's secret is for its user alone",
  );
  const move = `move it into a file of its own: QUORATE_CLUSTER_SECRET_FILE=FILE in ${folder}/.env, FILE with mode 0600`;
  if (bare) return line.fail(`the secret stands in ${folder}/.env, which every job is given`, move);
  if (!secret) return line.ok("none: GitHub gives it to the job");
  const { path, found } = secret;
  if (!found)
    return line.fail(
      `there is no ${path}, which ${folder}/.env names`,
      `npx quorate secret export ${path}, for the runner's user`,
    );
  if ((found.mode & OTHERS_READ) !== 0)
    return line.fail(`${path} is open to others (mode ${octal(found.mode)})`, `sudo chmod 0600 ${path}`);
  return line.ok(`${path}, mode ${octal(found.mode)}`);
}

function trialsLine({ trials, chain }: RunnerAnswers, place: Place | null): Line {
  const line = lineOf(
    GROUP,
    "hook-refuses",
    "the hook takes this repository's merges and refuses forged ones",
  );
  if (trials.length === 0)
    return chain.some(isLoose)
      ? line.unknown("not run: others could have changed it; see hook-owner", "")
      : line.unknown(
          place
            ? "it could not be run"
            : "this checkout has no remote on GitHub, so nobody knows which jobs are its own",
          "",
        );
  const strangers = trials.filter(({ wanted, was }) => wanted === "refused" && was === "accepted");
  if (strangers.length > 0)
    return line.fail(`it lets in ${listed(strangers.map(({ what }) => what))}`, INSTALL);
  const shut = trials.filter(({ wanted, was }) => wanted === "accepted" && was === "refused");
  if (shut.length > 0) return line.fail(`it refuses ${listed(shut.map(({ what }) => what))}`, INSTALL);
  const refused = trials.filter(({ wanted }) => wanted === "refused");
  return line.ok(
    `enforced: refused ${refused.length} of ${refused.length} forged jobs, a pull request's first`,
  );
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
