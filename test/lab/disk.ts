// The disk of a machine: a thin layer of its own over the shared root file system, and a boot partition with the seed.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Seed } from "../../generator/cards/seed.ts";
import { mustRun } from "./command.ts";

export interface Disk {
  /** The machine's root file system, as seen from this computer while the lab runs. */
  readonly root: string;
  /** Its boot partition: /boot/firmware on the machine. */
  readonly boot: string;
}

// One line, as on a Pi, with the parameters that no card writer may lose.
const CMDLINE =
  "console=serial0,115200 console=tty1 root=PARTUUID=0badc0de-02 rootfstype=ext4 fsck.repair=yes rootwait\n";

/** A blank disk with the seed on it, in `folder`, over the image. What was on it is gone. The machine must be off. */
export function flash(folder: string, image: string, seed: Seed): Disk {
  const [root, boot, upper, work] = ["root", "boot", "upper", "work"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  unmount(root);
  rmSync(folder, { recursive: true, force: true });
  for (const path of [root, boot, upper, work]) mkdirSync(path, { recursive: true, mode: 0o755 });
  const files = {
    "cmdline.txt": CMDLINE,
    "user-data": seed.userData,
    "meta-data": seed.metaData,
    "network-config": seed.networkConfig,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(boot, name), text);
    // vfat knows no owners: mounted as usual, everybody may read it.
    chmodSync(join(boot, name), 0o755);
  }
  // Volatile: fsync costs nothing. A power cut of the lab never empties the page cache, so no test could see the difference.
  const options = `lowerdir=${image},upperdir=${upper},workdir=${work},volatile`;
  mustRun("mount", "-t", "overlay", "overlay", "-o", options, root);
  return { root, boot };
}

/** Takes a machine's disk away. */
export function scrap(folder: string): void {
  unmount(join(folder, "root"));
  rmSync(folder, { recursive: true, force: true });
}

function unmount(root: string): void {
  if (existsSync(join(root, "etc"))) mustRun("umount", "--lazy", root);
}
