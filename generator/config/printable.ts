// How text of unknown origin is shown on a terminal: nothing that moves the cursor, reorders or hides, and how wide it is.

// Controls, format characters (direction overrides, zero-width ones), halves of pairs, separators, and blanks that only look like a space.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
// Unicode's East Asian Wide and Fullwidth (UAX 11), in broad ranges, and what is drawn as an emoji unless told otherwise.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
// Two of these letters make one flag of two columns.
const FLAG_LETTER = /[\u{1f1e6}-\u{1f1ff}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}]/u;

/** The text with every unsafe character as an escape: `\u001b`, or `\u{e0001}` beyond the first plane. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
  });
}

/** Columns that one safe character takes on a terminal. */
export function columnsOf(character: string): number {
  if (character <= "~") return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) && !FLAG_LETTER.test(character) ? 2 : 1;
}

/** A path as an argument of a shell command, to be copied by a person. */
export function asArgument(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
