// What is sent to a machine: one tar with the files that change, the list of all, and a checksum of each.
import { createHash } from "node:crypto";
import { packTar } from "modern-tar";
import type { NodeFile, SecretRef } from "../model/files.ts";
import { NODE_PATHS } from "../render/node-paths.ts";

export interface BundleChoice {
  /** Every file that the machine should have. */
  readonly files: readonly NodeFile[];
  /** Paths of those that are sent: the others are right already. */
  readonly changed: ReadonlySet<string>;
  readonly reveal: (ref: SecretRef) => string;
  /** Where the change could cut us off: after so many seconds the set with that digest is undone. */
  readonly armed: { readonly digest: string; readonly seconds: number } | null;
}

/** The tar's bytes: `SUMS` first, so that what was cut off is missed; then `tree/PATH` each, and `armed`. Holds secrets. */
export async function bundle({ files, changed, reveal, armed }: BundleChoice): Promise<Uint8Array> {
  const sent = files
    .filter(({ path }) => changed.has(path) || path === NODE_PATHS.fileList)
    .map(({ path, mode, content }) => ({
      name: `tree${path}`,
      mode: Number.parseInt(mode, 8),
      text: content.map((part) => (typeof part === "string" ? part : reveal(part))).join(""),
    }));
  const members = armed
    ? [...sent, { name: "armed", mode: 0o600, text: `${armed.digest} ${armed.seconds}\n` }]
    : sent;
  const sums = members.map(
    ({ name, text }) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`,
  );
  const entry = (name: string, mode: number, text: string) => {
    const body = Buffer.from(text);
    return { header: { name, mode, size: body.length, type: "file" as const, uid: 0, gid: 0 }, body };
  };
  return packTar([
    entry("SUMS", 0o600, sums.join("")),
    ...members.map(({ name, mode, text }) => entry(name, mode, text)),
  ]);
}
