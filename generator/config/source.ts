// The text of a config: its value, what is wrong with its notation, and where each part of the value stands.
import { type Finding, finding, type Path, type Span } from "./finding.ts";
import type { Place } from "./json-brackets.ts";
import { MAX_DEPTH, readTree } from "./json-tree.ts";
import { positionsIn } from "./positions.ts";
import { maskSecrets } from "./secret-like.ts";
import { show } from "./show.ts";

export interface Source {
  /** json-syntax, json-depth and json-duplicate-key, in the order of the text. */
  readonly findings: readonly Finding[];
  /** Absent where the text is not JSON. Of a key that is there twice, the last counts. */
  readonly value?: unknown;
  /** Where a value, or its key, stands; of what is missing, the place of its nearest parent. */
  readonly spanOf: (path: Path, onKey?: boolean) => Span;
}

// As many as a report prints, and more; without a limit a broken file of 8 MiB would fill the memory with findings.
const MAX_DUPLICATES = 200;

/** Reads strict JSON (RFC 8259): no comments, no trailing commas. All findings at once; never throws. */
export function parseSource(text: string): Source {
  const findings: Finding[] = [];
  const { lineOf } = positionsIn(text);
  let broken = false;
  let duplicates = 0;
  const root = readTree(text, {
    lineOf,
    onFault: (span, { message, hint }) => {
      broken = true;
      findings.push(finding("json-syntax", [], message, hint, { span }));
    },
    onDepth: (span) => {
      broken = true;
      const message = `brackets must not be nested more than ${MAX_DEPTH} deep, but these are`;
      findings.push(
        finding("json-depth", [], message, "remove brackets; a config needs five levels", { span }),
      );
    },
    onDuplicate: (path, first, span) => {
      if (++duplicates <= MAX_DUPLICATES)
        findings.push(duplicate(path, lineOf(first.offset), lineOf(span.offset), span));
    },
  });
  findings.sort((left, right) => (left.span?.offset ?? 0) - (right.span?.offset ?? 0));
  return {
    findings,
    // JSON.parse makes `__proto__` an ordinary key, and is what every other reader of the file would see.
    ...(!broken && { value: JSON.parse(text) as unknown }),
    spanOf: (path, onKey = false) => spanIn(root, path, onKey),
  };
}

function duplicate(path: Path, first: number, again: number, span: Span): Finding {
  const key = show(maskSecrets(String(path.at(-1))));
  const lines = first === again ? `twice in line ${again}` : `in line ${first} and again in line ${again}`;
  return finding(
    "json-duplicate-key",
    path,
    `a key may be used once in an object, but ${key} is there ${lines}`,
    "remove one of the two; only the last would count",
    { onKey: true, span },
  );
}

function spanIn(root: Place | undefined, path: Path, onKey: boolean): Span {
  let place = root;
  for (const step of path) {
    const inner =
      typeof step === "number" && place?.items ? place.items[step] : place?.members?.get(String(step));
    if (!inner) return head(place);
    place = inner;
  }
  if (onKey && place?.key) return place.key;
  return place ? { offset: place.offset, length: place.length } : NOWHERE;
}

const NOWHERE: Span = { offset: 0, length: 0 };

// For something missing inside a value, its whole text would be a hundred lines: the key says enough.
function head(place: Place | undefined): Span {
  if (!place) return NOWHERE;
  if (place.key) return place.key;
  return { offset: place.offset, length: place.members || place.items ? 1 : place.length };
}
