// Where the lab keeps things on this computer's disk.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root file systems, disks of running labs, what failed tests left behind. On a real disk: some GB, and never in memory. */
export const CACHE = process.env["QUORATE_LAB_CACHE"] ?? "/var/cache/quorate-lab";

/** One folder for each lab that runs, with its lock. */
export const LABS = join(CACHE, "labs");

/** One folder for each machine of a test that failed. */
export const FAILURES = join(CACHE, "failures");

/** The top of the checkout. */
export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** A file of test/lab. */
export function labFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
