// From what apply sees on the machines to what the record says of them.
import { isDeepStrictEqual } from "node:util";
import type { Cluster, Node } from "../model/cluster.ts";
import type { FileMap, NodeFile } from "../model/files.ts";
import type { RecordedMachine } from "../model/record.ts";
import type { MachinePlan } from "../plan/plan.ts";
import type { RecordStore } from "../record-store.ts";
import { gitTreeId } from "../render/git-tree.ts";
import { digestOf } from "../render/node-program.ts";
import { deriveSecret } from "../secrets/derive.ts";

export interface RecordingOf {
  readonly cluster: Cluster;
  readonly root: Uint8Array;
  /** All of out/. */
  readonly output: FileMap;
  readonly filesOf: (node: Node) => readonly NodeFile[];
  /** The commit whose config this is, where it is one. */
  readonly commit: string | null;
}

/** What the record says of a machine that has its files now. */
export function recordedMachine(
  { cluster, root, output, filesOf, commit }: RecordingOf,
  node: Node,
  action: MachinePlan["action"],
  result: RecordedMachine["result"],
): RecordedMachine {
  const key = { secret: `ssh-host-key-public/${node.name}`, generation: cluster.generations["ssh-host-key"] };
  return {
    role: node.role,
    address: node.address,
    tree: gitTreeId(output, `nodes/${node.name}`),
    digest: digestOf(filesOf(node)),
    action,
    result,
    k3s: node.role === "loadbalancer" ? "" : cluster.k3s.version,
    commit,
    hostKey: deriveSecret(root, key),
  };
}

/** True where the record says the same already: then nothing is written, and nothing is there to commit. */
export function isRecorded(known: RecordedMachine | undefined, now: RecordedMachine): boolean {
  // What was done last, and from which commit, is no news by itself.
  return known !== undefined && isDeepStrictEqual({ ...known, action: now.action, commit: now.commit }, now);
}

/** Writes a machine into the record, unless it says the same already; one that was removed is taken out of it. */
export function recorder(
  store: RecordStore,
  of: RecordingOf,
): (machine: Pick<MachinePlan, "name" | "action">, result: RecordedMachine["result"] | "removed") => void {
  return ({ name, action }, result) => {
    if (result === "removed") {
      if (store.record.machines.has(name)) store.remove(name);
      return;
    }
    const node = of.cluster.nodes.find((each) => each.name === name);
    if (!node) return;
    const now = recordedMachine(of, node, action, result);
    if (!isRecorded(store.record.machines.get(name), now)) store.set(name, now);
  };
}
