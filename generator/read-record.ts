// Finds the record: beside the config, and on the branch that everybody shares, which may know more.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { printable } from "./config/printable.ts";
import { Failure } from "./failure.ts";
import { gitObjects } from "./git-objects.ts";
import { branchText, type Shared, sharedText } from "./git.ts";
import { type ClusterRecord, parseRecord } from "./model/record.ts";
import type { RunProgram } from "./program.ts";

const RECORD = "out/applied.json";

export interface FoundRecord {
  readonly record: ClusterRecord | null;
  /** Why the shared branch could not be looked at, for people; null where it was. */
  readonly problem: string | null;
}

export interface RecordPlace {
  /** The branch of its own that holds it (`state.branch`); null: the one of the config. */
  readonly branch: string | null;
  /** False: no server is asked; of a branch of its own, what was last seen of it counts. */
  readonly fetches: boolean;
}

/**
 * The record on the shared branch, else the one beside the config; that one too where it knows more: an apply has written it
 * and nobody has committed or pushed it yet. Throws a Failure for one that cannot be read.
 */
export async function readRecord(
  config: string,
  run: RunProgram,
  { branch, fetches }: RecordPlace,
): Promise<FoundRecord> {
  const folder = dirname(config);
  const here = readLocal(join(folder, RECORD));
  const shared = await lookAt(run, folder, { branch, fetches });
  const problem = shared.problem === null ? null : printable(shared.problem);
  if (shared.text !== null && (here === null || !shared.behind))
    return { record: parsed(shared.text, `${RECORD} on the shared branch`), problem };
  return { record: here === null ? null : parsed(here, join(folder, RECORD)), problem };
}

/**
 * The record as a pull request finds it: on the branch of its own as it was last seen, else in the commit that it goes into.
 * What the pull request itself has in that place is not looked at. Throws a Failure for one that cannot be read.
 */
export async function recordBefore(
  config: string,
  run: RunProgram,
  branch: string | null,
  commit: string,
): Promise<ClusterRecord | null> {
  const folder = dirname(config);
  const own = branch === null ? null : (await branchText(run, folder, RECORD, branch, false)).text;
  if (own !== null) return parsed(own, `${RECORD} on the branch ${branch}`);
  const text = await gitObjects(run, folder).textAt(commit, RECORD);
  return text === null ? null : parsed(text, `${RECORD} in commit ${commit.slice(0, 12)}`);
}

function lookAt(run: RunProgram, folder: string, { branch, fetches }: RecordPlace): Promise<Shared> {
  if (branch !== null) return branchText(run, folder, RECORD, branch, fetches);
  if (fetches) return sharedText(run, folder, RECORD);
  return Promise.resolve({ text: null, behind: true, problem: "nobody looked" });
}

function readLocal(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new Failure(`cannot read ${path}: ${message}`, "make it readable for yourself", error);
  }
}

function parsed(text: string, where: string): ClusterRecord {
  const read = parseRecord(text);
  if (read.ok) return read.record;
  throw new Failure(
    `${where} is not a record that this Quorate reads: ${read.reason}`,
    "get it as the last apply committed it (git checkout -- out/applied.json), or use the newer Quorate that wrote it",
  );
}
