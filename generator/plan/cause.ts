// Why a file of a machine would change: the config was edited, Quorate renders otherwise, or somebody changed the machine.
import { createHash } from "node:crypto";
import { type NodeFile, publicText } from "../model/files.ts";
import { listed } from "../model/words.ts";
import type { ObservedFile } from "./observed.ts";
import type { RecordedFile } from "./recorded.ts";

export type Cause = "config" | "quorate" | "both" | "hand";

/** Three views of one file, by the same path. Undefined: it is not among the files of that view. */
export interface Views {
  /** What this Quorate makes of the config. */
  readonly desired: NodeFile | undefined;
  /** What this Quorate makes of the config as it was at the last apply. */
  readonly baseline: NodeFile | undefined;
  /** What the last apply gave the machine; null where nobody can know. */
  readonly recorded: RecordedFile | undefined | null;
}

/** The cause, or null where what is known does not tell. */
export function causeOf(seen: ObservedFile, { desired, baseline, recorded }: Views): Cause | null {
  const before = baseline && publicText(baseline.content);
  const rendersOtherwise = recorded === null ? null : recorded?.text !== before;
  if (before !== (desired && publicText(desired.content))) return rendersOtherwise ? "both" : "config";
  if (recorded === null || rendersOtherwise === null) return null;
  const untouched = hasThat(seen, recorded);
  // The config asks for the same as before: what the machine was given is either another Quorate's work, or was changed there.
  if (untouched === null) return rendersOtherwise ? null : "hand";
  return untouched ? "quorate" : "hand";
}

/** Whether the machine has just what it was given; null where its text is not known. */
function hasThat(seen: ObservedFile, recorded: RecordedFile | undefined): boolean | null {
  switch (seen.is) {
    case "missing":
      return recorded === undefined;
    case "mode":
      return recorded?.mode === seen.mode;
    case "different":
    case "stale":
      return seen.sum === undefined ? null : recorded !== undefined && textSum(recorded.text) === seen.sum;
  }
}

/** The SHA-256 of a text in its public form, in lower-case hex. */
export function textSum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const WORDS: readonly (readonly [string, readonly Cause[]])[] = [
  ["the config", ["config", "both"]],
  ["a newer Quorate", ["quorate", "both"]],
  ["a change by hand on the machine", ["hand"]],
];

/** All causes of a machine's changes in words; null where none is known. */
export function why(causes: readonly (Cause | null)[]): string | null {
  const words = WORDS.filter(([, of]) => causes.some((cause) => cause !== null && of.includes(cause)));
  return words.length === 0 ? null : listed(words.map(([word]) => word));
}
