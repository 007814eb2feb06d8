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
  /** Why it could not be fetched, for people; the text is then the last one that was seen here. */
  readonly problem: string | null;
}

/** Fetches the branch that the checked-out one follows and reads a file of it. `file` is relative to `folder`. */
export async function sharedText(run: RunProgram, folder: string, file: string): Promise<Shared> {
  const git = (args: readonly string[], limit = 10_000) =>
    run("git", ["-C", folder, ...args], { limit, environment: SILENT });
  const inside = await git(["rev-parse", "--is-inside-work-tree"]);
  if (inside.missing) return { text: null, problem: "there is no git on this computer" };
  if (inside.status !== 0) return { text: null, problem: "the config is in no git repository" };
  const upstream = await git(["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"]);
  if (upstream.status !== 0) return { text: null, problem: "this git branch follows none on a server" };
  const branch = upstream.stdout.toString("utf8").trim();
  const fetched = await git(["fetch", "--quiet"], FETCH_MS);
  const shown = await git(["show", `${branch}:./${file}`]);
  const said =
    fetched.stderr
      .trim()
      .split("\n")
      .find((line) => line !== "") ?? "no answer in time";
  return {
    text: shown.status === 0 ? shown.stdout.toString("utf8") : null,
    problem: fetched.status === 0 ? null : `git fetch failed: ${said}`,
  };
}
