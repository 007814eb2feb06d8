// A small picture of what changes: load balancers, servers, agents, and among them the machines that something is done to.
import type { ActionClass } from "../model/action.ts";
import type { Role } from "../model/cluster.ts";
import { counted } from "../model/words.ts";
import { groupsOf } from "./groups.ts";
import type { PullReport, ReportedMachine } from "./report.ts";
import { doneTo, ROLE_NAMES } from "./words.ts";

/** More boxes of a kind make a picture that nobody can read. */
const MOST_BOXES = 6;

type Style = "quiet" | "mild" | "strong" | "grave" | "fresh";

const STYLES: Readonly<Record<Style, string>> = {
  quiet: "fill:#8882,stroke:#8888,stroke-dasharray:4",
  mild: "fill:#54aeff55,stroke:#0969da",
  strong: "fill:#d4a72c66,stroke:#9a6700,stroke-width:2px",
  grave: "fill:#ff818266,stroke:#cf222e,stroke-width:3px",
  fresh: "fill:#4ac26b66,stroke:#1a7f37,stroke-width:2px",
};

const BY_ACTION: Readonly<Record<ActionClass, Style>> = {
  none: "mild",
  reload: "mild",
  restart: "strong",
  upgrade: "strong",
  reboot: "strong",
  reflash: "grave",
  add: "fresh",
  remove: "grave",
  refused: "grave",
};

const GROUPS: readonly (readonly [role: Role, id: string])[] = [
  ["loadbalancer", "lb"],
  ["server", "server"],
  ["agent", "agent"],
];

interface Box {
  readonly label: string;
  readonly style: Style;
}

/** A block of Mermaid; nothing where nothing changes. Names are RFC 1123, so quotes suffice. */
export function diagram({ machines }: PullReport): readonly string[] {
  if (machines.every(({ state }) => state === "unchanged")) return [];
  const groups = GROUPS.flatMap(([role, id]) => {
    const boxes = boxesOf(
      machines.filter((machine) => machine.role === role),
      role,
    );
    return boxes.length === 0 ? [] : [{ id, title: `${ROLE_NAMES[role]}s`, boxes }];
  });
  const used = new Set(groups.flatMap(({ boxes }) => boxes.map(({ style }) => style)));
  const [first, ...others] = groups.map(({ id }) => id);
  return [
    "```mermaid",
    "flowchart LR",
    ...groups.flatMap(({ id, title, boxes }) => [
      `  subgraph ${id}["${title}"]`,
      ...boxes.map(({ label, style }, index) => `    ${id}${index}["${label}"]:::${style}`),
      "  end",
      `  style ${id} fill:transparent,stroke:#8888`,
    ]),
    ...others.map((id) => `  ${first} --> ${id}`),
    ...[...used].map((style) => `  classDef ${style} ${STYLES[style]}`),
    "```",
    "",
  ];
}

function boxesOf(machines: readonly ReportedMachine[], role: Role): readonly Box[] {
  const changing = machines.filter(({ state }) => state !== "unchanged");
  const still = machines.length - changing.length;
  const boxes =
    changing.length > MOST_BOXES
      ? crowds(changing)
      : changing.map((machine) => ({
          label: `${machine.name}<br/>${labelOf(machine)}`,
          style: styleOf(machine),
        }));
  const rest = { label: `${counted(still, ROLE_NAMES[role])}<br/>no change`, style: "quiet" } as const;
  return still > 0 ? [...boxes, rest] : boxes;
}

/** Of many machines a box for all that fare alike. */
function crowds(machines: readonly ReportedMachine[]): readonly Box[] {
  return groupsOf(machines, labelOf).map((group) => {
    const [first] = group;
    const count = counted(group.length, ROLE_NAMES[first.role]);
    const label = first.state === "unknown" ? `${count} unknown` : doneTo(group, first.action);
    return { label, style: styleOf(first) };
  });
}

function labelOf({ state, action }: ReportedMachine): string {
  if (state === "unknown") return "unknown";
  return action === "none" ? "new files" : action;
}

function styleOf({ state, action, outage }: ReportedMachine): Style {
  if (state === "unknown") return "quiet";
  return outage ? "grave" : BY_ACTION[action];
}
