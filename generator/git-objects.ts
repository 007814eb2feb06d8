// What git still has of earlier times: the files of a tree, a file of a commit. It only reads, and never asks a server.
import type { RunProgram } from "./program.ts";

const LIMIT_MS = 20_000;

/** Reads objects of the repository that a folder lies in. */
export interface GitObjects {
  /** The texts of all files below a tree, by their paths in it; null where it is not in this repository. */
  readonly filesOf: (tree: string) => Promise<ReadonlyMap<string, string> | null>;
  /** The text of a file, named relative to the folder, as it was in that commit; null where it is not to be had. */
  readonly textAt: (commit: string, file: string) => Promise<string | null>;
  /** Why an object can be missing, and what a person can do about it. */
  readonly lacking: () => Promise<{ readonly message: string; readonly next: string }>;
}

/** Asks git anew for everything; rejects for nothing that git says. */
export function gitObjects(run: RunProgram, folder: string): GitObjects {
  // A partial clone would fetch what it lacks: with no such protocol it cannot, whatever is configured (git(1), GIT_ALLOW_PROTOCOL).
  const git = (args: readonly string[], input = "") =>
    run("git", ["-C", folder, "--no-pager", ...args], {
      input,
      limit: LIMIT_MS,
      environment: { GIT_TERMINAL_PROMPT: "0", GIT_ALLOW_PROTOCOL: "none" },
    });
  return {
    filesOf: async (tree) => {
      // Without --full-tree only what lies below this folder's own path would be listed (git-ls-tree(1)).
      const listed = await git(["ls-tree", "-r", "-z", "--full-tree", tree]);
      if (listed.status !== 0) return null;
      const entries = listed.stdout
        .toString("utf8")
        .split("\0")
        .flatMap((line) => {
          const [, id, path] = /^100\d+ blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
          return id === undefined || path === undefined ? [] : [{ id, path }];
        });
      const ids = [...new Set(entries.map(({ id }) => id))];
      const { status, stdout } = await git(["cat-file", "--batch"], ids.map((id) => `${id}\n`).join(""));
      const texts = status === 0 ? blobs(stdout) : new Map<string, string>();
      const files = entries.flatMap(({ id, path }) => {
        const text = texts.get(id);
        return text === undefined ? [] : [[path, text] as const];
      });
      return files.length === entries.length ? new Map(files) : null;
    },
    textAt: async (commit, file) => {
      const { status, stdout } = await git(["cat-file", "blob", `${commit}:./${file}`]);
      return status === 0 ? stdout.toString("utf8") : null;
    },
    lacking: async () => {
      const { status, stdout, missing } = await git(["rev-parse", "--is-shallow-repository"]);
      if (missing) return { message: "there is no git on this computer", next: "install git" };
      if (status !== 0)
        return {
          message: "the config lies in no git repository here",
          next: "run it in the clone where applies are committed",
        };
      return stdout.toString("utf8").trim() === "true"
        ? { message: "this clone has only the newest commits", next: "git fetch --unshallow" }
        : { message: "it is not in this repository", next: "git fetch --all" };
    },
  };
}

/** `cat-file --batch` answers `ID TYPE SIZE\n`, so many bytes and a newline, each; `ID missing` for what is not there. */
function blobs(output: Buffer): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf("\n", at);
    if (end === -1) break;
    const [id = "", type, size = ""] = output.subarray(at, end).toString("utf8").split(" ");
    at = end + 1;
    if (type !== "blob") continue;
    texts.set(id, output.subarray(at, at + Number(size)).toString("utf8"));
    at += Number(size) + 1;
  }
  return texts;
}
