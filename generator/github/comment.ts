// The comment of a pull request, from its report: the verdict first, then machine by machine. Also a step's summary. Pure.
import type { ActionClass } from "../model/action.ts";
import { counted } from "../model/words.ts";
import { diffs } from "./diffs.ts";
import { adviceLines, errorLines, refusalLines } from "./finding-list.ts";
import { machineTable } from "./machine-table.ts";
import { bytesOfLines, code, linesWithin, prose } from "./markdown.ts";
import { markerLine } from "./marker.ts";
import { diagram } from "./mermaid.ts";
import { type PullReport, sentence } from "./report.ts";
import { toleranceLines } from "./tolerance-change.ts";
import { verdictOf } from "./verdict-line.ts";
import { shortCommit, someNames } from "./words.ts";

export interface CommentOptions {
  /** Bytes of UTF-8 that the text may have. */
  readonly budget: number;
  /** The page of the workflow's run, where the summary and the artifact are; null where there is none. */
  readonly run: string | null;
}

export interface Comment {
  /** Ends with a line break. */
  readonly body: string;
  /** What the marker says that was shown. */
  readonly shown: Readonly<Record<string, ActionClass>>;
  /** Not every machine that changes is in the table: nobody can have approved all of it. */
  readonly truncated: boolean;
}

/** Of the budget in percent, what each part may take at most; the diffs take what is left. */
const PARTS = {
  refusals: 8,
  errors: 16,
  stale: 3,
  table: 40,
  tolerance: 7,
  notes: 5,
  advice: 6,
  cut: 6,
} as const;
/** Of the first line, in characters. */
const LONGEST_VERDICT = 600;

/** The comment. It begins with the marker. */
export function commentOf(report: PullReport, { budget, run }: CommentOptions): Comment {
  const part = (name: keyof typeof PARTS) => Math.floor((budget * PARTS[name]) / 100);
  const { mood, text } = verdictOf(report);
  const table = machineTable(report, part("table"));
  const truncated = table.cut.length > 0;
  const top = [
    markerLine({ head: report.head, shown: table.shown, truncated }),
    `### ${SIGNS[mood]} ${prose(sentence(text, LONGEST_VERDICT))}`,
    "",
    ...staleLines(report, part("stale")),
    ...refusalLines(report, part("refusals")),
    ...errorLines(report, part("errors")),
    ...table.lines,
    ...cutTable(table.cut, run),
    ...outageLines(report),
  ];
  const middle = [...linesWithin(toleranceLines(report), part("tolerance")), ...diagram(report)];
  const bottom = [
    ...noteLines(report, part("notes")),
    ...adviceLines(report, part("advice")),
    ...footer(report),
  ];
  const room = budget - bytesOfLines([...top, ...middle, ...bottom]) - part("cut");
  const { lines, cut } = diffs(report, room);
  const body = [...top, ...middle, ...lines, ...cutDiffs(cut, run, part("cut")), ...bottom];
  return { body: body.map((line) => `${line}\n`).join(""), shown: table.shown, truncated };
}

const SIGNS = { good: "✅", look: "⚠️", bad: "⛔" } as const;

function staleLines({ outStale }: PullReport, bytes: number): readonly string[] {
  if (outStale.length === 0) return [];
  const items = outStale.map((path) => `- ${code(path)}`);
  const kept = linesWithin(items, bytes);
  return [
    `This pull request changes files of \`out/\`, and ${outStale.length === 1 ? "this one is" : "these are"} not what render makes of its config. Next: \`npm run render\`, then commit \`out/\`; or leave \`out/\` as it is on the branch that this goes into: an apply renders it.`,
    "",
    ...kept,
    ...(items.length > kept.length ? [`- and ${items.length - kept.length} more`] : []),
    "",
  ];
}

function cutTable(names: readonly string[], run: string | null): readonly string[] {
  if (names.length === 0) return [];
  return [
    `**Cut: ${counted(names.length, "machine")} that do not fit into this comment: ${someNames(names, 10)}.** See ${where(run)}. Because nobody sees all of the plan here, a merge does not count as approval of it: apply stops and says how to accept it.`,
    "",
  ];
}

function outageLines({ machines }: PullReport): readonly string[] {
  if (machines.every(({ outage }) => !outage)) return [];
  return [
    "**An outage is carried out only when somebody says so**: after the merge run the workflow apply by hand and accept it there, or `npx quorate apply --accept-outage` at a time when that is all right.",
    "",
  ];
}

function cutDiffs(cut: readonly string[], run: string | null, bytes: number): readonly string[] {
  if (cut.length === 0) return [];
  const head = [`Cut from these diffs; see ${where(run)}:`, ""];
  const items = cut.map((each) => `- ${prose(each)}`);
  return [...head, ...linesWithin(items, bytes - bytesOfLines([...head, ""])), ""];
}

function where(run: string | null): string {
  const place = "the summary of the job and the artifact `plan`";
  return run === null ? place : `${place} of [this run](${encodeURI(run)})`;
}

function noteLines({ notes }: PullReport, bytes: number): readonly string[] {
  if (notes.length === 0) return [];
  const items = notes.map((note) => `- ${prose(note)}`);
  const kept = linesWithin(items, bytes);
  const more = items.length - kept.length;
  return ["#### Notes", "", ...kept, ...(more > 0 ? [`- and ${counted(more, "more note")}`] : []), ""];
}

function footer({ head, cluster, recorded }: PullReport): readonly string[] {
  const against = recorded
    ? "against the record of what was applied; no machine was asked, so a change by hand shows only when it is applied"
    : "nothing is recorded yet; no machine was asked";
  const of = head === null ? "" : ` of ${shortCommit(head)}`;
  return [`<sub>Plan${of}${cluster === null ? "" : ` for cluster ${code(cluster)}, ${against}`}.</sub>`];
}
