// The only door to a Cluster: text in, either a Cluster or findings that say why not.
import type { Cluster } from "../model/cluster.ts";
import { type Finding, hasErrors, type Path, type Span } from "./finding.ts";
import { formatFindings } from "./format-findings.ts";
import { resolve } from "./resolve.ts";
import { ruleFindings } from "./rules/index.ts";
import { textFindings } from "./rules/text.ts";
import type { Config } from "./schema.ts";
import { parseSource } from "./source.ts";
import { validateShape } from "./validate.ts";

export interface Parsed {
  /** Absent where there is an error among the findings. */
  readonly cluster?: Cluster;
  /** All of them at once: errors, warnings and infos. */
  readonly findings: readonly Finding[];
  readonly spanOf: (path: Path, onKey?: boolean) => Span;
}

/** Reads a config. Never throws for any text. */
export function parseConfig(text: string): Parsed {
  const source = parseSource(text);
  const { spanOf } = source;
  if (!("value" in source)) return { findings: source.findings, spanOf };
  const { value } = source;
  const shape = validateShape(value);
  const findings = [
    ...source.findings,
    ...textFindings(value),
    ...shape,
    ...formatFindings(value),
    ...(isObject(value) ? ruleFindings(value, shape) : []),
  ];
  if (hasErrors(findings)) return { findings, spanOf };
  return { cluster: resolve(value as unknown as Config), findings, spanOf };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
