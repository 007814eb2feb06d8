// What a card's boot partition holds, as far as it decides anything.

/**
 * partition: the mounted FAT partition of a card. image: the same inside an image file. folder: a plain directory, which
 * stands for a card that somebody else writes.
 */
export type BootKind = "partition" | "image" | "folder";

export interface BootFiles {
  readonly kind: BootKind;
  /** The label of the FAT file system; null where it has none or none is known. */
  readonly label: string | null;
  /** The names at its top. */
  readonly names: readonly string[];
  /** The texts of those of READ_FILES that are there. */
  readonly texts: ReadonlyMap<string, string>;
}

/** A file of the boot partition with the text that it is to have. */
export interface Change {
  readonly path: string;
  readonly text: string;
}

/** Every file that is read before anything is decided. */
export const READ_FILES = [
  "user-data",
  "meta-data",
  "network-config",
  "cmdline.txt",
  // From 25.10 on Ubuntu keeps the files of the kernel that is booted in a folder of their own.
  "current/cmdline.txt",
  "issue.txt",
  "quorate-status.txt",
] as const;

/** A text file of a boot partition is a few kB; more is something else. */
export const LONGEST_TEXT = 4 * 1024 * 1024;

// What computers leave on a FAT file system by themselves.
const DEBRIS =
  /^(\._.*|\.DS_Store|\.Spotlight-V100|\.Trashes|\.Trash-\d+|\.fseventsd|\.TemporaryItems|System Volume Information|\$RECYCLE\.BIN|lost\+found|FOUND\.\d{3}|.*\.quorate-new)$/i;

/** The names that a person or an image has put there. */
export function ownNames(files: BootFiles): readonly string[] {
  return files.names.filter((name) => !DEBRIS.test(name));
}
