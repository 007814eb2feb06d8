// The table of machines: of each that changes what is done, what that leaves of the voters, how it is felt, and why it comes.
import type { ActionClass } from "../model/action.ts";
import { counted } from "../model/words.ts";
import { bytesOfLines, code, nextAction, prose } from "./markdown.ts";
import type { PullReport, ReportedMachine } from "./report.ts";
import { ROLE_NAMES, someNames } from "./words.ts";

export interface MachineTable {
  readonly lines: readonly string[];
  /** The action of every machine that has a row and changes. */
  readonly shown: Readonly<Record<string, ActionClass>>;
  /** Names of those that did not fit. */
  readonly cut: readonly string[];
}

const COLUMNS = ["machine", "", "action", "voters", "felt", "why"] as const;
type Column = (typeof COLUMNS)[number];
/** A wider column for names takes the room of the sentences beside it. */
const WIDEST_NAME = 24;

/** In `bytes`, with what the marker needs for each machine. */
export function machineTable({ machines, recorded }: PullReport, bytes: number): MachineTable {
  const rows = machines.filter(({ state }) => state !== "unchanged");
  const still = machines.filter(({ state }) => state === "unchanged").map(({ name }) => name);
  const rest =
    still.length === 0
      ? []
      : [
          `${counted(still.length, "machine")} as ${still.length === 1 ? "it" : "they"} should be: ${someNames(still, 12)}.`,
          "",
        ];
  if (rows.length === 0) return { lines: rest, shown: {}, cut: [] };
  const columns = COLUMNS.filter((column) => column !== "voters" || rows.some(({ quorum }) => quorum));
  const head = headOf(columns, rows);
  const lines: string[] = [];
  const shown = new Map<string, ActionClass>();
  let left = bytes - bytesOfLines([...head, "", ...rest]);
  let end = 0;
  for (const machine of rows) {
    const row = rowOf(columns, machine, recorded);
    left -= bytesOfLines([row, `"${machine.name}":"${machine.action}",`]);
    if (left < 0) break;
    lines.push(row);
    end++;
    if (machine.state === "changes") shown.set(machine.name, machine.action);
  }
  return {
    lines: [...head, ...lines, "", ...rest],
    shown: Object.fromEntries(shown),
    cut: rows.slice(end).map(({ name }) => name),
  };
}

/** A browser breaks a name at its dash before it breaks a sentence: blanks that do not break keep the column as wide as the names. */
function headOf(columns: readonly Column[], rows: readonly ReportedMachine[]): readonly string[] {
  const widest = Math.min(WIDEST_NAME, Math.max(...rows.map(({ name }) => name.length)));
  const blanks = "&nbsp;".repeat(Math.max(0, widest + 2 - "machine".length));
  const titles = columns.map((column) => (column === "machine" ? `machine${blanks}` : column));
  return [`| ${titles.join(" | ")} |`, `|${columns.map(() => "---|").join("")}`];
}

function rowOf(columns: readonly Column[], machine: ReportedMachine, recorded: boolean): string {
  const { name, role, felt, outage, why, quorum } = machine;
  const cells: Readonly<Record<Column, string>> = {
    machine: code(name),
    "": ROLE_NAMES[role],
    action: happens(machine, recorded),
    voters: votersOf(quorum),
    felt: outage ? `**${prose(felt)}**` : prose(felt),
    why: prose(why ?? ""),
  };
  return `| ${columns.map((column) => cells[column]).join(" | ")} |`;
}

function votersOf(quorum: ReportedMachine["quorum"]): string {
  if (!quorum) return "";
  const { stay, of, enough, after } = quorum;
  const joined =
    after.length === 0 ? "" : `, when ${someNames(after, 3)} ${after.length === 1 ? "has" : "have"} joined`;
  return `${stay} of ${of} stay${enough ? "" : ": **no majority**"}${joined}`;
}

function happens({ state, action, problem }: ReportedMachine, recorded: boolean): string {
  const what = state === "unknown" ? "unknown" : action === "none" ? "new files" : action;
  if (!problem || action === "refused") return `**${what}**`;
  // Of a cluster that is not there yet it is said once, above.
  const message = !recorded && action === "add" ? "" : `: ${prose(problem.message)}`;
  return `**${what}**${message}; next: ${nextAction(problem.next)}`;
}
