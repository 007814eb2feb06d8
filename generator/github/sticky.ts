// The one comment of ours on a pull request: found by its hidden marker and its author, and changed in place.
import type { Github } from "./client.ts";
import type { Repository } from "./context.ts";
import { Failure } from "../failure.ts";
import { GithubFailure } from "./failure.ts";
import { makeOnce } from "./once.ts";

/** Who writes with the token of a workflow's job. */
export const ACTIONS_BOT = "github-actions[bot]";

export interface Comment {
  readonly id: number;
  readonly url: string;
  readonly body: string;
}

export interface Upserted {
  readonly url: string;
  readonly did: "created" | "updated" | "same";
}

/** True where a line of the text begins with the marker: one that stands in a quotation does not count. */
export function isMarked(body: string | null | undefined, marker: string): boolean {
  return (body ?? "").split("\n").some((line) => line.startsWith(marker));
}

/**
 * The oldest comment of that author (a login) with the marker, or null. Anybody may write the marker into a comment, so only the
 * author's counts. `marker`: the first characters of a line, `<!-- quorate:plan `.
 */
export async function findComment(
  github: Github,
  repo: Repository,
  issue: number,
  marker: string,
  author: string,
): Promise<Comment | null> {
  const pages = github.paginate.iterator(github.rest.issues.listComments, {
    ...repo,
    issue_number: issue,
    per_page: 100,
  });
  for await (const { data } of pages) {
    const ours = data.find(({ user, body }) => user?.login === author && isMarked(body, marker));
    if (ours) return { id: ours.id, url: ours.html_url, body: ours.body ?? "" };
  }
  return null;
}

/**
 * Makes the pull request or issue have the comment, once. `body` must have a line that begins with `marker`. Rejects with a
 * Failure; also where GitHub says it changed the comment and still shows the text of before.
 */
export async function upsertComment(
  github: Github,
  repo: Repository,
  issue: number,
  marker: string,
  body: string,
  author: string,
): Promise<Upserted> {
  if (!isMarked(body, marker)) throw new Error(`the comment has no line that begins with ${marker}`);
  const { thing, found } = await makeOnce(
    github,
    () => findComment(github, repo, issue, marker, author),
    async () => {
      const { data } = await github.rest.issues.createComment({ ...repo, issue_number: issue, body });
      return { id: data.id, url: data.html_url, body: data.body ?? "" };
    },
  );
  if (!found) return { url: thing.url, did: "created" };
  if (isSameText(thing.body, body)) return { url: thing.url, did: "same" };
  try {
    await github.rest.issues.updateComment({ ...repo, comment_id: thing.id, body });
  } catch (error) {
    // Somebody has deleted it since it was found.
    if (!(error instanceof GithubFailure) || error.status !== 404) throw error;
    return await upsertComment(github, repo, issue, marker, body, author);
  }
  const { data } = await github.rest.issues.getComment({ ...repo, comment_id: thing.id });
  refuseOld("the comment", thing.url, data.body, body);
  return { url: thing.url, did: "updated" };
}

/** Throws a Failure where the text that is kept is not the one that was sent: GitHub answers 200 also then. */
export function refuseOld(what: string, url: string, kept: string | null | undefined, sent: string): void {
  if (isSameText(kept ?? "", sent)) return;
  throw new Failure(
    `GitHub took the new text of ${what} and does not show it: ${url}`,
    "run the job again; where it comes back, the text is one that GitHub does not keep: report it",
  );
}

/** GitHub may end lines as a form in a browser does, and cuts white space at the end. */
export function isSameText(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll("\r\n", "\n").trimEnd();
  return plain(one) === plain(other);
}
