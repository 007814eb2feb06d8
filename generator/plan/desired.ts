// What a machine should have, and the action that a change of each of its files asks for.
import type { ActionClass } from "../model/action.ts";
import { type NodeFile, type OnChange, publicText } from "../model/files.ts";
import { K3S_PATHS } from "../render/k3s.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import type { ObservedFile } from "./observed.ts";

/** How a machine's own list of files names an action: none, reboot, reload:UNIT, restart:UNIT. */
function actionOf(onChange: OnChange): ActionClass {
  return typeof onChange === "string" ? onChange : onChange.how;
}

/** The same, read from the list on a machine; what is not known there is nothing that is felt. */
export function actionOfWord(word: string): ActionClass {
  const [how = ""] = word.split(":");
  return how === "reboot" || how === "reload" || how === "restart" ? how : "none";
}

/** Files of which single lines decide: the action that another value of a variable asks for. */
const BY_VARIABLE: Readonly<Record<string, Readonly<Record<string, ActionClass>>>> = {
  // The node program installs K3s anew where the version is another one, and then restarts it; not for another mirror.
  [K3S_PATHS.installEnvironment]: { INSTALL_K3S_VERSION: "upgrade" },
  // Made by cloud-init at the first boot, or by the image itself: the node program changes none of these.
  [NODE_PATHS.settings]: {
    NAME: "reflash",
    ROLE: "reflash",
    CLUSTER: "reflash",
    OS: "reflash",
    LOGIN: "reflash",
  },
};

/** What it takes until the machine works with the file as it should be. */
export function actionFor(seen: ObservedFile, file: NodeFile): ActionClass {
  if (seen.is === "mode") return "none";
  const base = actionOf(file.onChange);
  const variables = BY_VARIABLE[file.path];
  if (!variables || seen.is === "stale") return base;
  const after = assignments(publicText(file.content));
  // A missing or unreadable file says nothing about what is installed.
  const before = seen.is === "different" && seen.text !== null ? assignments(seen.text) : new Map();
  const found = Object.entries(variables).flatMap(([name, action]) => {
    const unknown = !before.has(name);
    if (unknown) return action === "upgrade" ? [action] : [];
    return before.get(name) === after.get(name) ? [] : [action];
  });
  return found[0] ?? base;
}

/** Lines `NAME=VALUE` of a shell's file, quotes and all. */
function assignments(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").flatMap((line) => {
    const [, name, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return new Map(lines);
}

/** Files whose change could end the way by which it came. */
const CUTTING: ReadonlySet<string> = new Set([
  NODE_PATHS.networkConfig,
  NODE_PATHS.authorizedKeys,
  NODE_PATHS.hostKey,
  "/etc/ssh/sshd_config.d/10-quorate-peer.conf",
]);

/** True where a mistake in this file could lock everybody out. */
export function couldCutOff({ path }: Pick<NodeFile, "path">): boolean {
  return CUTTING.has(path);
}
