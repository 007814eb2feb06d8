// A plan for people: a line for each machine, below it what changes, at the end what is to be done.
import type { Node } from "../model/cluster.ts";
import { counted } from "../model/words.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
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
  return `${plan.machines.map((machine) => machineText(machine, widths)).join("")}\n${closing(plan)}\n`;
}

function machineText(machine: MachinePlan, widths: { readonly name: number; readonly role: number }): string {
  const head = `${machine.name.padEnd(widths.name)}  ${ROLES[machine.role].padEnd(widths.role)}  ${machine.address}  `;
  if (machine.state === "unknown") {
    const { message = "", next = "" } = machine.problem ?? {};
    return `${head}unknown: ${message}\n  next: ${next}\n`;
  }
  if (machine.state === "unchanged") return `${head}no change\n`;
  const rows = [
    ["felt", machine.felt],
    ...(machine.quorum
      ? [
          [
            "quorum",
            `${machine.quorum.stay} of ${counted(machine.quorum.of, "voter")} stay${machine.quorum.enough ? "" : ", which is no majority"}`,
          ],
        ]
      : []),
  ];
  return [
    `${head}${machine.action === "none" ? "takes new files" : machine.action}, ${counted(shown(machine.files).length, "file")}\n`,
    ...rows.map(([key = "", text]) => `  ${key.padEnd(8)}${text}\n`),
    ...shown(machine.files).map(fileText),
  ].join("");
}

/** The list of the machine's files follows the files: it says nothing to a person, unless nothing else does. */
function shown(files: readonly FilePlan[]): readonly FilePlan[] {
  const others = files.filter(({ path }) => path !== NODE_PATHS.fileList);
  return others.length > 0 ? others : files;
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

function closing({ machines }: Plan): string {
  const of = (state: MachinePlan["state"]) => machines.filter((machine) => machine.state === state).length;
  const parts = [
    ...(of("changes") > 0 ? [`${counted(of("changes"), "machine")} to change`] : []),
    ...(of("unknown") > 0 ? [`${counted(of("unknown"), "machine")} unknown`] : []),
    ...(of("unchanged") > 0 ? [`${of("unchanged")} as it should be`] : []),
  ];
  return `plan: ${parts.join(", ")}`;
}
