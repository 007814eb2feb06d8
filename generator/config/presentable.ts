// Text of a machine or of git's history on its way to a person: somebody else may have written it.
import { printable } from "./printable.ts";
import { maskSecrets } from "./secret-like.ts";

/**
 * The same text with what looks like a secret as dots, and what could confuse a terminal as escapes. Lines of `wanted`, the
 * text that should be there and that everybody may see, stay as they are: a published checksum has the form of a token.
 */
export function presentable(text: string, wanted = ""): string {
  const open = new Set(wanted.split("\n"));
  let within = false;
  return text
    .split("\n")
    .map((line) => {
      const begins = KEY_BEGINS.test(line);
      // The lines of a key in the midst look like nothing by themselves.
      const hidden = within || begins;
      within = hidden && !(KEY_ENDS.test(line) && !begins);
      if (open.has(line)) return line;
      return hidden ? dots(line) : printable(maskSecrets(line));
    })
    .join("\n");
}

const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const KEY_ENDS = /-----END [A-Z0-9 ]*PRIVATE KEY-----/;
const NAME_OF_SECRET = /^@@quorate:secret:[\w/.:-]+@@$/;

/** Of a file that is a secret: whatever somebody has put there, but for lines of `wanted` and names of secrets. */
export function concealed(text: string, wanted = ""): string {
  const open = new Set(wanted.split("\n"));
  const shown = (line: string) => open.has(line) || NAME_OF_SECRET.test(line);
  return text
    .split("\n")
    .map((line) => (shown(line) ? line : dots(line)))
    .join("\n");
}

function dots(line: string): string {
  return "•".repeat(line.length);
}
