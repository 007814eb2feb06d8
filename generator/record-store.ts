// The record on this computer's disk: written machine by machine, whole each time, so that it is true at every moment.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from "node:fs";
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
}

/** `known`: what was recorded before. Nothing is written before the first `set`. */
export function openRecordStore(
  path: string,
  cluster: RecordedCluster,
  known: ClusterRecord | null,
): RecordStore {
  let record: ClusterRecord = { cluster, machines: known?.machines ?? new Map() };
  return {
    get record() {
      return record;
    },
    set: (name, machine) => {
      const next = { cluster, machines: new Map([...record.machines, [name, machine]]) };
      write(path, recordText(next));
      record = next;
    },
  };
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
