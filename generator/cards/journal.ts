// Changes a part of a big file in place, all or nothing: the new blocks are on the disk, in a file beside it, before the
// first of them is written to its place; a run that was cut off is completed by the next.
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { Failure } from "../failure.ts";
import { removeStaged, writePrivateFile } from "../private-file.ts";

const BLOCK = 4096;
const CHUNK = 1024 * BLOCK;

interface Journal {
  readonly format: 1;
  /** The size of the file that it belongs to, in bytes. */
  readonly size: number;
  /** The stretch that it changes a part of, in bytes. */
  readonly at: number;
  readonly length: number;
  /** SHA-256 over what it leaves as it is in that stretch: another image may have come into that place, of the same size. */
  readonly rest: string;
  /** Where in that file, and the bytes in base64. */
  readonly blocks: readonly (readonly [at: number, bytes: string])[];
  /** SHA-256 over all of that as JSON: a journal that is not whole is none. */
  readonly digest: string;
}

/** Where the journal of a file lies. */
export function journalPath(file: string): string {
  return `${file}.quorate-journal`;
}

/** Makes the bytes of `file` from `at` on those of `part`, a file of the same length as that stretch. Returns the bytes changed. */
export function replacePart(file: string, at: number, part: string): number {
  const blocks = differing(file, at, part);
  if (blocks.length === 0) return 0;
  const place = { size: sizeOf(file), at, length: sizeOf(part) };
  const content = { format: 1, ...place, rest: restOf(file, at, place.length, blocks), blocks } as const;
  const journal: Journal = { ...content, digest: digestOf(content) };
  writePrivateFile(journalPath(file), JSON.stringify(journal), false);
  play(file, journal);
  return blocks.length * BLOCK;
}

/** Completes what a killed run had begun. Returns whether there was something. Throws a Failure for a journal of another file. */
export function completeJournal(file: string): boolean {
  const path = journalPath(file);
  removeStaged(path);
  if (!existsSync(path)) return false;
  const journal = JSON.parse(readFileSync(path, "utf8")) as Journal;
  const { digest, ...content } = journal;
  const { size, at, length, blocks, rest } = content;
  if (digest !== digestOf(content) || size !== sizeOf(file) || rest !== restOf(file, at, length, blocks)) {
    throw new Failure(
      `${path} was left by a run that was cut off, and does not belong to this ${file}`,
      `take a fresh copy of the image, and remove ${path}`,
    );
  }
  play(file, journal);
  return true;
}

function play(file: string, { blocks }: Journal): void {
  const handle = openSync(file, "r+");
  try {
    for (const [at, bytes] of blocks) {
      const block = Buffer.from(bytes, "base64");
      for (let done = 0; done < block.length;)
        done += writeSync(handle, block, done, block.length - done, at + done);
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  // Where a power cut brings it back, it is played again, which changes nothing.
  rmSync(journalPath(file));
}

function differing(file: string, at: number, part: string): Journal["blocks"] {
  const [old, young] = [openSync(file, "r"), openSync(part, "r")];
  try {
    const blocks: (readonly [number, string])[] = [];
    const [before, after] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
    for (let from = 0; ; from += CHUNK) {
      const length = readSync(young, after, 0, CHUNK, from);
      if (length === 0) return blocks;
      readSync(old, before, 0, length, at + from);
      for (let start = 0; start < length; start += BLOCK) {
        const end = Math.min(start + BLOCK, length);
        if (before.compare(after, start, end, start, end) !== 0)
          blocks.push([at + from + start, after.toString("base64", start, end)]);
      }
    }
  } finally {
    closeSync(old);
    closeSync(young);
  }
}

function restOf(file: string, at: number, length: number, blocks: Journal["blocks"]): string {
  const changed = new Set(blocks.map(([place]) => place));
  const digest = createHash("sha256");
  const chunk = Buffer.alloc(CHUNK);
  const handle = openSync(file, "r");
  try {
    for (let from = at; from < at + length; from += CHUNK) {
      const read = readSync(handle, chunk, 0, Math.min(CHUNK, at + length - from), from);
      for (let start = 0; start < read; start += BLOCK) {
        if (!changed.has(from + start)) digest.update(chunk.subarray(start, Math.min(start + BLOCK, read)));
      }
    }
  } finally {
    closeSync(handle);
  }
  return digest.digest("hex");
}

function sizeOf(file: string): number {
  const handle = openSync(file, "r");
  try {
    return fstatSync(handle).size;
  } finally {
    closeSync(handle);
  }
}

function digestOf(content: Omit<Journal, "digest">): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
