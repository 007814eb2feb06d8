// A bare git repository as GitHub's API sees it: objects, branches that move forward only, and what lies between two commits.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Change,
  type Changed,
  COMMIT_FORMAT,
  commitBytes,
  type Entry,
  gitObject,
  GitRefusal,
  inGitsOrder,
  type Person,
  readChanges,
  readCommits,
  type StoredCommit,
  treeBytes,
  type Type,
} from "./git-format.ts";

export class GitStore {
  readonly path: string;
  // Objects never change, and a program for each look takes most of a test's time.
  readonly #types = new Map<string, string>();
  readonly #trees = new Map<string, readonly Entry[]>();
  readonly #commits = new Map<string, StoredCommit>();

  /** Makes the repository where the path is not there. */
  constructor(path: string) {
    this.path = path;
    if (existsSync(join(path, "HEAD"))) return;
    // What `git init --bare` makes, without its samples.
    for (const folder of ["objects/info", "objects/pack", "refs/heads", "refs/tags"])
      mkdirSync(join(path, folder), { recursive: true });
    writeFileSync(join(path, "HEAD"), "ref: refs/heads/main\n");
    writeFileSync(join(path, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
  }

  git(
    args: readonly string[],
    more: { readonly input?: string; readonly env?: Record<string, string> } = {},
  ): string {
    const { status, stdout, stderr } = this.#run(args, more);
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  #run(
    args: readonly string[],
    { input = "", env = {} }: { readonly input?: string; readonly env?: Record<string, string> },
  ) {
    return spawnSync("git", args, {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      env: {
        PATH: process.env["PATH"] ?? "",
        GIT_DIR: this.path,
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        ...env,
      },
    });
  }

  /** The id of the object where it is one of that type. */
  find(id: string, type: Type): string | null {
    if (!/^[\w./:-]+$/.test(id)) return null;
    const known = this.#types.get(id);
    if (known !== undefined) return known === type ? id : null;
    const { stdout } = this.#run(["cat-file", "--batch-check"], { input: `${id}\n` });
    const [sha = "", found = ""] = stdout.trim().split(" ");
    if (!/^[0-9a-f]{40}$/.test(sha)) return null;
    this.#types.set(sha, found);
    return found === type ? sha : null;
  }

  head(branch: string): string | null {
    const file = join(this.path, "refs/heads", branch);
    if (existsSync(file)) return readFileSync(file, "utf8").trim();
    const { status, stdout } = this.#run(["rev-parse", "--verify", "--quiet", `refs/heads/${branch}`], {});
    return status === 0 ? stdout.trim() : null;
  }

  /** As git would write it. */
  #write(type: Type, bytes: Buffer): string {
    const { sha, packed } = gitObject(type, bytes);
    this.#types.set(sha, type);
    const folder = join(this.path, "objects", sha.slice(0, 2));
    const file = join(folder, sha.slice(2));
    if (existsSync(file)) return sha;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, packed, { mode: 0o444 });
    return sha;
  }

  blob(content: string): string {
    return this.#write("blob", Buffer.from(content));
  }

  read(blob: string): string {
    return this.git(["cat-file", "blob", blob]);
  }

  entries(tree: string): readonly Entry[] {
    const known = this.#trees.get(tree);
    if (known) return known;
    const read = this.git(["ls-tree", "-z", tree])
      .split("\0")
      .filter((line) => line !== "")
      .map((line) => {
        const [head = "", path = ""] = line.split("\t");
        const [mode = "", type = "", sha = ""] = head.split(" ");
        return { path, mode, type, sha };
      });
    if (this.#types.get(tree) === "tree") this.#trees.set(tree, read);
    return read;
  }

  /** Of the files alone, by their whole paths. */
  files(commit: string): readonly Entry[] {
    const below = (tree: string, prefix: string): readonly Entry[] =>
      this.entries(tree).flatMap((entry) => {
        const path = `${prefix}${entry.path}`;
        return entry.type === "tree" ? below(entry.sha, `${path}/`) : [{ ...entry, path }];
      });
    return below(this.one(commit).tree, "");
  }

  /** `sha: null` takes the path away. */
  tree(base: string | null, changes: readonly Change[]): string {
    let tree = base;
    for (const change of changes) {
      if (change.sha !== null && this.find(change.sha, change.type as Type) === null)
        throw new GitRefusal(422, "tree.sha does not exist");
      tree = this.#with(tree, change.path.split("/"), change);
    }
    return tree ?? this.#writeTree([]);
  }

  #with(
    tree: string | null,
    [name = "", ...rest]: readonly string[],
    { sha, ...leaf }: Change,
  ): string | null {
    const entries = tree === null ? [] : this.entries(tree);
    const there = entries.find(({ path }) => path === name);
    if (sha === null && !there) throw new GitRefusal(422, "GitRPC::BadObjectState");
    const others = entries.filter((each) => each !== there);
    if (rest.length === 0) {
      if (sha !== null) return this.#writeTree([...others, { ...leaf, path: name, sha }]);
      return others.length === 0 ? null : this.#writeTree(others);
    }
    const below = this.#with(there?.type === "tree" ? there.sha : null, rest, { ...leaf, sha });
    const inner = below === null ? [] : [{ path: name, mode: "040000", type: "tree", sha: below }];
    return others.length + inner.length === 0 ? null : this.#writeTree([...others, ...inner]);
  }

  #writeTree(entries: readonly Entry[]): string {
    const sorted = inGitsOrder(entries);
    const id = this.#write("tree", treeBytes(sorted));
    this.#trees.set(id, sorted);
    return id;
  }

  commit(
    tree: string,
    parents: readonly string[],
    message: string,
    author: Person,
    committer = author,
  ): string {
    if (this.find(tree, "tree") === null) throw new GitRefusal(422, "Tree SHA does not exist");
    for (const parent of parents)
      if (this.find(parent, "commit") === null)
        throw new GitRefusal(422, "Parent SHA does not exist or is not a commit object");
    const sha = this.#write("commit", commitBytes({ tree, parents, author, committer, message }));
    this.#commits.set(sha, { sha, tree, parents, author, committer, message });
    return sha;
  }

  create(ref: string, sha: string): void {
    if (this.find(sha, "commit") === null) throw new GitRefusal(422, "Object does not exist");
    const { status } = this.#run(["update-ref", ref, sha, "0".repeat(40)], {});
    if (status !== 0) throw new GitRefusal(422, "Reference already exists");
  }

  /** Forward only, without `force`; another writer between the look and the write makes it fail. */
  update(ref: string, sha: string, force: boolean): void {
    const old = this.head(ref.replace(/^refs\/heads\//, ""));
    if (old === null) throw new GitRefusal(422, "Reference does not exist");
    if (this.find(sha, "commit") === null) throw new GitRefusal(422, "Object does not exist");
    if (!force && !this.isAncestor(old, sha)) throw new GitRefusal(422, "Update is not a fast forward");
    const { status } = this.#run(["update-ref", ref, sha, old], {});
    if (status !== 0) throw new GitRefusal(409, "Reference cannot be updated");
  }

  isAncestor(old: string, newer: string): boolean {
    if (old === newer || this.#commits.get(newer)?.parents.includes(old)) return true;
    return this.#run(["merge-base", "--is-ancestor", old, newer], {}).status === 0;
  }

  mergeBase(one: string, other: string): string | null {
    const { status, stdout } = this.#run(["merge-base", one, other], {});
    return status === 0 ? stdout.trim() : null;
  }

  /** The commits of `git rev-list ARGS`, in its order. */
  list(...args: readonly string[]): readonly StoredCommit[] {
    return readCommits(this.git(["log", `--format=${COMMIT_FORMAT}`, ...args]));
  }

  one(commit: string): StoredCommit {
    const known = this.#commits.get(commit);
    if (known) return known;
    const [found] = this.list("-1", commit);
    if (!found) throw new GitRefusal(404, "Not Found");
    this.#commits.set(found.sha, found);
    return found;
  }

  /** What differs from the first parent, as `git diff-tree --name-status` says it, and the old name of what was renamed. */
  changes(commit: string): readonly Changed[] {
    const { parents } = this.one(commit);
    const [first] = parents;
    const from = first === undefined ? ["--root", commit] : [first, commit];
    const listed = ["diff-tree", "-r", "-z", "-M", "--no-commit-id", "--name-status", ...from];
    return readChanges(this.git(listed));
  }

  /** What brings the tree of the first parent to this commit's own. */
  differences(commit: string): readonly Change[] {
    const files = new Map(this.files(commit).map((entry) => [entry.path, entry]));
    const gone = (path: string) => ({ path, mode: "100644", type: "blob", sha: null });
    return this.changes(commit).flatMap(({ path, before }) => [
      ...(before === undefined ? [] : [gone(before)]),
      files.get(path) ?? gone(path),
    ]);
  }

  /** The tree of both, merged. Throws where they conflict. */
  mergedTree(one: string, other: string): string {
    return this.git(["merge-tree", "--write-tree", one, other]).trim();
  }
}
