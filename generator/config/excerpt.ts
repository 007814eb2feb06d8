// One line of a source text with a stretch of it underlined, as wide as a terminal takes it.
import type { Span } from "./finding.ts";
import { isSecondHalf, type Position } from "./positions.ts";
import { columnsOf, printable } from "./printable.ts";

export interface Excerpt {
  readonly line: string;
  /** Blanks and carets that stand under it. */
  readonly marks: string;
}

// A minified config is one line of a million characters; of a line this long only the part around the place is shown.
const LONGEST = 110;
const WINDOW = 100;
const BEFORE = 40;
const CUT = "...";

/** The line of a position. Of a stretch over several lines the first is underlined; an empty one gets one caret. */
export function excerpt(text: string, span: Span, { start, end }: Position): Excerpt {
  const from = Math.min(Math.max(span.offset, start), end);
  const to = Math.min(Math.max(span.offset + span.length, from), end);
  const [left, right] = end - start <= LONGEST ? [start, end] : around(text, from, start, end);
  const before = left > start ? CUT : "";
  const underline = under(text.slice(from, Math.min(to, right)), "^");
  return {
    line: `${before}${safe(text.slice(left, right))}${right < end ? CUT : ""}`,
    marks: `${" ".repeat(before.length)}${under(text.slice(left, from), " ")}${underline.includes("^") ? underline : "^"}`,
  };
}

function around(text: string, place: number, start: number, end: number): readonly [number, number] {
  const left = Math.max(start, Math.min(place - BEFORE, end - WINDOW));
  const right = Math.min(end, left + WINDOW);
  return [isSecondHalf(text, left) ? left - 1 : left, isSecondHalf(text, right) ? right + 1 : right];
}

// A tab stays one, in the line and under it, so that both reach the same column wherever the terminal has its stops.
function safe(text: string): string {
  return text.split("\t").map(printable).join("\t");
}

function under(text: string, mark: string): string {
  return text
    .split("\t")
    .map((part) => mark.repeat([...printable(part)].reduce((sum, each) => sum + columnsOf(each), 0)))
    .join("\t");
}
