// What the verb card does with places that are no image: mounted partitions, folders, disks, devices.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  assertCleanFat,
  makeImage,
  PI_OS,
  requireImageTools,
  SMALL,
  UBUNTU,
} from "../support/boot-images.ts";
import { READY, SCRUBBED } from "../support/boot-files.ts";
import { type CardPlace, cardPlace } from "../support/card-place.ts";
import { openMachine, requireNamespaces } from "../support/namespace.ts";
import { scratch } from "../support/scratch.ts";
import { missing, requireTool, runTool } from "../support/tools.ts";

const needsNamespace = { skip: requireNamespaces() };
const needsImages = { skip: requireImageTools() };
const needsRoot = {
  skip:
    process.getuid?.() === 0
      ? false
      : missing("the right to make a device", "nothing; run the contract tests as root"),
};
const needsLsblk = { skip: requireTool("lsblk", "apt-get install util-linux") };

type Files = Readonly<Record<string, string>>;

function fill(folder: string, files: Files): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function filesIn(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]));
}

/** A partition with the files of an image, mounted at `bootfs` beside the config; tmpfs, as not every kernel has vfat. */
async function mounted(t: TestContext, place: CardPlace, size: string, files: Files) {
  const machine = await openMachine(t, "laptop");
  const mount = join(place.folder, "bootfs");
  mkdirSync(mount);
  await machine.must(["mount", "-t", "tmpfs", "-o", `size=${size}`, "card", mount]);
  // As the machine sees it: here there is only the empty folder.
  const inside = fill(join(machine.root, mount), files);
  const card = (...argv: readonly string[]) => machine.run([...place.command(...argv), "--offline"]);
  return { machine, mount, inside, card };
}

const STOCK = PI_OS.files;

test(
  "a mounted partition is a card: sshd is switched on, and it is to be unmounted",
  needsNamespace,
  async (t) => {
    const { mount, inside, card } = await mounted(t, cardPlace(t), "8m", STOCK);
    const { status, stdout, stderr } = await card("server-1", mount);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^server-1 on .*bootfs \(partition bootfs, Raspberry Pi OS of 2025-11-24\)$/m);
    assert.ok(stdout.includes(`umount ${mount}, then it is safe to take out`), stdout);
    assert.equal(filesIn(inside)["ssh"], "");
    assert.match(filesIn(inside)["user-data"] ?? "", /^#cloud-config\n/);
  },
);

test("a folder with the same files stands for a card: no ssh, and it is to be copied", async (t) => {
  const place = cardPlace(t);
  const folder = fill(join(place.folder, "bootfs"), STOCK);
  const { exit, stdout, stderr } = await place.card("server-1", folder);
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /^server-1 on .*bootfs \(folder, Raspberry Pi OS of 2025-11-24\)$/m);
  assert.match(
    stdout,
    /copy user-data, meta-data and network-config to the top of server-1's boot partition/,
  );
  assert.doesNotMatch(stdout, /umount/);
  assert.equal(existsSync(join(folder, "ssh")), false);
});

test("an empty partition has no image; an empty folder needs none", needsNamespace, async (t) => {
  const place = cardPlace(t);
  const { mount, inside, card } = await mounted(t, place, "8m", {});
  const { status, stderr } = await card("server-1", mount);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /bootfs is empty: there is no image on this card; nothing was written\n {2}next: flash one/,
  );
  assert.deepEqual(filesIn(inside), {});
  // Without the mount that place is a folder.
  assert.equal((await place.card("server-1", mount)).exit, 0);
});

test("a full partition: said, and every file is as it was", needsNamespace, async (t) => {
  const { mount, inside, card } = await mounted(t, cardPlace(t), "208k", STOCK);
  const before = filesIn(inside);
  assert.deepEqual(before, STOCK);
  const { status, stdout, stderr } = await card("server-1", mount);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /bootfs: it is full; nothing on it was changed;.*\n {2}next: delete what does not belong there/,
  );
  assert.deepEqual(filesIn(inside), before);
});

test(
  "a read-only partition: the lock on the card is named, and every file is as it was",
  needsNamespace,
  async (t) => {
    const { machine, mount, inside, card } = await mounted(t, cardPlace(t), "8m", STOCK);
    await machine.must(["mount", "-o", "remount,ro", mount]);
    const { status, stderr } = await card("server-1", mount);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /it is read-only; nothing on it was changed;.*\n {2}next: slide the lock on the side of the card/,
    );
    assert.deepEqual(filesIn(inside), STOCK);
  },
);

/**
 * A folder with a program `lsblk` that prints this. The keys are those of `lsblk --json --bytes --output-all`, util-linux
 * 2.38; a test below holds them against the real one.
 */
function fakeLsblk(t: TestContext, blockdevices: readonly Volume[]): string {
  const folder = scratch(t);
  writeFileSync(join(folder, "lsblk.json"), JSON.stringify({ blockdevices }));
  writeFileSync(join(folder, "lsblk"), `#!/bin/sh\nexec cat '${join(folder, "lsblk.json")}'\n`, {
    mode: 0o755,
  });
  return `${folder}:${process.env["PATH"]}`;
}

interface Volume {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly ro: boolean;
  readonly fstype: string | null;
  readonly label: string | null;
  readonly mountpoints: readonly (string | null)[];
  readonly children?: readonly Volume[];
}

function volume(name: string, rest: Partial<Volume> = {}): Volume {
  const path = `/dev/${name}`;
  return { name, path, size: 536870912, ro: false, fstype: null, label: null, mountpoints: [null], ...rest };
}

/** A computer that boots from its SSD and has a card of that label in a reader, mounted there. */
function laptop(mount: string | null, label = "bootfs", own: string | null = null): readonly Volume[] {
  return [
    volume("nvme0n1", {
      children: [
        volume("nvme0n1p1", { fstype: "vfat", label: "ESP", mountpoints: ["/boot/efi"] }),
        volume("nvme0n1p2", { fstype: "ext4", mountpoints: ["/"] }),
        volume("nvme0n1p3", { fstype: "vfat", label: "SHARED", mountpoints: [own] }),
      ],
    }),
    volume("sdb", {
      size: 31914983424,
      children: [
        volume("sdb1", { fstype: "vfat", label, mountpoints: [mount] }),
        volume("sdb2", { fstype: "ext4", label: "rootfs", mountpoints: [null] }),
      ],
    }),
  ];
}

test("the real lsblk has every key that is read of it", needsLsblk, () => {
  const { status, stdout, stderr } = runTool("lsblk", ["--json", "--bytes", "--output-all"]);
  assert.equal(status, 0, stderr);
  const [first] = (JSON.parse(stdout) as { readonly blockdevices: readonly object[] }).blockdevices;
  assert.ok(first, "no disk on this computer");
  const keys = new Set(Object.keys(first));
  // Before util-linux 2.37 there was one mount point.
  const known = [...keys, ...(keys.has("mountpoint") ? ["mountpoints"] : [])];
  assert.deepEqual(
    Object.keys(volume("x")).filter((key) => !known.includes(key)),
    [],
  );
});

test("a partition of the disk that this computer runs from is refused, whatever is on it", async (t) => {
  const shared = fill(realpathSync(scratch(t)), STOCK);
  const place = cardPlace(t, { path: fakeLsblk(t, laptop(null, "bootfs", shared)) });
  const { exit, stderr } = await place.card("server-1", shared);
  assert.equal(exit, 1);
  assert.match(stderr, /is on the disk that this computer runs from\n {2}next: npx quorate card --list/);
  assert.deepEqual(filesIn(shared), STOCK);
  assert.equal((await cardPlace(t).card("server-1", shared)).exit, 0, "no other reason to refuse it");
});

test("this computer's own root and boot folder are refused, with lsblk and without", async (t) => {
  for (const path of [process.env["PATH"] ?? "", "/nowhere"]) {
    for (const target of ["/", "/boot", "/boot/"]) {
      const { exit, stderr } = await cardPlace(t, { path }).card("server-1", target);
      assert.equal(exit, 1);
      assert.match(stderr, /is on the disk that this computer runs from/, `${target} with PATH ${path}`);
    }
  }
});

test("without lsblk the list says what to do instead, and a folder is still written", async (t) => {
  const place = cardPlace(t, { path: "/nowhere" });
  const list = await place.card("--list");
  assert.deepEqual([list.exit, list.stdout], [1, ""]);
  assert.match(list.stderr, /neither lsblk nor diskutil.*\n {2}next: name the folder where the card's boot/);
  const folder = fill(join(place.folder, "a"), STOCK);
  const { exit, stderr } = await place.card("server-1", folder);
  assert.equal(exit, 0, stderr);
  assert.match(readFileSync(join(folder, "meta-data"), "utf8"), /quorate-server-1-/);
});

test(
  "a device is not written: the place where it is mounted is named, or how to mount it",
  needsRoot,
  async (t) => {
    const card = fill(realpathSync(scratch(t)), STOCK);
    const folder = scratch(t);
    const device = join(folder, "sdb");
    assert.equal(runTool("mknod", [device, "b", "7", "250"]).status, 0);
    for (const [mount, next] of [
      [card, `name ${card} instead`],
      [null, `udisksctl mount -b ${device}1, then name the place that it says`],
    ] as const) {
      const disks = JSON.stringify(laptop(mount)).replaceAll("/dev/sdb", device);
      const place = cardPlace(t, { path: fakeLsblk(t, JSON.parse(disks)) });
      const { exit, stderr } = await place.card("server-1", device);
      assert.equal(exit, 1);
      assert.ok(stderr.includes(`${device} is a device, and a card is written through the place`), stderr);
      assert.ok(stderr.includes(`next: ${next}\n`), stderr);
    }
    assert.match((await cardPlace(t).card("server-1", device)).stderr, /next: npx quorate card --list/);
    assert.deepEqual(filesIn(card), STOCK);
  },
);

const OF_SERVER_1 = { ...STOCK, "meta-data": "instance-id: quorate-server-1-0123456789ab\n" };

for (const [what, label, node, files, message] of [
  [
    "the card of another machine",
    "bootfs",
    "server-2",
    OF_SERVER_1,
    /this is the card of server-1, not of server-2/,
  ],
  [
    "the card of a machine that was ready with it",
    "bootfs",
    "server-1",
    { ...OF_SERVER_1, "user-data": SCRUBBED, "quorate-status.txt": READY },
    /this is the card of server-1 itself, and the machine was ready with it/,
  ],
  [
    "the image of another system",
    "system-boot",
    "server-1",
    UBUNTU.files,
    /is Ubuntu for Raspberry Pi, and server-1 has os raspberry-pi-os in the config/,
  ],
  [
    "a partition that is no boot partition",
    "STICK",
    "server-1",
    { "holiday.jpg": "" },
    /is no boot partition with cloud-init, and not empty: it holds holiday\.jpg/,
  ],
] as const) {
  test(`refused on a mounted partition, and nothing is changed: ${what}`, async (t) => {
    const card = fill(realpathSync(scratch(t)), files);
    const place = cardPlace(t, { path: fakeLsblk(t, laptop(card, label)) });
    const { exit, stdout, stderr } = await place.card(node, card);
    assert.deepEqual([exit, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.match(stderr, /; nothing was written\n {2}next: ./);
    assert.deepEqual(filesIn(card), files);
    assert.equal(existsSync(join(place.folder, ".secrets")), false);
  });
}

test("the list has the cards and not the computer's own disks; label and size are told when one is written", async (t) => {
  const card = fill(realpathSync(scratch(t)), STOCK);
  const own = fill(realpathSync(scratch(t)), STOCK);
  const disks = [...laptop(card, "bootfs", own), volume("sdc1", { fstype: "vfat", label: "CIDATA" })];
  const place = cardPlace(t, { path: fakeLsblk(t, disks) });
  const seen = async () => (await place.card("--list")).stdout.trimEnd().split("\n");
  const fresh = await seen();
  assert.equal(fresh.length, 2, fresh.join("\n"));
  assert.match(fresh[0] ?? "", /bootfs +537 MB +Raspberry Pi OS of 2025-11-24, as it was flashed$/);
  assert.ok(fresh[0]?.startsWith(card));
  assert.match(fresh[1] ?? "", /^\/dev\/sdc1 +CIDATA +537 MB +not mounted: udisksctl mount -b \/dev\/sdc1$/);

  const { exit, stdout, stderr } = await place.card("lb-1", card);
  assert.equal(exit, 0, stderr);
  assert.match(
    stdout,
    /\(partition bootfs, 537 MB, Raspberry Pi OS of 2025-11-24\)\n {2}card +load balancer: /,
  );
  assert.match((await seen())[0] ?? "", /the card of lb-1, not booted yet$/);
  const { candidates } = JSON.parse((await place.card("--list", "--json")).stdout);
  assert.deepEqual(
    candidates.map(({ device, mount }: { readonly device: string; readonly mount: string | null }) => [
      device,
      mount,
    ]),
    [
      ["/dev/sdb1", card],
      ["/dev/sdc1", null],
    ],
  );
});

test("--diagnose reads a card, an image of it, and what the machine wrote there", needsImages, async (t) => {
  const place = cardPlace(t);
  const layout = { ...PI_OS, size: SMALL };
  const image = makeImage(join(place.folder, "a.img"), layout);
  const diagnose = () => place.card("--diagnose", image);
  assert.match(
    (await diagnose()).stderr,
    /has an image, and no card was written on it\n {2}next: npx quorate card/,
  );
  assert.equal((await place.card("server-1", image)).exit, 0);
  assert.match((await diagnose()).stderr, /is the card of server-1, and no machine has come as far as/);
  const status = READY.replace("state:   ready", "state:   waiting");
  runTool("mcopy", ["-i", `${image}@@4M`, "-", "::/quorate-status.txt"], status);
  const { exit, stdout } = await diagnose();
  assert.equal(exit, 0);
  assert.match(stdout, /^server-1, as it was when it last wrote on .*a\.img: waiting\n {2}step +server\n/);
  assertCleanFat(image, layout);
  const left = readdirSync(join(place.folder, ".secrets")).filter((name) => name.startsWith("work-"));
  assert.deepEqual(left, []);
});
