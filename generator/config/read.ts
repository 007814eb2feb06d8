// Reads the config file from disk: its text, or the finding that says why there is none.
import { lstatSync, readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Decoded, decodeConfig } from "./decode.ts";
import { type Finding, finding } from "./finding.ts";
import { asArgument } from "./printable.ts";
import { nearest } from "./show.ts";

/** Bytes that a config may have at most; a thousand machines take about 100 KiB. */
export const MAX_BYTES = 8 * 1024 * 1024;
const USUAL_NAME = "cluster.config.json";

/**
 * Reads a config in UTF-8 of at most 8 MiB. Never throws, and opens nothing but a regular file, so that no pipe or
 * device can hold it up.
 */
export function readConfig(path: string): Decoded {
  try {
    const refused = refuse(path, statSync(path));
    return refused ? { ok: false, finding: refused } : decodeConfig(path, readFileSync(path));
  } catch (error) {
    return { ok: false, finding: failedRead(path, error) };
  }
}

/** The finding for an error that the file system gave. */
export function failedRead(path: string, error: unknown): Finding {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return missing(path);
  const reason = REASONS[code] ?? String(error);
  return unreadable(
    path,
    code === "" ? reason : `${reason} (${code})`,
    `see what it is and whose: ls -l ${asArgument(path)}`,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its symbolic links lead in a circle",
  EIO: "the disk reports an error",
};

function refuse(path: string, stats: Stats): Finding | undefined {
  if (stats.isDirectory()) {
    const inside = join(path, USUAL_NAME);
    const hint = `name the file: --config ${asArgument(exists(inside) ? inside : join(path, "FILE"))}`;
    return finding(
      "config-directory",
      [],
      `the config must be a file, but ${JSON.stringify(path)} is a directory`,
      hint,
    );
  }
  if (!stats.isFile()) {
    return unreadable(
      path,
      `it is ${kindOf(stats)}`,
      "write the config into a file first, and name that: --config FILE",
    );
  }
  if (stats.size <= MAX_BYTES) return undefined;
  const message = `the config must have at most ${MAX_BYTES} bytes (8 MiB), but ${JSON.stringify(path)} has ${stats.size}`;
  return finding("config-too-large", [], message, "name another file: --config FILE");
}

function unreadable(path: string, reason: string, hint: string): Finding {
  return finding(
    "config-unreadable",
    [],
    `the config must be a readable file, but ${JSON.stringify(path)} is not: ${reason}`,
    hint,
  );
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function missing(path: string): Finding {
  const dangling = isLink(path) ? ", only a symbolic link that leads nowhere" : "";
  return finding(
    "config-missing",
    [],
    `there must be a config, but there is no file ${JSON.stringify(path)}${dangling}`,
    whereElse(path),
  );
}

function whereElse(path: string): string {
  const name = basename(path);
  const near = nearest(
    name,
    filesBeside(path).filter((each) => each !== name),
  );
  if (near !== undefined)
    return `if ${JSON.stringify(near)} is meant: --config ${asArgument(join(dirname(path), near))}`;
  const above = join(dirname(path), "..", name);
  if (exists(above)) return `the directory above has one: cd .. first, or --config ${asArgument(above)}`;
  if (name !== USUAL_NAME) return "name a file that exists: --config FILE";
  return `git checkout ${asArgument(path)} brings the sample back, or name the file: --config FILE`;
}

function filesBeside(path: string): readonly string[] {
  try {
    const entries = readdirSync(dirname(path), { withFileTypes: true });
    return entries.filter((each) => each.isFile()).map(({ name }) => name);
  } catch {
    return [];
  }
}

// Only for a better hint: whatever goes wrong here is not what the user asked about.
function exists(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
