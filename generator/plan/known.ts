// What is known besides the machines' own answers: the record, and what git still has of its time.
import type { Cluster } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import type { RecordedFiles } from "./recorded.ts";

export interface Known {
  readonly record: ClusterRecord | null;
  /** By commit of the record: the cluster of the config as it was then. Lacks those that nobody could read. */
  readonly baseline: ReadonlyMap<string, Cluster>;
  /** By machine: what was last applied to it. Lacks those that nobody could read. */
  readonly recorded: ReadonlyMap<string, RecordedFiles>;
  /** No machine was asked: the record stands for them. */
  readonly offline: boolean;
  /** What could not be looked at, as sentences for people. */
  readonly notes: readonly string[];
}

export const NOTHING_KNOWN: Known = {
  record: null,
  baseline: new Map(),
  recorded: new Map(),
  offline: false,
  notes: [],
};
