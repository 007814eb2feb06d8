// The beginning of every verb that needs the config: file → findings and, without errors, a Cluster.
import type { Finding, Path } from "../config/finding.ts";
import { parseConfig } from "../config/parse.ts";
import { type Position, positionsIn } from "../config/positions.ts";
import { readConfig } from "../config/read.ts";
import type { FindingJson, ReportSource } from "../config/report.ts";
import type { Cluster } from "../model/cluster.ts";

export interface Loaded {
  /** Absent where there is an error. */
  readonly cluster?: Cluster;
  readonly findings: readonly Finding[];
  /** The findings with the lines they point at, for people. Never shows what looks like a secret. */
  readonly report: (findings: readonly Finding[], colour: boolean) => Promise<string>;
  /** The findings for --json. */
  readonly json: () => Promise<readonly FindingJson[]>;
  /** Where a field stands in the file, or what it belongs to; null where there is no text. */
  readonly placeOf: (path: Path) => Pick<Position, "line" | "column"> | null;
}

/** Reads and checks the config file at that path. */
export function loadConfig(file: string): Loaded {
  const read = readConfig(file);
  if (!read.ok) return { findings: [read.finding], ...reporting({ file }, [read.finding]) };
  const { cluster, findings, spanOf } = parseConfig(read.text);
  return { ...(cluster && { cluster }), findings, ...reporting({ file, text: read.text, spanOf }, findings) };
}

/** The report is loaded when it is asked for: a good config does not pay for it. */
function reporting(
  source: ReportSource,
  findings: readonly Finding[],
): Pick<Loaded, "report" | "json" | "placeOf"> {
  return {
    report: async (shown, colour) =>
      (await import("../config/report.ts")).formatReport(shown, { ...source, colour }),
    json: async () => (await import("../config/report.ts")).formatJson(findings, source),
    placeOf: (path) => {
      const span = source.spanOf?.(path);
      return span ? positionsIn(source.text ?? "").at(span.offset) : null;
    },
  };
}
