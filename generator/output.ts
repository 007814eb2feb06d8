// FileMap and a folder: what differs, and making it so. Writes nothing where nothing differs, and nothing at all before
// every new file lies beside its place, complete.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "./failure.ts";
import type { FileMap, OutputFile } from "./model/files.ts";

/** Paths relative to the folder, sorted by code unit. */
export interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  /** Written by an earlier render (listed in its cluster.json) and not wanted any more. */
  readonly stale: readonly string[];
  /** Not ours: left alone, and said. */
  readonly foreign: readonly string[];
}

/** The one file in out/ that apply writes and render neither touches nor removes. */
const RECORD = "applied.json";
const MANIFEST = "cluster.json";
const MARK = '"generatedBy": "quorate"';
const STAGED = ".quorate-new";

/** A folder that cannot be read or written; the message says which, and what to do. */
export class OutputError extends Failure {
  override readonly name = "OutputError";
}

/**
 * Compares the folder with the files; reads only. Throws OutputError for a folder that holds somebody else's files, before
 * it looks any deeper: it could be a whole disk.
 */
export function compareOutput(folder: string, files: FileMap): Difference {
  const ours = earlierRender(folder);
  refuseForeign(folder, ours);
  const present = listFiles(folder);
  const added: string[] = [];
  const changed: string[] = [];
  const unchanged: string[] = [];
  for (const [path, file] of files) {
    if (!present.has(path)) added.push(path);
    else (isSame(join(folder, path), file) ? unchanged : changed).push(path);
  }
  const others = [...present].filter((path) => !files.has(path) && path !== RECORD);
  const isStale = (path: string) => ours.paths.has(path) || path.endsWith(STAGED);
  return {
    added: added.toSorted(),
    changed: changed.toSorted(),
    unchanged: unchanged.toSorted(),
    stale: others.filter(isStale).toSorted(),
    foreign: others.filter((path) => !isStale(path)).toSorted(),
  };
}

/** Refuses a folder in which a link or a file stands where a folder must be. Throws OutputError; changes nothing. */
export function guardOutput(folder: string, difference: Difference): void {
  const others = new Set([...difference.foreign, ...difference.stale]);
  for (const path of [...difference.added, ...difference.changed]) {
    const parent = parentsOf(path).find((each) => others.has(each));
    if (parent) {
      throw new OutputError(
        `${join(folder, parent)} is a file or a link, and a folder must be there; nothing was changed`,
        `move it away: ${join(folder, parent)}`,
      );
    }
  }
}

function refuseForeign(folder: string, ours: EarlierRender): void {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw explained(error, folder, "nothing was changed");
  }
  // Dot-files come by themselves (.gitkeep, .DS_Store); the record may be all that is left.
  const first = names.find((name) => !name.startsWith(".") && name !== RECORD);
  if (first === undefined || ours.found) return;
  throw new OutputError(
    `${folder} holds files that Quorate did not write (${first}), and no ${MANIFEST} of an earlier render; nothing was changed`,
    "name a new or empty folder: --out DIR",
  );
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Makes the folder hold the files: first all new text beside its place, then the renames, then the removals. */
export function writeOutput(folder: string, files: FileMap, difference: Difference): void {
  const wanted = [...difference.added, ...difference.changed];
  const manifest = files.get(MANIFEST);
  const isFirst = manifest !== undefined && difference.added.includes(MANIFEST);
  // The manifest goes last: while it is the old one, a killed run still knows what it may remove. In a new folder it goes
  // first: without it, what a killed run left would look like somebody else's.
  const ordered = [
    ...wanted.filter((path) => path !== MANIFEST),
    ...(isFirst ? [] : wanted.filter((path) => path === MANIFEST)),
  ];
  const stagedPaths: string[] = [];
  try {
    if (isFirst) {
      mkdirSync(folder, { recursive: true });
      // A dot-file is nobody's sign that a folder is taken.
      const staged = join(folder, `.${MANIFEST}${STAGED}`);
      stagedPaths.push(staged, join(folder, MANIFEST));
      writeWhole(staged, manifest);
      renameSync(staged, join(folder, MANIFEST));
    }
    for (const path of ordered) {
      const file = files.get(path);
      if (!file) continue;
      const staged = join(folder, `${path}${STAGED}`);
      mkdirSync(dirname(staged), { recursive: true });
      stagedPaths.push(staged);
      writeWhole(staged, file);
    }
  } catch (error) {
    for (const staged of stagedPaths) removeIfPossible(staged);
    throw explained(error, folder, "nothing in it was changed");
  }
  try {
    for (const path of ordered) renameSync(join(folder, `${path}${STAGED}`), join(folder, path));
    for (const path of difference.stale) {
      if (wanted.some((each) => `${each}${STAGED}` === path)) continue;
      rmSync(join(folder, path), { force: true });
      removeEmptyParents(folder, dirname(path));
    }
  } catch (error) {
    throw explained(error, folder, "it is part old, part new; the same command again completes it");
  }
}

// A second failure here must not hide the first; the next run removes what stays.
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

function writeWhole(path: string, { text, executable }: OutputFile): void {
  const mode = executable ? 0o755 : 0o644;
  writeFileSync(path, text, { mode });
  // The mode above is cut by the umask, and an old staged file keeps its own.
  if (process.platform !== "win32") chmodSync(path, mode);
}

function isSame(path: string, { text, executable }: OutputFile): boolean {
  const stat = lstatSync(path);
  if (!stat.isFile()) return false;
  // Windows keeps no executable bit.
  const runs = (stat.mode & 0o100) !== 0;
  return (process.platform === "win32" || runs === executable) && readFileSync(path, "utf8") === text;
}

/** Every path below the folder that is not a folder itself; a link counts as one entry and is not followed. */
function listFiles(folder: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (relative: string): void => {
    for (const entry of readdirSync(join(folder, relative), { withFileTypes: true })) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else found.add(path);
    }
  };
  try {
    visit("");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return found;
    throw explained(error, folder, "nothing was changed");
  }
  return found;
}

interface EarlierRender {
  /** The folder is an earlier render's, even where its list cannot be read (a merge conflict in it). */
  readonly found: boolean;
  /** What it wrote, by its own list. */
  readonly paths: ReadonlySet<string>;
}

function earlierRender(folder: string): EarlierRender {
  let text = "";
  try {
    text = readFileSync(join(folder, MANIFEST), "utf8");
    const { files } = JSON.parse(text) as { readonly files?: unknown };
    const listed = typeof files === "object" && files !== null ? Object.keys(files) : [];
    const found = text.includes(MARK);
    return { found, paths: new Set(found ? [MANIFEST, ...listed] : []) };
  } catch {
    return { found: text.includes(MARK), paths: new Set() };
  }
}

function removeEmptyParents(folder: string, relative: string): void {
  if (relative === "." || relative === "") return;
  if (readdirSync(join(folder, relative)).length > 0) return;
  rmdirSync(join(folder, relative));
  removeEmptyParents(folder, dirname(relative));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function explained(error: unknown, folder: string, state: string): OutputError {
  const hints: Readonly<Record<string, string>> = {
    EACCES: `give yourself the right to write there: ls -ld ${folder}`,
    EPERM: `give yourself the right to write there: ls -ld ${folder}`,
    EROFS: "the disk is read-only; choose another folder with --out DIR",
    ENOSPC: "the disk is full; make room and run it again",
    ENOTDIR: "a file stands where a folder must be; move it away",
    EISDIR: "a folder stands where a file must be; move it away",
    EEXIST: "a file stands where a folder must be; move it away",
    ENOTEMPTY: "a folder stands where a file must be; move it away",
  };
  const detail = error instanceof Error ? error.message : String(error);
  return new OutputError(
    `cannot write ${folder}: ${detail}; ${state}`,
    hints[codeOf(error)] ?? "correct that and run it again",
    error,
  );
}
