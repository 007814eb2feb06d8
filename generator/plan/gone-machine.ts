// A machine that is recorded and not in the config any more: it is taken out of the cluster.
import { ofRole } from "../model/cluster.ts";
import { why } from "./cause.ts";
import { feltRemoval } from "./felt.ts";
import { type MachinePlan, NOTHING, type PlanContext, refusalOf } from "./machine-plan.ts";
import type { ObservedMachine } from "./observed.ts";
import type { Gone } from "./order.ts";
import { type Count, quorumAfter } from "./quorum.ts";

/** What becomes of it. `machine`: what it answered; `count`: of etcd, when its turn comes. */
export function goneMachine(
  context: PlanContext,
  gone: Gone,
  machine: ObservedMachine | undefined,
  count: Count,
): MachinePlan {
  const refusal = refusalOf(context, gone.name);
  const silent = machine?.files ? null : (machine?.problem ?? { message: "it was not asked", next: "" });
  const { text, outage } = feltRemoval(context.cluster, gone.role, {
    vip: machine?.vip ?? null,
    registered: [...context.known.baseline.values()].some(
      ({ registration }) => registration.address === gone.address,
    ),
  });
  return {
    ...NOTHING,
    ...gone,
    state: "changes",
    problem: refusal ?? (silent && withoutIt(gone, silent.message)) ?? cleared(machine),
    action: refusal ? "refused" : "remove",
    quorum:
      gone.role === "server" && ofRole(context.cluster, "server").length > 0
        ? quorumAfter(count, gone.name)
        : null,
    felt: refusal
      ? "nothing: it is refused, and nothing is done"
      : silent
        ? "nothing: it does not answer"
        : text,
    outage: refusal || silent ? false : outage,
    why: why(["config"]),
    ready: machine?.ready ?? false,
  };
}

/** An earlier run has removed everything, and did not come to the record. */
function cleared(machine: ObservedMachine | undefined): MachinePlan["problem"] {
  const unfinished = machine?.unfinished ?? null;
  return unfinished === null
    ? null
    : { message: unfinished, next: "nothing; it is only taken out of the record" };
}

/** What it has on its disk stays there, and may come back with it. */
function withoutIt({ name, role }: Gone, message: string): MachinePlan["problem"] {
  const back = {
    server: "it would join the cluster again",
    agent: "it would join the cluster again",
    loadbalancer: "it would take the registration address",
  }[role];
  return {
    message: `it is taken out without being asked (${message})`,
    next: `never switch ${name} on again with the disk that it has: ${back}; erase that. What answers before it is taken out is cleared too`,
  };
}
