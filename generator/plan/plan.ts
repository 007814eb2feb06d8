// From what every machine should have and what it has to what an apply would do, machine by machine, in its order.
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import type { Templates } from "../render/template.ts";
import { absence } from "./absent.ts";
import { type Known, NOTHING_KNOWN } from "./known.ts";
import { type MachinePlan, machinePlan, membersOf, removedMachine } from "./machine-plan.ts";
import type { ObservedMachine } from "./observed.ts";
import { type Refusal, refusals } from "./refusals.ts";

export type { FilePlan } from "./file-plan.ts";
export type { MachinePlan } from "./machine-plan.ts";

export interface Plan {
  readonly cluster: string;
  /** No machine was asked: the record stands for them. */
  readonly offline: boolean;
  /**
   * In the order in which they would be worked on: load balancers, the holder of the vip last; servers; agents. Of each kind
   * first those that do not work: the others need them. Last those that are recorded and not in the config any more.
   */
  readonly machines: readonly MachinePlan[];
  /** What no apply can bring to a running cluster. While there is one, nothing is to be applied. */
  readonly refusals: readonly Refusal[];
  /** What could not be looked at, as sentences for people. */
  readonly notes: readonly string[];
}

/** The plan. `observed` may lack machines: those are unknown. */
export function makePlan(
  cluster: Cluster,
  templates: Templates,
  observed: readonly ObservedMachine[],
  known: Known = NOTHING_KNOWN,
): Plan {
  const seen = new Map(observed.map((machine) => [machine.name, machine]));
  const names = new Set(cluster.nodes.map(({ name }) => name));
  const added = cluster.nodes.filter((node) => {
    const machine = seen.get(node.name);
    return !machine?.files && absence(node, machine, known).is === "add";
  });
  const context = {
    cluster,
    templates,
    known,
    refused: refusals(cluster, known.record, observed),
    voters: observed.filter(({ voter }) => voter).map(({ name }) => name),
    members: membersOf(cluster, known, new Set(added.map(({ name }) => name))),
    drained: new Set(observed.flatMap(({ drains }) => drains)),
  };
  const gone = [...(known.record?.machines ?? [])].filter(([name]) => !names.has(name));
  return {
    cluster: cluster.name,
    offline: known.offline,
    machines: [
      ...inOrder(cluster, seen).map((node) => machinePlan(context, node, seen.get(node.name))),
      ...gone.map(([name, machine]) => removedMachine(context, name, machine)),
    ],
    refusals: context.refused,
    notes: known.notes,
  };
}

function inOrder(cluster: Cluster, seen: ReadonlyMap<string, ObservedMachine>): Cluster["nodes"] {
  const last = (is: (machine: ObservedMachine) => boolean | null) => (one: Node, other: Node) =>
    [other, one].reduce((sum, { name }, index) => {
      const machine = seen.get(name);
      return sum + (machine && is(machine) === true ? 1 : 0) * (index === 0 ? -1 : 1);
    }, 0);
  const works = last(({ ready }) => ready);
  return [
    ...ofRole(cluster, "loadbalancer")
      .toSorted(works)
      .toSorted(last(({ vip }) => vip)),
    ...ofRole(cluster, "server").toSorted(works),
    ...ofRole(cluster, "agent").toSorted(works),
  ];
}
