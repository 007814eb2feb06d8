// Git's objects as bytes and git's answers as values, for git-store.ts.
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

export interface StoredCommit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  /** `2026-01-01T00:00:00Z` */
  readonly date: string;
}

export interface Entry {
  readonly path: string;
  readonly mode: string;
  readonly type: string;
  readonly sha: string;
}

export type Type = "blob" | "tree" | "commit";
export type Change = Omit<Entry, "sha"> & { readonly sha: string | null };

/** Throws it where the repository has no such thing or does not allow it; the message is GitHub's. */
export class GitRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** As git names it, and as it lies on a disk. */
export function gitObject(type: Type, bytes: Buffer): { readonly sha: string; readonly packed: Buffer } {
  const object = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
  return { sha: createHash("sha1").update(object).digest("hex"), packed: deflateSync(object) };
}

/** Git sorts by bytes, and a folder as if a slash stood behind its name. */
export function inGitsOrder(entries: readonly Entry[]): readonly Entry[] {
  const key = ({ path, type }: Entry) => Buffer.from(type === "tree" ? `${path}/` : path);
  return entries.toSorted((one, other) => Buffer.compare(key(one), key(other)));
}

export function treeBytes(sorted: readonly Entry[]): Buffer {
  const parts = sorted.flatMap(({ path, mode, sha }) => [
    Buffer.from(`${mode.replace(/^0/, "")} ${path}\0`),
    Buffer.from(sha, "hex"),
  ]);
  return Buffer.concat(parts);
}

export function commitBytes({
  tree,
  parents,
  author,
  committer,
  message,
}: Omit<StoredCommit, "sha">): Buffer {
  const person = ({ name, email, date }: Person) => `${name} <${email}> ${Date.parse(date) / 1000} +0000`;
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${person(author)}`,
    `committer ${person(committer)}`,
    "",
    message,
  ];
  return Buffer.from(lines.join("\n"));
}

const FIELDS = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"];
/** For `git log`; `readCommits` reads it. */
export const COMMIT_FORMAT = `${FIELDS.join("%x00")}%x1e`;

export function readCommits(text: string): readonly StoredCommit[] {
  const person = ([name = "", email = "", date = ""]: readonly string[]): Person => ({
    name,
    email,
    date: new Date(date).toISOString().replace(/\.\d+Z$/, "Z"),
  });
  return text
    .split("\x1e\n")
    .filter((each) => each !== "")
    .map((each) => {
      const words = each.split("\0");
      const [sha = "", tree = "", parents = ""] = words;
      return {
        sha,
        tree,
        parents: parents === "" ? [] : parents.split(" "),
        author: person(words.slice(3, 6)),
        committer: person(words.slice(6, 9)),
        message: (words[9] ?? "").trimEnd(),
      };
    });
}

export interface Changed {
  /** `A`, `D`, `M`, `R100`, … */
  readonly status: string;
  readonly path: string;
  /** The name before, of what was renamed. */
  readonly before?: string;
}

/** What `git diff-tree -z --name-status` says. */
export function readChanges(text: string): readonly Changed[] {
  const words = text.split("\0");
  const found: Changed[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [status = "", path = ""] = [words[at], words[at + 1]];
    if (!/^[RC]/.test(status)) {
      found.push({ status, path });
      continue;
    }
    found.push({ status, before: path, path: words[at + 2] ?? "" });
    at += 1;
  }
  return found;
}
