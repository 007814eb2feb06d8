// A plan for people: a line for each machine, below it what changes, at the end what is to be done.
import type { Node } from "../model/cluster.ts";
import { counted, listed } from "../model/words.ts";
import { shownFiles } from "./machine-plan.ts";
import type { FilePlan, MachinePlan, Plan } from "./plan.ts";

const LONGEST_DIFF = 60;
const ROLES: Readonly<Record<Node["role"], string>> = {
  server: "server",
  agent: "agent",
  loadbalancer: "load balancer",
};

/** The whole plan, in the order in which it would be worked off. */
export function formatPlan(plan: Plan): string {
  const widths = {
    name: Math.max(...plan.machines.map(({ name }) => name.length)),
    role: Math.max(...plan.machines.map(({ role }) => ROLES[role].length)),
  };
  return [
    ...plan.machines.map((machine) => machineText(machine, widths)),
    ...plan.refusals.map(refusalText),
    ...plan.notes.map((note) => `note: ${note}\n`),
    `\n${closing(plan)}\n`,
  ].join("");
}

function machineText(machine: MachinePlan, widths: { readonly name: number; readonly role: number }): string {
  const { action, files, problem, state } = machine;
  const head = `${machine.name.padEnd(widths.name)}  ${ROLES[machine.role].padEnd(widths.role)}  ${machine.address}  `;
  if (state === "unchanged") return `${head}no change\n`;
  if (state === "unknown") return `${head}unknown: ${problem?.message ?? ""}\n${nextText(problem)}`;
  // What is refused is said once, below all machines.
  if (action === "refused")
    return `${head}refused${filesText(files)}\n${shownFiles(files).map(fileText).join("")}`;
  return [
    `${head}${actionText(machine)}${filesText(files)}${problem ? `: ${problem.message}` : ""}\n`,
    ...rows(machine).map(([key, text]) => `  ${key.padEnd(8)}${text}\n`),
    nextText(problem),
    ...shownFiles(files).map(fileText),
  ].join("");
}

function actionText({ action, files, unfinished, unconfirmed, closed }: MachinePlan): string {
  if (files.length > 0) return action === "none" ? "takes new files" : action;
  if (unfinished !== null) return "goes on";
  // One that is added or removed has no files to change either.
  if (unconfirmed) return "keeps its last change";
  return closed ? "is taken back into service" : action;
}

function filesText(files: readonly FilePlan[]): string {
  return files.length === 0 ? "" : `, ${counted(shownFiles(files).length, "file")}`;
}

function nextText(problem: MachinePlan["problem"]): string {
  return problem ? `  next: ${problem.next}\n` : "";
}

function rows({
  felt,
  why,
  quorum,
  unfinished,
  unconfirmed,
  closed,
}: MachinePlan): readonly (readonly [string, string])[] {
  return [
    ...(unfinished === null ? [] : [["now", unfinished] as const]),
    ...(unconfirmed
      ? [["now", "it undoes its last change by itself, unless somebody comes in anew; that is done"] as const]
      : []),
    ...(closed
      ? [["now", "an apply took it out of service and ended early; it is taken back"] as const]
      : []),
    ["felt", felt],
    ...(why === null ? [] : [["why", why] as const]),
    ...(quorum
      ? [
          [
            "quorum",
            `${quorum.stay} of ${counted(quorum.of, "voter")} stay${quorum.enough ? "" : ", which is no majority"}${quorum.after.length > 0 ? `, when ${listed(quorum.after)} ${quorum.after.length === 1 ? "has" : "have"} joined` : ""}`,
          ] as const,
        ]
      : []),
  ];
}

function refusalText({ field, message, next }: Plan["refusals"][number]): string {
  return `refused: ${field}: ${message}\n  next: ${next}\n`;
}

const SIGNS = { added: "+", changed: "~", mode: "~", removed: "-" } as const;

function fileText({ path, change, action, armed, diff }: FilePlan): string {
  const notes = [
    ...(action === "none" ? [] : [action]),
    ...(armed ? ["a mistake here could lock everybody out"] : []),
  ];
  const head = `  ${SIGNS[change]} ${path}${notes.length === 0 ? "" : `  (${notes.join("; ")})`}\n`;
  if (diff === null) return `${head}      its text on the machine cannot be shown\n`;
  const lines = diff.slice(0, LONGEST_DIFF).map((line) => `      ${line}\n`);
  const more = diff.length - lines.length;
  return `${head}${lines.join("")}${more > 0 ? `      ... and ${counted(more, "more line")}\n` : ""}`;
}

function closing({ machines, offline, refusals }: Plan): string {
  const of = (which: (machine: MachinePlan) => boolean) => machines.filter(which).length;
  const changes = of(({ state, action }) => state === "changes" && !APART.has(action));
  const parts = [
    ...(changes > 0 ? [`${counted(changes, "machine")} to change`] : []),
    ...[...APART].flatMap(([action, text]) => {
      const count = of((machine) => machine.state === "changes" && machine.action === action);
      return count > 0 ? [`${counted(count, "machine")} ${text}`] : [];
    }),
    ...(of(({ state }) => state === "unknown") > 0
      ? [
          `${counted(
            of(({ state }) => state === "unknown"),
            "machine",
          )} unknown`,
        ]
      : []),
    ...(of(({ state }) => state === "unchanged") > 0
      ? [`${of(({ state }) => state === "unchanged")} as it should be`]
      : []),
    ...(refusals.length > 0 ? ["nothing can be applied before what is refused is put back"] : []),
  ];
  return `plan${offline ? " (against the record, no machine was asked)" : ""}: ${parts.join(", ")}`;
}

/** Counted for themselves: an apply does nothing to them, or something else than a change. */
const APART: ReadonlyMap<MachinePlan["action"], string> = new Map([
  ["add", "to add"],
  ["remove", "to take out"],
  ["reflash", "to flash again"],
  ["refused", "refused"],
]);
