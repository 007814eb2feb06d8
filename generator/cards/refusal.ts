// What is not overwritten, and why: everything that a card's own content says against writing this machine's card on it.
import { asArgument } from "../config/printable.ts";
import type { Node, Os } from "../model/cluster.ts";
import { listed } from "../model/words.ts";
import type { BootFiles } from "./boot-files.ts";
import { cardImage, type CardImage, isSeedDisk } from "./card-image.ts";
import { earlierSeed } from "./earlier.ts";

const BOOT_LABELS = new Set(["bootfs", "system-boot", "cidata"]);

export interface Refusal {
  readonly message: string;
  readonly next: string;
}

const SYSTEMS: Readonly<Record<Os, string>> = {
  "raspberry-pi-os": "Raspberry Pi OS",
  ubuntu: "Ubuntu",
  debian: "Debian",
};

/** Images with cloud-init: Raspberry Pi OS has it from the release after 2025-10-01 on (raspberrypi/rpi-imager:doc/os_customisation_formats.md). */
const WITH_CLOUD_INIT: Readonly<Record<Os, string>> = {
  "raspberry-pi-os": "take Raspberry Pi OS (Trixie) of 2025-11 or newer",
  ubuntu: "take Ubuntu Server for Raspberry Pi, 22.04 or newer",
  debian: "take a Debian image with cloud-init, and a stick with the label CIDATA beside it",
};

/** Why this machine's card is not written there; null where nothing speaks against it. `target` is as the person named it. */
export function refusal(files: BootFiles, node: Node, cluster: string, target: string): Refusal | null {
  const image = cardImage(files);
  return (
    wrongPlace(files, image, node, target) ??
    wrongSystem(files, image, node, target) ??
    wrongCard(files, node, cluster, target)
  );
}

function wrongPlace(files: BootFiles, image: CardImage, node: Node, target: string): Refusal | null {
  if (image.kind === "without-cloud-init") {
    return {
      message: `${target} is ${image.name}, and this image has no cloud-init (no user-data and meta-data on it)`,
      next: `${WITH_CLOUD_INIT[node.os]}, flash it, then the same command`,
    };
  }
  if (image.kind === "root-file-system") {
    return {
      message: `${target} is the system's own partition, and the card is written on the small one beside it (${labels(node.os)})`,
      next: "npx quorate card --list shows where that is",
    };
  }
  if (image.kind === "other") {
    return {
      message: `${target} is no boot partition with cloud-init, and not empty: it holds ${listed(image.holds)}`,
      next:
        below(files, target) ??
        "npx quorate card --list shows the cards in this computer; or name an empty folder",
    };
  }
  if (image.kind === "empty" && files.kind !== "folder" && !isSeedDisk(files)) {
    return {
      message: `${target} is empty: there is no image on this card`,
      next: `flash one first: ${WITH_CLOUD_INIT[node.os]}`,
    };
  }
  return null;
}

/** A person named the folder in which the card's partitions are mounted. */
function below({ names }: BootFiles, target: string): string | null {
  const boot = names.find((name) => BOOT_LABELS.has(name.toLowerCase()));
  return boot === undefined
    ? null
    : `name the boot partition in it: ${asArgument(`${target.replace(/\/+$/, "")}/${boot}`)}`;
}

function labels(os: Os): string {
  return { "raspberry-pi-os": "bootfs", ubuntu: "system-boot", debian: "CIDATA" }[os];
}

function wrongSystem(files: BootFiles, image: CardImage, { name, os }: Node, target: string): Refusal | null {
  if (isSeedDisk(files) && os === "raspberry-pi-os") {
    return {
      message: `${target} is a seed disk (CIDATA), and Raspberry Pi OS reads nothing but its own boot partition`,
      next: `write the card of ${name} on the partition bootfs, or set its os in the config`,
    };
  }
  if (image.kind !== "seed" || image.os === null || image.os === os) return null;
  return {
    message: `${target} is ${image.name}, and ${name} has os ${os} in the config`,
    next: `flash ${SYSTEMS[os]} on this card, or write "os": "${image.os}" for ${name} into the config`,
  };
}

function wrongCard(files: BootFiles, { name }: Node, cluster: string, target: string): Refusal | null {
  // What that program reads, it puts in force beside cloud-init (raspberrypi/rpi-preseed).
  if (files.names.includes("rpi-preseed.toml")) {
    return {
      message: `${target} has settings of Raspberry Pi Imager (rpi-preseed.toml) that would change the machine after us`,
      next: "flash the card again and answer No to Imager's customisation, then the same command",
    };
  }
  const earlier = earlierSeed(files);
  if (earlier.by !== "quorate") return null;
  const again = files.kind === "folder" ? `empty ${target}` : "flash the image again";
  if (earlier.node !== name || (earlier.cluster !== null && earlier.cluster !== cluster)) {
    const whose =
      earlier.cluster === null || earlier.cluster === cluster ? "" : ` of the cluster ${earlier.cluster}`;
    return {
      message: `this is the card of ${earlier.node}${whose}, not of ${name}`,
      next: `is it the right card? if it is to become ${name}: ${again}, then the same command`,
    };
  }
  const member = earlier.state === "ready" || (earlier.state === null && earlier.scrubbed);
  if (!member) return null;
  return {
    message: `this is the card of ${name} itself, and the machine was ready with it: it belongs to a running cluster`,
    next: `put it back, nothing was changed. To begin ${name} anew: ${again}, then the same command`,
  };
}
