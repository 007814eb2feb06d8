// What a pull request would do, as data: one job writes it, and another, which has a token, reads it as a stranger's.
import { Ajv } from "ajv";
import type { Severity } from "../config/finding.ts";
import { Failure } from "../failure.ts";
import { ACTION_CLASSES, type ActionClass } from "../model/action.ts";
import type { Role } from "../model/cluster.ts";

export interface PullReport {
  readonly version: 1;
  /** The newest commit of the pull request; null where there is none. */
  readonly head: string | null;
  /** The path of the config in the repository; all paths here are of that kind. */
  readonly config: string;
  /** The cluster's name; null where the config has errors, and then there is no plan. */
  readonly cluster: string | null;
  /** Something was applied already. */
  readonly recorded: boolean;
  /** How many agents are worked on at a time. */
  readonly agentBatch: number;
  readonly findings: readonly ReportedFinding[];
  readonly refusals: readonly ReportedRefusal[];
  /** What could not be looked at, as sentences. */
  readonly notes: readonly string[];
  /** In the order in which they would be worked on. */
  readonly machines: readonly ReportedMachine[];
  readonly tolerance: { readonly before: ReportedTolerance | null; readonly after: ReportedTolerance | null };
  /** Paths that the pull request touches and that are not what render makes of its config. */
  readonly outStale: readonly string[];
}

export interface ReportedFinding {
  readonly code: string;
  readonly severity: Severity;
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly hint: string;
}

export interface ReportedRefusal {
  readonly field: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly next: string;
  readonly machines: readonly string[];
}

export interface ReportedMachine {
  readonly name: string;
  readonly role: Role;
  readonly state: "unchanged" | "changes" | "unknown";
  readonly action: ActionClass;
  readonly quorum: {
    readonly stay: number;
    readonly of: number;
    readonly enough: boolean;
    /** Only when these have joined. */
    readonly after: readonly string[];
  } | null;
  readonly felt: string;
  readonly outage: boolean;
  readonly why: string | null;
  readonly problem: { readonly message: string; readonly next: string } | null;
  readonly files: readonly ReportedFile[];
}

export interface ReportedFile {
  readonly path: string;
  readonly change: "added" | "changed" | "mode" | "removed";
  readonly action: ActionClass;
  readonly armed: boolean;
  /** A unified diff, a line each; null where the text cannot be shown. */
  readonly diff: readonly string[] | null;
  /** Lines at its end that are left out of this report. */
  readonly leftOut: number;
}

export interface ReportedTolerance {
  /** Of which config: a commit, or null for the one of the pull request. */
  readonly commit: string | null;
  /** That config runs: the record says so. Else it only stands on the branch. */
  readonly runs: boolean;
  readonly verdict: string;
  readonly rows: readonly ReportedRow[];
}

export interface ReportedRow {
  readonly label: string;
  readonly kinds: readonly string[];
  /** Each thing that people feel. `worst`: seconds, a greater number is worse; -1 where the cluster has no such thing. */
  readonly aspects: readonly { readonly name: string; readonly text: string; readonly worst: number }[];
}

/** Most bytes of report.json. A plan of 5000 machines with a diff each has less. */
export const REPORT_BYTES = 32 * 1024 * 1024;
/** Longest line of a diff that a report holds, in characters. */
export const LONGEST_LINE = 1000;
/** Longest sentence. */
const LONGEST_TEXT = 4000;

const text = (maxLength = LONGEST_TEXT) => ({ type: "string", maxLength }) as const;
const orNull = (schema: object) => ({ anyOf: [schema, { type: "null" }] }) as const;
const count = { type: "integer", minimum: 0, maximum: 1e9 } as const;
const list = (items: object, maxItems: number) => ({ type: "array", items, maxItems }) as const;
const commit = { type: "string", pattern: "^[0-9a-f]{40}$" } as const;
/** Names stand unquoted in Mermaid, HTML and the marker: nothing but RFC 1123 gets there. */
const name = { type: "string", pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" } as const;
const action = { enum: [...ACTION_CLASSES] } as const;
const flag = { type: "boolean" } as const;
const place = { line: orNull(count), column: orNull(count) } as const;

/** Exactly these keys, all of them. */
function exactly(properties: Readonly<Record<string, object>>): object {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

/** As a unified diff has it: no line of somebody's can begin as our marker does. */
const diffLine = { ...text(LONGEST_LINE), pattern: "^[-+ @\\\\]" } as const;

const file = exactly({
  path: text(400),
  change: { enum: ["added", "changed", "mode", "removed"] },
  action,
  armed: flag,
  diff: orNull(list(diffLine, 100_000)),
  leftOut: count,
});

const machine = exactly({
  name,
  role: { enum: ["server", "agent", "loadbalancer"] },
  state: { enum: ["unchanged", "changes", "unknown"] },
  action,
  quorum: orNull(exactly({ stay: count, of: count, enough: flag, after: list(name, 100) })),
  felt: text(),
  outage: flag,
  why: orNull(text()),
  problem: orNull(exactly({ message: text(), next: text() })),
  files: list(file, 500),
});

const tolerance = orNull(
  exactly({
    commit: orNull(commit),
    runs: flag,
    verdict: text(20_000),
    rows: list(
      exactly({
        label: text(),
        kinds: list(text(40), 2),
        aspects: list(exactly({ name: text(40), text: text(200), worst: { type: "number" } }), 4),
      }),
      1000,
    ),
  }),
);

const SCHEMA = exactly({
  version: { const: 1 },
  head: orNull(commit),
  config: text(400),
  cluster: orNull(name),
  recorded: flag,
  agentBatch: { type: "integer", minimum: 1, maximum: 100 },
  findings: list(
    exactly({
      code: { type: "string", pattern: "^[a-z0-9-]{1,60}$" },
      severity: { enum: ["error", "warning", "info"] },
      path: text(),
      ...place,
      message: text(),
      hint: text(),
    }),
    1000,
  ),
  refusals: list(
    exactly({ field: text(400), ...place, message: text(), next: text(), machines: list(name, 6000) }),
    6000,
  ),
  notes: list(text(), 1000),
  machines: list(machine, 6000),
  tolerance: exactly({ before: tolerance, after: tolerance }),
  outStale: list(text(400), 50_000),
});

const isReport = new Ajv({ strictTypes: false }).compile<PullReport>(SCHEMA);

/** Reads report.json, whoever wrote it. Throws a Failure for anything that is not a report in every detail. */
export function readReport(source: string): PullReport {
  const bytes = Buffer.byteLength(source, "utf8");
  if (bytes > REPORT_BYTES) throw refused(`it has ${bytes} bytes, and at most ${REPORT_BYTES} are read`);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw refused("it is no JSON");
  }
  if (isReport(value)) return value;
  const [error] = isReport.errors ?? [];
  // The place only: what is written there is somebody else's.
  throw refused(
    `${error?.instancePath.replaceAll(/[^\w/]/g, "?") || "/"} does not have the form of a report`,
  );
}

function refused(reason: string): Failure {
  return new Failure(
    `report.json is not a report that this Quorate reads: ${reason}; no comment was written`,
    "run the workflow of the pull request again; where it changes Quorate itself, its comment appears after the merge",
  );
}

/** A sentence as long as a report takes it. */
export function sentence(words: string, longest = LONGEST_TEXT): string {
  return words.length > longest ? `${words.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, "")}…` : words;
}
