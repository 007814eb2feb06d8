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

const HEAD = ["| machine | | what happens | voters | felt | why |", "|---|---|---|---|---|---|"] as const;

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
  const lines: string[] = [];
  const shown = new Map<string, ActionClass>();
  let left = bytes - bytesOfLines([...HEAD, "", ...rest]);
  let end = 0;
  for (const machine of rows) {
    const row = rowOf(machine, recorded);
    left -= bytesOfLines([row, `"${machine.name}":"${machine.action}",`]);
    if (left < 0) break;
    lines.push(row);
    end++;
    if (machine.state === "changes") shown.set(machine.name, machine.action);
  }
  return {
    lines: [...HEAD, ...lines, "", ...rest],
    shown: Object.fromEntries(shown),
    cut: rows.slice(end).map(({ name }) => name),
  };
}

function rowOf(machine: ReportedMachine, recorded: boolean): string {
  const { name, role, felt, outage, why, quorum } = machine;
  const voters = quorum
    ? `${quorum.stay} of ${quorum.of} stay${quorum.enough ? "" : ": **no majority**"}`
    : "";
  const cells = [
    code(name),
    ROLE_NAMES[role],
    happens(machine, recorded),
    voters,
    outage ? `**${prose(felt)}**` : prose(felt),
    prose(why ?? ""),
  ];
  return `| ${cells.join(" | ")} |`;
}

function happens({ state, action, problem }: ReportedMachine, recorded: boolean): string {
  const what = state === "unknown" ? "unknown" : action === "none" ? "new files" : action;
  if (!problem || action === "refused") return `**${what}**`;
  // Of a cluster that is not there yet it is said once, above.
  const message = !recorded && action === "add" ? "" : `: ${prose(problem.message)}`;
  return `**${what}**${message}; next: ${nextAction(problem.next)}`;
}
