// What became of an apply, as people read it on the pull request and in the summary of the run.
import type { MachineResult } from "../apply/rollout.ts";
import { counted, listed } from "../model/words.ts";
import type { Check } from "../verify/check.ts";
import type { Committed } from "./commit.ts";
import { bytesOfLines, code, linesWithin, nextAction, prose } from "./markdown.ts";

export interface ApplyStory {
  readonly cluster: string;
  /** The commit that was applied. */
  readonly source: string;
  /** The page of the run. */
  readonly run: string;
  /** What became of every machine; null where it stopped before that was known. */
  readonly results: readonly MachineResult[] | null;
  /** The work on a machine has begun. */
  readonly begun: boolean;
  /** Why it stopped, or did not come to its end. */
  readonly stopped: { readonly message: string; readonly next: string } | null;
  /** What verify says afterwards; null where nobody has asked. */
  readonly checks: readonly Check[] | null;
  /** The machines are as the config says, that was verified, and it is recorded. */
  readonly done: boolean;
  /** Null where nothing was to be committed, or it failed. */
  readonly committed: Committed | null;
  /** What could not be told to GitHub, and whatever else people should know. */
  readonly notes: readonly string[];
}

/** By this our comment about an apply is found again. */
export const APPLIED_MARKER = "<!-- quorate:applied ";

const LINE = /^<!-- quorate:applied \{"v":1,"source":"([0-9a-f]{40})","done":true\} -->\r?$/;

/** Of a comment that tells of an apply which came to its end: the commit that was applied. Null for all else. */
export function doneIn(body: string): string | null {
  return LINE.exec(body.split("\n", 1)[0] ?? "")?.[1] ?? null;
}

/** The body of the comment in at most so many bytes; what is cut is said. */
export function storyOf(story: ApplyStory, budget: number): string {
  const marker = `${APPLIED_MARKER}${JSON.stringify({ v: 1, source: story.source, done: story.done })} -->`;
  const head = [marker, `### Apply: ${verdict(story)}`, ""];
  const tail = [`Commit ${code(story.source.slice(0, 12))}, [the run](${story.run}).`];
  const lines = [
    ...trouble(story),
    ...table(story.results ?? []),
    ...verified(story),
    ...kept(story),
    ...story.notes.map((note) => `- ${prose(note)}`),
    ...(story.notes.length > 0 ? [""] : []),
  ];
  const cut = "… the rest is in the log of the run.";
  const room = budget - bytesOfLines([...head, ...tail, cut]);
  const shown = linesWithin(lines, room);
  return [...head, ...shown, ...(shown.length < lines.length ? ["", cut, ""] : []), ...tail, ""].join("\n");
}

/** One line of plain words, for a title. */
export function verdict({ results, begun, stopped, checks, cluster }: ApplyStory): string {
  if (results === null)
    return begun
      ? "stopped in the midst of the machines; the record says what runs where"
      : "stopped before the first machine, and nothing was changed";
  const of = (...outcomes: readonly MachineResult["outcome"][]) =>
    results.filter(({ outcome }) => outcomes.includes(outcome));
  const applied = of("applied", "joined", "removed").length;
  const bad = results.filter(({ outcome }) => !GOOD.has(outcome) && outcome !== "unchanged");
  const did = applied === 0 ? "nothing had to be changed" : `${counted(applied, "machine")} changed`;
  if (bad.length > 0) {
    const ill = listed(bad.map(({ name, outcome }) => `${name} was ${said(outcome)}`));
    return applied === 0 ? ill : `${did}, and ${ill}`;
  }
  const failed = (checks ?? []).filter(({ result }) => result === "fail").length;
  if (failed > 0) return `${did}, but verify fails in ${counted(failed, "line")}`;
  if (stopped) return `${did}, but it did not come to its end`;
  if (checks === null) return `${did}, but it was not verified`;
  const silent = checks.filter(({ result }) => result === "skip").length;
  if (silent > 0) return `${did}, but verify could not ask ${counted(silent, "line")}`;
  const left = of("left alone").length;
  return left === 0
    ? `${did}; cluster ${cluster} is as the config says`
    : `${did}; ${counted(left, "machine")} left alone`;
}

const GOOD: ReadonlySet<MachineResult["outcome"]> = new Set(["applied", "joined", "removed", "left alone"]);

function said(outcome: MachineResult["outcome"]): string {
  return outcome === "failed" ? "left failed" : outcome;
}

function trouble({ stopped }: ApplyStory): readonly string[] {
  return stopped === null
    ? []
    : [`**${prose(stopped.message)}**`, "", `Next: ${nextAction(stopped.next)}`, ""];
}

function table(results: readonly MachineResult[]): readonly string[] {
  const rows = results.filter(({ outcome }) => outcome !== "unchanged");
  const still = results.length - rows.length;
  const rest = still === 0 ? [] : [`${counted(still, "machine")} had nothing to change.`, ""];
  if (rows.length === 0) return rest;
  return [
    "| machine | action | outcome | took |  |",
    "|---|---|---|---|---|",
    ...rows.map(({ name, action, outcome, seconds, message, next }) => {
      const remark = message === "" ? "" : `${prose(message)}; next: ${nextAction(next)}`;
      const good = GOOD.has(outcome);
      return `| ${code(name)} | ${action === "none" ? "new files" : action} | ${good ? outcome : `**${outcome}**`} | ${seconds > 0 ? `${seconds} s` : ""} | ${remark} |`;
    }),
    "",
    ...rest,
  ];
}

function verified({ checks }: ApplyStory): readonly string[] {
  if (checks === null) return [];
  const of = (wanted: Check["result"]) => checks.filter(({ result }) => result === wanted);
  const failed = of("fail");
  const all = counted(checks.length, "line");
  const items = [
    ...failed.map(
      ({ id, expected, seen, cause, next }) =>
        `- ${code(id)}: expected ${prose(expected)}, seen ${prose(seen)}; likely ${prose(cause)}; next: ${nextAction(next)}`,
    ),
    ...of("skip").map(({ id, seen }) => `- ${code(id)} was not asked: ${prose(seen)}`),
  ];
  return [
    failed.length === 0
      ? `Verified: ${of("pass").length} of ${all} pass.`
      : `Verify fails in ${failed.length} of ${all}.`,
    "",
    ...items,
    ...(items.length > 0 ? [""] : []),
  ];
}

function kept({ committed }: ApplyStory): readonly string[] {
  if (committed?.did !== "committed") return [];
  const how = committed.merged ? " (the branch has a newer config: out/ stays as that one renders it)" : "";
  return [`What runs where is recorded in [${committed.commit.slice(0, 12)}](${committed.url})${how}.`, ""];
}
