// Commits what runs on the machines: out/ and the record, forward only. Another writer in between is never overwritten.
import { Failure } from "../failure.ts";
import type { FileMap } from "../model/files.ts";
import type { Github } from "./client.ts";
import type { Repository } from "./context.ts";
import { GithubFailure } from "./failure.ts";
import { type GitData, gitData, type Signature, textEntry, type TreeEntry } from "./git-data.ts";

export interface StateCommit {
  readonly repo: Repository;
  readonly branch: string;
  /** The commit whose config was applied. */
  readonly source: string;
  /** The branch is for out/ alone and ours alone (`state.branch`); else it is the one that people merge into. */
  readonly apart: boolean;
  /** All of out/ but the record, by paths relative to out/. What else is in out/ goes. */
  readonly files: FileMap;
  /**
   * The text of out/applied.json. As a function it gets the text that the branch has now (null: none) and gives the new one: it is
   * asked again after each race, and throws a Failure where the two cannot both be true.
   */
  readonly record: string | ((theirs: string | null) => string);
  readonly message: string;
}

export type Committed =
  | { readonly did: "same"; readonly commit: string }
  | {
      readonly did: "committed";
      readonly commit: string;
      readonly url: string;
      /** The branch has another config already: out/ is in a commit of its own, and only the record came onto the branch's files. */
      readonly merged: boolean;
      readonly signature: Signature;
    };

const TRIES = 6;
const CONFIG = "cluster.config.json";
const OUT = "out";
const RECORD = "applied.json";

/**
 * Where the branch is at `source`, or its config and out/ are as they were there, out/ and the record go on top. Where it has another
 * config by now, out/ must stay what render makes of that one: then a commit on `source` holds our out/, so that the trees
 * that the record names stay in the repository, and a merge of it sets nothing but the record. Nothing is committed where nothing differs.
 * Rejects with a Failure.
 */
export async function commitState(github: Github, wanted: StateCommit): Promise<Committed> {
  const git = gitData(github, wanted.repo);
  const { branch, apart } = wanted;
  const tried: Committed[] = [];
  const landed = async (head: string | null): Promise<Committed | undefined> => {
    for (const each of tried) if (head !== null && (await git.contains(head, each.commit))) return each;
    return undefined;
  };
  for (let attempt = 1; ; attempt += 1) {
    const head = await git.head(branch);
    // An answer was lost, and the commit lies there all the same.
    const ours = await landed(head);
    if (ours) return ours;
    if (head === null && !apart) throw noBranch(branch);
    const next = apart ? await onStateBranch(git, wanted, head) : await onMain(git, wanted, head ?? "");
    if (next === null) return { did: "same", commit: head ?? "" };
    tried.push(next);
    try {
      await git.point(branch, next.commit, head !== null);
      return next;
    } catch (error) {
      if (!(error instanceof GithubFailure)) throw error;
      if (isRule(error)) throw ruled(branch, apart, error);
      if (!isRace(error) && !error.unsure) throw error;
      if (attempt < TRIES) {
        await github.pause(attempt);
        continue;
      }
      const late = error.unsure ? await landed(await git.head(branch)) : undefined;
      if (late) return late;
      throw error.unsure ? error : busy(branch, error);
    }
  }
}

/** The branch holds out/ and nothing else. Null: it holds exactly this. */
async function onStateBranch(
  git: GitData,
  wanted: StateCommit,
  head: string | null,
): Promise<Committed | null> {
  const before = head === null ? null : await git.treeOf(head);
  const theirs = before === null ? [] : await folderOf(git, before);
  const out = await outTree(git, wanted, await recordFor(git, wanted, theirs));
  const tree = await git.tree(null, [out]);
  if (tree === before) return null;
  const { message } = wanted;
  return made(await git.commit({ message, tree, parents: head === null ? [] : [head] }), false);
}

async function onMain(git: GitData, wanted: StateCommit, head: string): Promise<Committed | null> {
  const { source, message } = wanted;
  const before = await git.treeOf(head);
  const theirs = await folderOf(git, before);
  const record = await recordFor(git, wanted, theirs);
  const out = await outTree(git, wanted, record);
  const original = source === head ? before : await git.treeOf(source);
  if (original === before || (await isUntouched(git, before, original, out.sha))) {
    const tree = await git.tree(before, [out]);
    return tree === before ? null : made(await git.commit({ message, tree, parents: [head] }), false);
  }
  const tree = await git.tree(before, [textEntry(`${OUT}/${RECORD}`, record)]);
  if (tree === before) return null;
  const side = await git.commit({ message, tree: await git.tree(original, [out]), parents: [source] });
  return made(
    await git.commit({ message: mergeMessage(message, source), tree, parents: [head, side.sha] }),
    true,
  );
}

/** The head has the config of the source, and its out/ or already ours, whatever either says in the record. */
async function isUntouched(git: GitData, head: string, source: string, ours: string): Promise<boolean> {
  const config = async (tree: string) => (await git.entries(tree)).find(({ path }) => path === CONFIG)?.sha;
  if ((await config(head)) !== (await config(source))) return false;
  const rest = (entries: readonly TreeEntry[]) =>
    JSON.stringify(
      entries.filter(({ path }) => path !== RECORD).map(({ path, mode, sha }) => [path, mode, sha]),
    );
  const now = rest(await folderOf(git, head));
  return now === rest(await folderOf(git, source)) || now === rest(await git.entries(ours));
}

/** What is in the out/ of a whole tree; nothing where there is none. */
async function folderOf(git: GitData, tree: string): Promise<readonly TreeEntry[]> {
  const out = (await git.entries(tree)).find(({ path, type }) => path === OUT && type === "tree");
  return out ? git.entries(out.sha) : [];
}

async function recordFor(
  git: GitData,
  { record }: StateCommit,
  theirs: readonly TreeEntry[],
): Promise<string> {
  if (typeof record === "string") return record;
  const there = theirs.find(({ path, type }) => path === RECORD && type === "blob");
  return record(there ? await git.text(there.sha) : null);
}

async function outTree(git: GitData, { files }: StateCommit, record: string): Promise<TreeEntry> {
  const all = new Map([...files, [RECORD, { text: record, executable: false }]]);
  return { path: OUT, mode: "040000", type: "tree", sha: await git.folder(all) };
}

function made(
  { sha, url, signature }: { readonly sha: string; readonly url: string; readonly signature: Signature },
  merged: boolean,
): Committed {
  return { did: "committed", commit: sha, url, merged, signature };
}

function mergeMessage(message: string, source: string): string {
  const [subject = "", ...rest] = message.split("\n");
  return [
    subject,
    "",
    `The config has changed since ${source.slice(0, 12)}, which was applied: out/ stays as it is here.`,
    ...rest,
  ].join("\n");
}

/** Another writer was first, or GitHub's servers do not all know the new commit yet. */
function isRace({ status, said }: GithubFailure): boolean {
  if (status === 409) return true;
  return (
    status === 422 &&
    /fast.?forward|already exists|update failed|(object|reference) does not exist/i.test(said)
  );
}

/** A ruleset or a protected branch: no further try will change it. */
function isRule({ status, said }: GithubFailure): boolean {
  return (
    [403, 409, 422].includes(status) &&
    /rule violation|protected branch|through a pull request|status checks? .*expected/i.test(said)
  );
}

function ruled(branch: string, apart: boolean, cause: GithubFailure): Failure {
  return new Failure(
    `the rules of the branch ${branch} do not let this job commit: ${cause.said.replace(/\s+/g, " ").trim()}`,
    apart
      ? `take the rule that asks for pull requests or checks off the branch ${branch}: only this job writes to it`
      : 'let the state go to a branch of its own: "state": { "branch": "state" } in cluster.config.json',
    cause,
  );
}

function busy(branch: string, cause: GithubFailure): Failure {
  return new Failure(
    `the branch ${branch} was moved by others ${TRIES} times while the state was to be committed`,
    "run the job again: it commits what runs on the machines, and changes nothing on them",
    cause,
  );
}

function noBranch(branch: string): Failure {
  return new Failure(
    `there is no branch ${branch}, or the job may not see it`,
    "give the job contents: write under permissions, and run it for a branch that is there",
  );
}
