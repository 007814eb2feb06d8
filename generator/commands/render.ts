// The verb render: config → files of out/, and a summary that a person reads.
import type { Finding } from "../config/finding.ts";
import { findingLines } from "../config/finding-lines.ts";
import { type Cluster, ofRole } from "../model/cluster.ts";
import { counted } from "../model/words.ts";
import { compareOutput, type Difference, guardOutput, writeOutput } from "../output.ts";
import { renderCluster } from "../render/index.ts";
import { readTemplates } from "../templates/read.ts";
import { faultTolerance } from "../tolerance/tolerance.ts";
import { verdict } from "../tolerance/verdict.ts";
import type { Command } from "./command.ts";
import { loadConfig } from "./load.ts";

/** Exit 0; with --check 2 when the folder differs; 3 for a bad config, and then nothing is written. */
export const render: Command = async ({ config, json, colour, flags }) => {
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const text = `${await report(findings, colour)}nothing was written\n`;
    return {
      exit: 3,
      stdout: json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "",
      stderr: text,
    };
  }
  const folder = String(flags["out"] ?? "out");
  const checking = flags["check"] === true;
  const files = renderCluster(cluster, readTemplates());
  const difference = compareOutput(folder, files);
  if (!checking) {
    guardOutput(folder, difference);
    writeOutput(folder, files, difference);
  }
  const exit = checking && differs(difference) ? 2 : 0;
  const verdictText = verdict(faultTolerance(cluster));
  const next = nextStep(config, folder, checking, difference, findings);
  const summary = [
    describe(config, cluster),
    "",
    ...(checking ? checkLines(folder, difference) : changeLines(folder, difference)),
    "",
    `fault tolerance: ${verdictText}`,
    "",
    ...noteLines(findings),
    `next: ${next}`,
    "",
  ].join("\n");
  if (!json) return { exit, stdout: summary, stderr: "" };
  const document = { folder, ...difference, verdict: verdictText, findings: await asJson(), next };
  return { exit, stdout: `${JSON.stringify(document, null, 2)}\n`, stderr: summary };
};

function differs({ added, changed, stale, foreign }: Difference): boolean {
  return added.length + changed.length + stale.length + foreign.length > 0;
}

function describe(config: string, cluster: Cluster): string {
  const roles = [
    counted(ofRole(cluster, "server").length, "server"),
    counted(ofRole(cluster, "agent").length, "agent"),
    counted(ofRole(cluster, "loadbalancer").length, "load balancer"),
  ].filter((text) => !text.startsWith("0 "));
  return `${config}: cluster ${cluster.name}, ${roles.join(", ")}, K3s ${cluster.k3s.version}`;
}

function changeLines(folder: string, difference: Difference): readonly string[] {
  const { added, changed, unchanged, stale, foreign } = difference;
  if (added.length + changed.length + stale.length === 0) {
    return [
      `${folder}/: no changes (${counted(unchanged.length, "file")})`,
      ...foreignLines(folder, foreign),
    ];
  }
  return [
    `${folder}/: ${added.length} written, ${changed.length} changed, ${unchanged.length} unchanged, ${stale.length} pruned`,
    ...fileLines(difference, unchanged.length > 0),
    ...foreignLines(folder, foreign),
  ];
}

function checkLines(folder: string, difference: Difference): readonly string[] {
  const { added, changed, unchanged, stale, foreign } = difference;
  if (!differs(difference))
    return [`${folder}/ is what render makes of the config (${counted(unchanged.length, "file")})`];
  return [
    `${folder}/ differs from what render makes of the config: ${added.length} missing, ${changed.length} different, ${stale.length} too many`,
    ...fileLines(difference, true),
    ...foreignLines(folder, foreign),
  ];
}

const LISTED = 20;

/** Which files; on a first run all are new and their names say nothing. */
function fileLines({ added, changed, stale }: Difference, named: boolean): readonly string[] {
  if (!named) return [];
  const lines = [
    ...added.map((path) => `  + ${path}`),
    ...changed.map((path) => `  ~ ${path}`),
    ...stale.map((path) => `  - ${path}`),
  ];
  if (lines.length <= LISTED) return lines;
  return [...lines.slice(0, LISTED), `  … and ${lines.length - LISTED} more`];
}

function foreignLines(folder: string, foreign: readonly string[]): readonly string[] {
  if (foreign.length === 0) return [];
  const shown = foreign.slice(0, LISTED).map((path) => `  ? ${path}`);
  return [
    `${counted(foreign.length, "file")} in ${folder}/ that Quorate did not write, left alone:`,
    ...shown,
  ];
}

/** Warnings and infos in short; `check` shows them with their lines. */
function noteLines(findings: readonly Finding[]): readonly string[] {
  return findings.length === 0 ? [] : [...findingLines(findings), ""];
}

function nextStep(
  config: string,
  folder: string,
  checking: boolean,
  difference: Difference,
  findings: readonly Finding[],
): string {
  if (checking && differs(difference)) {
    const clean =
      difference.foreign.length > 0 ? `remove what Quorate did not write from ${folder}/, then ` : "";
    return `${clean}${command(config, folder)}, and commit ${folder}/ together with ${config}`;
  }
  if (findings.some(({ code }) => code === "sample-ssh-key")) {
    return `put your own SSH public key into ${config} (access.authorizedKeys), then ${command(config, folder)}`;
  }
  return `read ${folder}/README.md; then commit ${config} and ${folder}/ together`;
}

/** What to type to render this config into this folder. */
function command(config: string, folder: string): string {
  if (config === "cluster.config.json" && folder === "out") return "npm run render";
  return `npx quorate render --config ${config} --out ${folder}`;
}
