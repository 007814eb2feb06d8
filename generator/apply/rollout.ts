// Carries a plan out: machine after machine in its order, gate after gate, and what is undone where a step fails.
import { Failure } from "../failure.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { NodeFile } from "../model/files.ts";
import type { MachinePlan, Plan } from "../plan/plan.ts";
import { firstSteps, isUpgrade, type StepName, stepsOf } from "../plan/steps.ts";
import { NOTHING_THERE } from "../status/ask.ts";
import { ApplyInterrupted, type Job } from "./job.ts";
import { formerNode } from "../plan/order.ts";
import { recover } from "./recover.ts";
import { NotJoined } from "./steps/join.ts";
import { digestAt, take } from "./take.ts";
import { NotYet } from "./steps/removal-gate.ts";
import { snapshotBefore } from "./steps/snapshot.ts";

/**
 * What became of a machine. rolled back: the change failed, and it runs as it did before. not begun: another one failed
 * first, or has not joined. not reached: it did not answer, or has not joined. left alone: nobody asked for it, or no apply does what it needs.
 */
export type Outcome =
  | "applied"
  | "joined"
  | "removed"
  | "unchanged"
  | "failed"
  | "rolled back"
  | "interrupted"
  | "not reached"
  | "not begun"
  | "left alone";

export interface MachineResult {
  readonly name: string;
  readonly role: Node["role"];
  readonly action: MachinePlan["action"];
  readonly outcome: Outcome;
  /** What was worked on it, in seconds. */
  readonly seconds: number;
  /** Why, where it is not as it should be, and what to do. */
  readonly message: string;
  readonly next: string;
}

/** Told of every step as it begins and ends. */
export interface Watcher {
  readonly begin: (machine: string, step: StepName) => void;
  readonly end: (machine: string, step: StepName, error?: Failure) => void;
  readonly result: (result: MachineResult) => void;
}

export interface Rollout {
  readonly plan: Plan;
  /** Only these machines; null: all. */
  readonly only: ReadonlySet<string> | null;
  readonly filesOf: (node: Node) => readonly NodeFile[];
  /** The person has accepted the outages that the plan says. */
  readonly outage: boolean;
  /** The person wants no snapshot of etcd before another K3s comes to a server. */
  readonly withoutSnapshot: boolean;
  readonly watcher: Watcher;
  /** Writes into the record what runs on the machine now. */
  readonly record: (machine: MachinePlan, result: "applied" | "failed" | "removed") => void;
}

/** Works the plan off and says what became of every machine, in its order. Stops at the first that fails. */
export async function rollOut(given: Job, rollout: Rollout): Promise<readonly MachineResult[]> {
  // Those that join meanwhile take part from then on.
  const reachable = new Set(given.reachable);
  const job = { ...given, reachable };
  const results = new Map<string, MachineResult>();
  const work = workOf(job.cluster, rollout.plan, rollout.only);
  const without = await begin(job, rollout, work);
  if (without) results.set(without.name, without);
  let stopped = without !== null;
  for (const batch of batches(job.cluster, work)) {
    if (stopped || job.interrupted.aborted) break;
    const together = new Set(batch.map(({ name }) => name));
    const done = await Promise.all(batch.map((machine) => workOn({ ...job, together }, rollout, machine)));
    for (const result of done) {
      results.set(result.name, result);
      if (result.outcome === "joined") reachable.add(result.name);
    }
    stopped = done.some(({ outcome }) => !GOES_ON.has(outcome));
  }
  return rollout.plan.machines.map((machine) => {
    const result = results.get(machine.name) ?? untouched(job.cluster, machine, rollout.only);
    const asked = rollout.only === null || rollout.only.has(machine.name);
    const error = machine.state === "unchanged" && asked ? noted(rollout, machine, "applied") : null;
    return error ? { ...result, outcome: "failed", message: error.message, next: error.hint } : result;
  });
}

/** A machine that has not joined keeps nobody from working on the others: each one's gate says whether it can do without. */
const GOES_ON: ReadonlySet<Outcome> = new Set(["applied", "joined", "removed", "not reached", "not begun"]);

/** What comes before all machines. Null, or the result of the one that it was for: then none of them is touched. */
async function begin(
  job: Job,
  { watcher, withoutSnapshot }: Rollout,
  work: readonly MachinePlan[],
): Promise<MachineResult | null> {
  const steps = withoutSnapshot ? [] : firstSteps(work);
  // Servers come before agents.
  const machine = steps.length > 0 ? work.find(isUpgrade) : undefined;
  const node = job.cluster.nodes.find(({ name }) => name === machine?.name);
  if (!machine || !node || job.interrupted.aborted) return null;
  const { name, role, action } = machine;
  const begun = job.clock.now();
  for (const step of steps) {
    watcher.begin(name, step);
    try {
      await snapshotBefore(job, node);
      watcher.end(name, step);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      watcher.end(name, step, error);
      const outcome = error instanceof ApplyInterrupted ? "interrupted" : "failed";
      const seconds = secondsSince(job, begun);
      const result: MachineResult = {
        name,
        role,
        action,
        outcome,
        seconds,
        message: error.message,
        next: error.hint,
      };
      watcher.result(result);
      return result;
    }
  }
  return null;
}

function secondsSince({ clock }: Job, begun: number): number {
  return Math.round((clock.now() - begun) / 100) / 10;
}

/** Writes it into the record. Null, or why that failed. */
function noted(
  { record }: Rollout,
  machine: MachinePlan,
  result: Parameters<Rollout["record"]>[1],
): Failure | null {
  try {
    record(machine, result);
    return null;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** The machines of a plan on which something is to be done, in its order. */
export function workOf(
  cluster: Cluster,
  { machines }: Plan,
  only: ReadonlySet<string> | null,
): readonly MachinePlan[] {
  return machines.filter(
    (machine) => (only === null || only.has(machine.name)) && stepsOf(cluster, machine).length > 0,
  );
}

/** One machine at a time, agents as many as the config says. */
function batches(cluster: Cluster, work: readonly MachinePlan[]): readonly (readonly MachinePlan[])[] {
  const together = ({ role, action }: MachinePlan) => role === "agent" && action !== "remove";
  const agents = work.filter(together);
  const size = cluster.rollout.agentBatch;
  const alone = work.filter((machine) => !together(machine));
  return [
    ...alone.filter(({ role }) => role !== "agent").map((machine) => [machine]),
    ...Array.from({ length: Math.ceil(agents.length / size) }, (_, index) =>
      agents.slice(index * size, (index + 1) * size),
    ),
    ...alone.filter(({ role }) => role === "agent").map((machine) => [machine]),
  ];
}

/** The result of a machine that nothing was done to. */
export function untouched(
  cluster: Cluster,
  machine: MachinePlan,
  only: ReadonlySet<string> | null,
): MachineResult {
  const { name, role, action, state } = machine;
  const { message = "", next = "" } = machine.problem ?? {};
  const base = { name, role, action, seconds: 0, message: "", next: "" };
  if (state === "unchanged") return { ...base, outcome: "unchanged" };
  if (only !== null && !only.has(name)) return { ...base, outcome: "left alone" };
  const told = message === "" ? base : { ...base, message: `${name}: ${message}`, next };
  if (state === "unknown" || action === "add") return { ...told, outcome: "not reached" };
  return { ...told, outcome: stepsOf(cluster, machine).length > 0 ? "not begun" : "left alone" };
}

async function workOn(job: Job, rollout: Rollout, machine: MachinePlan): Promise<MachineResult> {
  const node = job.cluster.nodes.find(({ name }) => name === machine.name) ?? formerNode(machine);
  const begun = job.clock.now();
  const { watcher } = rollout;
  const done = new Set<StepName>();
  const finish = (outcome: Outcome, error?: Failure): MachineResult => {
    const { name, role, action } = machine;
    const seconds = secondsSince(job, begun);
    const result = {
      name,
      role,
      action,
      outcome,
      seconds,
      message: error?.message ?? "",
      next: error?.hint ?? "",
    };
    watcher.result(result);
    return result;
  };
  let current: StepName | null = null;
  try {
    for (const step of stepsOf(job.cluster, machine)) {
      if (job.interrupted.aborted) throw new ApplyInterrupted();
      current = step;
      watcher.begin(node.name, step);
      done.add(step);
      await take(step, job, rollout, node, machine);
      watcher.end(node.name, step);
      current = null;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (current !== null) watcher.end(node.name, current, error);
    if (error instanceof NotJoined) return finish("not reached", error);
    if (error instanceof NotYet) return finish("not begun", error);
    const digest = digestAt(rollout, node, machine);
    const { outage } = rollout;
    const { outcome, notes, runs } = await recover(job, { node, machine, done, error, digest, outage });
    const unrecorded = runs === null ? null : noted(rollout, machine, runs);
    const message = [error.message, ...notes, ...(unrecorded ? [unrecorded.message] : [])].join("; ");
    return finish(outcome, new Failure(message, error.hint));
  }
  const [outcome, result] = ENDS[machine.action] ?? (["applied", "applied"] as const);
  const error = noted(rollout, machine, result);
  return error ? finish("failed", error) : finish(outcome, afterwards(machine));
}

/** What a person has to see to when a machine was taken out without it. */
function afterwards({ name, action, problem }: MachinePlan): Failure | undefined {
  if (action !== "remove" || problem === null || problem.message === NOTHING_THERE) return undefined;
  return new Failure(`${name}: ${problem.message}`, problem.next);
}

/** What has become of a machine when all of its steps are done, and what the record says of it. */
const ENDS: Partial<Record<MachinePlan["action"], readonly [Outcome, "applied" | "removed"]>> = {
  add: ["joined", "applied"],
  remove: ["removed", "removed"],
};

/** Machines of the plan that take part: all that answered. */
export function reachableOf({ machines }: Plan): ReadonlySet<string> {
  const silent = ({ state, action, problem }: MachinePlan) =>
    state === "unknown" || action === "add" || (action === "remove" && problem !== null);
  return new Set(machines.filter((machine) => !silent(machine)).map(({ name }) => name));
}

const GOOD: ReadonlySet<Outcome> = new Set(["applied", "joined", "removed", "unchanged", "left alone"]);

/** True where the machine is as it should be, or nobody asked for more. One that needs a new card is not. */
function isGood({ outcome, action, message }: MachineResult): boolean {
  return GOOD.has(outcome) && (action !== "reflash" || message === "");
}

/** True where all that was asked for is as it should be. */
export function succeeded(results: readonly MachineResult[]): boolean {
  return results.every(isGood);
}
