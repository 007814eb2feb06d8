// The verb plan: what every machine has, or what the record says of it, and what an apply would do about it.
import { refuseOtherSecret } from "../cards/known.ts";
import type { Cluster } from "../model/cluster.ts";
import { formatPlan } from "../plan/format.ts";
import type { Plan } from "../plan/plan.ts";
import { programs } from "../program.ts";
import { readRecord } from "../read-record.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { loadConfig } from "./load.ts";
import { planOfMachines, planOfRecord, type PlanSources } from "./planned.ts";
import { reach } from "./reach.ts";

/**
 * Exit 0; 1 where a machine could not be asked or something is refused; with --exit-code 2 where something would change;
 * 3 for a bad config. Nothing is changed anywhere.
 */
export const plan: Command = async (invocation) => {
  const { config, json, colour, flags } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const offline = flags["offline"] === true;
  const made = offline
    ? await againstRecord(cluster, invocation)
    : await againstMachines(cluster, invocation);
  const text = formatPlan(made);
  const exit = exitOf(made, flags["exit-code"] === true);
  if (!json) return { exit, stdout: text, stderr: "" };
  return { exit, stdout: `${JSON.stringify(made, null, 2)}\n`, stderr: text };
};

async function againstRecord(cluster: Cluster, { config, environment }: Invocation): Promise<Plan> {
  const run = programs(environment);
  const { record } = await readRecord(config, run, { branch: cluster.state.branch, fetches: false });
  return planOfRecord(cluster, { config, run, record, templates: readTemplates(), notes: [] });
}

async function againstMachines(cluster: Cluster, invocation: Invocation): Promise<Plan> {
  const { config, environment } = invocation;
  const root = readRootSecret(config, environment);
  const run = programs(environment);
  const { record, problem } = await readRecord(config, run, { branch: cluster.state.branch, fetches: true });
  refuseOtherSecret(root, { record, answers: [], blind: null });
  const notes =
    problem === null
      ? []
      : [`the record on the shared branch could not be looked at (${problem}); the one here counts`];
  const sources: PlanSources = { config, run, record, templates: readTemplates(), notes };
  const remote = reach(cluster, root, invocation, { record });
  try {
    return await planOfMachines(cluster, remote, root, sources);
  } finally {
    await remote.close();
  }
}

function exitOf({ machines, refusals }: Plan, tellsDifferences: boolean): ExitCode {
  if (refusals.length > 0 || machines.some(({ state }) => state === "unknown")) return 1;
  return tellsDifferences && machines.some(({ state }) => state === "changes") ? 2 : 0;
}
