// quorate-status.txt: what a machine last wrote on its card about itself, for whoever reads the card elsewhere.
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";

export interface StatusFile {
  readonly name: string;
  readonly state: string;
  readonly step: string;
  readonly waiting: string;
  readonly error: string;
  readonly next: string;
  /** The last lines of its log, oldest first: each a time and a sentence. */
  readonly events: readonly string[];
}

/** The text as quorate-node writes it (templates/quorate-node.sh.ejs, boot_partition_status), or null for another text. */
export function parseStatusFile(text: string): StatusFile | null {
  const lines = text.split(/\r?\n/).map((line) => printable(maskSecrets(line)));
  const [, name] = /^Written by quorate-node on ([a-z0-9-]+),/.exec(lines[0] ?? "") ?? [];
  const field = (key: string) =>
    lines
      .find((line) => line.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim() ?? "";
  if (name === undefined || field("state") === "") return null;
  const from = lines.findIndex((line) => line.startsWith("next:"));
  return {
    name,
    state: field("state"),
    step: field("step"),
    waiting: field("waiting"),
    error: field("error"),
    next: field("next"),
    events: from < 0 ? [] : lines.slice(from + 1).filter((line) => line !== ""),
  };
}
