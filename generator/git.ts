// What is asked of git: whether a place would be committed, and what the shared branch has. It changes nothing in the work tree.
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { RunProgram } from "./program.ts";

/** A fetch over a slow line; nobody is asked for a password. */
const FETCH_MS = 20_000;
const SILENT = { GIT_TERMINAL_PROMPT: "0", GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o ConnectTimeout=10" };

/** True where the path lies in a repository that does not ignore it: a secret there would be pushed one day. */
export async function wouldBeCommitted(run: RunProgram, path: string): Promise<boolean> {
  const whole = resolve(path);
  let folder = dirname(whole);
  while (!existsSync(folder)) folder = dirname(folder);
  const { status } = await run("git", ["-C", folder, "check-ignore", "-q", "--", relative(folder, whole)]);
  // 0 ignored, 1 not, 128 no repository; null: no git on this computer.
  return status === 1;
}

export interface Shared {
  /** The file's text on the branch that this one follows, as the remote has it now; null where it is not there. */
  readonly text: string | null;
  /** What lies here knows at least as much: it is not committed yet, or that branch has nothing that is not here. */
  readonly behind: boolean;
  /** Why it could not be fetched, for people; the text is then the last one that was seen here. */
  readonly problem: string | null;
}

type Git = (args: readonly string[], limit?: number) => ReturnType<RunProgram>;

function gitIn(run: RunProgram, folder: string): Git {
  return (args, limit = 10_000) =>
    run("git", ["-C", folder, "--no-pager", ...args], { limit, environment: SILENT });
}

const NOTHING = { text: null, behind: true } as const;

/** Why git cannot be asked there, for people; null where it can. */
async function outside(git: Git): Promise<string | null> {
  const inside = await git(["rev-parse", "--is-inside-work-tree"]);
  if (inside.missing) return "there is no git on this computer";
  return inside.status === 0 ? null : "the config is in no git repository";
}

/** Fetches the branch that the checked-out one follows and reads a file of it. `file` is relative to `folder`. */
export async function sharedText(run: RunProgram, folder: string, file: string): Promise<Shared> {
  const git = gitIn(run, folder);
  const blind = await outside(git);
  if (blind !== null) return { ...NOTHING, problem: blind };
  const upstream = await git(["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"]);
  if (upstream.status !== 0) return { ...NOTHING, problem: "this git branch follows none on a server" };
  const branch = upstream.stdout.toString("utf8").trim();
  const fetched = await git(["fetch", "--quiet"], FETCH_MS);
  const [shown, changed, ahead] = await Promise.all([
    git(["show", `${branch}:./${file}`]),
    // A new file is listed too.
    git(["status", "--porcelain", "--", `./${file}`]),
    git(["merge-base", "--is-ancestor", branch, "HEAD"]),
  ]);
  return {
    text: shown.status === 0 ? shown.stdout.toString("utf8") : null,
    behind: (changed.status === 0 && changed.stdout.length > 0) || ahead.status === 0,
    problem: fetched.status === 0 ? null : `git fetch failed: ${firstLine(fetched.stderr)}`,
  };
}

function firstLine(said: string): string {
  return (
    said
      .trim()
      .split("\n")
      .find((line) => line !== "") ?? "no answer in time"
  );
}

/**
 * The same of a branch of that name, which is never checked out: of the remote that the checked-out one follows, else of
 * origin. Without `fetches` as it was last seen here; then, too, a branch that is not there has no text.
 */
export async function branchText(
  run: RunProgram,
  folder: string,
  file: string,
  branch: string,
  fetches: boolean,
): Promise<Shared> {
  const git = gitIn(run, folder);
  const blind = await outside(git);
  if (blind !== null) return { ...NOTHING, problem: blind };
  const followed = await git(["config", "--get", `branch.${await checkedOut(git)}.remote`]);
  const remote = followed.stdout.toString("utf8").trim() || "origin";
  const ref = `refs/remotes/${remote}/${branch}`;
  const problem = fetches ? await fetchBranch(git, remote, branch, ref) : "nobody looked";
  const [shown, changed, here] = await Promise.all([
    git(["show", `${ref}:./${file}`]),
    // A new file is listed too, also one that git is told to ignore: out/ need not be on this branch.
    git(["status", "--porcelain", "--ignored", "--", `./${file}`]),
    git(["hash-object", "--", file]),
  ]);
  const edited = changed.status === 0 && changed.stdout.length > 0 && here.status === 0;
  return {
    text: shown.status === 0 ? shown.stdout.toString("utf8") : null,
    behind: edited && !(await everHad(git, ref, here.stdout.toString("utf8").trim())),
    problem,
  };
}

async function checkedOut(git: Git): Promise<string> {
  return (await git(["branch", "--show-current"])).stdout.toString("utf8").trim();
}

/** Null where it was fetched, or is not there: the first apply makes it. */
async function fetchBranch(git: Git, remote: string, branch: string, ref: string): Promise<string | null> {
  const { status, stderr } = await git(
    ["fetch", "--quiet", remote, `+refs/heads/${branch}:${ref}`],
    FETCH_MS,
  );
  return status === 0 || /couldn't find remote ref/i.test(stderr)
    ? null
    : `git fetch failed: ${firstLine(stderr)}`;
}

/** A file of just that text was once on the branch: what lies here is no newer. */
async function everHad(git: Git, ref: string, id: string): Promise<boolean> {
  const { status, stdout } = await git(["log", "-1", "--format=%H", `--find-object=${id}`, ref, "--"]);
  return status === 0 && stdout.length > 0;
}

/** The commit that is checked out, where the file is in it as it lies here; else null: no repository, or an edit that is not committed. */
export async function commitOf(run: RunProgram, path: string): Promise<string | null> {
  const whole = resolve(path);
  const git = (...args: readonly string[]) => run("git", ["-C", dirname(whole), ...args]);
  const name = `./${relative(dirname(whole), whole)}`;
  const head = await git("rev-parse", "HEAD");
  if (head.status !== 0) return null;
  const [known, same] = await Promise.all([
    git("ls-files", "--error-unmatch", "--", name),
    git("diff", "--quiet", "HEAD", "--", name),
  ]);
  return known.status === 0 && same.status === 0 ? head.stdout.toString("utf8").trim() : null;
}

/** Whether this clone has the newest commits only. */
export async function isShallow(run: RunProgram, folder: string): Promise<boolean> {
  const { stdout } = await run("git", ["-C", folder, "rev-parse", "--is-shallow-repository"]);
  return stdout.toString("utf8").trim() === "true";
}

/** Commits that the checked-out one does not contain: it is older than they are, or beside them. None without a repository. */
export async function missingCommits(
  run: RunProgram,
  folder: string,
  commits: readonly string[],
): Promise<readonly string[]> {
  const git = (...args: readonly string[]) => run("git", ["-C", folder, ...args]);
  if ((await git("rev-parse", "--verify", "-q", "HEAD")).status !== 0) return [];
  const checked = await Promise.all(
    commits.map(async (commit) => ({
      commit,
      // 0: contained; 1: not; 128: git does not even know it.
      within: (await git("merge-base", "--is-ancestor", commit, "HEAD")).status === 0,
    })),
  );
  return checked.filter(({ within }) => !within).map(({ commit }) => commit);
}

/** Whether that commit contains the checked-out one; false also where this clone does not have it. */
export async function contains(run: RunProgram, folder: string, commit: string): Promise<boolean> {
  return (await run("git", ["-C", folder, "merge-base", "--is-ancestor", "HEAD", commit])).status === 0;
}

/** What a pull request is held against. */
export interface Base {
  /** The commit that it goes into. */
  readonly commit: string;
  /** Paths below `under` that it changes, relative to the folder. */
  readonly touched: readonly string[];
}

/**
 * Of the checked-out trial merge of `pull` the first parent, else the base that GitHub names; and what differs from it there.
 * Null where this clone does not have that commit.
 */
export async function baseOf(
  run: RunProgram,
  folder: string,
  pull: { readonly head: string; readonly base: string },
  under: string,
): Promise<Base | null> {
  const git = gitIn(run, folder);
  const parents = await git(["log", "-1", "--format=%P", "HEAD"]);
  const [first = "", second] = parents.stdout.toString("utf8").trim().split(" ");
  const isTrial = second === pull.head;
  const commit = isTrial ? first : pull.base;
  // Three dots: what the branch has done since it left the base, and nothing that the base has done meanwhile.
  const range = isTrial ? [commit, "HEAD"] : [`${commit}...HEAD`];
  const listed = await git(["diff", "--name-only", "-z", "--relative", ...range, "--", `./${under}`]);
  if (listed.status !== 0) return null;
  return {
    commit,
    touched: listed.stdout
      .toString("utf8")
      .split("\0")
      .filter((path) => path !== ""),
  };
}

/** The folder's path from the top of the repository, with a slash at its end; empty at the top, and without a repository. */
export async function folderInRepository(run: RunProgram, folder: string): Promise<string> {
  return (await gitIn(run, folder)(["rev-parse", "--show-prefix"])).stdout.toString("utf8").trim();
}

/** The address of the remote named origin, without a password that somebody wrote into it; null where there is none. */
export async function remoteAddress(run: RunProgram, folder: string): Promise<string | null> {
  const { status, stdout } = await run("git", ["-C", folder, "remote", "get-url", "origin"]);
  if (status !== 0) return null;
  return stdout
    .toString("utf8")
    .trim()
    .replace(/^(\w+:\/\/)[^/@]*@/, "$1");
}

/** The branch that origin calls its default one, as this clone last heard; null where it never did. */
export async function defaultBranch(run: RunProgram, folder: string): Promise<string | null> {
  const asked = ["-C", folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"];
  const { status, stdout } = await run("git", asked);
  return status === 0
    ? stdout
        .toString("utf8")
        .trim()
        .replace(/^origin\//, "")
    : null;
}
