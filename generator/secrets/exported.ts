// A note beside the root secret that it was exported, or came from an export: so that doctor can tell one that lies nowhere else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "../private-file.ts";
import { rootCheck } from "./derive.ts";
import { secretsFolder } from "./root.ts";

const FILE = "exported";
/** The check value of the secret, and a day. */
const FORM = /^([0-9a-f]{16}) (\d{4}-\d\d-\d\d)\n$/;

/** Best effort: an export is none the worse without its note. `now`: milliseconds since 1970. */
export function noteExport(config: string, root: Uint8Array, now: number): void {
  const day = new Date(now).toISOString().slice(0, 10);
  try {
    writePrivateFile(join(secretsFolder(config), FILE), `${rootCheck(root)} ${day}\n`, false);
  } catch {}
}

/** The day of the last export of this very secret, such as 2026-11-22; null where none is noted. */
export function exportNoted(config: string, root: Uint8Array): string | null {
  let text: string;
  try {
    text = readFileSync(join(secretsFolder(config), FILE), "utf8");
  } catch {
    return null;
  }
  const [, check, day] = FORM.exec(text) ?? [];
  return check === rootCheck(root) ? (day ?? null) : null;
}
