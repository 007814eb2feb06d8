// Which pull requests brought the commits between two points of a branch, and what our comment on each of them says.
import type { Github } from "./client.ts";
import type { Repository } from "./context.ts";
import { GithubFailure } from "./failure.ts";
import { findComment } from "./sticky.ts";

export interface Range {
  readonly repo: Repository;
  /** The branch that pull requests must have been merged into. */
  readonly branch: string;
  /** The commit that was applied last; what it contains is not looked at. */
  readonly since: string;
  readonly until: string;
  /** See `findComment`. */
  readonly marker: string;
  readonly author: string;
}

export interface MergedPull {
  readonly number: number;
  readonly title: string;
  readonly url: string;
  /** The newest commit of its branch when it was merged. */
  readonly head: string;
  /** The text of our comment on it; null: there is none, as on one from a fork. */
  readonly comment: string | null;
}

export interface LoneCommit {
  readonly sha: string;
  /** The first line of its message. */
  readonly subject: string;
  /** It changed something in out/ and nothing else, as our own commits do: no config came with it. */
  readonly outOnly: boolean;
}

export interface Merged {
  /**
   * How `until` stands to `since`: only with `ahead` is there anything to list. `behind` and `diverged`: `until` lacks something of
   * `since`. `unknown`: GitHub does not have one of them.
   */
  readonly relation: "ahead" | "identical" | "behind" | "diverged" | "unknown";
  /** In the order of their numbers. */
  readonly pulls: readonly MergedPull[];
  /** Commits that no merged pull request brought. */
  readonly alone: readonly LoneCommit[];
}

const PAGE = 100;

interface Commit {
  readonly sha: string;
  readonly subject: string;
  readonly parents: readonly string[];
}

/** Rejects with a GithubFailure. One question for each commit that no merge of a pull request accounts for. */
export async function mergedPulls(github: Github, range: Range): Promise<Merged> {
  const { relation, commits } = await compared(github, range);
  if (relation !== "ahead") return { relation, pulls: [], alone: [] };
  const found = new Map<number, Omit<MergedPull, "comment">>();
  const explained = new Set<string>();
  const alone: Commit[] = [];
  // From the newest on: a merge explains what it brought in, before that is asked for.
  for (const commit of commits.toReversed()) {
    if (explained.has(commit.sha)) continue;
    const pulls = await pullsOf(github, range, commit.sha);
    for (const pull of pulls) found.set(pull.number, pull);
    if (pulls.length === 0) alone.push(commit);
    else for (const sha of broughtBy(commit, commits)) explained.add(sha);
  }
  const { repo, marker, author } = range;
  const pulls: MergedPull[] = [];
  for (const pull of [...found.values()].toSorted((a, b) => a.number - b.number)) {
    const comment = await findComment(github, repo, pull.number, marker, author);
    pulls.push({ ...pull, comment: comment?.body ?? null });
  }
  const lone: LoneCommit[] = [];
  for (const { sha, subject } of alone.toReversed())
    lone.push({ sha, subject, outOnly: await changesOutOnly(github, repo, sha) });
  return { relation, pulls, alone: lone };
}

/** The commits of the range, the oldest first. */
async function compared(
  github: Github,
  { repo, since, until }: Range,
): Promise<{ readonly relation: Merged["relation"]; readonly commits: readonly Commit[] }> {
  const commits: Commit[] = [];
  try {
    for (let page = 1; ; page += 1) {
      const { data } = await github.rest.repos.compareCommitsWithBasehead({
        ...repo,
        basehead: `${since}...${until}`,
        page,
        per_page: PAGE,
      });
      for (const { sha, commit, parents } of data.commits) {
        const [subject = ""] = commit.message.split("\n", 1);
        commits.push({ sha, subject, parents: parents.map((parent) => parent.sha) });
      }
      if (data.commits.length === 0 || commits.length >= data.total_commits)
        return { relation: data.status, commits };
    }
  } catch (error) {
    if (error instanceof GithubFailure && error.status === 404) return { relation: "unknown", commits: [] };
    throw error;
  }
}

/** Numbers of the pull requests by which a commit came onto the branch. Rejects with a GithubFailure. */
export async function mergedWith(
  github: Github,
  repo: Repository,
  branch: string,
  sha: string,
): Promise<readonly number[]> {
  return (await pullsOf(github, { repo, branch }, sha)).map(({ number }) => number);
}

async function pullsOf(
  github: Github,
  { repo, branch }: Pick<Range, "repo" | "branch">,
  sha: string,
): Promise<readonly Omit<MergedPull, "comment">[]> {
  const all = await github.paginate(github.rest.repos.listPullRequestsAssociatedWithCommit, {
    ...repo,
    commit_sha: sha,
    per_page: PAGE,
  });
  return all
    .filter(({ merged_at: merged, base }) => merged && base.ref === branch)
    .map(({ number, title, html_url: url, head }) => ({ number, title, url, head: head.sha }));
}

/** What a merge contains through its further parents and not through its first one. */
function broughtBy(merge: Commit, commits: readonly Commit[]): ReadonlySet<string> {
  const bySha = new Map(commits.map((commit) => [commit.sha, commit]));
  const reach = (from: readonly string[], seen: Set<string>): Set<string> => {
    const left = [...from];
    for (let sha = left.pop(); sha !== undefined; sha = left.pop()) {
      const commit = bySha.get(sha);
      if (!commit || seen.has(sha)) continue;
      seen.add(sha);
      left.push(...commit.parents);
    }
    return seen;
  };
  const [first, ...others] = merge.parents;
  const before = reach(first === undefined ? [] : [first], new Set());
  return new Set([...reach(others, new Set())].filter((sha) => !before.has(sha)));
}

/** Of a merge GitHub lists what differs from the first parent, and of no commit more than 3,000 files. */
async function changesOutOnly(github: Github, repo: Repository, sha: string): Promise<boolean> {
  for (let page = 1; ; page += 1) {
    const { data } = await github.rest.repos.getCommit({ ...repo, ref: sha, page, per_page: PAGE });
    const files = data.files ?? [];
    const paths = files.flatMap(({ filename, previous_filename: before }) =>
      before === undefined ? [filename] : [filename, before],
    );
    if (!paths.every((path) => path.startsWith("out/"))) return false;
    if (files.length < PAGE) return true;
  }
}
