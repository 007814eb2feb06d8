// The units of a machine: each has to run, and to be started at the next boot.
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Difference, difference, onMachine } from "./difference.ts";
import { KEEPALIVED } from "./questions.ts";
import type { SeenMachine, SeenUnit } from "./seen.ts";

/** In the order in which they were asked for. */
export function unitDifferences(
  name: string,
  { units, copies, files }: Pick<SeenMachine, "units" | "copies" | "files">,
): readonly Difference[] {
  const staged = new Set(copies.flatMap((copy) => (copy.is === "unstaged" ? [copy.staged] : [])));
  const lost = files.some(({ path, is }) => path === NODE_PATHS.keepalived && is === "missing");
  const alone = staged.has(NODE_PATHS.keepalived) && !lost;
  return units.flatMap((unit) => (unit.name === KEEPALIVED && alone ? [] : ofUnit(name, unit)));
}

/** quorate-node.service does its work and ends: it does not run. */
function ofUnit(name: string, unit: SeenUnit): readonly Difference[] {
  const once = unit.name === NODE_PATHS.unit;
  const runs = once ? unit.active !== "failed" : unit.active === "active";
  const enabled = unit.file === "enabled";
  const there = unit.load === "loaded";
  if (there && runs && enabled) return [];
  const expected = once ? "enabled" : "active and enabled";
  const state = once && runs ? "" : `${unit.active}, `;
  const seen = there || unit.file !== "" ? `${state}${unit.file || "not enabled"}` : "no such unit";
  return [difference(unit.name, expected, seen, nextFor(name, unit, runs, enabled))];
}

function nextFor(
  name: string,
  { name: unit, load, file }: SeenUnit,
  runs: boolean,
  enabled: boolean,
): string {
  if (load === "masked" || file.startsWith("masked"))
    return onMachine(name, `sh -c 'systemctl unmask ${unit} && systemctl enable --now ${unit}'`);
  if (load !== "loaded") return onMachine(name, "quorate-node converge");
  if (!enabled) return onMachine(name, `systemctl enable ${runs ? "" : "--now "}${unit}`);
  return `${onMachine(name, `journalctl -u ${unit} -n 50`)} says why; then ${onMachine(name, `systemctl start ${unit}`)}`;
}
