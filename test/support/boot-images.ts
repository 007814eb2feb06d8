// Image files of cards, small and sparse: the real tables and file systems, with the names of the real images and short texts
// of our own. And what stands in them afterwards.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { requireTool, runTool } from "./tools.ts";

type Files = Readonly<Record<string, string>>;

export interface ImageLayout {
  readonly label: string;
  /** By path; a path that ends in / is an empty folder. */
  readonly files: Files;
  /** superfloppy: no table, the file system begins with the file. Default: dos. */
  readonly table?: "dos" | "gpt" | "superfloppy";
  /** In sectors. Default: 8192, where pi-gen begins (ALIGN in export-image/prerun.sh). */
  readonly start?: number;
  /** In sectors. FAT32 begins at 65525 clusters (Microsoft's FAT specification). */
  readonly size?: number;
}

const SECTOR = 512;
const FAT32 = 81_920;
/** The partition behind the boot partition, in sectors: it stands for the root file system. */
const ROOT = 4096;
/** gpt(5): the second table lies at the end. */
const SECOND_TABLE = 64;

/** For a test that needs no FAT32: a partition that a seed has room in, and that is quickly read. */
export const SMALL = 8192;

const CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=0badc0de-02 rootfstype=ext4 rootwait\n";

/** RPi-Distro/pi-gen: the files of stage2/04-cloud-init, and issue.txt from export-image/05-finalise/01-run.sh. */
export const PI_OS: ImageLayout = {
  label: "bootfs",
  files: {
    "issue.txt":
      "Raspberry Pi reference 2025-11-24\nGenerated using pi-gen, https://github.com/RPi-Distro/pi-gen\n",
    "cmdline.txt": CMDLINE,
    "config.txt": "arm_64bit=1\nauto_initramfs=1\n",
    "kernel8.img": "kernel ".repeat(9000),
    initramfs8: "initramfs ".repeat(9000),
    "bcm2711-rpi-4-b.dtb": "dtb ".repeat(3000),
    "overlays/README": "overlays\n",
    "overlays/vc4-kms-v3d.dtbo": "dtbo",
    "user-data": "#cloud-config\n\n# See the documentation.\n",
    "meta-data": "dsmode: local\ninstance_id: rpios-image\n",
    "network-config": "# nothing is set\n",
  },
};

/** Raspberry Pi OS before 2025-11: the same partition, and no seed on it. */
export const BOOKWORM: ImageLayout = {
  label: "bootfs",
  files: {
    "issue.txt": "Raspberry Pi reference 2024-11-19\nGenerated using pi-gen\n",
    "cmdline.txt": CMDLINE,
    "config.txt": "arm_64bit=1\n",
    "kernel8.img": "kernel ".repeat(9000),
    "overlays/README": "overlays\n",
  },
};

const UBUNTU_SEED: Files = {
  README: "An overview of the files on the boot partition\n",
  "user-data": "#cloud-config\nssh_pwauth: true\n",
  "meta-data": "instance_id: cloud-image\n",
  "network-config": "version: 2\n",
};

/** canonical/pi-gadget: gadget.yaml, configs/classic. */
export const UBUNTU: ImageLayout = {
  label: "system-boot",
  start: 2048,
  files: {
    ...UBUNTU_SEED,
    "cmdline.txt": CMDLINE,
    "config.txt": "kernel=vmlinuz\ncmdline=cmdline.txt\ninitramfs initrd.img followkernel\n",
    vmlinuz: "kernel ".repeat(9000),
    "initrd.img": "initrd ".repeat(9000),
    "bcm2711-rpi-4-b.dtb": "dtb ".repeat(3000),
    "overlays/vc4-kms-v3d.dtbo": "dtbo",
  },
};

/** From 25.10 on: config.txt says os_prefix=current/ (canonical/pi-gadget:configs/questing-arm64-server). */
export const UBUNTU_CURRENT: ImageLayout = {
  label: "system-boot",
  start: 2048,
  files: {
    ...UBUNTU_SEED,
    "autoboot.txt": "[all]\n",
    "config.txt":
      "[all]\nos_prefix=current/\n[tryboot]\nos_prefix=new/\n[all]\nkernel=vmlinuz\ncmdline=cmdline.txt\n",
    "current/cmdline.txt": CMDLINE,
    "current/vmlinuz": "kernel ".repeat(9000),
    "current/initrd.img": "initrd ".repeat(9000),
    "current/overlays/vc4-kms-v3d.dtbo": "dtbo",
  },
};

/** For the `skip` option of a test. */
export function requireImageTools(): string | false {
  return (
    requireTool("sfdisk", "apt-get install fdisk") ||
    requireTool("mkfs.vfat", "apt-get install dosfstools") ||
    requireTool("mcopy", "apt-get install mtools")
  );
}

/** Makes the image anew; returns its path. */
export function makeImage(path: string, layout: ImageLayout): string {
  const { label, files, table = "dos", size = FAT32 } = layout;
  const offset = bootOffset(layout);
  const sectors = offset / SECTOR + size;
  const whole = table === "superfloppy" ? sectors : sectors + ROOT + SECOND_TABLE;
  rmSync(path, { force: true });
  writeFileSync(path, "");
  truncateSync(path, whole * SECTOR);
  if (table !== "superfloppy") {
    const [boot, root] = table === "dos" ? ["c", "83"] : ["uefi", "linux"];
    const lines = [
      `label: ${table}`,
      `start=${offset / SECTOR}, size=${size}, type=${boot}`,
      `start=${sectors}, size=${ROOT}, type=${root}`,
    ];
    must("sfdisk", ["-q", "--no-tell-kernel", path], `${lines.join("\n")}\n`);
    const file = openSync(path, "r+");
    writeSync(file, "root file system ".repeat(9000), sectors * SECTOR);
    closeSync(file);
  }
  const fat = size < FAT32 ? [] : ["-F", "32"];
  // As pi-gen and ubuntu-image do: mkfs.vfat keeps a label in small letters.
  must("mkfs.vfat", [...fat, "-n", label, "--offset", String(offset / SECTOR), path, String(size / 2)]);
  const source = `${path}.files`;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(source, dirname(name)), { recursive: true });
    writeFileSync(join(source, name), text);
  }
  const tops = readdirSync(source).map((name) => join(source, name));
  must("mcopy", ["-s", "-m", "-i", `${path}@@${offset}`, ...tops, "::/"]);
  rmSync(source, { recursive: true });
  return path;
}

/** Where the boot partition begins, in bytes. */
export function bootOffset({ table = "dos", start = 8192 }: ImageLayout): number {
  return table === "superfloppy" ? 0 : start * SECTOR;
}

/** Every file of the boot partition by its path, as mtools reads it. */
export function filesOf(image: string, layout: ImageLayout): Files {
  const folder = `${image}.read`;
  mkdirSync(folder);
  try {
    must("mcopy", ["-s", "-n", "-i", `${image}@@${bootOffset(layout)}`, "::/", folder]);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return Object.fromEntries(
      paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")] as const).toSorted(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Fails the test where the file system is not clean. */
export function assertCleanFat(image: string, layout: ImageLayout): void {
  const { size = FAT32 } = layout;
  const part = `${image}.part`;
  const stretch = [`skip=${bootOffset(layout)}`, `count=${size * SECTOR}`, "iflag=skip_bytes,count_bytes"];
  must("dd", [`if=${image}`, `of=${part}`, "bs=1M", "conv=sparse", "status=none", ...stretch]);
  const { status, stdout } = runTool("fsck.vfat", ["-n", part]);
  rmSync(part);
  assert.equal(status, 0, stdout);
}

/** A digest over everything but the boot partition: the table, the gap behind it, the root file system. */
export function digestOutside(image: string, layout: ImageLayout): string {
  const { size = FAT32 } = layout;
  const from = bootOffset(layout);
  const to = from + size * SECTOR;
  return createHash("sha256")
    .update(bytesAt(image, 0, from))
    .update(bytesAt(image, to, statSync(image).size - to))
    .digest("hex");
}

/** A digest over the whole file. */
export function digestOf(image: string): string {
  return createHash("sha256").update(readFileSync(image)).digest("hex");
}

function bytesAt(path: string, at: number, length: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    assert.equal(readSync(file, bytes, 0, length, at), length);
    return bytes;
  } finally {
    closeSync(file);
  }
}

function must(name: string, args: readonly string[], input = ""): void {
  const { status, stdout, stderr } = runTool(name, args, input);
  assert.equal(status, 0, `${name} ${args.join(" ")}: ${stdout}${stderr}`);
}
