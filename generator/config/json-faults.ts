// What is said about mistakes in JSON's notation: what must hold, and the remedy.
import { show } from "./show.ts";

export interface Advice {
  readonly message: string;
  readonly hint: string;
}

/** The mistakes that need no detail of the text. */
export const FAULTS = {
  comment: {
    message: "comments are not allowed in JSON",
    hint: "remove it; the reason for a change belongs in the commit message",
  },
  commentWithoutEnd: {
    message: "this comment has no end, and comments are not allowed in JSON",
    hint: "remove it",
  },
  noValueAtAll: { message: "the file must hold a JSON object, but holds no value", hint: "write { ... }" },
  noComma: { message: "a comma is missing after this value", hint: "add a comma after it" },
  trailingComma: { message: "no comma may stand after the last value", hint: "remove the comma" },
  semicolon: { message: "a comma must stand between values, not ;", hint: "write , instead" },
  equals: { message: "a colon must stand between a key and its value, not =", hint: "write : instead" },
  noKey: { message: "a key in double quotes must stand before this colon", hint: 'write "KEY": VALUE' },
  noValue: { message: "this key has no value", hint: "write a value after the colon, or remove the key" },
  noBrace: { message: "this key has no value", hint: "if an object begins here, add { after the colon" },
  keyInList: {
    message: "a list in [ ] holds values without keys",
    hint: "remove the key, or use { } around keys and values",
  },
  secondColon: {
    message: "only one value may follow a key",
    hint: "add a comma and a key before it, or remove it",
  },
  quoteInside: {
    message: "a double quote ends the text here, and more text follows",
    hint: 'move the quote to where the text ends; a quote inside a text is written \\"',
  },
  noClosingQuote: { message: "this text has no closing double quote", hint: 'add " where the text ends' },
  escapedClosingQuote: {
    message: "this text has no closing double quote",
    hint: "a backslash before a quote makes it part of the text: write \\\\ for a backslash",
  },
  shortUnicodeEscape: {
    message: "\\u must be followed by four hex digits",
    hint: "write \\\\ for a backslash",
  },
  conflict: {
    message: "a git merge conflict is left in the file",
    hint: "keep one of the two sides, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>",
  },
} as const satisfies Record<string, Advice>;

/** For a file that begins with neither a bracket nor any other value. */
export function notJson(seen: string): Advice {
  return {
    message: `the file must hold one JSON object, but begins with ${show(seen)}`,
    hint: "begin it with {; YAML and TOML are not read",
  };
}

export function moreText(lastLine: number, suspicion: string): Advice {
  return {
    message: `the document ends in line ${lastLine}, but more text follows`,
    hint: `remove this text, or a bracket that closes too early${suspicion}`,
  };
}

export function unclosedBracket(bracket: string, missing: string, suspicion: string): Advice {
  return {
    message: `the file ends before this ${bracket} is closed`,
    hint: `add ${missing} where it belongs${suspicion}`,
  };
}

export function oneTooMany(name: "comma" | "colon"): Advice {
  return { message: `there is one ${name} too many here`, hint: "remove it" };
}

/** `enclosing`: the object that may lack its closing bracket, if it is one of a list. */
export function keyBefore(bracket: string, enclosing: string | undefined): Advice {
  const other = enclosing === undefined ? "put a list into [ ]" : `add } where ${enclosing} ends`;
  return { message: `a key must stand before this ${bracket}`, hint: `write "KEY": ${bracket}, or ${other}` };
}

export function wrongBracket(
  open: string,
  close: string,
  seen: string,
  line: number,
  isTypo: boolean,
): Advice {
  const what = `the ${open} of line ${line}`;
  return {
    message: `${close} must close ${what}, not ${seen}`,
    hint: isTypo ? `write ${close} instead` : `add ${close} where ${what} ends`,
  };
}

export function noKeyBut(seen: string): Advice {
  return {
    message: `a key in double quotes must stand here, not ${show(seen)}`,
    hint: 'write "KEY": VALUE',
  };
}

export function unquotedKey(key: string): Advice {
  const bare = show(key).replace(/^"|"$/g, "");
  return { message: `a key must stand in double quotes, but ${bare} does not`, hint: `write ${show(key)}` };
}

export function noColon(key: string): Advice {
  return {
    message: `a colon and a value must follow the key ${show(key)}`,
    hint: `write ${show(key)}: VALUE`,
  };
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** True for what JSON allows without quotes (RFC 8259, sections 3 and 6). */
export function isBareValue(word: string): boolean {
  return word === "true" || word === "false" || word === "null" || NUMBER.test(word);
}

const WORDS: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/^(true|yes|on)$/i, "write true"],
  [/^(false|no|off)$/i, "write false"],
  [/^(null|none|nil|undefined)$/i, "write null, or remove the key"],
  [/^[+-]?(nan|inf|infinity)$/i, "write a number, or remove the key"],
];

/** For a word that is not a JSON value. */
export function notAValue(word: string): Advice {
  const number = asNumber(word);
  if (number !== undefined) {
    return {
      message: `a number must be written the way JSON writes it, not as ${show(word)}`,
      hint: `write ${number}`,
    };
  }
  const known = WORDS.find(([pattern]) => pattern.test(word));
  return {
    message: `a value must be text in double quotes, a number, true, false, null, [ or {, not ${show(word)}`,
    hint: known ? known[1] : `if it is text, put it in double quotes: ${show(word)}`,
  };
}

function asNumber(word: string): string | undefined {
  if (/^0[xob][0-9a-f]+$/i.test(word)) {
    const value = Number(word);
    return Number.isSafeInteger(value) ? String(value) : undefined;
  }
  const plain = word
    .replace(/^\+/, "")
    .replace(/(?<=\d)_(?=\d)/g, "")
    .replace(/^(-?)0+(?=\d)/, "$1")
    .replace(/^-?(?=\.)/, "$&0")
    .replace(/\.$/, ".0");
  return NUMBER.test(plain) ? plain : undefined;
}

/** For a character inside a string that JSON wants escaped, or a backslash that begins no escape of JSON's. */
export function badCharacter(character: string, next: string): Advice {
  if (character === "\\") {
    if (next === "u") return FAULTS.shortUnicodeEscape;
    return { message: `\\${next} is not an escape that JSON has`, hint: "write \\\\ for a backslash" };
  }
  const code = character.charCodeAt(0);
  const [name, escape] =
    code === 9
      ? ["tab", "\\t"]
      : [`control character ${codePoint(character)}`, `\\u${code.toString(16).padStart(4, "0")}`];
  return { message: `a text must hold no ${name} as such`, hint: `remove it, or write ${escape}` };
}

/** For white space of other alphabets between tokens. */
export function oddSpace(character: string): Advice {
  return {
    message: `only spaces, tabs and line breaks may stand between values, not ${codePoint(character)}`,
    hint: "replace it by a plain space; it often comes along when text is copied from a web page",
  };
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
