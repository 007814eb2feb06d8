// The record on this computer's disk: written machine by machine, whole each time, so that it is true at every moment.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "./failure.ts";
import {
  type ClusterRecord,
  type RecordedCluster,
  type RecordedMachine,
  recordText,
} from "./model/record.ts";
import { syncFolder } from "./private-file.ts";

export interface RecordStore {
  readonly record: ClusterRecord;
  /** Writes what runs on a machine now. Throws a Failure where the file cannot be written. */
  readonly set: (name: string, machine: RecordedMachine) => void;
  /** The same for a machine that is no part of the cluster any more. */
  readonly remove: (name: string) => void;
}

/** `known`: what was recorded before. Nothing is written before the first `set`. */
export function openRecordStore(
  path: string,
  cluster: RecordedCluster,
  known: ClusterRecord | null,
): RecordStore {
  let record: ClusterRecord = { cluster, machines: known?.machines ?? new Map() };
  const keep = (machines: ClusterRecord["machines"]) => {
    const next = { cluster, machines };
    write(path, recordText(next));
    record = next;
  };
  return {
    get record() {
      return record;
    },
    set: (name, machine) => keep(new Map([...record.machines, [name, machine]])),
    remove: (name) => keep(new Map([...record.machines].filter(([each]) => each !== name))),
  };
}

/** No cluster is recorded any more. Throws a Failure. */
export function removeRecord(path: string): void {
  try {
    rmSync(path, { force: true });
    syncFolder(dirname(path));
  } catch (error) {
    throw new Failure(
      `the record cannot be removed (${path}): ${(error as Error).message}`,
      "remove that file: it tells of a cluster that is gone",
      error,
    );
  }
}

function write(path: string, text: string): void {
  // A name that render takes away, should it stay behind.
  const staged = `${path}.quorate-new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(staged, "w");
    try {
      // In as many writes as it takes: one alone may end in the midst, and says so only in what it returns.
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(staged, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw new Failure(
      `the record cannot be written to ${path}: ${(error as Error).message}`,
      "make room or make the folder writable, then run apply again: it sees what runs on the machines",
      error,
    );
  }
}
