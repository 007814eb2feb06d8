// Findings of the config and what is refused, as lists with the lines that they speak of.
import { SEVERITY_LABELS } from "../config/finding.ts";
import { counted } from "../model/words.ts";
import { bytesOfLines, code, linesWithin, nextAction, prose } from "./markdown.ts";
import type { PullReport, ReportedFinding } from "./report.ts";

interface Placed {
  readonly line: number | null;
  readonly column: number | null;
}

/** Errors and refusals stand open; what is never in the way is folded. */
export function refusalLines({ refusals, config }: PullReport, bytes: number): readonly string[] {
  const items = refusals.map(
    ({ field, message, next, ...place }) =>
      `- ${code(field)}${placeOf(config, place)}: ${prose(message)}<br>next: ${nextAction(next)}`,
  );
  return section("#### Refused", items, bytes, "refusal");
}

export function errorLines({ findings, config }: PullReport, bytes: number): readonly string[] {
  const errors = findings.filter(({ severity }) => severity === "error");
  return section(
    "#### Errors of the config",
    errors.map((each) => item(each, config)),
    bytes,
    "error",
  );
}

export function adviceLines({ findings, config }: PullReport, bytes: number): readonly string[] {
  const advice = findings.filter(({ severity }) => severity !== "error");
  if (advice.length === 0) return [];
  const counts = (["warning", "info"] as const).flatMap((severity) => {
    const count = advice.filter((each) => each.severity === severity).length;
    return count === 0 ? [] : [counted(count, SEVERITY_LABELS[severity])];
  });
  const items = advice.map((each) => item(each, config));
  const head = [`<details><summary>${counts.join(", ")}</summary>`, ""];
  const tail = ["", "</details>", ""];
  return [...head, ...within(items, bytes - bytesOfLines([...head, ...tail]), "finding"), ...tail];
}

function section(heading: string, items: readonly string[], bytes: number, noun: string): readonly string[] {
  if (items.length === 0) return [];
  const head = [heading, ""];
  return [...head, ...within(items, bytes - bytesOfLines([...head, ""]), noun), ""];
}

/** Room for the line that says how many more there are. */
const MORE_BYTES = 80;

function within(items: readonly string[], bytes: number, noun: string): readonly string[] {
  if (bytesOfLines(items) <= bytes) return items;
  const kept = linesWithin(items, bytes - MORE_BYTES);
  return [
    ...kept,
    `- and ${counted(items.length - kept.length, `more ${noun}`)}: \`npm run check\` shows all`,
  ];
}

function item({ severity, code: name, message, hint, ...place }: ReportedFinding, config: string): string {
  return `- **${SEVERITY_LABELS[severity]}** ${code(name)}${placeOf(config, place)}: ${prose(message)}<br>next: ${nextAction(hint)}`;
}

function placeOf(config: string, { line, column }: Placed): string {
  return line === null ? "" : ` at ${code(`${config}:${line}:${column ?? 1}`)}`;
}
