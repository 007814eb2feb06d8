// Where a string ends that is not as JSON wants it, and what is wrong with it.
import type { Span } from "./finding.ts";
import { type Advice, badCharacter, FAULTS } from "./json-faults.ts";
import { show } from "./show.ts";

/** A mistake inside a token; put into words only when it is told. */
export type Fault = () => { readonly place: Span; readonly advice: Advice };

/** A string with a mistake: where it was meant to end, its content as far as one can tell, and the mistake. */
export interface BrokenString {
  readonly length: number;
  readonly text: string;
  readonly fault: Fault;
}

const OTHER_QUOTES = "'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb";

/** True for a character that begins a string, be it with the wrong quote. */
export function isQuote(char: string): boolean {
  return char === '"' || (char !== "" && OTHER_QUOTES.includes(char));
}

/** A string in double quotes without the closing one. `rest`: from its opening quote to the end of the line. */
export function unclosed(rest: string, offset: number): BrokenString {
  const length = withoutTail(rest);
  const text = rest.slice(1, length);
  const advice = text.endsWith('\\"') ? FAULTS.escapedClosingQuote : FAULTS.noClosingQuote;
  return { length, text, fault: () => ({ place: { offset, length }, advice }) };
}

/** A string in double quotes with a character in it that may not be there. */
export function badlyEscaped(raw: string, offset: number): BrokenString {
  const fault = () => {
    const at = firstBad(raw);
    const character = raw[at] ?? "";
    const place = { offset: offset + at, length: character === "\\" ? 2 : 1 };
    return { place, advice: badCharacter(character, raw[at + 1] ?? "") };
  };
  return { length: raw.length, text: raw.slice(1, -1), fault };
}

/** A string in quotes of another kind. `rest`: from the opening quote to the end of the line; `shown`: the same, masked. */
export function wronglyQuoted(rest: string, offset: number, shown: () => string): BrokenString {
  const open = rest[0] ?? "";
  const close = "'`".includes(open)
    ? rest.indexOf(open, 1)
    : rest.slice(1).search(/[\u2019\u201c\u201d\u00bb"]/) + 1;
  const textEnd = close > 0 ? close : withoutTail(rest);
  const length = close > 0 ? close + 1 : textEnd;
  const fault = () => ({
    place: { offset, length },
    advice: {
      message: `text must stand in double quotes, not in ${open}`,
      hint: `write ${show(shown().slice(1, textEnd))}`,
    },
  });
  return { length, text: rest.slice(1, textEnd), fault };
}

function firstBad(raw: string): number {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  const parts = raw.matchAll(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(\\|[\u0000-\u001f])/g);
  for (const part of parts) if (part[1] !== undefined) return part.index;
  return 0;
}

// What ends a line was hardly meant to be text: the quote is missing before the brace of `"a },` and the colon of `"b: [`.
function withoutTail(line: string): number {
  let end = line.length;
  while (end > 1 && "}], \t".includes(line[end - 1] ?? "")) end--;
  const opening = /:?[ \t]*[{[]$/.exec(line.slice(Math.max(1, end - 10), end));
  return end - (opening?.[0].length ?? 0);
}
