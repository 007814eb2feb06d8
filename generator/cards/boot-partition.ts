// A place that a card is written to, whatever it is: its files, and one way to change them all or none.
import { Failure } from "../failure.ts";
import type { BootFiles, Change } from "./boot-files.ts";

export interface BootPartition {
  /** As the person named it. */
  readonly target: string;
  /** What it is, for people: label and size where they are known. */
  readonly title: string;
  readonly files: BootFiles;
  /** The bytes of a file of it, for a backup; null where it is not there. */
  readonly read: (path: string) => Promise<Uint8Array | null>;
  /** Puts all texts there, or none; read back and compared. Throws a Failure that says what is on it now. */
  readonly write: (changes: readonly Change[]) => Promise<void>;
  /** What to type before it is taken out; empty: nothing. */
  readonly eject: string;
}

/** A failure of the file system while a card is written, with what it means for a card. */
export function cardFailure(error: unknown, target: string, state: string): Failure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [what, next] = MEANING[code] ?? [
    error instanceof Error ? error.message : String(error),
    "take the card out and put it in again, then the same command; if it stays so, take another card",
  ];
  return new Failure(`cannot write ${target}: ${what}; ${state}`, next, error);
}

const GONE = [
  "it is gone: the card was taken out, or its reader lost it",
  "put it in again, then the same command",
] as const;

const FORBIDDEN = [
  "you may not write there",
  "a card: mount it as your own user (udisksctl mount); an image: take a copy of your own; or the same command with sudo",
] as const;

const MEANING: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ENOSPC: ["it is full", "delete what does not belong there, or flash the image again"],
  EROFS: [
    "it is read-only",
    "slide the lock on the side of the card up; if it is not that, look whether the computer has mounted it read-only: a damaged card is",
  ],
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOENT: GONE,
  ENODEV: GONE,
  ENXIO: GONE,
  ENOTDIR: GONE,
  EIO: [
    "it does not take what is written (input/output error)",
    "take another card: this one or its reader is broken",
  ],
};
