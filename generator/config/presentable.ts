// Text of a machine or of git's history on its way to a person: somebody else may have written it.
import { printable } from "./printable.ts";
import { maskSecrets } from "./secret-like.ts";

/**
 * The same text with what looks like a secret as dots, and what could confuse a terminal as escapes. Lines of `wanted`, the
 * text that should be there and that everybody may see, stay as they are: a published checksum has the form of a token.
 */
export function presentable(text: string, wanted = ""): string {
  const open = new Set(wanted.split("\n"));
  return text
    .split("\n")
    .map((line) => (open.has(line) ? line : printable(maskSecrets(line))))
    .join("\n");
}
