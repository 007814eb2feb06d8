// The disks of this computer: which partition could be a card, and which is the system's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { candidatesOf, candidatesText } from "../generator/cards/candidates.ts";
import { volumesOfDiskutil, volumesOfLsblk } from "../generator/cards/disks.ts";
import { formatSize } from "../generator/cards/open-target.ts";
import { bootFiles, PI_OS, READY } from "./support/boot-files.ts";

const disk = (name: string, more: object) => ({
  name,
  path: `/dev/${name}`,
  size: 32e9,
  ro: false,
  fstype: null,
  mountpoints: [null],
  ...more,
});
const lsblk = (...blockdevices: readonly object[]) => volumesOfLsblk(JSON.stringify({ blockdevices }));

// util-linux 2.38 prints lists of mountpoints; 2.34 one, and numbers as texts.
test("a card's partitions are told from those of the disk that the system runs from", () => {
  const volumes = lsblk(
    disk("nvme0n1", {
      children: [
        disk("nvme0n1p1", { fstype: "vfat", label: "ESP", mountpoints: ["/boot/efi"] }),
        disk("nvme0n1p2", {
          fstype: "crypto_LUKS",
          children: [disk("dm-0", { fstype: "ext4", mountpoints: ["/"] })],
        }),
        disk("nvme0n1p3", { fstype: "vfat", label: "DATA", mountpoints: ["/mnt/data"] }),
      ],
    }),
    disk("sdb", {
      children: [
        disk("sdb1", {
          fstype: "vfat",
          label: "bootfs",
          size: "536870912",
          ro: "0",
          mountpoints: undefined,
          mountpoint: "/media/me/bootfs",
        }),
        disk("sdb2", { fstype: "ext4", label: "rootfs", mountpoints: ["/media/me/rootfs"] }),
      ],
    }),
    disk("sdc", { fstype: "vfat", label: "CIDATA" }),
    disk("sdd", {}),
  );
  assert.deepEqual(
    volumes.filter(({ isFat, isSystem }) => isFat && !isSystem).map(({ device, mounts }) => [device, mounts]),
    [
      ["/dev/sdb1", ["/media/me/bootfs"]],
      ["/dev/sdc", []],
    ],
  );
  assert.ok(
    volumes.find(({ device }) => device === "/dev/nvme0n1p3")?.isSystem,
    "whatever else is on that disk",
  );
  assert.equal(volumes.find(({ device }) => device === "/dev/sdb1")?.size, 536870912);
  assert.equal(lsblk(disk("sdb", { ro: true, fstype: "vfat" }))[0]?.readOnly, true);
});

// The keys of `diskutil list -plist`, as JSON by plutil.
test("on a Mac: the container of the system is left out, a card's partition is not", () => {
  const volumes = volumesOfDiskutil(
    JSON.stringify({
      AllDisksAndPartitions: [
        {
          DeviceIdentifier: "disk0",
          OSInternal: false,
          Partitions: [
            { DeviceIdentifier: "disk0s1", Content: "EFI", VolumeName: "EFI", Size: 1 },
            { DeviceIdentifier: "disk0s2", Content: "Apple_APFS", Size: 1 },
          ],
        },
        {
          DeviceIdentifier: "disk3",
          OSInternal: false,
          APFSVolumes: [{ DeviceIdentifier: "disk3s1", MountPoint: "/", Size: 1 }],
        },
        {
          DeviceIdentifier: "disk4",
          Partitions: [
            {
              DeviceIdentifier: "disk4s1",
              Content: "Windows_FAT_32",
              VolumeName: "bootfs",
              MountPoint: "/Volumes/bootfs",
              Size: 536870912,
            },
            { DeviceIdentifier: "disk4s2", Content: "Linux", Size: 5e9 },
          ],
        },
      ],
    }),
  );
  const cards = volumes.filter(({ isFat, isSystem }) => isFat && !isSystem);
  assert.deepEqual(
    cards.map(({ device, label, mounts }) => [device, label, mounts]),
    [["/dev/disk4s1", "bootfs", ["/Volumes/bootfs"]]],
  );
  assert.ok(
    volumes.filter(({ device }) => device.startsWith("/dev/disk0")).every(({ isSystem }) => isSystem),
  );
});

test("the list says what is on each card, how to mount one, and what cannot be read", () => {
  const volumes = lsblk(
    ...["a", "b", "c", "d", "e", "f", "g"].map((letter, index) =>
      disk(`sd${letter}1`, {
        fstype: "vfat",
        label: "bootfs",
        ro: letter === "c",
        mountpoints: [index === 6 ? null : `/m/${letter}`],
      }),
    ),
  );
  const ours = bootFiles({
    label: "bootfs",
    "config.txt": "",
    "user-data": "",
    "meta-data": "instance-id: quorate-lb-1-0123456789ab\n",
  });
  const contents = [
    PI_OS,
    ours,
    bootFiles({
      label: "bootfs",
      "user-data": "",
      "meta-data": "instance-id: quorate-server-1-0123456789ab\n",
      "quorate-status.txt": READY,
    }),
    bootFiles({ label: "bootfs", "cmdline.txt": "" }),
    bootFiles({ label: "x", "a.jpg": "" }),
  ];
  const text = candidatesText(
    candidatesOf(volumes, (mount) => {
      const files = contents["abcde".indexOf(mount.at(-1) ?? "")];
      if (!files) throw new Error("the card does not answer");
      return { target: mount, title: "", files, read: async () => null, write: async () => {}, eject: "" };
    }),
  );
  for (const line of [
    /^\/m\/a {7}bootfs  32\.0 GB  Raspberry Pi OS of 2025-11-24, as it was flashed$/m,
    /^\/m\/b .*the card of lb-1, not booted yet$/m,
    /^\/m\/c .*the card of server-1, last seen ready; read-only$/m,
    /^\/m\/d .*without cloud-init: no card can be written on it$/m,
    /^\/m\/e .*other files/m,
    /^\/m\/f .*the card does not answer$/m,
    /^\/dev\/sdg1  bootfs  32\.0 GB  not mounted: udisksctl mount -b \/dev\/sdg1$/m,
  ]) {
    assert.match(text, line);
  }
  assert.match(candidatesText([]), /no card is in this computer.*\n  next: /);
});

test("sizes are told as they are printed on cards", () => {
  assert.deepEqual([536870912, 31914983424, 0].map(formatSize), ["537 MB", "31.9 GB", "0 MB"]);
});
