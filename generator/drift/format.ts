// The drift for people, readable as it stands, also in an issue: a line for each machine, below it what is not as recorded.
import { counted } from "../model/words.ts";
import type { Difference } from "./difference.ts";
import type { Drift, MachineDrift } from "./drift.ts";

const LONGEST_DIFF = 60;
const ROLES = { server: "server", agent: "agent", loadbalancer: "load balancer" } as const;
const STATES: Readonly<Record<MachineDrift["state"], string>> = {
  "as recorded": "as recorded",
  drifted: "drifted",
  unknown: "could not be asked",
  new: "not applied yet",
};

/** The whole text; the last line counts. */
export function formatDrift(drift: Drift): string {
  const { machines, differences, notes, cluster } = drift;
  const rows = machines.map(({ name, role, address }) => [name, ROLES[role], address]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = machines.map((machine, index) => {
    const head = (rows[index] ?? []).map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ");
    return `${head}  ${machineText(machine)}`;
  });
  return [
    ...lines,
    ...(differences.length > 0 ? [`cluster ${cluster}\n${differences.map(differenceText).join("")}`] : []),
    ...notes.map((note) => `note: ${note}\n`),
    `\n${closing(drift)}\n`,
  ].join("");
}

function machineText({ state, remark, problem, differences, name }: MachineDrift): string {
  const about = remark && ` (${remark})`;
  const why = problem ? `: ${problem.message}` : "";
  const next = problem?.next ?? (state === "new" ? `npx quorate card ${name}, then npx quorate apply` : "");
  return [
    `${STATES[state]}${why}${about}\n`,
    ...(next === "" ? [] : [`  next: ${next}\n`]),
    ...differences.map(differenceText),
  ].join("");
}

function differenceText({ what, expected, seen, next, diff }: Difference): string {
  const lines = [`  ${what}`, `    expected  ${expected}`, `    seen      ${seen}`, `    next      ${next}`];
  return [...lines, ...diffText(diff)].map((line) => `${line}\n`).join("");
}

function diffText(diff: Difference["diff"]): readonly string[] {
  if (diff === null || diff.length === 0) return [];
  const shown = diff.slice(0, LONGEST_DIFF);
  const more = diff.length - shown.length;
  return [
    "      --- as recorded",
    "      +++ on the machine",
    ...shown.map((line) => `      ${line}`),
    ...(more > 0 ? [`      ... and ${counted(more, "more line")}`] : []),
  ];
}

function closing({ machines, differences }: Drift): string {
  const of = (state: MachineDrift["state"]) => machines.filter((machine) => machine.state === state).length;
  const all = machines.reduce((sum, machine) => sum + machine.differences.length, differences.length);
  const parts = [
    ...(all > 0 ? [counted(all, "difference")] : []),
    ...(of("unknown") > 0 ? [`${counted(of("unknown"), "machine")} could not be asked`] : []),
    ...(of("new") > 0 ? [`${counted(of("new"), "machine")} not applied yet`] : []),
    `${of("as recorded")} of ${counted(machines.length, "machine")} as recorded`,
  ];
  return `drift: ${parts.join(", ")}`;
}
