// One machine of a plan: what would be done to it, what that leaves of the voters, how it is felt and why it comes.
import { type ActionClass, mostFelt } from "../model/action.ts";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { nodeFiles } from "../render/node-files.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import type { Templates } from "../render/template.ts";
import { absence, isJoining, movedFrom } from "./absent.ts";
import { type Views, why } from "./cause.ts";
import { felt, stops } from "./felt.ts";
import { type FilePlan, filePlan } from "./file-plan.ts";
import type { Known } from "./known.ts";
import type { ObservedMachine } from "./observed.ts";
import { type Count, type Quorum, quorumWithout } from "./quorum.ts";
import type { Refusal } from "./refusals.ts";

export interface MachinePlan {
  readonly name: string;
  readonly role: Node["role"];
  readonly address: string;
  /** unknown: it could not be asked, and that is not the same as no change. */
  readonly state: "unchanged" | "changes" | "unknown";
  /** What a person has to do about it: it could not be asked, is refused, or no apply does it. */
  readonly problem: ObservedMachine["problem"];
  readonly files: readonly FilePlan[];
  readonly action: ActionClass;
  /** What its change leaves of the voters; null where it takes none away. */
  readonly quorum: Quorum | null;
  /** What users of the cluster feel. */
  readonly felt: string;
  /** Something that works now stops working, and nothing else takes over: apply wants to be told that this is meant. */
  readonly outage: boolean;
  /** Where the change comes from, in words; null where nothing changes or nobody knows. */
  readonly why: string | null;
  /** Its files are right, and why they are not in force or it does not work; null where there is nothing of that. */
  readonly unfinished: string | null;
  /** It undoes its last change by itself, unless that is confirmed. */
  readonly unconfirmed: boolean;
  /** An earlier apply took it out of service and ended before it took it back. */
  readonly closed: boolean;
  /** It says of itself that it is ready. */
  readonly ready: boolean;
}

/** What the machines of one plan have in common. */
export interface PlanContext {
  readonly cluster: Cluster;
  readonly templates: Templates;
  readonly known: Known;
  readonly refused: readonly Refusal[];
  /** Names of the machines that nothing was applied to yet. */
  readonly added: ReadonlySet<string>;
  /** Names of the machines that a load balancer sends nobody to, because an apply ended early. */
  readonly drained: ReadonlySet<string>;
}

/** Of a machine on which nothing is done. */
export const NOTHING = {
  files: [],
  action: "none",
  quorum: null,
  felt: "",
  outage: false,
  why: null,
  unfinished: null,
  unconfirmed: false,
  closed: false,
  ready: false,
} as const;

/** A machine of the config. `count`: of etcd, when its turn comes. */
export function machinePlan(
  context: PlanContext,
  node: Node,
  machine: ObservedMachine | undefined,
  count: Count,
): MachinePlan {
  const { cluster, known } = context;
  const { name, role, address } = node;
  const base = { name, role, address };
  const refusal = refusalOf(context, name);
  if (!machine?.files || isJoining(node, machine, known)) {
    const { is, problem } = absence(node, machine, known);
    if (is === "unknown")
      return { ...base, ...NOTHING, state: "unknown", problem, action: refusal ? "refused" : "none" };
    const action = refusal ? "refused" : is;
    const work = { action, vip: false, enough: true, handsOverVip: false, takesVip: false } as const;
    return {
      ...base,
      ...NOTHING,
      state: "changes",
      problem: refusal ?? problem,
      action,
      felt: felt(cluster, node, work).text,
      why: why(["config"]),
    };
  }
  const desired = new Map(
    nodeFiles(cluster, node, context.templates).map((file) => [file.path as string, file]),
  );
  const viewsOf = views(context, name);
  const files = machine.files.map((file) => filePlan(file, desired.get(file.path), viewsOf(file.path)));
  const closed = machine.cordoned || context.drained.has(name);
  const { unfinished, unconfirmed } = machine;
  if (files.length === 0 && !refusal && !closed && !unconfirmed && unfinished === null)
    return { ...base, ...NOTHING, ready: machine.ready, state: "unchanged", problem: null };
  const moved = files.length > 0 ? movedFrom(node, known) : null;
  const action = refusal
    ? "refused"
    : mostFelt([...files.map((file) => file.action), goesOn(machine, role), moved ? "reflash" : "none"]);
  const quorum = role === "server" && stops(action) && count.voters.has(name) ? quorumWithout(count) : null;
  const { text, outage } = felt(cluster, node, {
    action,
    vip: machine.vip,
    enough: quorum?.enough ?? true,
    handsOverVip: machine.vip !== false && files.some(isFirstKeepalived),
    takesVip: files.some(isLastKeepalived),
  });
  return {
    ...base,
    state: "changes",
    problem: refusal ?? moved ?? (action === "reflash" ? newCard(name) : null),
    files,
    action,
    quorum,
    felt: text,
    outage,
    why: why(shownFiles(files).map(({ cause }) => cause)),
    unfinished,
    unconfirmed,
    closed,
    ready: machine.ready,
  };
}

/** What is still to come on a machine whose files are not in force may be a restart; it takes nothing away where it does not work. */
function goesOn({ unfinished, ready }: ObservedMachine, role: Node["role"]): ActionClass {
  if (unfinished === null || !ready) return "none";
  return role === "loadbalancer" ? "reload" : "restart";
}

/** The list of the machine's files follows the files: it says nothing to a person, unless nothing else does. */
export function shownFiles(files: readonly FilePlan[]): readonly FilePlan[] {
  const others = files.filter(({ path }) => path !== NODE_PATHS.fileList);
  return others.length > 0 ? others : files;
}

/** What forbids any work on it; null where nothing does. */
export function refusalOf({ refused }: PlanContext, name: string): MachinePlan["problem"] {
  const found = refused.find(({ machines }) => machines.includes(name));
  return found ? { message: found.message, next: found.next } : null;
}

function newCard(name: string): MachinePlan["problem"] {
  return {
    message: "only a new card brings it: what it changes is made at the first boot",
    next: `npx quorate card ${name}`,
  };
}

/** keepalived comes to a load balancer that was the only one: so far the address stood in its own network-config. */
export function isFirstKeepalived({ path, change }: FilePlan): boolean {
  return path === NODE_PATHS.keepalived && change === "added";
}

/** keepalived goes: it was one of several, and is to be the only one. */
function isLastKeepalived({ path, change }: FilePlan): boolean {
  return path === NODE_PATHS.keepalived && change === "removed";
}

/** What is known of how each file came about; gives null where the config of that time is not known. */
function views(
  { templates, known }: PlanContext,
  name: string,
): (path: string) => Omit<Views, "desired"> | null {
  const commit = known.record?.machines.get(name)?.commit;
  const then = typeof commit === "string" ? known.baseline.get(commit) : undefined;
  if (!then) return () => null;
  const node = then.nodes.find((each) => each.name === name);
  const baseline = new Map(
    node ? nodeFiles(then, node, templates).map((file) => [file.path as string, file]) : [],
  );
  const recorded = known.recorded.get(name);
  return (path) => ({ baseline: baseline.get(path), recorded: recorded ? recorded.get(path) : null });
}

/** How many servers etcd may count as members, new ones not among them. */
export function membersOf(cluster: Cluster, { record }: Known, added: ReadonlySet<string>): number {
  const names = new Set(
    ofRole(cluster, "server")
      .map(({ name }) => name)
      .filter((name) => !added.has(name)),
  );
  for (const [name, { role }] of record?.machines ?? []) if (role === "server") names.add(name);
  return names.size;
}
