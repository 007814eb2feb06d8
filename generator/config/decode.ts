// From the bytes of a config to its text: UTF-8 without a byte-order mark, and nothing else.
import { type Code, type Finding, finding } from "./finding.ts";
import { asArgument } from "./printable.ts";

export type Decoded =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly finding: Finding };

interface Refusal {
  readonly code: Code;
  /** What the config must do. */
  readonly must: string;
  /** What the file does. */
  readonly seen: string;
  /** FILE stands for the path. */
  readonly hint: string;
}

/** The text, or what is wrong: config-empty, config-bom or config-encoding. The path is only for the message. */
export function decodeConfig(path: string, bytes: Uint8Array): Decoded {
  const text = textOf(bytes);
  if (typeof text === "string") return { ok: true, text };
  const { code, must, seen, hint } = text;
  const message = `the config must ${must}, but ${JSON.stringify(path)} ${seen}`;
  return {
    ok: false,
    finding: finding(
      code,
      [],
      message,
      hint.replaceAll("FILE", () => asArgument(path)),
    ),
  };
}

function textOf(bytes: Uint8Array): string | Refusal {
  if (bytes.length === 0) return empty("is empty (0 bytes)");
  const refusal = byteOrderMark(bytes) ?? zeroBytes(bytes);
  if (refusal) return refusal;
  const bad = firstInvalid(bytes);
  if (bad !== undefined) return notUtf8(bytes, bad);
  const text = strict().decode(bytes);
  return text.trim() === "" ? empty(`holds only white space (${bytes.length} bytes)`) : text;
}

const INTO_UTF8 = "FILE > FILE.utf8 && mv FILE.utf8 FILE";

// UTF-32 first: its little-endian mark begins like that of UTF-16.
const MARKS: readonly (readonly [name: string, mark: readonly number[]])[] = [
  ["UTF-32", [0xff, 0xfe, 0, 0]],
  ["UTF-32", [0, 0, 0xfe, 0xff]],
  ["UTF-16", [0xff, 0xfe]],
  ["UTF-16", [0xfe, 0xff]],
];

function byteOrderMark(bytes: Uint8Array): Refusal | undefined {
  const begins = (mark: readonly number[]) => mark.every((byte, index) => bytes[index] === byte);
  if (begins([0xef, 0xbb, 0xbf])) {
    return {
      code: "config-bom",
      must: "be UTF-8 without a byte-order mark",
      seen: "begins with one (bytes ef bb bf)",
      hint: "save it as UTF-8 without BOM, or: tail -c +4 FILE > FILE.utf8 && mv FILE.utf8 FILE",
    };
  }
  const found = MARKS.find(([, mark]) => begins(mark));
  return found && otherEncoding(found[0], `is ${found[0]}`);
}

function zeroBytes(bytes: Uint8Array): Refusal | undefined {
  const at = bytes.indexOf(0);
  if (at < 0) return undefined;
  // JSON begins with an ASCII character, which UTF-16 pads with a zero byte on one side.
  const [first, second, third] = bytes;
  if (first === 0 && second !== 0) return otherEncoding("UTF-16BE", "is UTF-16, big-endian");
  if (first !== 0 && second === 0 && third !== 0)
    return otherEncoding("UTF-16LE", "is UTF-16, little-endian");
  return {
    code: "config-encoding",
    must: "be text",
    seen: `is binary: byte ${at + 1} is zero`,
    hint: "name the right file: --config FILE",
  };
}

function otherEncoding(name: string, seen: string): Refusal {
  return {
    code: "config-encoding",
    must: "be UTF-8",
    seen,
    hint: `save it as UTF-8, or: iconv -f ${name} -t UTF-8 ${INTO_UTF8}`,
  };
}

function notUtf8(bytes: Uint8Array, at: number): Refusal {
  const line = bytes.subarray(0, at).reduce((count, byte) => (byte === 0x0a ? count + 1 : count), 1);
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, "0");
  return {
    code: "config-encoding",
    must: "be UTF-8",
    seen: `is not: byte ${byte} in line ${line}`,
    hint: `save it as UTF-8; if it is Latin-1: iconv -f WINDOWS-1252 -t UTF-8 ${INTO_UTF8}`,
  };
}

function empty(seen: string): Refusal {
  return {
    code: "config-empty",
    must: "hold a JSON object",
    seen,
    hint: "begin with the committed one: git show HEAD:cluster.config.json > FILE",
  };
}

/** Where the first byte sequence begins that is not UTF-8. A decoder says only that there is one, so the place is halved in. */
function firstInvalid(bytes: Uint8Array): number | undefined {
  if (isValid(bytes, false)) return undefined;
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isValid(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  // The byte before may have begun a character that this one does not continue.
  while (!isValid(bytes.subarray(0, good), false)) good--;
  return good;
}

// A stream may still go on, so a character cut off at the end is no mistake in it.
function isValid(bytes: Uint8Array, stream: boolean): boolean {
  try {
    strict().decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

const strict = () => new TextDecoder("utf-8", { fatal: true });
