// What doctor says of one thing: a line of its table.

export const GROUPS = ["this computer", "this repository", "GitHub"] as const;
export type Group = (typeof GROUPS)[number];

export interface Line {
  /** `clock`, `machine/server-1`: the same in every run. */
  readonly id: string;
  readonly group: Group;
  /** warn: it works, and is worth a look. unknown: it could not be asked; `seen` says why. */
  readonly result: "ok" | "warn" | "fail" | "unknown";
  /** What has to hold. */
  readonly what: string;
  readonly seen: string;
  /** The next action; empty where there is nothing to do. */
  readonly next: string;
}

/** Makes the lines of one group. */
export interface LineOf {
  readonly ok: (seen: string) => Line;
  readonly warn: (seen: string, next: string) => Line;
  readonly fail: (seen: string, next: string) => Line;
  readonly unknown: (seen: string, next: string) => Line;
}

/** `what`: what has to hold. */
export function lineOf(group: Group, id: string, what: string): LineOf {
  const line =
    (result: Line["result"]) =>
    (seen: string, next = ""): Line => ({ id, group, result, what, seen, next });
  return { ok: line("ok"), warn: line("warn"), fail: line("fail"), unknown: line("unknown") };
}

/** Nothing is wrong, as far as it could be asked. */
export function isWell(lines: readonly Line[]): boolean {
  return lines.every(({ result }) => result !== "fail");
}
