// The config file's place on the disk: what is there already, and putting the new one there whole or not at all.
import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { MAX_BYTES } from "../config/read.ts";
import { Failure } from "../failure.ts";

/** SHA-256 of the sample that Quorate ships, with line feeds. A test holds it in step. */
const SAMPLE = "f16bb4df9b6f286ae3a9b15413d8b34bf7f5ef4625cfca9819ddbc3b2ed5d8fc";

export interface Place {
  /** The file itself, where a link leads to it. */
  readonly path: string;
  /** Undefined where there is no file yet. */
  readonly bytes?: Buffer;
  /** The file is the sample as it was shipped: nobody loses it. */
  readonly isSample: boolean;
}

/** Looks, and changes nothing. Throws a Failure where no config can be written. */
export function placeOf(path: string): Place {
  try {
    accessSync(dirname(path), constants.W_OK);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) {
      return { path, isSample: false };
    }
    const stats = statSync(path);
    if (!stats.isFile()) {
      throw new Failure(`${path} is there and is not a file`, "name a file: --config FILE");
    }
    if (stats.size > MAX_BYTES) {
      throw new Failure(`${path} is there and is too large for a config`, "name another file: --config FILE");
    }
    const bytes = readFileSync(path);
    return {
      path: found.isSymbolicLink() ? realpathSync(path) : path,
      bytes,
      isSample: isSample(bytes.toString("utf8")),
    };
  } catch (error) {
    throw failed(`cannot look at ${path}`, error);
  }
}

/**
 * Writes the config. A file that is there and is not the sample is kept beside it; returns the path of what was kept.
 * Throws a Failure where it cannot, or where the file is not any more what `placeOf` saw; the old one is then untouched.
 */
export function writeTo(place: Place, text: string): string | undefined {
  const { path, bytes, isSample } = place;
  const staged = `${path}.quorate-new`;
  let kept: string | undefined;
  try {
    rmSync(staged, { force: true });
    writeSynced(staged, text, bytes ? statSync(path).mode & 0o777 : 0o644);
    if (bytes && !isSample) kept = keep(path);
    if (!isUnchanged(place)) {
      throw new Failure(`${path} has just been changed by somebody else`, "look at it, then run it again");
    }
    renameSync(staged, path);
  } catch (error) {
    rmSync(staged, { force: true });
    if (kept !== undefined) rmSync(kept, { force: true });
    throw failed(`cannot write ${path}`, error);
  }
  syncIfPossible(dirname(path));
  return kept;
}

function isSample(text: string): boolean {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex") === SAMPLE;
}

function isUnchanged({ path, bytes }: Place): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return bytes ? found?.isFile() === true && readFileSync(path).equals(bytes) : !found;
}

/** Copies the file to FILE.old, or where that is taken to FILE.old.2 and so on. */
function keep(path: string): string {
  for (let number = 1; ; number += 1) {
    const copy = number === 1 ? `${path}.old` : `${path}.old.${number}`;
    try {
      copyFileSync(path, copy, constants.COPYFILE_EXCL);
      syncIfPossible(copy);
      return copy;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}

function writeSynced(path: string, text: string, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

// A power cut must not undo a copy or a rename. Windows opens no folder, and some file systems sync none.
function syncIfPossible(path: string): void {
  try {
    const file = openSync(path, "r");
    fsyncSync(file);
    closeSync(file);
  } catch {}
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function failed(what: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const hint =
    codeOf(error) === "ENOENT"
      ? "make its folder first, or name another file: --config FILE"
      : "name a file in a folder of your own: --config FILE";
  return new Failure(`${what}: ${detail}; nothing was written`, hint, error);
}
