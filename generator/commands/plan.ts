// The verb plan: every machine asked at once what it has, and what an apply would do about it.
import { observe } from "../apply/observe.ts";
import { formatPlan } from "../plan/format.ts";
import { makePlan } from "../plan/plan.ts";
import { nodeFiles } from "../render/node-files.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/**
 * Exit 0; 1 where a machine could not be asked; with --exit-code 2 where something would change; 3 for a bad config.
 * Nothing is changed anywhere.
 */
export const plan: Command = async (invocation) => {
  const { config, json, colour, flags } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const root = readRootSecret(config);
  const templates = readTemplates();
  const remote = reach(cluster, root, invocation);
  try {
    const observed = await Promise.all(
      cluster.nodes.map((node) => observe(remote, cluster, node, nodeFiles(cluster, node, templates), root)),
    );
    const made = makePlan(cluster, templates, observed);
    const text = formatPlan(made);
    const differs = made.machines.some(({ state }) => state === "changes");
    const unknown = made.machines.some(({ state }) => state === "unknown");
    const exit = unknown ? 1 : differs && flags["exit-code"] === true ? 2 : 0;
    if (!json) return { exit, stdout: text, stderr: "" };
    return { exit, stdout: `${JSON.stringify(made, null, 2)}\n`, stderr: text };
  } finally {
    await remote.close();
  }
};
