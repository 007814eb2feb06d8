// Findings as annotations: workflow commands, which GitHub shows at the line of the file. Text of others speaks none of its own.
import type { PullReport } from "./report.ts";

export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly file?: string;
  /** From 1. */
  readonly line?: number | null;
  readonly column?: number | null;
  readonly title: string;
  readonly message: string;
}

/** One line without a line break: `::error file=a,line=1,col=2,title=t::message`. */
export function annotationLine({ level, file, line, column, title, message }: Annotation): string {
  const properties = [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    ...(typeof line === "number" ? [`line=${line}`] : []),
    ...(typeof line === "number" && typeof column === "number" ? [`col=${column}`] : []),
    `title=${property(title)}`,
  ];
  return `::${level} ${properties.join(",")}::${data(message)}`;
}

// As GitHub's own toolkit writes them: actions/toolkit, packages/core/src/command.ts.
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/**
 * Text for the log, of which no line is a command: the runner looks for `::name` at the beginning of a line and for `##[name]`
 * anywhere in it, unless it was told to stop by a word that nobody else knows (actions/runner: src/Runner.Worker/ActionCommandManager.cs).
 */
export function silenced(text: string, token: string): string {
  const lines = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `::stop-commands::${token}\n${lines}::${token}::\n`;
}

const LEVELS = { error: "error", warning: "warning", info: "notice" } as const;
/** GitHub shows ten of each level; the comment and the summary have all. */
const MOST = 50;

/** Of a report: errors, what is refused, what is stale, then advice. */
export function annotations(report: PullReport): readonly Annotation[] {
  const { config: file, findings, refusals, outStale } = report;
  const found = findings.map(({ severity, code, line, column, message, hint }): Annotation => ({
    level: LEVELS[severity],
    file,
    line,
    column,
    title: code,
    message: `${message}\nnext: ${hint}`,
  }));
  const refused = refusals.map(({ field, line, column, message, next }): Annotation => ({
    level: "error",
    file,
    line,
    column,
    title: `refused: ${field}`,
    message: `${message}\nnext: ${next}`,
  }));
  const stale = outStale.map((path): Annotation => ({
    level: "error",
    file: path,
    line: 1,
    title: "out-stale",
    message: staleMessage(path),
  }));
  const errors = found.filter(({ level }) => level === "error");
  const advice = found.filter(({ level }) => level !== "error");
  return [...errors, ...refused, ...stale, ...advice].slice(0, MOST);
}

function staleMessage(path: string): string {
  return path.endsWith("/applied.json")
    ? "only an apply writes the record\nnext: take it as it is on the branch that this pull request goes into: git checkout origin/BRANCH -- out/applied.json"
    : "this file is not what render makes of the config\nnext: npm run render, then commit out/";
}
