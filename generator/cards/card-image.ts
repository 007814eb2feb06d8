// Which system's image is on a card: told by the files and the label of its boot partition.
import type { Os } from "../model/cluster.ts";
import { type BootFiles, ownNames } from "./boot-files.ts";

export type CardImage =
  /** Nothing on it: a seed can be put there, and nobody knows which system will read it. */
  | { readonly kind: "empty" }
  /** A seed of cloud-init, and the system where it can be told. */
  | { readonly kind: "seed"; readonly os: Os | null; readonly name: string }
  | { readonly kind: "without-cloud-init"; readonly name: string }
  | { readonly kind: "root-file-system" }
  /** The names of some things in it. */
  | { readonly kind: "other"; readonly holds: readonly string[] };

/** The label by which cloud-init finds a seed on any disk (NoCloud; upper or lower case). */
const SEED_LABEL = "cidata";

/** True for a stick that is nothing but a seed. */
export function isSeedDisk({ label }: BootFiles): boolean {
  return label?.toLowerCase() === SEED_LABEL;
}

/**
 * Raspberry Pi OS: pi-gen labels the partition `bootfs` and installs /etc/rpi-issue as issue.txt (export-image/prerun.sh,
 * 05-finalise/01-run.sh). Ubuntu: label `system-boot` (canonical/pi-gadget:gadget.yaml).
 */
export function cardImage(files: BootFiles): CardImage {
  const names = new Set(ownNames(files).map((name) => name.toLowerCase()));
  if (names.size === 0) return { kind: "empty" };
  const [os, name] = systemOf(files, names);
  if (names.has("user-data") && names.has("meta-data")) return { kind: "seed", os, name };
  if (os !== null || names.has("config.txt") || names.has("cmdline.txt"))
    return { kind: "without-cloud-init", name };
  if (names.has("etc") && names.has("usr")) return { kind: "root-file-system" };
  return { kind: "other", holds: ownNames(files).slice(0, 3) };
}

function systemOf(files: BootFiles, names: ReadonlySet<string>): readonly [os: Os | null, name: string] {
  const label = files.label?.toLowerCase();
  const date = /^Raspberry Pi reference (\d{4}-\d\d-\d\d)/.exec(files.texts.get("issue.txt") ?? "")?.[1];
  if (date !== undefined) return ["raspberry-pi-os", `Raspberry Pi OS of ${date}`];
  if (label === "bootfs") return ["raspberry-pi-os", "Raspberry Pi OS"];
  const hasFirmware = names.has("config.txt") || names.has("cmdline.txt");
  if (label === "system-boot") return ["ubuntu", "Ubuntu for Raspberry Pi"];
  // In a folder that a person copied, the label is lost: Raspberry Pi OS has no file vmlinuz.
  if (hasFirmware && (names.has("vmlinuz") || names.has("current")))
    return ["ubuntu", "Ubuntu for Raspberry Pi"];
  if (label === SEED_LABEL) return [null, "a seed disk"];
  return [null, hasFirmware ? "an image for a Raspberry Pi" : "a seed"];
}
