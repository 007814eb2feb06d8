// The cards in this computer: FAT partitions that are not the system's, with what is on them.
import type { BootPartition } from "./boot-partition.ts";
import { cardImage } from "./card-image.ts";
import type { Volume } from "./disks.ts";
import { earlierSeed } from "./earlier.ts";
import { formatSize, mountLine } from "./open-target.ts";

export interface Candidate {
  readonly device: string;
  readonly label: string | null;
  readonly size: number;
  /** Null where it is not mounted. */
  readonly mount: string | null;
  readonly holds: string;
}

/** Looks at each; `open` opens what is mounted. What cannot be read is said, not thrown. */
export function candidatesOf(
  volumes: readonly Volume[],
  open: (mount: string) => BootPartition,
): readonly Candidate[] {
  return volumes
    .filter(({ isFat, isSystem }) => isFat && !isSystem)
    .map(({ device, label, size, mounts, readOnly }) => {
      const [mount = null] = mounts;
      const holds = mount === null ? `not mounted: ${mountLine(device)}` : contents(mount, open);
      return { device, label, size, mount, holds: readOnly ? `${holds}; read-only` : holds };
    });
}

function contents(mount: string, open: (mount: string) => BootPartition): string {
  let partition: BootPartition;
  try {
    partition = open(mount);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const image = cardImage(partition.files);
  const earlier = earlierSeed(partition.files);
  if (earlier.by === "quorate")
    return `the card of ${earlier.node}, ${earlier.state === null ? "not booted yet" : `last seen ${earlier.state}`}`;
  switch (image.kind) {
    case "seed":
      return `${image.name}, ${earlier.by === "imager" ? "with Imager's settings" : "as it was flashed"}`;
    case "without-cloud-init":
      return `${image.name}, without cloud-init: no card can be written on it`;
    case "empty":
      return "nothing";
    default:
      return "other files: no card can be written on it";
  }
}

/** A table for people. */
export function candidatesText(candidates: readonly Candidate[]): string {
  if (candidates.length === 0) {
    return "no card is in this computer: no FAT partition but those it runs from\n  next: flash an image, then put the card in again, so that its boot partition is mounted\n";
  }
  const rows = candidates.map(({ device, label, size, mount, holds }) => [
    mount ?? device,
    label ?? "-",
    formatSize(size),
    holds,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
