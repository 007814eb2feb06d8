// Files that only this person may read, written whole or not at all.
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { basename, dirname, join, sep } from "node:path";

const STAGED = ".quorate-new";

/** Made beside a person's config, kept out of git by a file of its own: not every repository ignores it. */
export function ensurePrivateFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) === undefined) return;
  writeFileSync(join(folder, ".gitignore"), "*\n");
  syncFolder(dirname(folder));
}

/** Throws the error of the file system: EEXIST where `isNew` and the file is there; nothing is changed then. */
export function writePrivateFile(path: string, bytes: string | Uint8Array, isNew: boolean): void {
  const staged = join(dirname(path), `${stagedPrefix(path)}${randomBytes(6).toString("hex")}${STAGED}`);
  try {
    const file = openSync(staged, "wx", 0o600);
    try {
      const data = Buffer.from(bytes);
      for (let done = 0; done < data.length;) done += writeSync(file, data, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link, unlike a rename, does not take the place of what is there.
    if (isNew) linkSync(staged, path);
    else renameSync(staged, path);
  } finally {
    rmSync(staged, { force: true });
  }
  syncFolder(dirname(path));
}

/** Removes what a killed run left of a file that it was about to write: it holds the same secrets. */
export function removeStaged(path: string): void {
  const [folder, prefix] = [dirname(path), stagedPrefix(path)];
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && name.endsWith(STAGED)) rmSync(join(folder, name), { force: true });
  }
}

function stagedPrefix(path: string): string {
  return `.${basename(path)}.`;
}

/** A new name is on the disk when its folder is; Windows cannot be told so. */
export function syncFolder(folder: string): void {
  if (sep === "\\") return;
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
