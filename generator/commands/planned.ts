// The plan of this moment, for every verb that shows or executes one: what the machines have, or what the record says of them.
import { observe } from "../apply/observe.ts";
import { observeGone } from "../apply/observe-gone.ts";
import type { Remote } from "../apply/remote.ts";
import { presentable } from "../config/presentable.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import type { ObservedMachine } from "../plan/observed.ts";
import { goneMachines } from "../plan/order.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import { asObserved } from "../plan/recorded.ts";
import type { RunProgram } from "../program.ts";
import { type History, readHistory } from "../read-history.ts";
import { gitTreeId } from "../render/git-tree.ts";
import { renderCluster } from "../render/index.ts";
import { nodeFiles } from "../render/node-files.ts";
import type { Templates } from "../render/template.ts";

export interface PlanSources {
  /** The path of the config's file: git is asked beside it. */
  readonly config: string;
  readonly run: RunProgram;
  readonly templates: Templates;
  readonly record: ClusterRecord | null;
  /** What could not be looked at so far, as sentences for people. */
  readonly notes: readonly string[];
}

const NO_HISTORY: History = { baseline: new Map(), recorded: new Map(), notes: [], lacking: null };

/** Asks every machine at once. */
export async function planOfMachines(
  cluster: Cluster,
  remote: Remote,
  root: Uint8Array,
  sources: PlanSources,
): Promise<Plan> {
  const { templates, record } = sources;
  const observed = await Promise.all([
    ...cluster.nodes.map((node) =>
      observe(remote, cluster, node, nodeFiles(cluster, node, templates), root, record),
    ),
    ...goneMachines(cluster, record).map((gone) => observeGone(remote, cluster, gone)),
  ]);
  const differing = observed.flatMap(({ name, files }) => (files && files.length > 0 ? [name] : []));
  const history = await historyOf(differing, sources);
  return planFrom(cluster, observed, history, sources, false);
}

/** Asks nobody: the record and git's history stand for the machines. Needs no secret and no network. */
export async function planOfRecord(cluster: Cluster, sources: PlanSources): Promise<Plan> {
  const { record, templates } = sources;
  const rendered = record ? renderCluster(cluster, templates) : new Map();
  const recorded = cluster.nodes.filter(({ name }) => record?.machines.has(name));
  const same = new Set(
    recorded
      .filter(({ name }) => record?.machines.get(name)?.tree === gitTreeId(rendered, `nodes/${name}`))
      .map(({ name }) => name),
  );
  const differing = recorded.map(({ name }) => name).filter((name) => !same.has(name));
  const history = await historyOf(differing, sources);
  const observed = [
    ...recorded.map((node) =>
      same.has(node.name) ? standingFor(node, []) : fromHistory(cluster, node, history, sources),
    ),
    ...goneMachines(cluster, record).map((gone) => standingFor(gone, [])),
  ];
  return planFrom(cluster, observed, history, sources, true);
}

async function historyOf(names: readonly string[], { run, config, record }: PlanSources): Promise<History> {
  return record && names.length > 0 ? readHistory(run, config, record, names) : NO_HISTORY;
}

function planFrom(
  cluster: Cluster,
  observed: readonly ObservedMachine[],
  { baseline, recorded, notes }: History,
  sources: PlanSources,
  offline: boolean,
): Plan {
  const { templates, record } = sources;
  return makePlan(cluster, templates, observed, {
    record,
    baseline,
    recorded,
    offline,
    notes: [...sources.notes, ...notes],
  });
}

function fromHistory(
  cluster: Cluster,
  node: Node,
  { recorded, lacking }: History,
  { templates, record }: PlanSources,
): ObservedMachine {
  const files = recorded.get(node.name);
  if (files) return standingFor(node, asObserved(nodeFiles(cluster, node, templates), files, presentable));
  const tree = record?.machines.get(node.name)?.tree.slice(0, 12) ?? "";
  const message = `what was last applied to it (git tree ${tree}) cannot be read: ${lacking?.message ?? "it holds no list of files"}`;
  return { ...standingFor(node, null), problem: { message, next: lacking?.next ?? "npx quorate plan" } };
}

/** The record knows no more of a machine than that it was there: each server counts as a voter. */
function standingFor(
  { name, role }: Pick<Node, "name" | "role">,
  files: ObservedMachine["files"],
): ObservedMachine {
  return {
    name,
    files,
    problem: null,
    k3s: "",
    voter: role === "server",
    vip: null,
    ready: true,
    unfinished: null,
    unconfirmed: false,
    cordoned: false,
    drains: [],
  };
}
