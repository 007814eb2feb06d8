// Reports of pull requests: a config that is applied and recorded, and another text of it.
import { formatJson } from "../../generator/config/report.ts";
import { parseConfig } from "../../generator/config/parse.ts";
import { makeReport } from "../../generator/github/make-report.ts";
import type { PullReport } from "../../generator/github/report.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import { publicText } from "../../generator/model/files.ts";
import type { ClusterRecord } from "../../generator/model/record.ts";
import type { Known } from "../../generator/plan/known.ts";
import { makePlan } from "../../generator/plan/plan.ts";
import { asObserved, recordedFiles, type RecordedFiles } from "../../generator/plan/recorded.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { clusterOf, TEMPLATES } from "./fixtures.ts";
import { knowing, machine, recordOf } from "./plan-play.ts";

export const HEAD = "ab".repeat(20);
const APPLIED = "cd".repeat(20);
const CONFIG = "cluster.config.json";

export interface PullPlay {
  /** The text of the config that was applied; null: nothing was yet. */
  readonly applied: string | null;
  /** The text in the pull request. */
  readonly text: string;
  readonly outStale?: readonly string[];
  readonly notes?: readonly string[];
}

/** The report that the first job would write. */
export function pullReport({ applied, text, outStale = [], notes = [] }: PullPlay): PullReport {
  const { cluster, findings, spanOf } = parseConfig(text);
  const before = applied === null ? null : clusterOf(applied);
  const source = { file: CONFIG, text, spanOf };
  const known = before ? knownOf(before, notes) : knowing(null, { offline: true, notes });
  return makeReport({
    head: HEAD,
    config: CONFIG,
    findings: formatJson(findings, source),
    outStale,
    planned: cluster
      ? {
          cluster,
          plan: makePlan(cluster, TEMPLATES, before ? observed(before, cluster, known) : [], known),
          record: known.record,
          placeOf: () => ({ line: 7, column: 3 }),
          before: before && { cluster: before, commit: APPLIED, runs: true },
        }
      : null,
  });
}

function knownOf(before: Cluster, notes: readonly string[]): Known {
  const record: ClusterRecord = {
    ...recordOf(before),
    machines: new Map(
      [...recordOf(before).machines].map(([name, each]) => [name, { ...each, commit: APPLIED }]),
    ),
  };
  const recorded = new Map(before.nodes.map(({ name }) => [name, filesOf(before, name)]));
  return knowing(record, { offline: true, baseline: new Map([[APPLIED, before]]), recorded, notes });
}

function filesOf(cluster: Cluster, name: string): RecordedFiles {
  const node = cluster.nodes.find((each) => each.name === name);
  const texts = (node ? nodeFiles(cluster, node, TEMPLATES) : []).map(
    ({ path, content }) => [path, publicText(content)] as const,
  );
  return recordedFiles(new Map(texts)) ?? new Map();
}

function observed(before: Cluster, after: Cluster, known: Known) {
  return before.nodes.flatMap(({ name, role }) => {
    const node = after.nodes.find((each) => each.name === name);
    const recorded = known.recorded.get(name);
    if (!node || !recorded) return [];
    const files = asObserved(nodeFiles(after, node, TEMPLATES), recorded, (text) => text);
    return [machine(name, files, { voter: role === "server", vip: null }, after)];
  });
}
