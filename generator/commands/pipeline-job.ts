// What the two jobs on the LAN runner have in common: the run, GitHub, git with the job's token, and a log that speaks no commands.
import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { Failure } from "../failure.ts";
import { type Github, openGithub } from "../github/client.ts";
import { type Context, readContext } from "../github/context.ts";
import { annotationLine, type Annotation } from "../github/annotations.ts";
import { withGitAccess } from "../github/git-access.ts";
import { sendable, SUMMARY_BUDGET } from "../github/sendable.ts";
import { programs, type RunProgram } from "../program.ts";
import type { Secrets } from "../github/sendable.ts";
import type { Invocation } from "./command.ts";

export interface Job {
  readonly context: Context;
  readonly github: Github;
  /** The branch that the run is about. */
  readonly branch: string;
  readonly run: RunProgram;
  readonly secrets: Secrets;
  /** An annotation of the run. */
  readonly annotate: (annotation: Annotation) => void;
  /** Appends to the summary of the run; nothing where there is none. */
  readonly summarise: (markdown: string) => void;
  /** Lets lines of the log be commands again. */
  readonly close: () => void;
}

/** `secrets`: no request may hold one. Throws a Failure where this is no step of a workflow on a branch. */
export function openJob({ environment, session }: Invocation, secrets: Secrets): Job {
  const context = readContext(environment, (path) => readFileSync(path, "utf8"));
  const [, branch] = /^refs\/heads\/(.+)$/.exec(context.ref) ?? [];
  if (branch === undefined) {
    throw new Failure(
      `this run is about ${context.ref}, and only a branch is applied`,
      "start the workflow from the branch whose config the cluster has",
    );
  }
  const token = environment["GITHUB_TOKEN"] ?? "";
  if (token === "") {
    throw new Failure(
      "GITHUB_TOKEN is not set",
      "give this step the token: GITHUB_TOKEN: ${{ github.token }} under env",
    );
  }
  const github = openGithub({ token, api: context.api, secrets });
  // Machines print into the log too. One stream, so that what ends the silence comes after what it is for.
  const quiet = randomBytes(16).toString("hex");
  let silent = true;
  session.show(`::stop-commands::${quiet}\n`);
  const speak = (line: string) => {
    if (silent) session.show(`::${quiet}::\n${line}::stop-commands::${quiet}\n`);
    else session.show(line);
  };
  const summary = environment["GITHUB_STEP_SUMMARY"] ?? "";
  return {
    context,
    github,
    branch,
    run: withGitAccess(programs(environment), context.server, token),
    secrets: [...secrets, token],
    annotate: (annotation) => speak(`${annotationLine(annotation)}\n`),
    summarise: (markdown) => {
      if (summary !== "")
        appendFileSync(summary, sendable("the summary", markdown, [...secrets, token], SUMMARY_BUDGET));
    },
    close: () => {
      if (silent) session.show(`::${quiet}::\n`);
      silent = false;
    },
  };
}
