// A card in an image file, as another computer sees it: read by mtools and debugfs, so by nothing of Quorate's own.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../command.ts";

const MIB = 1024 * 1024;
/** Where image.sh has the two partitions. */
const FAT_MIB = 1;
const ROOT_MIB = 513;

/** The text of a file at the top of the FAT partition; null where there is none. */
export function readFat(disk: string, name: string): string | null {
  const { status, stdout } = spawnSync("mtype", ["-i", fat(disk), `::${name}`], { encoding: "utf8" });
  return status === 0 ? stdout : null;
}

/** The names at the top of the FAT partition, sorted. */
export function namesOnFat(disk: string): readonly string[] {
  const lines = mustRun("mdir", "-b", "-i", fat(disk), "::").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => line.replace(/^::\//, ""))
    .toSorted();
}

/** Copies a file from the FAT partition, over an older copy. Throws where it is not there. */
export function copyFromFat(disk: string, name: string, to: string): void {
  mustRun("mcopy", "-n", "-i", fat(disk), `::${name}`, to);
}

/** Copies a file to the top of the FAT partition, over an older one. */
export function copyToFat(disk: string, from: string, name: string): void {
  mustRun("mcopy", "-D", "o", "-i", fat(disk), from, `::${name}`);
}

/** Copies /var/log of the root file system into `folder`, as far as the machine had written it. */
export function copyLogs(disk: string, folder: string): void {
  mkdirSync(join(folder, "var"), { recursive: true });
  mustRun("debugfs", "-R", `rdump /var/log ${join(folder, "var")}`, `${disk}?offset=${ROOT_MIB * MIB}`);
}

function fat(disk: string): string {
  return `${disk}@@${FAT_MIB}M`;
}
