// One step on one machine: from its name to what does it.
import type { Node } from "../model/cluster.ts";
import type { NodeFile } from "../model/files.ts";
import { isFirstKeepalived } from "../plan/machine-plan.ts";
import type { MachinePlan } from "../plan/plan.ts";
import type { StepName } from "../plan/steps.ts";
import { digestOf } from "../render/node-program.ts";
import type { Job } from "./job.ts";
import { healthLimit } from "./recover.ts";
import { confirm } from "./steps/confirm.ts";
import { drain, undrain } from "./steps/drain.ts";
import { evict, readmit } from "./steps/evict.ts";
import { forget } from "./steps/forget.ts";
import { gate } from "./steps/gate.ts";
import { health } from "./steps/health.ts";
import { join } from "./steps/join.ts";
import { reboot } from "./steps/reboot.ts";
import { removalGate } from "./steps/removal-gate.ts";
import { retire } from "./steps/retire.ts";
import { send } from "./steps/send.ts";
import { start } from "./steps/start.ts";
import { uninstall } from "./steps/uninstall.ts";
import { giveUpVip } from "./steps/yield.ts";

/** What the steps take from the rollout. */
export interface Doing {
  readonly filesOf: (node: Node) => readonly NodeFile[];
  /** The person has accepted the outages that the plan says. */
  readonly outage: boolean;
}

/** Of the set of files that it is to have; empty for one that goes. */
export function digestAt({ filesOf }: Doing, node: Node, { action }: MachinePlan): string {
  return action === "remove" ? "" : digestOf(filesOf(node));
}

/** Throws a Failure where it fails. */
export async function take(
  step: StepName,
  job: Job,
  doing: Doing,
  node: Node,
  machine: MachinePlan,
): Promise<void> {
  const { filesOf, outage } = doing;
  const files = filesOf(node);
  const digest = digestAt(doing, node, machine);
  switch (step) {
    case "snapshot":
      throw new Error("it is taken before all machines");
    case "join":
      return join(job, node, digest);
    case "gate":
      return machine.action === "remove" ? removalGate(job, node, machine) : gate(job, node, machine, outage);
    case "yield":
      return giveUpVip(job, node, machine.files.some(isFirstKeepalived));
    case "drain":
      return drain(job, node);
    case "evict":
      return evict(job, node);
    case "send":
      return send(job, node, machine, files);
    case "start":
      return start(job, node);
    case "confirm":
      return confirm(job, node, digest);
    case "reboot":
      return reboot(job, node);
    case "health":
      return health(job, node, (applied) => applied === digest, healthLimit(machine));
    case "resume":
      await undrain(job, node);
      return readmit(job, node);
    case "retire":
      // Its pods may have taken minutes to move.
      await removalGate(job, node, machine);
      return retire(job, node);
    case "forget":
      return forget(job, node);
    case "uninstall":
      return uninstall(job, node);
  }
}
