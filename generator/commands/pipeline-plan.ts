// pipeline plan: what a pull request would do, without a secret and without the LAN: a report, annotations, the step's summary.
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseConfig } from "../config/parse.ts";
import { Failure } from "../failure.ts";
import { type Base, baseOf, folderInRepository } from "../git.ts";
import { gitObjects } from "../git-objects.ts";
import { annotationLine, annotations, silenced } from "../github/annotations.ts";
import { commentOf } from "../github/comment.ts";
import { readContext } from "../github/context.ts";
import { makeReport, type Planned } from "../github/make-report.ts";
import type { PullReport } from "../github/report.ts";
import { SUMMARY_BUDGET } from "../github/sendable.ts";
import { staleOutput } from "../github/stale.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { compareOutput, OutputError } from "../output.ts";
import { formatPlan } from "../plan/format.ts";
import { programs, type RunProgram } from "../program.ts";
import { readRecord, recordBefore } from "../read-record.ts";
import { renderCluster } from "../render/index.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, Invocation } from "./command.ts";
import { type Loaded, loadConfig } from "./load.ts";
import { planOfRecord } from "./planned.ts";

const OUT = "out";

/**
 * Exit 0; 1 for a config with errors, for something that is refused, and where out/ is stale. The report is written all the same.
 * Throws a Failure where the record or the base cannot be read.
 */
export const pipelinePlan: Command = async (invocation) => {
  const { config, colour, environment, flags, json } = invocation;
  const target = flags["out"];
  if (typeof target !== "string")
    throw new Failure("pipeline plan needs a folder for its report", "npx quorate pipeline plan --out DIR");
  const run = programs(environment);
  const folder = dirname(config);
  const pull = pullOf(invocation);
  const base = pull && (await baseOf(run, folder, pull, OUT));
  if (pull && !base)
    throw new Failure(
      `this clone does not have the commit that the pull request goes into (${pull.base.slice(0, 12)})`,
      "check it out with all commits: actions/checkout with fetch-depth: 0",
    );
  const loaded = loadConfig(config);
  const prefix = await folderInRepository(run, folder);
  const planned = loaded.cluster ? await planFor(loaded.cluster, loaded, invocation, run, base) : null;
  const report = makeReport({
    head: pull?.head ?? null,
    config: `${prefix}${basename(config)}`,
    findings: await loaded.json(),
    outStale: base ? staleIn(folder, base, loaded.cluster).map((path) => `${prefix}${OUT}/${path}`) : [],
    planned,
  });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
  summarise(report, environment["GITHUB_STEP_SUMMARY"]);
  const exit = planned && report.refusals.length === 0 && report.outStale.length === 0 ? 0 : 1;
  if (json) return { exit, stdout: `${JSON.stringify(report, null, 2)}\n`, stderr: "" };
  const text = [
    await loaded.report(loaded.findings, colour),
    ...(planned ? [formatPlan(planned.plan)] : []),
  ].join("\n");
  const lines = annotations(report).map((each) => `${annotationLine(each)}\n`);
  return {
    exit,
    stdout: `${silenced(text, randomBytes(16).toString("hex"))}${lines.join("")}`,
    stderr: "",
  };
};

function pullOf({ environment }: Invocation): ReturnType<typeof readContext>["pull"] {
  if (environment["GITHUB_EVENT_PATH"] === undefined) return null;
  return readContext(environment, (path) => readFileSync(path, "utf8")).pull;
}

async function planFor(
  cluster: Cluster,
  { placeOf }: Loaded,
  { config }: Invocation,
  run: RunProgram,
  base: Base | null,
): Promise<Planned> {
  const { branch } = cluster.state;
  const record = base
    ? await recordBefore(config, run, branch, base.commit)
    : (await readRecord(config, run, { branch, fetches: false })).record;
  const plan = await planOfRecord(cluster, { config, run, record, templates: readTemplates(), notes: [] });
  return {
    cluster,
    plan,
    record,
    placeOf: (field) => placeOf(pathOf(field)),
    before: await configBefore(config, run, record, base),
  };
}

/** The config that runs, where the record names one commit; else the one that the pull request goes into. */
async function configBefore(
  config: string,
  run: RunProgram,
  record: ClusterRecord | null,
  base: Base | null,
): Promise<Planned["before"]> {
  const commits = new Set([...(record?.machines.values() ?? [])].map(({ commit }) => commit));
  const [only, ...more] = [...commits];
  const runs = typeof only === "string" && more.length === 0 ? only : null;
  for (const commit of [runs, base?.commit ?? null]) {
    if (commit === null) continue;
    const text = await gitObjects(run, dirname(config)).textAt(commit, basename(config));
    const cluster = text === null ? undefined : parseConfig(text).cluster;
    if (cluster) return { cluster, commit, runs: commit === runs };
  }
  return null;
}

/** Relative to out/. Of a config with errors nothing can be rendered, and nothing is called stale. */
function staleIn(folder: string, { touched }: Base, cluster: Cluster | undefined): readonly string[] {
  const paths = touched.map((path) => path.slice(`${OUT}/`.length));
  if (!cluster || paths.length === 0) return [];
  try {
    return staleOutput(paths, compareOutput(join(folder, OUT), renderCluster(cluster, readTemplates())));
  } catch (error) {
    if (error instanceof OutputError) return staleOutput(paths, null);
    throw error;
  }
}

/** `nodes[1].address` and `k3s.serverConfig.cluster-domain` as a path. */
function pathOf(field: string): readonly (string | number)[] {
  return field.split(/\.|(?=\[)/).map((step) => (/^\[\d+\]$/.test(step) ? Number(step.slice(1, -1)) : step));
}

function summarise(report: PullReport, file: string | undefined): void {
  if (file === undefined || file === "") return;
  appendFileSync(file, commentOf(report, { budget: SUMMARY_BUDGET, run: null }).body);
}
