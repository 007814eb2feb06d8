// The part of pipeline apply that commits: out/ as render makes it of what was applied, and the record of what runs where.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mergedRecord } from "../apply/merged-record.ts";
import { Failure } from "../failure.ts";
import { commitState, type Committed } from "../github/commit.ts";
import { persistently } from "../github/persistently.ts";
import { type ClusterRecord, parseRecord, recordText } from "../model/record.ts";
import type { Intent } from "./apply-intent.ts";
import type { Job } from "./pipeline-job.ts";

/** The text of the record beside the config; null where there is none. */
export function writtenRecord(config: string): string | null {
  try {
    return readFileSync(join(dirname(config), "out/applied.json"), "utf8");
  } catch {
    return null;
  }
}

/**
 * Commits, where anything differs. `written`: the record that this apply has written; null: it had nothing to write. Null where
 * nothing was ever applied. GitHub that does not answer is asked again. Rejects with a Failure.
 */
export async function commitApplied(
  job: Job,
  { cluster, output, record }: Intent,
  written: string | null,
): Promise<Committed | null> {
  const { github, context, branch } = job;
  const known = written ?? (record && recordText(record));
  if (known === null) return null;
  const committed = await persistently(github, () =>
    commitState(github, {
      repo: context.repository,
      branch: cluster.state.branch ?? branch,
      source: context.sha,
      apart: cluster.state.branch !== null,
      files: output,
      record: (theirs) => withTheirs(record, written, theirs) ?? known,
      message: `Record what runs on ${cluster.name}\n\nSource: ${context.sha}\nRun: ${context.run.url}`,
    }),
  );
  if (committed.did === "committed" && !committed.signature.verified) {
    const message = `the commit ${committed.commit.slice(0, 12)} is not signed: ${committed.signature.reason}`;
    job.annotate({ level: "notice", title: "apply", message });
  }
  return committed;
}

/** What stands on the branch now may be of another apply, which has ended since `before` was read. Null: nothing stands there. */
function withTheirs(
  before: ClusterRecord | null,
  written: string | null,
  theirs: string | null,
): string | null {
  if (theirs === null || written === null) return theirs;
  const [own, other] = [parseRecord(written), parseRecord(theirs)];
  if (!own.ok) throw new Error(`the record that was written is none: ${own.reason}`);
  const merged = other.ok ? mergedRecord(before, own.record, other.record) : null;
  if (merged) return recordText(merged);
  throw new Failure(
    `the record on the branch is ${other.ok ? "of another cluster" : `not one that this Quorate reads: ${other.reason}`}`,
    "put out/applied.json there as the last apply committed it, then run the job again: it records what runs on the machines, and changes nothing on them",
  );
}
