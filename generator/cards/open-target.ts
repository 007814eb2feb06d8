// From what a person named as the target to a boot partition: an image file, a mounted partition, or an empty folder.
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import type { RunProgram } from "../program.ts";
import type { BootPartition } from "./boot-partition.ts";
import type { Volume } from "./disks.ts";
import { openFolder } from "./folder.ts";
import { openImage } from "./image.ts";
import { listDisks } from "./list-disks.ts";

const LIST = "npx quorate card --list shows the cards in this computer";
/** Where no tool tells which disks are the system's. */
const NEVER = new Set(["/", "/boot", "/boot/firmware", "/boot/efi", "/efi", "/System/Volumes/Data"]);

/** Throws a Failure for everything that no card is written to. `scratch`: a private folder on a disk with room. */
export async function openTarget(target: string, scratch: string, run: RunProgram): Promise<BootPartition> {
  const stat = statOf(target);
  if (stat.isFile()) {
    if (/\.img$/i.test(target)) return openImage(target, scratch, run);
    throw new Failure(
      `${target} is no image of a card: a name that ends in .img or .img.xz is taken for one`,
      /\.(zip|gz|7z|zst|bz2)$/i.test(target) ? "unpack it first" : LIST,
    );
  }
  if (stat.isBlockDevice()) throw device(target, await listDisks(run));
  if (!stat.isDirectory()) throw new Failure(`${target} is no folder and no image`, LIST);
  return openMounted(target, await listDisks(run), run);
}

/** A folder: a mounted partition, or one that stands for it. `volumes`: null where nobody tells this computer's disks. */
export function openMounted(
  target: string,
  volumes: readonly Volume[] | null,
  run: RunProgram,
): BootPartition {
  const real = realpathSync(target);
  const volume = volumes?.find(({ mounts }) => mounts.includes(real));
  if (volume?.isSystem || NEVER.has(real)) {
    throw new Failure(`${target} is on the disk that this computer runs from`, LIST);
  }
  const isMount = volume !== undefined || isMountPoint(real);
  if (isMount && volume && !volume.isFat) {
    throw new Failure(
      `${target} (${volume.device}) is no FAT partition: a card is written on the small one that the firmware reads`,
      LIST,
    );
  }
  // Linux and macOS mount a card below a folder that has its label as name.
  const label = volume?.label ?? (isMount ? basename(real) : null);
  const size = volume ? `, ${formatSize(volume.size)}` : "";
  return openFolder(
    target,
    {
      kind: isMount ? "partition" : "folder",
      label,
      title: isMount ? `partition ${label}${size}` : "folder",
      eject: isMount ? ejectLine(real) : "",
    },
    run,
  );
}

/** 512 MB, 31.9 GB: as it is printed on a card, in powers of 1000. */
export function formatSize(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** How a person mounts it, by hand. */
export function mountLine(device: string): string {
  return device.startsWith("/dev/disk") ? `diskutil mount ${device}` : `udisksctl mount -b ${device}`;
}

function ejectLine(mount: string): string {
  return mount.startsWith("/Volumes/")
    ? `diskutil eject ${asArgument(mount)}`
    : `umount ${asArgument(mount)}`;
}

function device(target: string, volumes: readonly Volume[] | null): Failure {
  const message = `${target} is a device, and a card is written through the place where its boot partition is mounted`;
  const of = (volumes ?? []).filter(({ device, isSystem }) => device.startsWith(target) && !isSystem);
  if ((volumes ?? []).some(({ device, isSystem }) => device === target && isSystem))
    return new Failure(`${target} is on the disk that this computer runs from`, LIST);
  const boot = of.find(({ isFat }) => isFat);
  if (!boot) return new Failure(message, LIST);
  const [mount] = boot.mounts;
  return new Failure(
    message,
    mount === undefined
      ? `${mountLine(boot.device)}, then name the place that it says`
      : `name ${asArgument(mount)} instead`,
  );
}

function statOf(target: string): Stats {
  try {
    return statSync(target);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new Failure(`there is no ${target}`, LIST, error);
    throw new Failure(`cannot look at ${target}: ${message}`, LIST, error);
  }
}

/** Another file system than the folder above it. */
function isMountPoint(real: string): boolean {
  const above = dirname(real);
  return above !== real && lstatSync(real).dev !== lstatSync(join(above, ".")).dev;
}
