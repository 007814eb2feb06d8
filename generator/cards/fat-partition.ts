// Where in an image file the boot partition lies, and a copy of it to work on.
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { getPartitions } from "partitioninfo";

export interface Stretch {
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
}

const CHUNK = 4 * 1024 * 1024;
const SECTOR = 512;

/** Every FAT file system in the image, in the order of the partitions; the whole file where it is one itself. */
export async function fatPartitions(image: string): Promise<readonly Stretch[]> {
  const handle = await open(image, "r");
  try {
    const { size } = await handle.stat();
    const isFat = async (offset: number) => {
      const sector = Buffer.alloc(SECTOR);
      await handle.read(sector, 0, SECTOR, offset);
      return looksLikeFat(sector);
    };
    if (await isFat(0)) return [{ offset: 0, size }];
    const found = await getPartitions(image).catch(() => null);
    const stretches = (found?.partitions ?? []).map((part) => ({ offset: part.offset, size: part.size }));
    const fats: Stretch[] = [];
    for (const stretch of stretches) {
      // A table may name what a cut-off download does not have.
      if (stretch.offset + stretch.size <= size && (await isFat(stretch.offset))) fats.push(stretch);
    }
    return fats;
  } finally {
    await handle.close();
  }
}

/** The name of the file system stands at 54 (FAT12, FAT16) or 82 (FAT32): Microsoft's FAT specification, boot sector. */
function looksLikeFat(sector: Buffer): boolean {
  const signed = sector[510] === 0x55 && sector[511] === 0xaa;
  return (
    signed && (sector.toString("latin1", 54, 57) === "FAT" || sector.toString("latin1", 82, 87) === "FAT32")
  );
}

/** Copies a stretch of the image into a new file, for this person only; what is empty takes no room. */
export function copyStretch(image: string, { offset, size }: Stretch, path: string): void {
  const from = openSync(image, "r");
  const to = openSync(path, "wx", 0o600);
  try {
    ftruncateSync(to, size);
    const chunk = Buffer.alloc(CHUNK);
    const empty = Buffer.alloc(CHUNK);
    for (let at = 0; at < size;) {
      const length = readSync(from, chunk, 0, Math.min(CHUNK, size - at), offset + at);
      if (length === 0) break;
      if (chunk.compare(empty, 0, length, 0, length) !== 0) writeSync(to, chunk, 0, length, at);
      at += length;
    }
  } finally {
    closeSync(from);
    closeSync(to);
  }
}
