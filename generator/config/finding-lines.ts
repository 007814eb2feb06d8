// Findings in short, without lines of a file: what they are about is on no disk yet, or has just been written.
import { type Finding, SEVERITY_LABELS } from "./finding.ts";
import { printable } from "./printable.ts";
import { maskSecrets } from "./secret-like.ts";

/** Two lines each: what is wrong, and the next action. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap(({ severity, code, message, hint }) => [
    `${SEVERITY_LABELS[severity]}[${code}]: ${clean(message)}`,
    `  next: ${clean(hint)}`,
  ]);
}

/** Text that holds somebody's answer, fit for a terminal. */
export function clean(text: string): string {
  return printable(maskSecrets(text));
}
