// The hidden first line of the comment: which commit it speaks of, and what it has shown of each machine. apply reads it back.
import { ACTION_CLASSES, type ActionClass } from "../model/action.ts";

/** By this a comment of ours is found again. */
export const MARKER = "<!-- quorate:plan ";

export interface Marker {
  readonly v: 1;
  /** The commit whose plan was shown; null: of no pull request. */
  readonly head: string | null;
  /** The action of every machine that was shown to change. */
  readonly shown: Readonly<Record<string, ActionClass>>;
  /** Some machines did not fit: nobody has seen the whole plan. */
  readonly truncated: boolean;
}

/** The line, without a line break. Names that are no names are a mistake of the caller, who reads reports strictly. */
export function markerLine({ head, shown, truncated }: Omit<Marker, "v">): string {
  const line = `${MARKER}${JSON.stringify({ v: 1, head, shown, truncated })} -->`;
  if (!readMarker(line)) throw new Error("a marker holds something else than names and actions");
  return line;
}

const LINE = /^<!-- quorate:plan (\{"v":1,.*\}) -->\r?$/;
const SHA = /^[0-9a-f]{40}$/;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The marker of a comment, which must be its first line; null for anything that is not one in every detail. */
export function readMarker(body: string): Marker | null {
  const [, json] = LINE.exec(body.split("\n", 1)[0] ?? "") ?? [];
  if (json === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { v, head, shown, truncated, ...more } = value as Readonly<Record<string, unknown>>;
  const known =
    v === 1 &&
    (head === null || (typeof head === "string" && SHA.test(head))) &&
    typeof truncated === "boolean" &&
    Object.keys(more).length === 0;
  if (!known || typeof shown !== "object" || shown === null || Array.isArray(shown)) return null;
  const machines = new Map<string, ActionClass>();
  for (const [name, action] of Object.entries(shown)) {
    const found = ACTION_CLASSES.find((each) => each === action);
    if (!NAME.test(name) || found === undefined) return null;
    machines.set(name, found);
  }
  return { v, head, shown: Object.fromEntries(machines), truncated };
}
