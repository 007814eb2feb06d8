// The lines of doctor for people and for tools.
import { counted, listed } from "../model/words.ts";
import type { Control } from "./controls.ts";
import { GROUPS, type Line } from "./line.ts";

const WORDS: Readonly<Record<Line["result"], string>> = {
  ok: "ok",
  warn: "warn",
  fail: "FAIL",
  unknown: "?",
};
const WIDTH = 26;
const INDENT = " ".repeat(8);

/** A line for each thing, grouped; below what is not well, what has to hold and what to do about it. */
export function formatLines(lines: readonly Line[], controls: readonly Control[]): string {
  const groups = GROUPS.flatMap((group) => {
    const own = lines.filter((line) => line.group === group);
    return own.length === 0 ? [] : [`${group}\n${together(own).map(lineText).join("")}`];
  });
  return [...groups, ...controlTexts(controls), `${summary(lines)}\n`].join("\n");
}

/** One document for tools. */
export function linesJson(lines: readonly Line[], controls: readonly Control[]): string {
  const { ok, warn, fail, unknown } = counts(lines);
  return `${JSON.stringify({ lines, controls, ok, warn, fail, unknown }, null, 2)}\n`;
}

function counts(lines: readonly Line[]): Readonly<Record<Line["result"], number>> {
  const of = (result: Line["result"]) => lines.filter((line) => line.result === result).length;
  return { ok: of("ok"), warn: of("warn"), fail: of("fail"), unknown: of("unknown") };
}

function summary(lines: readonly Line[]): string {
  const { ok, warn, fail, unknown } = counts(lines);
  const parts = [
    `${ok} ok`,
    ...(warn > 0 ? [`${warn} worth a look`] : []),
    ...(unknown > 0 ? [`${unknown} not known`] : []),
    `${fail} failed`,
  ];
  return `doctor: ${parts.join(", ")}`;
}

interface Shown extends Omit<Line, "id"> {
  readonly ids: readonly string[];
}

/** What is not well for one and the same reason is one entry: without a token that is most of a group. */
function together(lines: readonly Line[]): readonly Shown[] {
  const shown: Shown[] = [];
  for (const { id, ...line } of lines) {
    const at = shown.findIndex(
      ({ result, seen, next }) =>
        result !== "ok" && result === line.result && seen === line.seen && next === line.next,
    );
    const same = shown[at];
    if (same) shown[at] = { ...same, ids: [...same.ids, id] };
    else shown.push({ ...line, ids: [id] });
  }
  return shown;
}

function lineText({ ids, result, what, seen, next }: Shown): string {
  const [id = ""] = ids;
  const head = `  ${WORDS[result].padEnd(5)} ${(ids.length === 1 ? id : listed(ids)).padEnd(WIDTH)} `;
  if (result === "ok") return `${head}${seen}\n`;
  const said = ids.length === 1 ? `${head}${seen}\n` : `${head.trimEnd()}\n${INDENT}${seen}\n`;
  const needs = result === "unknown" || ids.length > 1 ? "" : `${INDENT}needed: ${what}\n`;
  return `${said}${needs}${next === "" ? "" : `${INDENT}next:   ${next}\n`}`;
}

/** What stands between a pull request and the LAN here, in a line for each state. */
function controlTexts(controls: readonly Control[]): readonly string[] {
  if (controls.length === 0) return [];
  const of = (state: Control["state"]) =>
    controls.filter((control) => control.state === state).map(({ name }) => name);
  const row = (label: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`  ${label.padEnd(12)} ${names.join(", ")}\n`];
  const enforced = of("enforced");
  const alone =
    enforced.length === 0 ? ["  nothing that GitHub does: the runner hook is the only guard\n"] : [];
  return [
    [
      `what is enforced here, of ${counted(controls.length, "control")}\n`,
      ...row("enforced", enforced),
      ...alone,
      ...row("not set", of("not set")),
      ...row("not on plan", of("not available on this plan")),
      ...row("not known", of("unknown")),
    ].join(""),
  ];
}
