// SSH public keys that may log in: lines made fit for the config, each key once, the sample's never.
import { isSampleKey } from "../config/rules/sample.ts";
import { textFindings } from "../config/rules/text.ts";
import { parseSshKey } from "../config/ssh-key.ts";

export type KeyLine =
  | { readonly ok: true; readonly line: string; readonly blob: string }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

/** One line of a .pub file. A comment that the config must not hold is left away: the key is as good without it. */
export function keyLine(text: string): KeyLine {
  const [type = "", blob = "", ...comment] = text.trim().split(/[ \t]+/);
  const key = parseSshKey(text.trim());
  if (!key.ok) return key;
  if (isSampleKey(text.trim())) {
    return {
      ok: false,
      reason: "is the sample's key, and nobody has its private half: it opens no machine",
      hint: "name your own: --key ~/.ssh/id_ed25519.pub (none there? ssh-keygen -t ed25519)",
    };
  }
  const line = [type, blob, ...comment].join(" ");
  return { ok: true, blob, line: textFindings(line).length === 0 ? line : `${type} ${blob}` };
}

/** The good ones among the lines, in order. Of the same key twice, the line that says more about it stays. */
export function publicKeys(lines: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const text of lines) {
    const key = keyLine(text);
    if (!key.ok) continue;
    const known = found.get(key.blob) ?? "";
    found.set(key.blob, known.length >= key.line.length ? known : key.line);
  }
  return [...found.values()];
}

/** How a person knows a key again: its type, the end of its text and its comment. */
export function keyLabel(line: string): string {
  const [type = "", blob = "", ...comment] = line.split(" ");
  return [type, `…${blob.slice(-8)}`, ...comment].join(" ");
}
