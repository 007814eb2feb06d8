// From what every machine should have and what it has to what an apply would do, machine by machine, in its order.
import { type ActionClass, mostFelt } from "../model/action.ts";
import { type Cluster, type Node, ofRole, votersToSpare } from "../model/cluster.ts";
import { type NodeFile, publicText } from "../model/files.ts";
import { nodeFiles } from "../render/node-files.ts";
import type { Templates } from "../render/template.ts";
import { actionOf, couldCutOff } from "./desired.ts";
import { unifiedDiff } from "./diff.ts";
import { felt } from "./felt.ts";
import type { ObservedFile, ObservedMachine } from "./observed.ts";

export interface FilePlan {
  readonly path: string;
  readonly change: "added" | "changed" | "mode" | "removed";
  readonly action: ActionClass;
  /** A mistake in it could lock everybody out: apply has to be able to undo it. */
  readonly armed: boolean;
  /** Null where the machine's text cannot be shown. */
  readonly diff: readonly string[] | null;
}

export interface MachinePlan {
  readonly name: string;
  readonly role: Node["role"];
  readonly address: string;
  /** unknown: it could not be asked, and that is not the same as no change. */
  readonly state: "unchanged" | "changes" | "unknown";
  readonly problem: ObservedMachine["problem"];
  readonly files: readonly FilePlan[];
  readonly action: ActionClass;
  /** What its change leaves of the voters; null where it takes none away. */
  readonly quorum: { readonly stay: number; readonly of: number; readonly enough: boolean } | null;
  /** What users of the cluster feel. */
  readonly felt: string;
}

export interface Plan {
  readonly cluster: string;
  /** In the order in which they would be worked on: load balancers, the holder of the vip last; servers; agents. */
  readonly machines: readonly MachinePlan[];
}

/** The plan. `observed` may lack machines: those are unknown. */
export function makePlan(cluster: Cluster, templates: Templates, observed: readonly ObservedMachine[]): Plan {
  const seen = new Map(observed.map((machine) => [machine.name, machine]));
  const voters = observed.filter(({ voter }) => voter).map(({ name }) => name);
  const inOrder = [
    ...ofRole(cluster, "loadbalancer").toSorted(
      (one, other) => Number(seen.get(one.name)?.vip ?? false) - Number(seen.get(other.name)?.vip ?? false),
    ),
    ...ofRole(cluster, "server"),
    ...ofRole(cluster, "agent"),
  ];
  return {
    cluster: cluster.name,
    machines: inOrder.map((node) => machinePlan(cluster, node, templates, seen.get(node.name), voters)),
  };
}

function machinePlan(
  cluster: Cluster,
  node: Node,
  templates: Templates,
  machine: ObservedMachine | undefined,
  voters: readonly string[],
): MachinePlan {
  const { name, role, address } = node;
  const base = { name, role, address };
  if (!machine?.files) {
    const problem = machine?.problem ?? { message: "it was not asked", next: "ask again" };
    return { ...base, state: "unknown", problem, files: [], action: "none", quorum: null, felt: "" };
  }
  const desired = new Map(nodeFiles(cluster, node, templates).map((file) => [file.path as string, file]));
  const files = machine.files.map((file) => filePlan(file, desired.get(file.path)));
  const action = mostFelt(files.map((file) => file.action));
  const leaves = role === "server" && takesVoteAway(action) && voters.includes(name);
  const quorum = leaves ? quorumWithout(cluster, voters) : null;
  return {
    ...base,
    state: files.length === 0 ? "unchanged" : "changes",
    problem: null,
    files,
    action,
    quorum,
    felt: files.length === 0 ? "" : felt(cluster, node, action),
  };
}

function takesVoteAway(action: ActionClass): boolean {
  return action !== "none" && action !== "reload" && action !== "add";
}

/** While one voter is away, the others alone must be a majority of all (design: never below quorum by our hand). */
function quorumWithout(cluster: Cluster, voters: readonly string[]): MachinePlan["quorum"] {
  const of = Math.max(voters.length, ofRole(cluster, "server").length);
  const stay = voters.length - 1;
  return { stay, of, enough: stay >= of - votersToSpare(of) };
}

function filePlan(seen: ObservedFile, file: NodeFile | undefined): FilePlan {
  const { path } = seen;
  if (seen.is === "stale" || !file) {
    const text = "text" in seen ? seen.text : null;
    const action = seen.is === "stale" ? seen.action : "none";
    return {
      path,
      change: "removed",
      action,
      armed: couldCutOff({ path: path as `/${string}` }),
      diff: text === null ? null : unifiedDiff(text, null),
    };
  }
  const base = { path, action: actionOf(file.onChange), armed: couldCutOff(file) };
  const after = publicText(file.content);
  switch (seen.is) {
    case "missing":
      return { ...base, change: "added", diff: unifiedDiff(null, after) };
    case "mode":
      return { ...base, change: "mode", action: "none", diff: [`-mode ${seen.mode}`, `+mode ${file.mode}`] };
    case "different":
      return { ...base, change: "changed", diff: seen.text === null ? null : unifiedDiff(seen.text, after) };
  }
}
