// An image file: its boot partition is changed in a copy, and the blocks that differ then go into the image, all or none.
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, join } from "node:path";
import { Failure } from "../failure.ts";
import type { RunProgram } from "../program.ts";
import { type BootFiles, READ_FILES } from "./boot-files.ts";
import { type BootPartition, cardFailure } from "./boot-partition.ts";
import { copyStretch, fatPartitions, type Stretch } from "./fat-partition.ts";
import { completeJournal, journalPath, replacePart } from "./journal.ts";
import { openFat } from "./mtools.ts";

/** Labels of boot partitions that systems read cloud-init from. */
const KNOWN_LABELS = ["system-boot", "bootfs", "cidata"];
/** Unpacking some GB on a small computer. */
const UNPACK_MS = 30 * 60_000;

/** `scratch`: a folder that only this person may read, on a disk with room for a boot partition; emptied by the caller. */
export async function openImage(target: string, scratch: string, run: RunProgram): Promise<BootPartition> {
  try {
    completeJournal(target);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw cardFailure(error, target, stateOf(target));
  }
  const { stretch, part, label, names, texts } = await bootPartition(target, scratch, run).catch(
    (error: unknown) => {
      if (error instanceof Failure) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Failure(
        `cannot copy the boot partition of ${target} into ${scratch}: ${why}; nothing in it was changed`,
        "make the image readable for yourself, and room on the disk of .secrets",
        error,
      );
    },
  );
  const files: BootFiles = { kind: "image", label, names, texts };
  return {
    target,
    title: `image${label === null ? "" : `, partition ${label}`}`,
    eject: "",
    files,
    read: async (path) => openFat(part, run).read(path),
    write: async (changes) => {
      const fat = openFat(part, run);
      for (const { path, text } of changes) {
        await fat.write(path, text);
        const back = await fat.read(path);
        if (back?.toString("utf8") !== text) {
          throw new Failure(
            `mtools does not give back what was written into ${path}; nothing in ${target} was changed`,
            "take a fresh copy of the image",
          );
        }
      }
      try {
        // From here on there are secrets in it.
        chmodSync(target, statSync(target).mode & 0o700);
        replacePart(target, stretch.offset, part);
      } catch (error) {
        throw cardFailure(error, target, stateOf(target));
      }
    },
  };
}

/** What a failure means for the image: nothing is written to its place before the journal is there. */
function stateOf(target: string): string {
  return existsSync(journalPath(target))
    ? "it is part old, part new; the same command again completes it"
    : "nothing in it was changed";
}

/**
 * Unpacks `.img.xz` into `to`, whole or not at all, so that the download stays as it was. The copy is unpacked, because xz
 * names its output after its input. Throws a Failure where that does not work.
 */
export async function unpackImage(packed: string, to: string, run: RunProgram): Promise<void> {
  const staged = `${to}.quorate-new`;
  try {
    rmSync(staged, { force: true });
    copyFileSync(packed, `${staged}.xz`, constants.COPYFILE_FICLONE);
    const { status, stderr, missing } = await run("xz", ["-d", "-f", "-q", `${staged}.xz`], {
      limit: UNPACK_MS,
    });
    if (missing) {
      throw new Failure(
        "unpacking .img.xz needs xz, which is not on this computer",
        "apt-get install xz-utils",
      );
    }
    if (status !== 0) {
      const why = stderr.trim().split("\n").at(-1) || "it was cut off";
      throw new Failure(
        `${packed} cannot be unpacked: ${why}`,
        "download it again, or make room on this disk",
      );
    }
    const file = openSync(staged, "r");
    fsyncSync(file);
    closeSync(file);
    renameSync(staged, to);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw cardFailure(error, to, `${packed} is as it was`);
  } finally {
    for (const left of [staged, `${staged}.xz`]) if (existsSync(left)) rmSync(left, { force: true });
  }
}

interface Opened {
  readonly stretch: Stretch;
  readonly part: string;
  readonly label: string | null;
  readonly names: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
}

/** The FAT partition with a label that is known, else the first. */
async function bootPartition(target: string, scratch: string, run: RunProgram): Promise<Opened> {
  const opened: Opened[] = [];
  for (const [index, stretch] of (await fatPartitions(target)).entries()) {
    const part = join(scratch, `${basename(target)}.${index}.fat`);
    rmSync(part, { force: true });
    copyStretch(target, stretch, part);
    const fat = openFat(part, run);
    const [label, names] = [await fat.label(), await fat.names()];
    const texts = new Map<string, string>();
    for (const path of READ_FILES) {
      const bytes = await fat.read(path);
      if (bytes !== null) texts.set(path, bytes.toString("utf8"));
    }
    opened.push({ stretch, part, label, names, texts });
  }
  const known = opened.find(({ label }) => KNOWN_LABELS.includes(label?.toLowerCase() ?? "")) ?? opened[0];
  if (known) return known;
  throw new Failure(
    `there is no FAT partition in ${target}: it is no image of a card, or it was cut off`,
    "name an unpacked image (.img) of Raspberry Pi OS or Ubuntu, or the .img.xz as it was downloaded",
  );
}
