// Puts a bundle on the disk, and over no file but an older bundle.
import { closeSync, lstatSync, openSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { BUNDLE_MARK } from "./bundle.ts";

/** Throws a Failure where the path holds anything that is not a bundle. To be asked before the work, and again by `writeBundle`. */
export function guardBundle(path: string): void {
  let ours: boolean;
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    ours = !found || (found.isFile() && beginning(path) === BUNDLE_MARK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`cannot look at ${path}: ${reason}`, "name a file in a folder of your own", error);
  }
  if (ours) return;
  throw new Failure(
    `${path} is there and is not a bundle that Quorate made`,
    "name a file that is not there yet",
  );
}

/** Only its owner may read it. Whole or not at all. */
export function writeBundle(path: string, text: string): void {
  guardBundle(path);
  const staged = `${path}.quorate-new`;
  try {
    rmSync(staged, { force: true });
    writeFileSync(staged, text, { mode: 0o600, flag: "wx" });
    renameSync(staged, path);
  } catch (error) {
    rmSync(staged, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      `cannot write ${path}: ${reason}`,
      `name a file in a folder of your own, not ${asArgument(path)}`,
      error,
    );
  }
}

function beginning(path: string): string {
  const bytes = Buffer.alloc(Buffer.byteLength(BUNDLE_MARK));
  const file = openSync(path, "r");
  try {
    return bytes.toString("utf8", 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
