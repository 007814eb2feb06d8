// The verb apply: the plan, carried out, and the record of it.
import { isDeepStrictEqual } from "node:util";
import { formatResults } from "../apply/progress.ts";
import { type MachineResult, succeeded, workOf } from "../apply/rollout.ts";
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import { counted, listed } from "../model/words.ts";
import { formatPlan } from "../plan/format.ts";
import type { Plan } from "../plan/plan.ts";
import { firstSteps, STEPS, stepsOf } from "../plan/steps.ts";
import { programs } from "../program.ts";
import { type Intent, look, prepare, refuse } from "./apply-intent.ts";
import { type Applied, carryOut, settle } from "./apply-run.ts";
import type { Command, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/**
 * Exit 0 when everything that was asked for is as the config says; 1 where something failed, was refused or could not be
 * reached; 3 for a bad config; 130 where it was interrupted. With --dry-run nothing is changed anywhere.
 */
export const apply: Command = async (invocation) => {
  const { config, json, colour, flags } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const intent = await prepare(invocation, cluster, programs(invocation.environment));
  // Ctrl-C does not end what runs on a machine: what was taken out of service is put back first.
  const remote = reach(cluster, intent.root, invocation, { ends: false, record: intent.record });
  try {
    const plan = await look(intent, remote);
    if (flags["dry-run"] === true) return dryRun(intent, plan);
    refuse(intent, plan);
    if (workOf(cluster, plan, intent.only).length === 0)
      return resultOf(intent, await settle(intent, remote, plan));
    await ask(intent, plan);
    const consent = (now: Plan) => {
      if (flags["yes"] === true || isDeepStrictEqual(now.machines, plan.machines)) return;
      throw new Failure(
        "the machines have changed since the plan was shown; nothing was changed now",
        "look at the new plan: npx quorate apply",
      );
    };
    return resultOf(intent, await carryOut(intent, remote, plan, { consent }));
  } finally {
    await remote.close();
  }
};

function dryRun({ cluster, only, invocation }: Intent, plan: Plan): Result {
  const refused = plan.refusals.length > 0;
  const work = refused ? [] : workOf(cluster, plan, only);
  const steps = work.map((machine) => ({
    name: machine.name,
    steps: stepsOf(cluster, machine).map((step) => STEPS[step]),
  }));
  const first =
    invocation.flags["without-snapshot"] === true ? [] : firstSteps(work).map((step) => STEPS[step]);
  const before = first.length === 0 ? "" : `\nfirst, once: ${first.join(", ")}\n`;
  const lines = steps.map(({ name, steps: each }) => `\n${name}: ${each.join(", ")}\n`);
  const text = `${formatPlan(plan)}${before}${lines.join("")}\nnothing was changed: --dry-run\n`;
  const exit = refused || plan.machines.some(({ state }) => state === "unknown") ? 1 : 0;
  if (!invocation.json) return { exit, stdout: text, stderr: "" };
  return { exit, stdout: `${JSON.stringify({ plan, first, steps }, null, 2)}\n`, stderr: text };
}

/** Shows the plan and asks, where nobody has answered by --yes. */
async function ask({ cluster, only, invocation }: Intent, plan: Plan): Promise<void> {
  const { session, flags } = invocation;
  session.show(`${formatPlan(plan)}\n`);
  if (flags["yes"] === true) return;
  if (!session.terminal) {
    throw new Failure("there is nobody to ask", "look at the plan above; then: npx quorate apply --yes");
  }
  const machines = counted(workOf(cluster, plan, only).length, "machine");
  if (await session.dialogue.confirm({ message: `Change ${machines}?`, flag: "--yes" })) return;
  throw new Failure("nothing was changed", "npx quorate apply asks again");
}

/** The last line: whether everything is as the config says. */
export function endingOf({ name }: Cluster, results: readonly MachineResult[]): string {
  if (!succeeded(results)) return "not everything is as the config says";
  const left = results.filter(({ outcome }) => outcome === "left alone");
  return left.length === 0
    ? `cluster ${name} is as the config says`
    : `what was asked for is done; not touched: ${listed(left.map((each) => each.name))}`;
}

function resultOf({ invocation, cluster }: Intent, { plan, results }: Applied): Result {
  const done = succeeded(results);
  const interrupted = invocation.session.interrupted.aborted && !done;
  const lines = [
    formatResults(results),
    ...(invocation.json ? [] : plan.notes.map((note) => `note: ${note}\n`)),
    `apply: ${endingOf(cluster, results)}\n`,
  ];
  const exit = interrupted ? 130 : done ? 0 : 1;
  const text = lines.join("");
  if (!invocation.json) return { exit, stdout: text, stderr: "" };
  return { exit, stdout: `${JSON.stringify({ plan, results }, null, 2)}\n`, stderr: text };
}
