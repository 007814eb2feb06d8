// Reads a JSON text into a tree of places, without recursion; after a mistake it goes on where that makes sense.
import type { Path, Span } from "./finding.ts";
import { bracketsOf, type Frame, type Place } from "./json-brackets.ts";
import {
  type Advice,
  FAULTS,
  isBareValue,
  keyBefore,
  moreText,
  noColon,
  noKeyBut,
  notJson,
  oneTooMany,
  unclosedBracket,
  unquotedKey,
} from "./json-faults.ts";
import { type Fault, isQuote } from "./json-strings.ts";
import { isWord, type Token, tokensOf } from "./json-tokens.ts";

export interface TreeEvents {
  /** A mistake in the notation: each one, but not what only follows from it. */
  readonly onFault: (place: Span, advice: Advice) => void;
  readonly onDuplicate: (path: Path, first: Span, again: Span) => void;
  /** A bracket opens deeper than allowed; nothing more is read. */
  readonly onDepth: (bracket: Span) => void;
  readonly lineOf: (offset: number) => number;
}

type Step = "value" | "key" | "colon" | "next" | "stop";

// What a string has swallowed that lacks its closing quote and ends at the opening one of the next: `"name: "`, `"x, "`.
const KEY_AND_COLON = /^"[^":]*(?=:[ \t]*[{[]?[ \t]*"$)/;
const TEXT_AND_COMMA = /^"[^",]*(?=,[ \t]*"$)/;

/** Nested brackets that are read at most; a config needs five. */
export const MAX_DEPTH = 64;
// A text with more mistakes is not a JSON config at all, and a report prints fewer.
const MAX_FAULTS = 200;

/** The place of the document's value, as far as it could be read; undefined where there is none. */
export function readTree(text: string, events: TreeEvents): Place | undefined {
  let faults = 0;
  const complain = (place: Span, advice: Advice) => {
    faults++;
    events.onFault({ offset: place.offset, length: place.length }, advice);
  };
  const tell = (fault: Fault) => {
    const { place, advice } = fault();
    complain(place, advice);
  };
  const { current, advance, take, takeWord, masked } = tokensOf(text, complain);
  const brackets = bracketsOf(complain, events.lineOf);
  /** The last token of the last value: a missing comma belongs behind it. */
  let last: Token = current();
  /** What comes next may look wrong only because of the mistake before. */
  let recovering = false;

  const steps: Readonly<Record<Exclude<Step, "stop">, (token: Token) => Step>> = { value, key, colon, next };
  const isHopeless = () => faults >= MAX_FAULTS;
  let step: Step = "value";
  while (step !== "stop") step = isHopeless() ? "stop" : steps[step](current());
  brackets.endAll(current().offset);
  return brackets.root();

  /** A value must come. */
  function value(token: Token): Step {
    const { char } = token;
    const frame = brackets.inner();
    if (char === "") return end(token);
    if (isConflict(token)) return stop(token, FAULTS.conflict);
    const seen = text.slice(token.offset, token.offset + token.length);
    if (!frame && !"{[".includes(char) && !isQuote(char) && !isBareValue(seen)) {
      return stop(token, notJson(masked(token.offset, token.offset + token.length)));
    }
    if (char === "{" || char === "[") return open(token);
    if (isQuote(char)) return scalar(take());
    if (isWord(char)) return scalar(takeWord(true));
    if (char === ":" || (frame?.place.items && isComma(token))) return superfluous(token, "value");
    if (!recovering && frame?.key) complain(frame.key.span, FAULTS.noValue);
    recovering = true;
    return "next";
  }

  /** A key must come, in an object. */
  function key(token: Token): Step {
    const { char } = token;
    const frame = brackets.inner();
    if (!frame || char === "" || isClosing(token)) return "next";
    if (isConflict(token)) return stop(token, FAULTS.conflict);
    if (isComma(token)) return superfluous(token, "key");
    if (isQuote(char)) {
      const taken = take();
      if (taken.fault) tell(taken.fault);
      recovering = (recovering || taken.fault !== undefined) && current().char !== ":";
      return named(taken);
    }
    if (isWord(char)) return bareKey();
    frame.key = undefined;
    if (char !== ":") {
      if (!recovering) complainOfKind(frame, token, keyBefore(char, brackets.enclosing()));
      return open(token);
    }
    complain(token, FAULTS.noKey);
    advance();
    return "value";
  }

  /** A colon must come, and then a value. */
  function colon(token: Token): Step {
    const { char, offset } = token;
    const span = brackets.inner()?.key?.span;
    if (char === ":" || !span) {
      advance();
      return "value";
    }
    if (recovering) return "next";
    if (char === "") return end(token);
    if (char === "=") {
      complain({ offset, length: 1 }, FAULTS.equals);
      advance(offset + (text.startsWith("=>", offset) ? 2 : 1));
      return "value";
    }
    if (touches(token, span)) return misplacedQuote(span, KEY_AND_COLON);
    complain(span, noColon(masked(span.offset + 1, span.offset + span.length - 1)));
    recovering = token.newLine;
    return token.newLine || isComma(token) || isClosing(token) ? "next" : "value";
  }

  /** A value is complete: a comma, a closing bracket or the end must come. */
  function next(token: Token): Step {
    const { char } = token;
    const frame = brackets.inner();
    if (char === "") return end(token);
    if (isConflict(token)) return stop(token, FAULTS.conflict);
    if (!frame) return afterTheEnd(token);
    if (isClosing(token)) {
      brackets.close(token);
      last = token;
      advance();
      return "next";
    }
    const inside = frame.place.items ? "value" : "key";
    if (isComma(token)) return comma(token, inside);
    if (char === ":") return strayColon(token);
    if (!recovering) {
      if (isQuote(last.char) && touches(token, last)) return misplacedQuote(last, TEXT_AND_COMMA);
      complain(last, FAULTS.noComma);
      recovering = true;
    }
    return inside;
  }

  function scalar(token: Token): Step {
    const { fault } = token;
    if (fault && (isQuote(token.char) || !recovering)) tell(fault);
    brackets.put(token);
    last = token;
    // A text without its quote has swallowed what stood behind it; a word without its first quote has its last one left.
    const isTorn =
      fault !== undefined && isQuote(current().char) && current().offset === token.offset + token.length;
    if (isTorn) return skip();
    recovering = fault !== undefined && (current().newLine || current().char === "");
    return "next";
  }

  function open(token: Token): Step {
    if (brackets.depth() === MAX_DEPTH) {
      events.onDepth({ offset: token.offset, length: 1 });
      return "stop";
    }
    brackets.open(token);
    recovering = false;
    advance();
    if (isClosing(current())) return "next";
    return token.char === "{" ? "key" : "value";
  }

  function named(token: Token): Step {
    const frame = brackets.inner();
    if (!frame) return "next";
    const span = { offset: token.offset, length: token.length };
    const before = frame.place.members?.get(token.text)?.key;
    if (before) events.onDuplicate([...brackets.path(), token.text], before, span);
    frame.key = { name: token.text, span, indent: token.indent };
    return "colon";
  }

  function bareKey(): Step {
    const token = takeWord(false);
    const shown = masked(token.offset, token.offset + token.length);
    // Only the first quote is missing: `name": "home"`.
    if (/^"[ \t]*:/.test(text.slice(current().offset, current().offset + 10))) advance(current().offset + 1);
    if (current().char === ":" || current().char === "=") {
      complain(token, unquotedKey(shown));
      recovering = false;
      return named(token);
    }
    if (!recovering) complain(token, noKeyBut(shown));
    return skip();
  }

  function strayColon(token: Token): Step {
    const frame = brackets.inner();
    const given = frame?.key;
    if (!recovering) {
      if (frame?.place.items) complainOfKind(frame, token, FAULTS.keyInList);
      else if (given && isQuote(last.char)) {
        // `"a": "b": 1`: what was taken for the value of "a" is the next key, of an object within if it looks so.
        const isWithin = !last.newLine || last.indent > given.indent;
        complain(given.span, isWithin ? FAULTS.noBrace : FAULTS.noValue);
        const inner = isWithin ? brackets.open({ ...last, char: "{" }) : frame;
        inner.key = {
          name: last.text,
          span: { offset: last.offset, length: last.length },
          indent: last.indent,
        };
        if (isWithin) brackets.doubt();
      } else complain(token, FAULTS.secondColon);
    }
    recovering = true;
    advance();
    return "value";
  }

  function comma(token: Token, inside: Step): Step {
    if (token.char === ";") complain(token, FAULTS.semicolon);
    recovering = false;
    advance();
    if (!isClosing(current())) return inside;
    if (token.char === ",") complain(token, FAULTS.trailingComma);
    return "next";
  }

  /** Once for each bracket: a list that lacks its [ has more than one object, an object that lacks its { more than one key. */
  function complainOfKind(frame: Frame, token: Token, advice: Advice): void {
    if (!frame.isOtherKind) complain(token, advice);
    frame.isOtherKind = true;
    brackets.doubt();
  }

  function superfluous(token: Token, then: Step): Step {
    const name = token.char === ":" ? "colon" : "comma";
    complain(token, oneTooMany(name));
    recovering = true;
    advance();
    return then;
  }

  function misplacedQuote(before: Span, swallowing: RegExp): Step {
    const frame = brackets.inner();
    const torn = swallowing.exec(text.slice(before.offset, before.offset + before.length))?.[0];
    if (torn === undefined) {
      complain(before, FAULTS.quoteInside);
      return skip();
    }
    const span = { offset: before.offset, length: torn.length };
    complain(span, FAULTS.noClosingQuote);
    advance(before.offset + torn.length);
    if (swallowing === TEXT_AND_COMMA) return "next";
    if (frame?.key) frame.key = { ...frame.key, name: torn.slice(1), span };
    return "colon";
  }

  /** Leaves out the rest of something unreadable: up to the next bracket, comma or line. */
  function skip(): Step {
    while (!",{}[]".includes(current().char) && !current().newLine && !isHopeless()) advance();
    recovering = true;
    return "next";
  }

  function end(token: Token): Step {
    const frame = brackets.inner();
    if (token.fault) {
      tell(token.fault);
      return "stop";
    }
    if (!brackets.root()) return stop(token, FAULTS.noValueAtAll);
    if (!frame || recovering || brackets.areWrong()) return "stop";
    const bracket = { offset: frame.place.offset, length: 1 };
    return stop(bracket, unclosedBracket(frame.open, brackets.missing(), brackets.suspicion()));
  }

  function afterTheEnd({ offset }: Token): Step {
    if (brackets.areWrong()) return "stop";
    const length = text.slice(offset).search(/[\r\n]|$/);
    return stop({ offset, length }, moreText(events.lineOf(last.offset), brackets.suspicion()));
  }

  function stop(place: Span, advice: Advice): Step {
    complain(place, advice);
    return "stop";
  }

  function isConflict({ char, newLine, offset }: Token): boolean {
    return char === "<" && newLine && text.startsWith("<<<<<<<", offset);
  }
}

function touches(token: Token, before: Span): boolean {
  return isWord(token.char) && token.offset === before.offset + before.length;
}

function isComma({ char }: Token): boolean {
  return char === "," || char === ";";
}

function isClosing({ char }: Token): boolean {
  return char === "}" || char === "]";
}
