// From the plan of a pull request to its report: everything that the comment shows, and nothing that is longer than a report takes.
import type { ClusterRecord } from "../model/record.ts";
import type { Cluster } from "../model/cluster.ts";
import { shownFiles } from "../plan/machine-plan.ts";
import type { FilePlan, MachinePlan, Plan } from "../plan/plan.ts";
import type { Aspect } from "../tolerance/aspect.ts";
import { ASPECTS, describeAspect, standing } from "../tolerance/standing.ts";
import { faultTolerance, type Row } from "../tolerance/tolerance.ts";
import { verdict } from "../tolerance/verdict.ts";
import {
  LONGEST_LINE,
  type PullReport,
  type ReportedFile,
  type ReportedFinding,
  type ReportedMachine,
  type ReportedRefusal,
  type ReportedTolerance,
  sentence,
} from "./report.ts";

export interface Seen {
  readonly head: string | null;
  readonly config: string;
  readonly findings: readonly ReportedFinding[];
  readonly outStale: readonly string[];
  /** Null where the config has errors. */
  readonly planned: Planned | null;
}

export interface Planned {
  readonly cluster: Cluster;
  readonly plan: Plan;
  readonly record: ClusterRecord | null;
  /** Where a field of a refusal stands in the config. */
  readonly placeOf: (field: string) => { readonly line: number; readonly column: number } | null;
  /** The config that this one takes the place of; null where there is none, or it cannot be read. */
  readonly before: { readonly cluster: Cluster; readonly commit: string; readonly runs: boolean } | null;
}

/** The report. The same plan gives the same bytes. */
export function makeReport({ head, config, findings, outStale, planned }: Seen): PullReport {
  const base = {
    version: 1,
    head,
    config: sentence(config, 400),
    findings: findings.slice(0, 1000).map((finding) => ({
      ...finding,
      path: sentence(finding.path),
      message: sentence(finding.message),
      hint: sentence(finding.hint),
    })),
    outStale: outStale.slice(0, 50_000).map((path) => sentence(path, 400)),
  } as const;
  if (!planned)
    return {
      ...base,
      cluster: null,
      recorded: false,
      agentBatch: 1,
      refusals: [],
      notes: [],
      machines: [],
      tolerance: { before: null, after: null },
    };
  const { cluster, plan, record, before } = planned;
  let room = DIFF_CHARACTERS;
  const machines = plan.machines.map((machine) => {
    const reported = reportedMachine(machine, room);
    room -= sizeOf(reported);
    return reported;
  });
  return {
    ...base,
    cluster: cluster.name,
    recorded: record !== null,
    agentBatch: cluster.rollout.agentBatch,
    refusals: plan.refusals.map((refusal): ReportedRefusal => {
      const { line = null, column = null } = planned.placeOf(refusal.field) ?? {};
      const { field, message, next, machines: names } = refusal;
      return {
        field: sentence(field, 400),
        line,
        column,
        message: sentence(message),
        next: sentence(next),
        machines: names,
      };
    }),
    notes: plan.notes.slice(0, 1000).map((note) => sentence(note)),
    machines,
    tolerance: {
      before: before && reportedTolerance(before.cluster, before.commit, before.runs),
      after: reportedTolerance(cluster, null, false),
    },
  };
}

/** All diffs of a report together, and those of one file. What is beyond is counted. */
const DIFF_CHARACTERS = 4_000_000;
const FILE_CHARACTERS = 400_000;
const FILES = 500;

function reportedMachine(machine: MachinePlan, room: number): ReportedMachine {
  const { name, role, state, action, quorum, outage, why, problem } = machine;
  let left = room;
  return {
    name,
    role,
    state,
    action,
    quorum,
    felt: sentence(machine.felt),
    outage,
    why: why === null ? null : sentence(why),
    problem: problem && { message: sentence(problem.message), next: sentence(problem.next) },
    files: shownFiles(machine.files)
      .slice(0, FILES)
      .map((file) => {
        const reported = reportedFile(file, Math.min(left, FILE_CHARACTERS));
        left -= lengthOf(reported);
        return reported;
      }),
  };
}

function reportedFile({ path, change, action, armed, diff }: FilePlan, room: number): ReportedFile {
  const base = { path: sentence(path, 400), change, action, armed };
  if (diff === null) return { ...base, diff: null, leftOut: 0 };
  let left = room;
  const kept = diff
    .map((line) => sentence(line, LONGEST_LINE))
    .filter((line) => {
      left -= line.length + 1;
      return left >= 0;
    });
  return { ...base, diff: kept, leftOut: diff.length - kept.length };
}

function lengthOf({ diff }: ReportedFile): number {
  return (diff ?? []).reduce((sum, line) => sum + line.length + 1, 0);
}

function sizeOf({ files }: ReportedMachine): number {
  return files.reduce((sum, file) => sum + lengthOf(file), 0);
}

function reportedTolerance(cluster: Cluster, commit: string | null, runs: boolean): ReportedTolerance {
  const tolerance = faultTolerance(cluster);
  return {
    commit,
    runs,
    verdict: sentence(verdict(tolerance), 20_000),
    rows: [...tolerance.singles, ...tolerance.pairs].slice(0, 1000).map(reportedRow),
  };
}

function reportedRow({ label, kinds, aspects }: Row): ReportedTolerance["rows"][number] {
  return {
    label: sentence(label),
    kinds,
    aspects: ASPECTS.map((name) => ({
      name,
      text: describeAspect(aspects[name]),
      worst: worst(aspects[name]),
    })),
  };
}

/** Beyond every time: what stays away in part, and what stays away. */
const PARTLY = 1e9;
const LOST = 2e9;

function worst(aspect: Aspect | null): number {
  switch (standing(aspect)) {
    case "none":
      return -1;
    case "partly":
      return PARTLY;
    case "lost":
      return LOST;
    case "holds":
      return aspect?.worstSeconds ?? 0;
  }
}
