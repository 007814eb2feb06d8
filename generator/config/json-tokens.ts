// Cuts a JSON text into tokens, and mends within a token what other notations allow and JSON does not.
import { createScanner } from "jsonc-parser";
import type { Span } from "./finding.ts";
import { type Advice, FAULTS, isBareValue, notAValue, oddSpace } from "./json-faults.ts";
import { badlyEscaped, type Fault, isQuote, unclosed, wronglyQuoted } from "./json-strings.ts";
import { maskSecrets } from "./secret-like.ts";

export type Complain = (place: Span, advice: Advice) => void;

export interface Token extends Span {
  /** The first character, which tells the kind: `{ } [ ] : , ;`, a quote, "" at the end, else a word. */
  readonly char: string;
  /** A line break came between this token and the one before. */
  readonly newLine: boolean;
  /** Width of the white space that the token's line begins with. */
  readonly indent: number;
  /** Content of a string, or a key without quotes. */
  readonly text: string;
  /** What is wrong inside; at the end of the text, what keeps it from ending well. */
  readonly fault: Fault | undefined;
}

export interface Tokens {
  /** The token to look at next. */
  readonly current: () => Token;
  /** Goes on behind the current token, or at an offset. */
  readonly advance: (offset?: number) => void;
  /** Consumes the current token. */
  readonly take: () => Token;
  /** Consumes a word. In a value's place it must be a value, and when it is none may hold colons, as a MAC address does. */
  readonly takeWord: (inValue: boolean) => Token;
  /** A stretch of the text, fit for a message: without secrets. */
  readonly masked: (from: number, to: number) => string;
}

const STRUCTURE = '{}[]",;';
const NOT_IN_WORDS = `${STRUCTURE}:`;
// Of jsonc-parser's ScanError, a const enum that only its own compiler can read.
const NO_COMMENT_END = 1;
const NO_CLOSING_QUOTE = 2;

/** True where a token is neither punctuation nor a string nor the end. */
export function isWord(char: string): boolean {
  return char !== "" && !isQuote(char) && !NOT_IN_WORDS.includes(char);
}

/** Reads a text token by token, in time linear to its length. Complains of what stands between tokens. */
export function tokensOf(text: string, complain: Complain): Tokens {
  const scanner = createScanner(text);
  let maskedText: string | undefined;
  let lineStart = 0;
  let lineStop = -1;
  let token: Token = { char: "", offset: 0, length: 0, newLine: true, indent: 0, text: "", fault: undefined };

  const masked = (from: number, to: number) => (maskedText ??= maskSecrets(text)).slice(from, to);

  // Asked with rising offsets only, so that one very long line costs no more than many short ones.
  const lineEnd = (offset: number) => {
    if (offset > lineStop) lineStop = offset + text.slice(offset).search(/[\r\n]|$/);
    return lineStop;
  };

  const advance = (offset = token.offset + token.length) => {
    let at = offset;
    let newLine = offset === 0;
    let comment: Span | undefined;
    let oddAt: number | undefined;
    for (; ; at++) {
      const char = text[at] ?? "";
      if (char === "\n" || char === "\r") {
        newLine = true;
        lineStart = at + 1;
      } else if (isComment(text, at)) {
        scanner.setPosition(at);
        scanner.scan();
        const isOpen = scanner.getTokenError() === NO_COMMENT_END;
        // Behind an open comment the scanner's position is one too far.
        const stop = char === "#" ? lineEnd(at) : Math.min(scanner.getPosition(), text.length);
        const start = comment?.offset ?? at;
        comment = { offset: start, length: stop - start };
        if (isOpen) return atOpenComment(comment);
        at = stop - 1;
      } else if (isOddSpace(char)) oddAt ??= at;
      else if (!isBlank(char)) break;
    }
    if (comment) complain(comment, FAULTS.comment);
    if (oddAt !== undefined) complain({ offset: oddAt, length: 1 }, oddSpace(text[oddAt] ?? ""));
    const indent = newLine ? at - lineStart : token.indent;
    token = read(text[at] ?? "", at, newLine, indent);
  };

  const atOpenComment = (place: Span) => {
    const fault = () => ({ place, advice: FAULTS.commentWithoutEnd });
    token = { ...token, char: "", offset: text.length, length: 0, text: "", fault };
  };

  // Objects of one shape, because a large file has millions of tokens.
  const read = (char: string, offset: number, newLine: boolean, indent: number): Token => {
    if (isWord(char)) {
      const length = wordEnd(text, offset, false) - offset;
      return { char, offset, length, newLine, indent, text: "", fault: undefined };
    }
    if (!isQuote(char))
      return { char, offset, length: char.length, newLine, indent, text: "", fault: undefined };
    const broken = char === '"' ? brokenString(offset) : otherQuotes(offset);
    if (broken) return { char, offset, newLine, indent, ...broken };
    const length = scanner.getPosition() - offset;
    return { char, offset, length, newLine, indent, text: scanner.getTokenValue(), fault: undefined };
  };

  const otherQuotes = (offset: number) => {
    const stop = lineEnd(offset);
    return wronglyQuoted(text.slice(offset, stop), offset, () => masked(offset, stop));
  };

  const brokenString = (offset: number) => {
    scanner.setPosition(offset);
    scanner.scan();
    const error = scanner.getTokenError();
    if (error === 0) return undefined;
    // The scanner takes a line break after a backslash as an escape and reads on; for people the string ends there.
    const stop = lineEnd(offset);
    const end = scanner.getPosition();
    return end <= stop && error !== NO_CLOSING_QUOTE
      ? badlyEscaped(text.slice(offset, end), offset)
      : unclosed(text.slice(offset, stop), offset);
  };

  const take = () => {
    const taken = token;
    advance();
    return taken;
  };

  const takeWord = (inValue: boolean): Token => {
    const { char, offset, newLine, indent } = token;
    let stop = wordEnd(text, offset, inValue);
    const isGood = inValue && isBareValue(text.slice(offset, stop));
    if (!isGood) stop = phraseEnd(text, stop, inValue);
    const length = stop - offset;
    const fault = isGood || !inValue ? undefined : noValue({ offset, length });
    advance(stop);
    return { char, offset, length, newLine, indent, text: isGood ? "" : text.slice(offset, stop), fault };
  };

  const noValue =
    (place: Span): Fault =>
    () => ({ place, advice: notAValue(masked(place.offset, place.offset + place.length)) });

  advance(0);
  return { current: () => token, advance, take, takeWord, masked };
}

function isBlank(char: string): boolean {
  return char === " " || char === "\t";
}

/** White space that JSON does not know, or a character that nobody sees. */
function isOddSpace(char: string): boolean {
  return (char > "~" || char === "\v" || char === "\f") && /[\s\u200b-\u200d\u2060]/.test(char);
}

function isComment(text: string, offset: number): boolean {
  const char = text[offset];
  return char === "#" || (char === "/" && (text[offset + 1] === "/" || text[offset + 1] === "*"));
}

function wordEnd(text: string, offset: number, withColons: boolean): number {
  for (let end = offset + 1; end < text.length; end++) {
    const char = text[end] ?? "";
    const next = text[end + 1] ?? "";
    if (endsWord(char)) return end;
    if (char === ":" && (!withColons || endsWord(next) || !isWord(next))) return end;
    if (char === "/" && text[end - 1] !== ":" && isComment(text, end)) return end;
  }
  return text.length;
}

function endsWord(char: string): boolean {
  return char <= " " || STRUCTURE.includes(char) || isOddSpace(char);
}

/** Unquoted text goes on over blanks: `name: my cluster`. */
function phraseEnd(text: string, wordStop: number, withColons: boolean): number {
  for (let end = wordStop; ;) {
    let next = end;
    while (isBlank(text[next] ?? "")) next++;
    const char = text[next] ?? "";
    if (next === end || !isWord(char) || endsWord(char) || isComment(text, next)) return end;
    end = wordEnd(text, next, withColons);
  }
}
