// From what every machine should have and what it has to what an apply would do, machine by machine, in its order.
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import type { Templates } from "../render/template.ts";
import { isComing } from "./absent.ts";
import { goneMachine } from "./gone-machine.ts";
import { type Known, NOTHING_KNOWN } from "./known.ts";
import { type MachinePlan, machinePlan, membersOf } from "./machine-plan.ts";
import type { ObservedMachine } from "./observed.ts";
import { type Entry, goneMachines, inOrder } from "./order.ts";
import { cannotGo, type Count, quorumAfter, withBack, withJoined, withoutServer } from "./quorum.ts";
import { type Refusal, refusals } from "./refusals.ts";

export type { FilePlan } from "./file-plan.ts";
export type { MachinePlan } from "./machine-plan.ts";

export interface Plan {
  readonly cluster: string;
  /** No machine was asked: the record stands for them. */
  readonly offline: boolean;
  /**
   * In the order in which they would be worked on (order.ts), those that are recorded and not in the config any more among
   * them.
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
  const added = new Set(
    cluster.nodes.filter((node) => isComing(node, seen.get(node.name), known)).map(({ name }) => name),
  );
  const gone = goneMachines(cluster, known.record);
  const order = inOrder(cluster, seen, added, gone);
  const voters = new Set(observed.filter(({ voter }) => voter).map(({ name }) => name));
  const silent = ofRole(cluster, "server")
    .map(({ name }) => name)
    .filter((name) => !added.has(name) && !voters.has(name));
  const given = refusals(cluster, known.record, observed);
  const steps = counted(order, { voters, members: membersOf(cluster, known, added), joining: [] }, added);
  const stuck = steps.flatMap(({ entry, count }) => {
    if (!("gone" in entry) || entry.gone.role !== "server" || voters.size === 0) return [];
    const after = quorumAfter(count, entry.gone.name);
    return after.enough ? [] : [cannotGo(entry.gone.name, after, silent)];
  });
  const refused = [...given, ...stuck];
  const context = {
    cluster,
    templates,
    known,
    refused,
    added,
    drained: new Set(observed.flatMap(({ drains }) => drains)),
  };
  return {
    cluster: cluster.name,
    offline: known.offline,
    machines: steps.map(({ entry, count }, turn) => {
      if ("gone" in entry) return goneMachine(context, entry.gone, seen.get(entry.gone.name), count);
      const back = order.slice(0, turn).flatMap((each) => ("node" in each ? returning(each.node, seen) : []));
      return machinePlan(context, entry.node, seen.get(entry.node.name), withBack(count, back));
    }),
    refusals: refused,
    notes: known.notes,
  };
}

/**
 * The name of a server that answers and is not well, perhaps since an apply died while K3s restarted there: an apply goes on
 * when it is, or stops, and the next one's gate asks whether it votes by then. One that is silent is not worked on.
 */
function returning({ name, role }: Node, seen: ReadonlyMap<string, ObservedMachine>): readonly string[] {
  const machine = seen.get(name);
  return role === "server" && machine?.files && !machine.ready ? [name] : [];
}

interface Step {
  readonly entry: Entry;
  /** Of etcd, when its turn comes. */
  readonly count: Count;
}

/** What etcd counts at each turn, where everything before it has gone as planned. */
function counted(order: readonly Entry[], first: Count, added: ReadonlySet<string>): readonly Step[] {
  let count = first;
  return order.map((entry) => {
    const step = { entry, count };
    if ("gone" in entry) {
      if (entry.gone.role === "server") count = withoutServer(count, entry.gone.name);
    } else if (entry.node.role === "server" && added.has(entry.node.name)) {
      count = withJoined(count, entry.node.name);
    }
    return step;
  });
}
