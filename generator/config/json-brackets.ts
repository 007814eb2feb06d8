// The brackets that are open while a JSON text is read, and the places of the values inside them.
import type { Path, Span } from "./finding.ts";
import { wrongBracket } from "./json-faults.ts";
import type { Complain, Token } from "./json-tokens.ts";

/** Where a value stands, its key, and what is inside it. */
export interface Place extends Span {
  readonly key: Span | undefined;
  readonly members: Map<string, Place> | undefined;
  readonly items: Place[] | undefined;
  length: number;
}

export interface Frame {
  readonly place: Place;
  readonly open: string;
  readonly close: string;
  readonly indent: number;
  /** The member being read, in an object. */
  key?: { readonly name: string; readonly span: Span; readonly indent: number } | undefined;
  /** An object that holds values without keys, or a list that holds keys. */
  isOtherKind?: boolean;
}

export interface Brackets {
  readonly root: () => Place | undefined;
  readonly depth: () => number;
  readonly inner: () => Frame | undefined;
  /** Path of the inner bracket. */
  readonly path: () => Path;
  /** Adds a value to the inner bracket. */
  readonly put: (span: Span) => void;
  readonly open: (token: Pick<Token, "char" | "offset" | "length" | "indent">) => Frame;
  readonly close: (token: Token) => void;
  /** At the end of the text: every bracket ends here. */
  readonly endAll: (offset: number) => void;
  /** The brackets that would close all that are open. */
  readonly missing: () => string;
  /** Says that a bracket is missing or wrong, and that this is told. */
  readonly doubt: () => void;
  /** True after that: the brackets that follow tell nothing. */
  readonly areWrong: () => boolean;
  /** Where the inner bracket is one of a list: "the { of line 3". */
  readonly enclosing: () => string | undefined;
  /** Where the mistake is likely to be when brackets do not match: a clause to append, or "". */
  readonly suspicion: () => string;
}

/** Keeps the brackets of one text. */
export function bracketsOf(complain: Complain, lineOf: (offset: number) => number): Brackets {
  const stack: Frame[] = [];
  let root: Place | undefined;
  let wrong = false;
  let suspicion = "";

  const place = ({ offset, length }: Span, members?: Map<string, Place>, items?: Place[]): Place => {
    const parent = stack.at(-1);
    const placed = { offset, length, key: parent?.key?.span, members, items };
    if (!parent) root = placed;
    else if (parent.place.items) parent.place.items.push(placed);
    else if (parent.key) parent.place.members?.set(parent.key.name, placed);
    return placed;
  };

  const open: Brackets["open"] = (token) => {
    const isObject = token.char === "{";
    const opened = isObject ? place(token, new Map()) : place(token, undefined, []);
    const frame = { place: opened, open: token.char, close: isObject ? "}" : "]", indent: token.indent };
    stack.push(frame);
    return frame;
  };

  const close = (token: Token) => {
    const inner = stack.at(-1);
    const matching = stack.findLastIndex((each) => each.close === token.char);
    if (inner && inner.close !== token.char) {
      // The } of an object in a list whose { is missing; or a bracket whose partner was never seen, which is told already.
      if ((inner.isOtherKind && inner.place.items) || (matching < 0 && wrong)) return;
      if (!wrong)
        complain(
          token,
          wrongBracket(inner.open, inner.close, token.char, lineOf(inner.place.offset), matching < 0),
        );
      wrong = true;
    }
    const closed = stack.splice(matching < 0 ? -1 : matching);
    for (const frame of closed) endAt(frame, token.offset + 1);
    const [outer] = closed;
    if (outer && token.newLine && token.indent !== outer.indent && suspicion === "") {
      const opener = `the ${outer.open} of line ${lineOf(outer.place.offset)}`;
      const closer = `the ${token.char} of line ${lineOf(token.offset)}`;
      suspicion = `; ${opener} and ${closer} belong together but are not indented alike, so look between them first`;
    }
  };

  return {
    root: () => root,
    depth: () => stack.length,
    inner: () => stack.at(-1),
    path: () => stack.slice(0, -1).map(stepInto),
    put: (span) => void place(span),
    open,
    close,
    endAll: (offset) => stack.forEach((frame) => endAt(frame, offset)),
    missing: () =>
      stack
        .map((frame) => frame.close)
        .toReversed()
        .join(""),
    doubt: () => {
      wrong = true;
    },
    areWrong: () => wrong,
    enclosing: () => {
      const inner = stack.at(-1);
      return inner && stack.at(-2)?.place.items && `the ${inner.open} of line ${lineOf(inner.place.offset)}`;
    },
    suspicion: () => suspicion,
  };
}

function endAt({ place }: Frame, offset: number): void {
  place.length = offset - place.offset;
}

function stepInto({ place, key }: Frame): string | number {
  return place.items ? place.items.length - 1 : (key?.name ?? "");
}
