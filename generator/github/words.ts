// Words for what is done to machines, as the comment of a pull request has them.
import type { ActionClass } from "../model/action.ts";
import type { Role } from "../model/cluster.ts";
import { counted, listed } from "../model/words.ts";
import type { ReportedMachine } from "./report.ts";

export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  server: "server",
  agent: "agent",
  loadbalancer: "load balancer",
};

/** "restarts" and "restart": of one machine, of several. */
const DONE: Readonly<Record<ActionClass, readonly [one: string, several: string]>> = {
  none: ["takes new files", "take new files"],
  reload: ["reloads", "reload"],
  restart: ["restarts", "restart"],
  upgrade: ["gets another K3s", "get another K3s"],
  reboot: ["reboots", "reboot"],
  reflash: ["needs a new card", "need new cards"],
  add: ["is added", "are added"],
  remove: ["is taken out of the cluster", "are taken out of the cluster"],
  refused: ["is refused", "are refused"],
};

/** "K3s restarts on 2 servers", "agent-2 is added", "3 machines take new files". */
export function doneTo(
  machines: readonly Pick<ReportedMachine, "name" | "role">[],
  action: ActionClass,
): string {
  const [one, several] = DONE[action];
  const roles = new Set(machines.map(({ role }) => role));
  const [first] = machines;
  const noun = roles.size === 1 && first ? ROLE_NAMES[first.role] : "machine";
  const who = first && machines.length === 1 ? first.name : counted(machines.length, noun);
  // It is the program that restarts: nobody shall think of the machine.
  if (action === "restart") return `${roles.has("loadbalancer") ? "a program" : "K3s"} restarts on ${who}`;
  return `${who} ${machines.length === 1 ? one : several}`;
}

/** Names, all of them or the first ones and how many more there are. */
export function someNames(names: readonly string[], most: number): string {
  if (names.length <= most) return listed(names);
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** The first seven digits, as GitHub shows a commit. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 7);
}
