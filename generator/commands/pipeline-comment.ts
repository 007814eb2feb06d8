// pipeline comment: base code with a token, that shows the report of another job, which ran the pull request's own code.
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { type Github, openGithub } from "../github/client.ts";
import { commentOf } from "../github/comment.ts";
import { type Context, readContext } from "../github/context.ts";
import { MARKER } from "../github/marker.ts";
import { type PullReport, readReport, REPORT_BYTES } from "../github/report.ts";
import { BODY_BUDGET, refuseSecrets, sendable } from "../github/sendable.ts";
import { ACTIONS_BOT, upsertComment, type Upserted } from "../github/sticky.ts";
import type { Command, Invocation } from "./command.ts";

/** Exit 0 when the comment shows this report. Throws a Failure for a report that is none, or of another commit. */
export const pipelineComment: Command = async (invocation) => {
  const { environment, json } = invocation;
  const context = readContext(environment, (path) => readFileSync(path, "utf8"));
  const report = readFrom(invocation);
  const token = environment["GITHUB_TOKEN"] ?? "";
  if (token === "")
    throw new Failure(
      "GITHUB_TOKEN is not set",
      "give this step the token: GITHUB_TOKEN: ${{ github.token }} under env",
    );
  const { url, did } = await writeComment(openGithub({ token, api: context.api }), context, report, token);
  const stdout = json ? `${JSON.stringify({ url, did }, null, 2)}\n` : `the comment ${SAID[did]}: ${url}\n`;
  return { exit: 0, stdout, stderr: "" };
};

const SAID = { created: "was written", updated: "was changed", same: "is as it should be" } as const;

/** Writes the one comment of the context's pull request, or changes it. */
export async function writeComment(
  github: Github,
  { repository, pull, run }: Context,
  report: PullReport,
  token: string,
): Promise<Upserted> {
  if (!pull)
    throw new Failure(
      "this run is about no pull request",
      "run it in a workflow whose event is pull_request only",
    );
  if (pull.fork)
    throw new Failure(
      "a pull request from a fork gets no comment: its run may write nothing",
      "give the job this condition: github.event.pull_request.head.repo.full_name == github.repository",
    );
  if (report.head !== pull.head)
    throw new Failure(
      `report.json is of another commit than this pull request's newest, ${pull.head.slice(0, 7)}; no comment was written`,
      "run the whole workflow again, not only the job that failed",
    );
  // Before Markdown's backslashes stand in a secret, which then looks like none.
  refuseSecrets("the report", [JSON.stringify(report)], [token]);
  const { body } = commentOf(report, { budget: BODY_BUDGET, run: run.url });
  return upsertComment(
    github,
    repository,
    pull.number,
    MARKER,
    sendable("the comment", body, [token]),
    ACTIONS_BOT,
  );
}

function readFrom({ flags }: Invocation): PullReport {
  const folder = flags["from"];
  if (typeof folder !== "string")
    throw new Failure(
      "pipeline comment needs the folder of a report",
      "npx quorate pipeline comment --from DIR",
    );
  const path = join(folder, "report.json");
  try {
    // Not through a link: the artifact is somebody else's, and could lead to any file here.
    const stat = lstatSync(path);
    if (!stat.isFile() || stat.size > REPORT_BYTES) throw new Error("it is no file of a report's size");
    return readReport(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      `cannot read ${path}: ${(error as Error).message}`,
      "download the artifact of the job that runs pipeline plan --out DIR into that folder first",
      error,
    );
  }
}
