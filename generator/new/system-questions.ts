// The questions about what the machines are: their operating system and the servers' disks.
import type { Disk, Os } from "../model/cluster.ts";
import type { Surroundings } from "./surroundings.ts";

export async function askOs({ dialogue }: Surroundings): Promise<Os> {
  return dialogue.choose<Os>({
    flag: "--os OS",
    message: "Which operating system is on the cards?",
    options: [
      { value: "raspberry-pi-os", label: "Raspberry Pi OS, Trixie or newer" },
      { value: "ubuntu", label: "Ubuntu Server, for Raspberry Pi or PC" },
      { value: "debian", label: "Debian" },
    ],
    initial: "raspberry-pi-os",
  });
}

export async function askDisk({ dialogue }: Surroundings): Promise<Disk> {
  return dialogue.choose<Disk>({
    flag: "--disk DISK",
    message: "What do the servers run from?",
    options: [
      {
        value: "sd",
        label: "an SD card or eMMC: etcd writes constantly, is slow there and wears it out",
      },
      { value: "ssd", label: "an SSD, by USB, SATA or NVMe" },
    ],
    // What is there cannot be seen from here, and a config that says ssd would hide the warning.
    initial: "sd",
  });
}
