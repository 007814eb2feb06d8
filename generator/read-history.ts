// What git knows of the last apply to each machine: the files that it was given, and the config that they were made from.
import { basename, dirname } from "node:path";
import { parseConfig } from "./config/parse.ts";
import { gitObjects } from "./git-objects.ts";
import type { Cluster } from "./model/cluster.ts";
import type { ClusterRecord } from "./model/record.ts";
import { listed } from "./model/words.ts";
import { type RecordedFiles, recordedFiles } from "./plan/recorded.ts";
import type { RunProgram } from "./program.ts";

export interface History {
  /** By commit; lacks those of which the config cannot be read. */
  readonly baseline: ReadonlyMap<string, Cluster>;
  /** By machine; lacks those whose tree is not in the repository. */
  readonly recorded: ReadonlyMap<string, RecordedFiles>;
  /** What is not known, as sentences for people, each with what to do. */
  readonly notes: readonly string[];
  /** Why a tree is not to be had, and what to do about it. */
  readonly lacking: { readonly message: string; readonly next: string } | null;
}

/** Of these machines of the record. Reads git beside the config only. */
export async function readHistory(
  run: RunProgram,
  config: string,
  { machines }: ClusterRecord,
  names: readonly string[],
): Promise<History> {
  const git = gitObjects(run, dirname(config));
  const wanted = names.flatMap((name) => {
    const machine = machines.get(name);
    return machine ? [{ name, ...machine }] : [];
  });
  const baseline = new Map<string, Cluster>();
  const faults = new Map<string, string>();
  for (const commit of new Set(wanted.flatMap((machine) => machine.commit ?? []))) {
    const text = await git.textAt(commit, basename(config));
    const { cluster } = text === null ? {} : parseConfig(text);
    if (cluster) baseline.set(commit, cluster);
    else
      faults.set(
        commit,
        text === null
          ? `commit ${commit.slice(0, 12)} of the record, or the config in it, is not in this repository`
          : `the config of commit ${commit.slice(0, 12)} has an error for this Quorate`,
      );
  }
  const recorded = new Map<string, RecordedFiles>();
  const known = new Map<string, RecordedFiles | null>();
  for (const { name, tree } of wanted) {
    if (!known.has(tree)) known.set(tree, filesOnMachine(await git.filesOf(tree)));
    const files = known.get(tree);
    if (files) recorded.set(name, files);
  }
  const complete = faults.size === 0 && recorded.size === wanted.length;
  const lacking = complete ? null : await git.lacking();
  const unsaved = wanted.filter(({ commit }) => commit === null).map(({ name }) => name);
  const notes = [
    ...[...faults.values()].map((fault) => `it is not known why something changes: ${fault}`),
    ...(faults.size > 0 && lacking ? [`to know it: ${lacking.next}`] : []),
    ...(unsaved.length > 0
      ? [
          `it is not known why something changes on ${listed(unsaved)}: its config was not committed when it was last applied`,
        ]
      : []),
  ];
  return { baseline, recorded, notes, lacking };
}

const FILES = "files/";

function filesOnMachine(files: ReadonlyMap<string, string> | null): RecordedFiles | null {
  if (!files) return null;
  const texts = [...files].flatMap(([path, text]) =>
    path.startsWith(FILES) ? [[`/${path.slice(FILES.length)}`, text] as const] : [],
  );
  return recordedFiles(new Map(texts));
}
