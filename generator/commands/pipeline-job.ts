// What the two jobs on the LAN runner have in common: the run, GitHub, git with the job's token, and a log that speaks no commands.
import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { Failure } from "../failure.ts";
import { annotationLine, type Annotation } from "../github/annotations.ts";
import { type Github, type GithubOptions, openGithub } from "../github/client.ts";
import { type Context, readContext } from "../github/context.ts";
import { withGitAccess } from "../github/git-access.ts";
import { sendable, type Secrets, SUMMARY_BUDGET } from "../github/sendable.ts";
import { programs, type RunProgram } from "../program.ts";
import { hideIn, hider } from "../secrets/redact.ts";
import { SSH_KEY_VARIABLE, variable } from "../secrets/variables.ts";
import type { Invocation, Result } from "./command.ts";

export interface Job {
  readonly context: Context;
  readonly github: Github;
  /** The branch that the run is about. */
  readonly branch: string;
  readonly run: RunProgram;
  /** What no text may hold that anybody reads. */
  readonly secrets: Secrets;
  /** As it was given; what its session shows lacks the secrets. */
  readonly invocation: Invocation;
  /** Takes the secrets out of every text in a value: before it becomes Markdown, whose backslashes hide one from any later look. */
  readonly hidden: <T>(value: T) => T;
  /** An annotation of the run. */
  readonly annotate: (annotation: Annotation) => void;
  /** Appends to the summary of the run; nothing where there is none. What cannot be written is said. */
  readonly summarise: (markdown: string) => void;
  /** Lets lines of the log be commands again. */
  readonly close: () => void;
}

export interface JobOptions {
  /** How GitHub is reached. Tests give their own way, and no pauses. */
  readonly github?: Pick<GithubOptions, "fetch" | "hurried" | "patience">;
}

/** `secrets` is asked once it is known that this run may go on. Throws a Failure where it may not. */
function openJob(given: Invocation, title: string, secrets: () => Secrets, options: JobOptions = {}): Job {
  const { environment, session } = given;
  const context = readContext(environment, (path) => readFileSync(path, "utf8"));
  refusePublic(context);
  const branch = branchOf(context);
  const token = variable(environment, "GITHUB_TOKEN");
  if (token === null) {
    throw new Failure(
      "GITHUB_TOKEN is not set",
      "give this step the token: GITHUB_TOKEN: ${{ github.token }} under env",
    );
  }
  const key = variable(environment, SSH_KEY_VARIABLE);
  const all: Secrets = [...secrets(), token, ...(key === null ? [] : [key.replaceAll("\r", "")])];
  const hide = hider(all);
  // Machines print into the log too. One stream, so that what ends the silence comes after what it is for.
  const quiet = randomBytes(16).toString("hex");
  let silent = true;
  session.show(`::stop-commands::${quiet}\n`);
  const speak = (line: string) => {
    if (silent) session.show(`::${quiet}::\n${line}::stop-commands::${quiet}\n`);
    else session.show(line);
  };
  const annotate = (annotation: Annotation) => speak(`${annotationLine(hideIn(annotation, hide))}\n`);
  const summary = environment["GITHUB_STEP_SUMMARY"] ?? "";
  return {
    context,
    github: openGithub({ token, api: context.api, secrets: all, ...options.github }),
    branch,
    run: withGitAccess(programs(environment), context.server, token),
    secrets: all,
    invocation: { ...given, session: { ...session, show: (text) => session.show(hide(text)) } },
    hidden: (value) => hideIn(value, hide),
    annotate,
    summarise: (markdown) => {
      if (summary === "") return;
      try {
        appendFileSync(summary, sendable("the summary", markdown, all, SUMMARY_BUDGET));
      } catch (error) {
        const message = `the summary of this run was not written: ${(error as Error).message}`;
        annotate({ level: "warning", title, message });
      }
    },
    close: () => {
      if (silent) session.show(`::${quiet}::\n`);
      silent = false;
    },
  };
}

/** Opens the job, does the work, and closes it. What fails is an annotation of the run, in the same stream as all else. */
export async function inJob(
  given: Invocation,
  title: string,
  secrets: () => Secrets,
  options: JobOptions,
  work: (job: Job) => Promise<Result>,
): Promise<Result> {
  const job = openJob(given, title, secrets, options);
  try {
    return await work(job);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    job.annotate({ level: "error", title, message: `${error.message}\nnext: ${error.hint}` });
    return { exit: 1, stdout: "", stderr: "" };
  } finally {
    job.close();
  }
}

/** https://docs.github.com/actions/reference/security/secure-use#hardening-for-self-hosted-runners */
function refusePublic({ isPublic, repository: { owner, repo } }: Context): void {
  if (isPublic !== true) return;
  throw new Failure(
    `${owner}/${repo} is a public repository, and a runner in the LAN never serves one: nothing was done`,
    "make it private, in its settings: anybody may fork a public repository, rewrite the workflow in a pull request and run programs in your LAN",
  );
}

function branchOf({ ref }: Context): string {
  const [, branch] = /^refs\/heads\/(.+)$/.exec(ref) ?? [];
  if (branch !== undefined) return branch;
  throw new Failure(
    `this run is about ${ref}, and only a branch is applied`,
    "start the workflow from the branch whose config the cluster has",
  );
}
