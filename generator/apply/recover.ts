// After a failed step: back to the earlier files where that helps, and everybody is led to the machine again.
import { Failure } from "../failure.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import type { MachinePlan } from "../plan/plan.ts";
import { isFirstKeepalived } from "../plan/machine-plan.ts";
import { isUpgrade, type StepName } from "../plan/steps.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import type { MachineState } from "../status/ask.ts";
import { askNode } from "./ask-node.ts";
import { ApplyInterrupted, type Job, TakenOver } from "./job.ts";
import { CutOff } from "./steps/confirm.ts";
import { undrain } from "./steps/drain.ts";
import { readmit } from "./steps/evict.ts";
import { gate } from "./steps/gate.ts";
import { health } from "./steps/health.ts";
import { undo } from "./steps/undo.ts";
import { takePartAgain } from "./steps/yield.ts";

/** A machine on which a step failed. */
export interface Failed {
  readonly node: Node;
  readonly machine: MachinePlan;
  /** The steps that were begun, the failed one among them. */
  readonly done: ReadonlySet<StepName>;
  readonly error: Failure;
  /** Of the set of files that it was to have. */
  readonly digest: string;
  /** The person has accepted the outages that the plan says. */
  readonly outage: boolean;
}

export interface Recovered {
  readonly outcome: "failed" | "rolled back" | "interrupted";
  /** What became of it, for people. */
  readonly notes: readonly string[];
  /** With which result the record has to name the new files as those of the machine; null: they are not. */
  readonly runs: "applied" | "failed" | null;
}

/** Never rejects for what a machine does. */
export async function recover(given: Job, failed: Failed): Promise<Recovered> {
  const { node, machine, done, error, digest, outage } = failed;
  // What is drained or closed there now, the other apply has asked for, or sees and takes back.
  if (error instanceof TakenOver) return { outcome: "failed", notes: [], runs: null };
  // Also where a person has interrupted: what was taken out of service goes back.
  const job = { ...given, interrupted: new AbortController().signal, patience: APPLY_TIMING.recovery };
  let outcome: Recovered["outcome"] = error instanceof ApplyInterrupted ? "interrupted" : "failed";
  const notes: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (trouble) {
      if (!(trouble instanceof Failure)) throw trouble;
      notes.push(`${what}: ${trouble.message}`);
      return false;
    }
  };
  const now = await askNode(job.remote, job.cluster, node);
  const cutOff = error instanceof CutOff;
  const helps = undoHelps(job.cluster, failed, now);
  if (outcome === "failed" && helps && now.state === "no answer" && !cutOff) {
    notes.push(
      "it does not answer, so it was not rolled back: when it is back, it goes on with the new files by itself",
    );
  } else if (outcome === "failed" && helps) {
    const back = await attempt("not rolled back", async () => {
      if (!cutOff) {
        // Going back ends K3s once more, and the others may have become too few since the first time.
        if (node.role === "server") await gate(job, node, machine, outage);
        await undo(job, node, digest);
      }
      // After a cut it comes back by itself, and until then nobody gets in.
      const waiting = { ...job, patience: APPLY_TIMING.undoSeconds * 1000 + APPLY_TIMING.silence };
      await health(waiting, node, (applied) => applied !== digest || keepsList(failed), healthLimit(machine));
    });
    if (back) {
      outcome = "rolled back";
      notes.push("it runs with its earlier files again");
    }
  }
  if (outcome === "failed" && staysUpgraded(failed, helps)) {
    notes.push(
      `it was not rolled back: K3s ${job.cluster.k3s.version} may have started there, and K3s does not go back; what it has been given it takes by itself`,
    );
  }
  // From here on it is out, or half out: the next apply goes on.
  if (done.has("forget")) return { outcome, notes, runs: null };
  if (done.has("yield") && !machine.files.some(isFirstKeepalived))
    await attempt("keepalived does not run again", () => takePartAgain(job, node));
  if (done.has("drain")) await attempt("still drained in HAProxy", () => undrain(job, node));
  if (done.has("evict")) await attempt("still closed to new pods", () => readmit(job, node));
  // It has what was sent, and takes it at its next start at the latest.
  const has = outcome === "failed" && done.has("start");
  return { outcome, notes, runs: has ? (done.has("resume") ? "applied" : "failed") : null };
}

function undoHelps(cluster: Cluster, { machine, done, error }: Failed, { status }: MachineState): boolean {
  if (!done.has("start") || machine.files.length === 0) return false;
  // It was healthy, and what cannot be done is to lead everybody there again.
  if (done.has("resume")) return false;
  // The machine goes back by itself, whatever the change was.
  if (error instanceof CutOff) return true;
  switch (machine.action) {
    case "reboot":
      return false;
    // K3s' data may be of a newer minor already, and an earlier one does not read it (facts: upgrades).
    case "upgrade":
      // While it is installed the machine names none.
      return status !== null && status.k3s !== "" && status.k3s !== cluster.k3s.version;
    default:
      return true;
  }
}

/** It has the files of another K3s, and nobody may take them away again. */
function staysUpgraded({ machine, done, error }: Failed, helps: boolean): boolean {
  return (
    !helps && isUpgrade(machine) && done.has("start") && !done.has("resume") && !(error instanceof CutOff)
  );
}

/** What was there before has the same list: somebody had changed files by hand. The machine itself was told to go back then. */
function keepsList({ machine, error }: Failed): boolean {
  return !(error instanceof CutOff) && machine.files.every(({ path }) => path !== NODE_PATHS.fileList);
}

/**
 * How long a machine may take until it is healthy again, in milliseconds. One that is still at what another apply began may be
 * at anything, also where none of its files differs any more.
 */
export function healthLimit({ action, unfinished }: MachinePlan): number {
  const limits: Readonly<Record<string, number>> = APPLY_TIMING.health;
  const limit = limits[action] ?? APPLY_TIMING.health.restart;
  return unfinished !== null ? Math.max(limit, APPLY_TIMING.health.upgrade) : limit;
}
