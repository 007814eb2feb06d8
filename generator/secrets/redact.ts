// Takes secrets out of text that others will read: the known ones in every encoding, and whatever looks like one.
import { maskSecrets } from "../config/secret-like.ts";

export const REDACTED = "[redacted]";

/** A shorter piece of a secret is not looked for: it would be found in ordinary text. */
const SHORTEST = 12;
/** Characters by which a place in the text is compared first. */
const HEAD = 8;

// What may stand in the middle of a wrapped value: a line break (also as the two characters of JSON), and then what the
// journal puts before a line (journalctl -o short-iso and -o short).
const BREAK =
  /[ \t]*(?:\\[nr]|\r?\n|\r)+(?:(?:\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d [\d:]{8}) \S+ [^\s:[]+(?:\[\d+\])?: ?)?[ \t]*/g;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[^]*?-----END [A-Z0-9 ]*PRIVATE KEY-----|[^]*)/g;

/**
 * The text without the secrets: plain, base64 (also inside a longer base64 text), base64url, hex and URL-encoded, also
 * where a line break with the journal's beginning of a line cuts through them; every line of a secret also by itself. Then
 * whatever looks like a token or a private key. A private key without an end takes the rest of the text with it.
 */
export function redact(text: string, secrets: readonly (string | Uint8Array)[]): string {
  return maskSecrets(hider(secrets)(text));
}

/** Takes these secrets and every private key out of a text, as `redact` does, and leaves alone what only looks like one. For many texts. */
export function hider(secrets: readonly (string | Uint8Array)[]): (text: string) => string {
  const forms = byHeads(secrets);
  return (text) => {
    const { folded, place } = fold(text);
    const hits = findAll(folded, forms).sort((a, b) => a.from - b.from);
    let shown = "";
    let done = 0;
    for (const { from, to } of hits) {
      const start = place(from);
      const end = place(to - 1) + 1;
      if (start >= done) shown += text.slice(done, start) + REDACTED;
      done = Math.max(done, end);
    }
    return (shown + text.slice(done)).replace(PRIVATE_KEY, REDACTED);
  };
}

/** The same value with every text in it, however deep, given to `hide`. Keys stay as they are. */
export function hideIn<T>(value: T, hide: (text: string) => string): T;
export function hideIn(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === "string") return hide(value);
  if (Array.isArray(value)) return value.map((each: unknown) => hideIn(each, hide));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: readonly [string, unknown]) => [key, hideIn(each, hide)]),
  );
}

/** True where one of these secrets is in the text, in any of the forms that `redact` finds, or any private key. */
export function holdsSecret(text: string, secrets: readonly (string | Uint8Array)[]): boolean {
  return text.search(PRIVATE_KEY) >= 0 || findAll(fold(text).folded, byHeads(secrets)).length > 0;
}

/** The text without its line breaks, and where each of its characters stood. */
function fold(text: string): { readonly folded: string; readonly place: (index: number) => number } {
  const starts: number[] = [];
  const offsets: number[] = [];
  let folded = "";
  let at = 0;
  const keep = (end: number) => {
    starts.push(folded.length);
    offsets.push(at - folded.length);
    folded += text.slice(at, end);
  };
  for (const match of text.matchAll(BREAK)) {
    keep(match.index);
    at = match.index + match[0].length;
  }
  keep(text.length);
  const place = (index: number) => {
    let low = 0;
    let high = starts.length - 1;
    // The last piece that starts at or before the index.
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return index + (offsets[low] ?? 0);
  };
  return { folded, place };
}

interface Forms {
  readonly exact: readonly string[];
  /** In lower case. */
  readonly anyCase: readonly string[];
}

function formsOf(secrets: readonly (string | Uint8Array)[]): Forms {
  const exact = new Set<string>();
  const anyCase = new Set<string>();
  for (const secret of secrets) {
    for (const bytes of piecesOf(secret)) {
      const hex = bytes.toString("hex");
      anyCase.add(hex).add(hex.replace(/../g, "%$&"));
      for (const form of base64Forms(bytes))
        exact.add(form).add(form.replaceAll("+", "-").replaceAll("/", "_"));
      if (typeof secret !== "string") continue;
      const plain = bytes.toString("utf8");
      // A line break is folded away in the text, so in a form too.
      exact.add(plain.replace(/\s*\n\s*/g, ""));
      for (const form of jsonForms(plain)) exact.add(form);
      if (/^[0-9a-f]+$/i.test(plain)) anyCase.add(plain.toLowerCase());
      anyCase.add(encodeURIComponent(plain).toLowerCase());
    }
  }
  const long = (forms: Iterable<string>) => [...forms].filter((form) => form.length >= SHORTEST);
  return { exact: long(exact), anyCase: long(anyCase) };
}

/** All forms in which `redact` finds them, each without a line break. */
export function secretForms(secrets: readonly (string | Uint8Array)[]): readonly string[] {
  const { exact, anyCase } = formsOf(secrets);
  return [...exact, ...anyCase];
}

/** The secret whole, and where it has lines each of them: a text may hold only the last ones. */
function piecesOf(secret: string | Uint8Array): readonly Buffer[] {
  const whole = Buffer.from(secret);
  if (typeof secret !== "string" || !secret.includes("\n")) return [whole];
  const lines = secret.split("\n").filter((line) => line.length >= SHORTEST && !line.startsWith("-----"));
  return [whole, ...lines.map((line) => Buffer.from(line))];
}

/** In a longer base64 text a value starts at the first, second or third byte of a group; its first and last letters mix with others. */
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
}

/** Inside a JSON string: as JavaScript writes it, as those do who escape the slash, and as Go does, which escapes HTML's letters. */
function jsonForms(plain: string): readonly string[] {
  const lines = plain.replace(/\s*\n\s*/g, "");
  const form = JSON.stringify(lines).slice(1, -1);
  const inHtml = form.replace(/[<>&]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
  return [form, form.replaceAll("/", "\\/"), inHtml];
}

interface Hit {
  readonly from: number;
  readonly to: number;
}

interface ByHead {
  readonly forms: ReadonlyMap<string, readonly string[]>;
  /** 1 at every pair of letters that a form begins with: nearly all places of a text are passed over by that alone. */
  readonly begins: Uint8Array;
}
type ByHeads = Readonly<Record<keyof Forms, ByHead>>;

/** Every request to GitHub is looked through by the same list: its forms are made once. */
const heads = new WeakMap<readonly (string | Uint8Array)[], ByHeads>();

function byHeads(secrets: readonly (string | Uint8Array)[]): ByHeads {
  const known = heads.get(secrets);
  if (known) return known;
  const { exact, anyCase } = formsOf(secrets);
  const made = { exact: byHead(exact), anyCase: byHead(anyCase) };
  heads.set(secrets, made);
  return made;
}

function byHead(forms: readonly string[]): ByHead {
  const found = new Map<string, string[]>();
  const begins = new Uint8Array(1 << 16);
  for (const form of forms) {
    const same = found.get(form.slice(0, HEAD));
    if (same) same.push(form);
    else found.set(form.slice(0, HEAD), [form]);
    begins[pairAt(form, 0)] = 1;
  }
  return { forms: found, begins };
}

/** A number below 65,536 for two letters; of rare ones some have the same. */
function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 0xff) << 8) | (text.charCodeAt(at + 1) & 0xff);
}

function findAll(folded: string, { exact, anyCase }: ByHeads): Hit[] {
  // Letter for letter: of İ, toLowerCase makes two, and every later place would be another one.
  const lower = folded.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return [...find(folded, exact), ...find(lower, anyCase)];
}

/** Every place of every form. The time grows with the text, not with the number of forms. */
function find(text: string, { forms, begins }: ByHead): readonly Hit[] {
  const hits: Hit[] = [];
  for (let from = 0; from + SHORTEST <= text.length; from += 1) {
    if (begins[pairAt(text, from)] === 0) continue;
    for (const form of forms.get(text.slice(from, from + HEAD)) ?? []) {
      if (text.startsWith(form, from)) hits.push({ from, to: from + form.length });
    }
  }
  return hits;
}
