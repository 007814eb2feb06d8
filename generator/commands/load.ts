// The beginning of every verb that needs the config: file → findings and, without errors, a Cluster.
import type { Cluster } from "../model/cluster.ts";
import { type Finding, hasErrors } from "../config/finding.ts";
import { parseConfig } from "../config/parse.ts";
import { readConfig } from "../config/read.ts";
import { formatJson, formatReport } from "../config/report.ts";

export interface Loaded {
  /** Absent where there is an error. */
  readonly cluster?: Cluster;
  readonly findings: readonly Finding[];
  /** The findings with the lines they point at, for people. Never shows what looks like a secret. */
  readonly report: (findings: readonly Finding[], colour: boolean) => string;
  /** The findings for --json. */
  readonly json: () => ReturnType<typeof formatJson>;
}

/** Reads and checks the config file at that path. */
export function loadConfig(file: string): Loaded {
  const read = readConfig(file);
  if (!read.ok) {
    const findings = [read.finding];
    return {
      findings,
      report: (shown, colour) => formatReport(shown, { file, colour }),
      json: () => formatJson(findings, { file }),
    };
  }
  const { cluster, findings, spanOf } = parseConfig(read.text);
  const source = { file, text: read.text, spanOf };
  return {
    ...(cluster && !hasErrors(findings) && { cluster }),
    findings,
    report: (shown, colour) => formatReport(shown, { ...source, colour }),
    json: () => formatJson(findings, source),
  };
}
