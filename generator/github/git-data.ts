// Git's own objects through GitHub's API: a commit with its tree, the entries of a tree, a text, where a branch points.
import type { FileMap } from "../model/files.ts";
import type { Github } from "./client.ts";
import type { Repository } from "./context.ts";
import { GithubFailure } from "./failure.ts";

export interface TreeEntry {
  readonly path: string;
  readonly mode: "100644" | "100755" | "040000" | "160000" | "120000";
  readonly type: "blob" | "tree" | "commit";
  readonly sha: string;
}

export interface NewCommit {
  readonly message: string;
  readonly tree: string;
  readonly parents: readonly string[];
}

export interface MadeCommit {
  readonly sha: string;
  readonly url: string;
  readonly signature: Signature;
}

export interface Signature {
  readonly verified: boolean;
  /** GitHub's word: `valid`, `unsigned`, … */
  readonly reason: string;
}

/** One repository's objects. Every function rejects with a GithubFailure. */
export interface GitData {
  /** The commit that the branch points to; null where there is no such branch. */
  readonly head: (branch: string) => Promise<string | null>;
  readonly treeOf: (commit: string) => Promise<string>;
  /** Of one folder; null for a tree. */
  readonly entries: (tree: string) => Promise<readonly TreeEntry[]>;
  readonly text: (blob: string) => Promise<string>;
  /** A tree of exactly these files. */
  readonly folder: (files: FileMap) => Promise<string>;
  /** A tree with these entries set, all else as in `base`; without `base` nothing else. */
  readonly tree: (base: string | null, entries: readonly (TreeEntry | NewFile)[]) => Promise<string>;
  readonly commit: (commit: NewCommit) => Promise<MadeCommit>;
  /** Makes the branch, or moves it forward from what the commit's parents are. */
  readonly point: (branch: string, commit: string, exists: boolean) => Promise<void>;
  /** Whether `later` is that commit or has it among its ancestors. */
  readonly contains: (later: string, commit: string) => Promise<boolean>;
}

export interface NewFile {
  readonly path: string;
  readonly mode: "100644" | "100755";
  readonly type: "blob";
  readonly content: string;
}

/** The entry of a text that nobody runs. */
export function textEntry(path: string, content: string): NewFile {
  return { path, mode: "100644", type: "blob", content };
}

export function gitData({ rest: { git, repos } }: Github, repo: Repository): GitData {
  const tree: GitData["tree"] = async (base, entries) => {
    const { data } = await git.createTree({
      ...repo,
      tree: [...entries],
      ...(base !== null && { base_tree: base }),
    });
    return data.sha;
  };
  return {
    tree,
    head: async (branch) => {
      try {
        return (await git.getRef({ ...repo, ref: `heads/${branch}` })).data.object.sha;
      } catch (error) {
        if (error instanceof GithubFailure && error.status === 404) return null;
        throw error;
      }
    },
    treeOf: async (commit) => (await git.getCommit({ ...repo, commit_sha: commit })).data.tree.sha,
    entries: async (sha) => (await git.getTree({ ...repo, tree_sha: sha })).data.tree as readonly TreeEntry[],
    text: async (sha) => {
      const { data } = await git.getBlob({ ...repo, file_sha: sha });
      return Buffer.from(data.content, "base64").toString("utf8");
    },
    folder: (files) =>
      tree(
        null,
        [...files].map(([path, { text, executable }]) => ({
          path,
          mode: executable ? "100755" : "100644",
          type: "blob",
          content: text,
        })),
      ),
    commit: async ({ message, tree, parents }) => {
      // Neither author nor committer: only then does GitHub sign what a job's token commits.
      // https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
      const { data } = await git.createCommit({ ...repo, message, tree, parents: [...parents] });
      const { verified, reason } = data.verification;
      return { sha: data.sha, url: data.html_url, signature: { verified, reason } };
    },
    point: async (branch, sha, exists) => {
      if (exists) await git.updateRef({ ...repo, ref: `heads/${branch}`, sha, force: false });
      else await git.createRef({ ...repo, ref: `refs/heads/${branch}`, sha });
    },
    contains: async (later, commit) => {
      if (later === commit) return true;
      const basehead = `${commit}...${later}`;
      try {
        const { data } = await repos.compareCommitsWithBasehead({ ...repo, basehead, per_page: 1 });
        return data.status === "ahead" || data.status === "identical";
      } catch (error) {
        // Two that have no ancestor in common: GitHub does not compare them.
        if (error instanceof GithubFailure && error.status === 404) return false;
        throw error;
      }
    },
  };
}
