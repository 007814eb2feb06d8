// Lines and columns of a text, the way an editor counts them.

export interface Position {
  /** From 1. Lines end at LF, CRLF or a lone CR. */
  readonly line: number;
  /** From 1, in code points. */
  readonly column: number;
  /** Offsets of the line's text, without its line break. */
  readonly start: number;
  readonly end: number;
}

export interface Positions {
  /** Line number of an offset, without the cost of a column. */
  readonly lineOf: (offset: number) => number;
  readonly at: (offset: number) => Position;
}

/** Indexes a text once. Offsets beyond the text count as its end. */
export function positionsIn(text: string): Positions {
  const starts = lineStarts(text);
  const lineOf = (offset: number) => lastNotAfter(starts, offset) + 1;
  // A minified file is one line; columns are therefore counted on from the last answer where that is possible.
  let last = { start: 0, offset: 0, column: 1 };
  const at = (wanted: number): Position => {
    const offset = Math.min(Math.max(wanted, 0), text.length);
    const line = lineOf(offset);
    const start = starts[line - 1] ?? 0;
    const onwards = last.start === start && last.offset <= offset;
    const from = onwards ? last : { start, offset: start, column: 1 };
    last = { start, offset, column: from.column + codePoints(text, from.offset, offset) };
    return { line, column: last.column, start, end: withoutBreak(text, start, starts[line] ?? text.length) };
  };
  return { lineOf, at };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

function lastNotAfter(sorted: readonly number[], wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

function withoutBreak(text: string, start: number, next: number): number {
  let end = next;
  while (end > start && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return end;
}

function codePoints(text: string, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) if (!isSecondHalf(text, index)) count++;
  return count;
}

/** True inside a surrogate pair, where a text must not be cut. */
export function isSecondHalf(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  const before = text.charCodeAt(index - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}
