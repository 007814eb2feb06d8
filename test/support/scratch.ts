// A folder of its own for one test or one measurement, removed when that ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A test, or what else tidies up after itself: does what it is given when it ends. */
export interface Keeper {
  readonly after: (tidyUp: () => unknown) => void;
}

/** The path of a new empty folder. */
export function scratch(t: Keeper): string {
  const folder = mkdtempSync(join(tmpdir(), "quorate-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
