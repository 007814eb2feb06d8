// Keeps what a card is about to lose, in .secrets/backups: an Imager writes passwords into these files.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { ensurePrivateFolder, writePrivateFile } from "../private-file.ts";
import type { Change } from "./boot-files.ts";
import type { BootPartition } from "./boot-partition.ts";
import { earlierSeed } from "./earlier.ts";

/** The files that only Quorate writes, once a card is its own: they can be made again, and hold the cluster's secrets. */
const OURS = new Set(["user-data", "meta-data", "network-config"]);

/** Returns the folder of the backup, or null where nothing is lost. The same content is kept once. */
export async function backUp(
  secrets: string,
  node: string,
  partition: BootPartition,
  changes: readonly Change[],
): Promise<string | null> {
  const own = earlierSeed(partition.files).by === "quorate";
  const lost: (readonly [path: string, bytes: Uint8Array])[] = [];
  for (const { path } of changes) {
    const bytes = own && OURS.has(path) ? null : await partition.read(path);
    if (bytes !== null) lost.push([path, bytes]);
  }
  if (lost.length === 0) return null;
  const digest = createHash("sha256");
  for (const [path, bytes] of lost) digest.update(`${path}\0${bytes.length}\0`).update(bytes);
  const folder = join(secrets, "backups", `${node}-${digest.digest("hex").slice(0, 8)}`);
  try {
    ensurePrivateFolder(secrets);
    for (const [path, bytes] of lost) {
      const place = join(folder, path);
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      if (!existsSync(place)) writePrivateFile(place, bytes, true);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      `what is on the card cannot be kept in ${folder}: ${why}; the card was not changed`,
      "make that folder writable for yourself, and room on its disk",
      error,
    );
  }
  return folder;
}
