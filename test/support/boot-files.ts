// Boot partitions as the images have them, as far as they decide anything: names and short texts of our own.
import { type BootFiles, READ_FILES } from "../../generator/cards/boot-files.ts";

/** Files by name; `label` is that of the file system, and without one it is a plain folder. */
export function bootFiles(files: Readonly<Record<string, string>>): BootFiles {
  const { label, ...rest } = files;
  const texts = Object.entries(rest).filter(([path]) => READ_FILES.some((each) => each === path));
  return {
    kind: label === undefined ? "folder" : "partition",
    label: label ?? null,
    names: [...new Set(Object.keys(rest).map((path) => path.split("/")[0] ?? ""))],
    texts: new Map(texts),
  };
}

const CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=0badc0de-02 rootfstype=ext4 rootwait\n";

/** RPi-Distro/pi-gen:stage2/04-cloud-init, export-image/05-finalise/01-run.sh. */
export const PI_OS = bootFiles({
  label: "bootfs",
  "issue.txt": "Raspberry Pi reference 2025-11-24\nGenerated using pi-gen, stage2\n",
  "cmdline.txt": CMDLINE,
  "config.txt": "",
  "kernel8.img": "",
  "user-data": "#cloud-config\n\n# This is what the image ships\n",
  "meta-data": "dsmode: local\ninstance_id: rpios-image\n",
  "network-config": "# nothing\n",
});

/** canonical/pi-gadget:configs/classic, gadget.yaml. */
export const UBUNTU = bootFiles({
  label: "system-boot",
  "cmdline.txt": CMDLINE,
  "config.txt": "",
  README: "",
  vmlinuz: "",
  "user-data": "#cloud-config\nssh_pwauth: true\n",
  "meta-data": "instance_id: cloud-image\n",
  "network-config": "version: 2\n",
});

/** What quorate-node leaves of user-data: the same length, and nothing in it. */
export const SCRUBBED = `#cloud-config\n{}\n${"\n".repeat(2000)}`;

/** As quorate-node writes it (boot_partition_status). */
export function statusFile(name: string, state: string, error = ""): string {
  return `Written by quorate-node on ${name}, for whoever reads the card elsewhere.

state:   ${state}
step:    server
waiting: a vote in etcd
error:   ${error}
next:    nothing; it goes on by itself

2026-11-25T20:00:00 seed: working
2026-11-25T20:00:09 server: waiting: a vote in etcd
`;
}

export const READY = statusFile("server-1", "ready");
