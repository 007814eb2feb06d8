// How a value looks inside a message: short, quoted, and never a secret.
import { secretKind } from "./secret-like.ts";

/** `"text"`, `42`, `{…}` or `(hidden: looks like a token)`. At most about 60 characters. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    const secret = secretKind(value);
    if (secret) return `(hidden: looks like ${secret})`;
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 56)}…"` : text;
}

/** The nearest of some words to a misspelt one, if it is near enough to be meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // Nobody means a word of a hundred letters, and the distance to one takes long.
  if (word.length > 100) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (!best || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const swap = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
