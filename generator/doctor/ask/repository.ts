// Asks the checkout: its remote, its workflow files, and git about secrets among what is committed. Changes nothing.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { printable } from "../../config/printable.ts";
import { remoteAddress, wouldBeCommitted } from "../../git.ts";
import { fullNameOf } from "../../github/repository.ts";
import type { Cluster } from "../../model/cluster.ts";
import type { RunProgram } from "../../program.ts";
import { rootSecretPath } from "../../secrets/root.ts";
import { searchableSecrets } from "../../secrets/searchable.ts";
import type { Place, RepositoryAnswers, WorkflowFile } from "../repository.ts";
import { readWorkflow } from "../workflow.ts";

export interface AskingRepository {
  readonly config: string;
  readonly cluster: Cluster;
  readonly run: RunProgram;
  /** The cluster's secret; null: it is not known here. */
  readonly root: Uint8Array | null;
  readonly shipped: Readonly<Record<string, string>>;
  /** GITHUB_SERVER_URL or GH_HOST, for a GitHub of one's own. */
  readonly server: string | undefined;
}

/** A repository may have very many files. */
const SEARCH_MS = 60_000;
const FOLDER = ".github/workflows";

/** Rejects for nothing that a repository may be. */
export async function askRepository(asking: AskingRepository): Promise<RepositoryAnswers> {
  const { config, run, shipped, server } = asking;
  const folder = dirname(config);
  const git = (...args: readonly string[]) => run("git", ["-C", folder, ...args]);
  const [remote, top] = await Promise.all([remoteAddress(run, folder), git("rev-parse", "--show-toplevel")]);
  const whole = top.status === 0 ? top.stdout.toString("utf8").replace(/\n$/, "") : null;
  const [ignored, below, once, holding] = await Promise.all([
    whole === null ? null : wouldBeCommitted(run, rootSecretPath(config)).then((would) => !would),
    git("ls-files", "-z", "--", ":(top,glob)**/.secrets/**"),
    git("log", "--all", "-1", "--format=%h", "--", ":(top,glob)**/.secrets/**"),
    whole === null ? null : filesHolding(asking, whole),
  ]);
  return {
    remote: remote === null ? null : printable(remote),
    place: remote === null ? null : placeOf(remote, server),
    workflows: readWorkflows(join(whole ?? folder, FOLDER)),
    shipped,
    ignored,
    below: below.status === 0 ? namesIn(below.stdout) : [],
    once: once.status === 0 ? once.stdout.toString("utf8").trim() || null : null,
    holding,
  };
}

/** Where on GitHub a remote's address leads to; null: elsewhere. */
export function placeOf(remote: string, server: string | undefined): Place | null {
  const name = fullNameOf(remote);
  const [, host = ""] = /^(?:\w+:\/\/)?(?:[^/@]*@)?([\w.-]+)/.exec(remote) ?? [];
  const own = (server ?? "").replace(/^\w+:\/\//, "").replace(/\/.*$/, "");
  // ssh.github.com: the same on port 443.
  const known = host === "ssh.github.com" ? "github.com" : host.toLowerCase();
  if (name === null || !(known === "github.com" || known.endsWith(".ghe.com") || known === own)) return null;
  const [owner = "", repo = ""] = name.split("/");
  return { host: known, owner, repo };
}

/** What git compares by: a line end of Windows is no change. */
export function workflowSum(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
}

function readWorkflows(folder: string): readonly WorkflowFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  } catch {
    return [];
  }
  return names.toSorted().map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return { file: printable(name), sum: workflowSum(text), workflow: readWorkflow(printable(name), text) };
  });
}

/** The forms of the secrets go in by standard input: an argument can be seen by everybody on this computer. */
async function filesHolding(
  { run, root, cluster }: AskingRepository,
  whole: string,
): Promise<readonly string[] | null> {
  if (!root) return null;
  const found = await run(
    "git",
    ["-C", whole, "grep", "--text", "--ignore-case", "--fixed-strings", "-l", "-z", "-f", "-"],
    { input: `${searchableSecrets(root, cluster).join("\n")}\n`, limit: SEARCH_MS },
  );
  // 1: it is in no file.
  if (found.status !== 0 && found.status !== 1) return null;
  return namesIn(found.stdout);
}

function namesIn(stdout: Buffer): readonly string[] {
  return stdout
    .toString("utf8")
    .split("\0")
    .filter((name) => name !== "")
    .map(printable);
}
