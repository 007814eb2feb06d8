// What is done on a machine to carry out its plan, step by step. Apply executes exactly these, in this order.
import type { ActionClass } from "../model/action.ts";
import { type Cluster, ofRole } from "../model/cluster.ts";
import type { MachinePlan } from "./plan.ts";

/** Every step, as a person reads it. */
export const STEPS = {
  snapshot: "take a snapshot of etcd",
  gate: "check the others",
  join: "wait until it has joined",
  yield: "give up the registration address",
  drain: "drain in HAProxy",
  evict: "drain in Kubernetes",
  send: "send the files",
  start: "put them in force",
  confirm: "come in again",
  reboot: "restart the machine",
  health: "wait until healthy",
  resume: "take back into service",
  retire: "keep K3s from starting there again",
  forget: "take it out of the cluster",
  uninstall: "remove what is on it",
} as const;

export type StepName = keyof typeof STEPS;

/** Actions that end a program which others use, so that it is emptied first. */
const INTERRUPTING: ReadonlySet<ActionClass> = new Set(["restart", "upgrade", "reboot"]);

/** What apply does not do to a machine; one that is added joins by itself, and is only waited for. */
const NOT_APPLIED: ReadonlySet<ActionClass> = new Set(["reflash", "add", "refused"]);

/** True where users of the machine have to be led elsewhere first. */
export function interrupts(action: ActionClass): boolean {
  return INTERRUPTING.has(action);
}

/** True where the machine gets another K3s, whatever else is done to it. */
export function isUpgrade({ action, files }: Pick<MachinePlan, "action" | "files">): boolean {
  return action === "upgrade" || files.some((file) => file.action === "upgrade");
}

/** True for an action that an apply carries out. */
export function isApplied(action: ActionClass): boolean {
  return !NOT_APPLIED.has(action);
}

/**
 * What is done once, before the first of these machines is touched: the way back from another K3s on a server is a snapshot of
 * etcd from before.
 */
export function firstSteps(work: readonly MachinePlan[]): readonly StepName[] {
  return work.some((machine) => machine.role === "server" && isUpgrade(machine)) ? ["snapshot"] : [];
}

/** The steps for one machine; none where nothing is to be done there. */
export function stepsOf(cluster: Cluster, machine: MachinePlan): readonly StepName[] {
  if (machine.state !== "changes") return [];
  if (machine.action === "add") return ["join"];
  if (!isApplied(machine.action)) return [];
  if (machine.action === "remove") return removal(cluster, machine);
  const { role, action, files, unfinished, unconfirmed, closed } = machine;
  const spare = ofRole(cluster, role).length > 1;
  const balancers = ofRole(cluster, "loadbalancer").length;
  const led = interrupts(action) && role !== "loadbalancer";
  // Also where its files are right: a set that was sent and not taken, perhaps of a config that was put back, would be taken.
  const sent = files.length > 0 || unfinished !== null;
  return [
    "gate",
    ...(role === "loadbalancer" && action !== "none" && balancers > 1 ? (["yield"] as const) : []),
    ...(led && balancers > 0 && (spare || role === "agent") ? (["drain"] as const) : []),
    ...(led && cluster.rollout.drain && cluster.nodes.length - balancers > 1 ? (["evict"] as const) : []),
    ...(sent ? (["send", "start"] as const) : []),
    ...(unconfirmed || files.some(({ armed }) => armed) ? (["confirm"] as const) : []),
    ...(action === "reboot" ? (["reboot"] as const) : []),
    "health",
    ...(led || closed ? (["resume"] as const) : []),
  ];
}

/** One that does not answer is taken out without it. */
function removal(cluster: Cluster, { role, problem }: MachinePlan): readonly StepName[] {
  const answers = problem === null;
  if (!answers) return ["gate", "forget"];
  if (role === "loadbalancer")
    return ["gate", ...(ofRole(cluster, role).length > 0 ? (["yield"] as const) : []), "retire", "uninstall"];
  return [
    "gate",
    ...(ofRole(cluster, "loadbalancer").length > 0 ? (["drain"] as const) : []),
    ...(cluster.rollout.drain ? (["evict"] as const) : []),
    "retire",
    "forget",
    "uninstall",
  ];
}
