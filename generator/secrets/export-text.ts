// The root secret as it travels to a second computer or into a password manager: one line that can check itself.
import { rootCheck } from "./derive.ts";

const LINE = /^quorate-secret:1:([a-z0-9-]+):([0-9a-f]{64}):([0-9a-f]{16})$/;

export type Imported =
  | { readonly ok: true; readonly root: Uint8Array; readonly cluster: string | null }
  | { readonly ok: false; readonly reason: string };

/** `quorate-secret:1:CLUSTER:64 HEX DIGITS:CHECK VALUE`, with a comment above that says what it is. */
export function exportText(cluster: string, root: Uint8Array): string {
  const hex = Buffer.from(root).toString("hex");
  return `# The secret of the Quorate cluster "${cluster}": whoever has it is root on all its machines.
# On another computer, beside the same cluster.config.json: npx quorate secret import FILE
quorate-secret:1:${cluster}:${hex}:${rootCheck(root)}
`;
}

/** Takes an exported text, its one line alone, or the 64 hex digits of .secrets/cluster-secret. No reason holds a part of it. */
export function importText(text: string): Imported {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line = ""] = lines;
  if (lines.length === 0) return { ok: false, reason: "there is nothing in it" };
  if (lines.length > 1) return { ok: false, reason: `it has ${lines.length} lines, and the secret is one` };
  if (/^[0-9a-f]{64}$/.test(line)) return { ok: true, root: Buffer.from(line, "hex"), cluster: null };
  const [, cluster, hex, check] = LINE.exec(line) ?? [];
  if (cluster === undefined || hex === undefined)
    return { ok: false, reason: "it is no exported secret (quorate-secret:1:...)" };
  const root = Buffer.from(hex, "hex");
  if (rootCheck(root) !== check)
    return { ok: false, reason: "it was changed on its way: its check value does not fit" };
  return { ok: true, root, cluster };
}
