// A boot partition that this computer has mounted, or a plain directory: files beside their places, then renames.
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { syncFolder } from "../private-file.ts";
import type { RunProgram } from "../program.ts";
import { type BootFiles, type BootKind, type Change, LONGEST_TEXT, READ_FILES } from "./boot-files.ts";
import { type BootPartition, cardFailure } from "./boot-partition.ts";

const STAGED = ".quorate-new";

export interface FolderOptions {
  readonly kind: Exclude<BootKind, "image">;
  readonly label: string | null;
  readonly title: string;
  readonly eject: string;
}

/** Throws a Failure where the folder cannot be read. */
export function openFolder(target: string, options: FolderOptions, run: RunProgram): BootPartition {
  return {
    target,
    title: options.title,
    eject: options.eject,
    files: readFiles(target, options),
    read: async (path) => {
      try {
        return bytesOf(join(target, path));
      } catch (error) {
        if (error instanceof Failure) throw error;
        throw cardFailure(error, target, "nothing on it was changed");
      }
    },
    write: (changes) => writeFiles(target, changes, run),
  };
}

function readFiles(target: string, { kind, label }: FolderOptions): BootFiles {
  try {
    const texts = READ_FILES.flatMap((path) => {
      const bytes = bytesOf(join(target, path));
      return bytes === null ? [] : [[path, bytes.toString("utf8")] as const];
    });
    return { kind, label, names: readdirSync(target), texts: new Map(texts) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      `cannot read ${target}: ${error instanceof Error ? error.message : String(error)}`,
      "is it still there, and may you read it? npx quorate card --list shows the cards",
      error,
    );
  }
}

function bytesOf(path: string): Buffer | null {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return null;
    if (stat.size > LONGEST_TEXT)
      throw new Failure(
        `${path} has ${stat.size} bytes, and is a text of a few kB on a card`,
        "is it the right card?",
      );
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

async function writeFiles(target: string, changes: readonly Change[], run: RunProgram): Promise<void> {
  const places = changes.map(({ path, text }) => {
    const place = join(target, path);
    return { place, staged: `${place}${STAGED}`, text };
  });
  const before = new Map<string, Buffer | null>();
  // What a killed run left, also of files that are right by now: it may hold a password.
  for (const path of READ_FILES) removeIfPossible(`${join(target, path)}${STAGED}`);
  try {
    for (const { place } of places) before.set(place, bytesOf(place));
    for (const { staged, text } of places) writeWhole(staged, Buffer.from(text));
  } catch (error) {
    for (const { staged } of places) removeIfPossible(staged);
    throw cardFailure(error, target, "nothing on it was changed");
  }
  const done: (typeof places)[number][] = [];
  try {
    for (const each of places) {
      done.push(each);
      renameSync(each.staged, each.place);
      // One after the other also on the card: a card that is pulled out now has the first ones, and never only the last.
      syncFolder(dirname(each.place));
    }
    for (const { place, text } of places) await compare(target, place, Buffer.from(text), run);
  } catch (error) {
    const whole = putBack(done, before);
    for (const { staged } of places) removeIfPossible(staged);
    const state = whole
      ? "what was there before is back"
      : "it is part old, part new, and no machine should boot from it before the same command has ended well";
    if (error instanceof Failure) throw new Failure(`${error.message}; ${state}`, error.hint, error);
    throw cardFailure(error, target, state);
  }
}

/** The last first: so that the card is never new at its end and old at its beginning. */
function putBack(
  done: readonly { readonly place: string; readonly staged: string }[],
  before: ReadonlyMap<string, Buffer | null>,
): boolean {
  try {
    for (const { place, staged } of done.toReversed()) {
      const bytes = before.get(place) ?? null;
      if (bytes === null) rmSync(place, { force: true });
      else {
        writeWhole(staged, bytes);
        renameSync(staged, place);
      }
      syncFolder(dirname(place));
    }
    return true;
  } catch {
    return false;
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  // A staged file that a killed run left may belong to somebody else, or be a link.
  rmSync(path, { force: true });
  const file = openSync(path, "wx", 0o600);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** From the card itself where this system can: what was just written is in memory too, and a broken card shows only so. */
async function compare(target: string, place: string, wanted: Uint8Array, run: RunProgram): Promise<void> {
  const direct = await run("dd", [`if=${place}`, "iflag=direct", "bs=1M", "status=none"]);
  const bytes = direct.status === 0 ? direct.stdout : readFileSync(place);
  if (Buffer.compare(bytes, wanted) === 0) return;
  throw new Failure(
    `${target} does not give back what was written into ${place}`,
    "take another card: this one is broken, or has less room than it says",
  );
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It says less than the failure that is on its way, and the next run removes it.
  }
}
