// The status of a cluster for people and for tools.
import { counted } from "../model/words.ts";
import type { MachineState } from "./ask.ts";
import type { ClusterState } from "./cluster-state.ts";

const ROLES = { server: "server", agent: "agent", loadbalancer: "load balancer" } as const;

/** `12s`, `1m40s`, `2h05m`. */
export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (number: number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}

/** One line a machine, what to do below it, and the quorum last. `took`: seconds that it needed to come up, where seen. */
export function formatStatus(state: ClusterState, took?: number): string {
  const rows = state.machines.map(({ name, role, address }) => [name, ROLES[role], address]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const indent = " ".repeat((widths[0] ?? 0) + 2);
  const lines = state.machines.flatMap((machine, index) => [
    [...(rows[index] ?? []).map((text, column) => text.padEnd(widths[column] ?? 0)), stateText(machine)].join(
      "  ",
    ),
    ...(machine.next === "" ? [] : [`${indent}next: ${machine.next}`]),
  ]);
  const notes = state.notes.flatMap(({ message, next }) => [message, `  next: ${next}`]);
  return [
    ...lines,
    ...notes,
    ...deadText(state),
    `${quorumText(state)}${took === undefined ? "" : `, ${duration(took)}`}`,
    "",
  ].join("\n");
}

/** The same text as long as nothing but time has passed. */
export function withoutTimes(state: ClusterState): string {
  const machines = state.machines.map((machine) => ({ ...machine, seconds: null }));
  return formatStatus({ ...state, machines });
}

/** One document for tools; `seconds`: what `took` is above. */
export function statusJson(state: ClusterState, took?: number): string {
  const { ready, quorate, voters, servers, notes, machines } = state;
  const seconds = took === undefined ? null : Math.floor(took);
  return `${JSON.stringify({ ready, quorate, voters, servers, seconds, notes, machines }, null, 2)}\n`;
}

/** While the others have a majority a dead one can be replaced; before, it would be the wrong advice. */
function deadText({ machines, quorate }: ClusterState): readonly string[] {
  const silent = machines.filter(({ state }) => state === "no answer");
  const [first] = silent;
  if (!first) return [];
  if (quorate)
    return [
      `one that is dead for good, not only off: npx quorate replace ${silent.length === 1 ? first.name : "NAME"} (docs/operations.md)`,
    ];
  return silent.some(({ role }) => role === "server")
    ? [
        "no majority votes: switch the silent servers on; nothing can be replaced before (docs/operations.md#no-majority)",
      ]
    : [];
}

function stateText({ state, detail, seconds }: MachineState): string {
  if (state === "no answer") return `no answer (${detail})`;
  const text = detail === "" ? state : `${state}: ${detail}`;
  const timed = state === "working" || state === "waiting";
  return timed && seconds !== null ? `${text} for ${duration(seconds)}` : text;
}

function quorumText({ quorate, voters, servers }: ClusterState): string {
  return `${quorate ? "quorate" : "not quorate"}: ${voters} of ${counted(servers, "voter")}`;
}
