// What a drill found: of each failure what was promised and what was measured, and whether the promise held.
import { formatSeconds } from "../tolerance/seconds.ts";
import { API_CHECK, INGRESS_CHECK } from "../model/timing.ts";
import { counted } from "../model/words.ts";
import type { Felt, Sample } from "./sample.ts";
import type { LeftOut, Scenario } from "./scenario.ts";

export interface Measured {
  readonly id: string;
  readonly title: string;
  readonly worst: Scenario["worst"];
  readonly felt: readonly Felt[];
  /** Milliseconds from the failure until the load balancers, or the other one, had noticed; null: nothing was to be noticed, or nobody did. */
  readonly noticed: number | null;
  /** Milliseconds from its end until everything was well again. */
  readonly well: number;
  /** This computer held a request up for so long at worst. */
  readonly drift: number;
  readonly moments: Moments;
  /** Every request, for a picture. */
  readonly samples: readonly Sample[];
  /** Where the promise did not hold: in what. Empty: it held. */
  readonly broken: readonly string[];
}

/** Milliseconds since 1970: the client began, the failure was made and ended, the client stopped. */
export interface Moments {
  readonly from: number;
  readonly made: number;
  readonly healed: number;
  readonly to: number;
}

export interface Report {
  readonly measured: readonly Measured[];
  /** What the cluster would not carry, or nobody can make here. */
  readonly leftOut: readonly LeftOut[];
  /** What was to be made, and could not be. */
  readonly notMade: readonly LeftOut[];
  /** Why the drill has ended before its end; null: it has not. */
  readonly ended: string | null;
}

/** Later by one look than the worst of the table is the error of measuring. */
const SLACK = { api: API_CHECK.inter, ingress: INGRESS_CHECK.inter } as const;

/** In what a measurement exceeds the promise, in words. `noticed`: see Measured. */
export function broken(
  { worst, planned, noticed: by, seconds }: Pick<Scenario, "worst" | "planned" | "noticed" | "seconds">,
  felt: readonly Felt[],
  noticed: Measured["noticed"],
): readonly string[] {
  const missed = by !== "none" && noticed === null ? [`nobody had noticed it after ${seconds} s`] : [];
  const faults = felt.flatMap(({ target, lasted, longestGap, failed, sent }) => {
    if (planned)
      return failed === 0 ? [] : [`${target}: ${failed} of ${sent} requests failed, and none was to fail`];
    const kind = target === "api" ? "api" : "ingress";
    const bound = worst[kind];
    if (bound === null) return [];
    // A request that waits until all is over has not failed: where every one does, only the silence tells.
    const long = Math.max(failed === 0 ? 0 : lasted, longestGap);
    if (long <= bound + SLACK[kind]) return [];
    const what = long === longestGap ? "gave no good answer" : "was felt";
    return [
      `${target} ${what} for ${formatSeconds(long / 1000)}, at most ${formatSeconds(bound / 1000)} is promised`,
    ];
  });
  return [...missed, ...faults];
}

/** Nothing was broken, nothing that was to be made was not, and it came to its end. */
export function held({ measured, notMade, ended }: Report): boolean {
  return (
    ended === null && notMade.length === 0 && measured.every(({ broken: faults }) => faults.length === 0)
  );
}

/** The report without the single requests. */
export function reportJson(report: Report): string {
  const short = (key: string, value: unknown) => (key === "samples" ? undefined : value);
  return `${JSON.stringify(report, short, 2)}\n`;
}

/** What is promised about a failure, for people. */
export function promised({ api, ingress }: Scenario["worst"]): string {
  const most = Math.max(api, ingress ?? 0);
  return most === 0 ? "nothing" : `at most ${formatSeconds(most / 1000)}`;
}

/** The table, and below it what did not hold, what was left out and what could not be made. */
export function formatReport({ measured, leftOut, notMade, ended }: Report): string {
  const head = ["failure", "sent", "failed", "felt", "longest gap", "promised", "noticed", "well again", ""];
  const rows = measured.map(({ title, worst, felt, noticed, well, broken: faults }) => [
    title,
    String(felt.reduce((sum, { sent }) => sum + sent, 0)),
    String(felt.reduce((sum, { failed }) => sum + failed, 0)),
    formatSeconds(Math.max(0, ...felt.map(({ lasted }) => lasted)) / 1000),
    formatSeconds(Math.max(0, ...felt.map(({ longestGap }) => longestGap)) / 1000),
    promised(worst),
    noticed === null ? "" : formatSeconds(noticed / 1000),
    formatSeconds(well / 1000),
    faults.length === 0 ? "held" : "BROKEN",
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const faults = measured.flatMap(({ id, broken: each }) => each.map((text) => `broken: ${id}: ${text}\n`));
  const good = measured.filter(({ broken: each }) => each.length === 0).length;
  return [
    ...[head, ...rows].map((row) => `${line(row)}\n`),
    ...faults,
    ...notMade.map(({ id, why }) => `not made: ${id}: ${why}\n`),
    ...leftOut.map(({ id, why }) => `left out: ${id}: ${why}\n`),
    ...(ended === null ? [] : [`ended early: ${ended}\n`]),
    `\ndrill: the promise held in ${good} of ${counted(measured.length, "failure")}\n`,
  ].join("");
}
