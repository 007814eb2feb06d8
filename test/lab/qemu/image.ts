// The card that a board boots from, as it is before Quorate writes it: built once, kept beside the lab's root file system.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { mustRun } from "../command.ts";
import { ensureBuilt, ensureImage, imagePath } from "../image.ts";
import { CACHE, labFile } from "../paths.ts";

const RECIPE = labFile("qemu/image.sh");

/** Builds the image where it is missing, which needs the network: outside of a lab. Returns the path of its file. Throws where it fails. */
export function ensureCardImage(): string {
  const hash = createHash("sha256").update(readFileSync(RECIPE)).update(basename(imagePath()));
  const path = join(CACHE, `card-${hash.digest("hex").slice(0, 12)}`);
  return join(ensureBuilt(path, RECIPE, ensureImage()), "disk.img");
}

/** Flashes a card: a copy of the image in the file `disk`, as thin as the file system allows. */
export function flashCard(disk: string): void {
  mustRun("cp", "--sparse=always", "--reflink=auto", ensureCardImage(), disk);
}
