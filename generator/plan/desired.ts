// What a machine should have: its files, in the public form that people see, and the action that a change of each asks for.
import type { ActionClass } from "../model/action.ts";
import type { NodeFile, OnChange } from "../model/files.ts";
import { NODE_PATHS } from "../render/node-paths.ts";

/** How a machine's own list of files names an action: none, reboot, reload:UNIT, restart:UNIT. */
export function actionOf(onChange: OnChange): ActionClass {
  return typeof onChange === "string" ? onChange : onChange.how;
}

/** The same, read from the list on a machine; what is not known there is nothing that is felt. */
export function actionOfWord(word: string): ActionClass {
  const [how = ""] = word.split(":");
  return how === "reboot" || how === "reload" || how === "restart" ? how : "none";
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
