// The verb card on image files: mtools reads back what is in them, and everything else in them stays as it was.
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  assertCleanFat,
  BOOKWORM,
  bootOffset,
  digestOf,
  digestOutside,
  filesOf,
  type ImageLayout,
  makeImage,
  PI_OS,
  requireImageTools,
  SMALL,
  UBUNTU,
  UBUNTU_CURRENT,
} from "../support/boot-images.ts";
import { type CardPlace, cardPlace } from "../support/card-place.ts";
import { missing, requireTool, runTool } from "../support/tools.ts";

const needsImages = { skip: requireImageTools() };
const needsXz = { skip: requireImageTools() || requireTool("xz", "apt-get install xz-utils") };
const needsRoot = {
  skip:
    requireImageTools() ||
    requireTool("setpriv", "apt-get install util-linux") ||
    (process.getuid?.() === 0
      ? false
      : missing("the right to become another user", "nothing; run the contract tests as root")),
};

const SEED = ["network-config", "user-data", "meta-data"] as const;
const MEMORY = " cgroup_enable=memory cgroup_memory=1\n";
const OLD_LINE = "console=serial0,115200 console=tty1 root=PARTUUID=0badc0de-02 rootfstype=ext4 rootwait";
const SMALL_PI_OS: ImageLayout = { ...PI_OS, size: SMALL };

function without(files: Readonly<Record<string, string>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
}

/** Sets the time of an image back, so that a write to it would show. */
function settle(image: string): () => void {
  const past = new Date("2026-01-01T00:00:00Z");
  utimesSync(image, past, past);
  const digest = digestOf(image);
  return () => {
    assert.equal(statSync(image).mtimeMs, past.getTime());
    assert.equal(digestOf(image), digest);
  };
}

/** Nothing lies beside an image but what the test put there. */
function assertNothingLeft({ folder }: CardPlace, names: readonly string[]): void {
  assert.deepEqual(readdirSync(folder).toSorted(), ["cluster.config.json", ...names].toSorted());
  const secrets = join(folder, ".secrets");
  const inside = existsSync(secrets) ? readdirSync(secrets) : [];
  assert.deepEqual(
    inside.filter((name) => ![".gitignore", "backups", "cards", "cluster-secret"].includes(name)),
    [],
  );
}

for (const [what, os, layout, title, cmdline] of [
  ["Raspberry Pi OS", "raspberry-pi-os", PI_OS, /Raspberry Pi OS of 2025-11-24/, "cmdline.txt"],
  ["Ubuntu", "ubuntu", UBUNTU, /Ubuntu for Raspberry Pi/, "cmdline.txt"],
  [
    "Ubuntu with a folder current",
    "ubuntu",
    UBUNTU_CURRENT,
    /Ubuntu for Raspberry Pi/,
    "current/cmdline.txt",
  ],
  [
    "Raspberry Pi OS on a GPT",
    "raspberry-pi-os",
    { ...PI_OS, table: "gpt" },
    /Raspberry Pi OS of 2025-11-24/,
    "cmdline.txt",
  ],
] as const) {
  test(
    `${what}: the card's files are in the image, and nothing else in it is another`,
    needsImages,
    async (t) => {
      const place = cardPlace(t, { os });
      const image = makeImage(join(place.folder, "a.img"), layout);
      const [files, outside] = [filesOf(image, layout), digestOutside(image, layout)];
      const { exit, stdout, stderr } = await place.card("server-1", image);
      assert.equal(exit, 0, stderr);
      assert.match(stdout, title);
      const after = filesOf(image, layout);
      const ssh = os === "raspberry-pi-os" ? ["ssh"] : [];
      const changed = [...SEED, cmdline, ...ssh];
      assert.deepEqual(without(after, changed), without(files, changed));
      assert.match(after["meta-data"] ?? "", /^instance-id: quorate-server-1-[0-9a-f]{12}$/m);
      assert.match(after["user-data"] ?? "", /path: \/etc\/quorate\/may-found/);
      assert.match(after["network-config"] ?? "", /192\.168\.1\.11\/24/);
      assert.equal(after[cmdline], OLD_LINE + MEMORY);
      assert.equal(after["ssh"], ssh.length > 0 ? "" : undefined);
      assert.equal(digestOutside(image, layout), outside);
      assertCleanFat(image, layout);
      assert.equal(statSync(image).mode & 0o777, 0o600, "it holds secrets now");
      assertNothingLeft(place, [".secrets", "a.img"]);

      const assertUntouched = settle(image);
      const again = await place.card("server-1", image);
      assert.match(again.stdout, /^ {2}written +nothing: all of it was there already$/m);
      assertUntouched();
    },
  );
}

// doc: cloud-init, datasources/nocloud: a file system with the label CIDATA, on any disk.
test("a seed disk without a table: the three files, and no cmdline.txt is made", needsImages, async (t) => {
  const place = cardPlace(t, { os: "debian" });
  const layout: ImageLayout = {
    label: "CIDATA",
    files: { "user-data": "#cloud-config\n", "meta-data": "\n" },
    table: "superfloppy",
    size: SMALL,
  };
  const image = makeImage(join(place.folder, "seed.img"), layout);
  const { exit, stderr } = await place.card("server-2", image);
  assert.equal(exit, 0, stderr);
  const after = filesOf(image, layout);
  assert.deepEqual(Object.keys(after), SEED.toSorted());
  assert.match(after["meta-data"] ?? "", /^instance-id: quorate-server-2-/m);
  assertCleanFat(image, layout);
});

test("an image that is packed: the download stays as it is, the card is in .secrets", needsXz, async (t) => {
  const place = cardPlace(t);
  const image = makeImage(join(place.folder, "raspios.img"), PI_OS);
  const outside = digestOutside(image, PI_OS);
  assert.equal(runTool("xz", ["-0", image]).status, 0);
  const packed = `${image}.xz`;
  const assertUntouched = settle(packed);
  const { exit, stdout, stderr } = await place.card("server-1", packed);
  assert.equal(exit, 0, stderr);
  assertUntouched();
  const card = join(place.folder, ".secrets", "cards", "server-1.img");
  assert.ok(stdout.includes(`flash ${card} on the card of server-1`), stdout);
  assert.match(filesOf(card, PI_OS)["meta-data"] ?? "", /quorate-server-1-/);
  assert.equal(digestOutside(card, PI_OS), outside);
  assert.equal(statSync(card).mode & 0o077, 0);
  assert.deepEqual(readdirSync(join(place.folder, ".secrets", "cards")), ["server-1.img"]);
  assertNothingLeft(place, [".secrets", "raspios.img.xz"]);

  truncateSync(packed, statSync(packed).size - 100);
  const cut = await place.card("server-2", packed);
  assert.equal(cut.exit, 1);
  assert.match(cut.stderr, /cannot be unpacked: .*[Uu]nexpected end of input\n {2}next: download it again/);
  assert.deepEqual(readdirSync(join(place.folder, ".secrets", "cards")), ["server-1.img"]);
});

for (const [what, before, after] of [
  ["the line ends of Windows", (OLD_LINE + MEMORY).replace("\n", "\r\n"), OLD_LINE + MEMORY],
  ["a byte order mark", `\u{FEFF}${OLD_LINE}${MEMORY}`, OLD_LINE + MEMORY],
  ["no final newline", OLD_LINE, OLD_LINE + MEMORY],
  ["a second line, which the firmware does not read", `${OLD_LINE}\nquiet\n`, `${OLD_LINE}${MEMORY}quiet\n`],
  ["an empty first line", `\n${OLD_LINE}\n`, OLD_LINE + MEMORY],
  ["what Imager 2 appends", `${OLD_LINE} ds=nocloud;i=rpi-imager-1764000000000\n`, OLD_LINE + MEMORY],
  [
    "what Imager 1 appends",
    `${OLD_LINE} systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n`,
    OLD_LINE + MEMORY,
  ],
  ["all of it already", OLD_LINE + MEMORY, OLD_LINE + MEMORY],
] as const) {
  test(`cmdline.txt with ${what} becomes one line that boots, and stays so`, needsImages, async (t) => {
    const place = cardPlace(t);
    const layout = { ...SMALL_PI_OS, files: { ...PI_OS.files, "cmdline.txt": before } };
    const image = makeImage(join(place.folder, "a.img"), layout);
    assert.equal((await place.card("server-1", image)).exit, 0);
    assert.equal(filesOf(image, layout)["cmdline.txt"], after);
    assertCleanFat(image, layout);
    const again = await place.card("server-1", image);
    assert.match(again.stdout, /nothing: all of it was there already/);
  });
}

for (const [what, make, message] of [
  [
    "Raspberry Pi OS without cloud-init",
    (path: string) => makeImage(path, BOOKWORM),
    /is Raspberry Pi OS of 2024-11-19, and this image has no cloud-init[^]*next: take Raspberry Pi OS \(Trixie\)/,
  ],
  [
    "another system than the config's",
    (path: string) => makeImage(path, UBUNTU),
    /is Ubuntu for Raspberry Pi, and server-1 has os raspberry-pi-os in the config[^]*write "os": "ubuntu"/,
  ],
  [
    "a file that is no image",
    (path: string) => {
      writeFileSync(path, "this is no image\n".repeat(1000));
      return path;
    },
    /there is no FAT partition in [^]*it is no image of a card, or it was cut off/,
  ],
  [
    "an empty file",
    (path: string) => {
      writeFileSync(path, "");
      return path;
    },
    /there is no FAT partition in /,
  ],
  [
    "an image of which the end is missing",
    (path: string) => {
      truncateSync(makeImage(path, PI_OS), 20 * 1024 * 1024);
      return path;
    },
    /there is no FAT partition in /,
  ],
  [
    "an image with a broken file system",
    (path: string) => {
      const file = openSync(makeImage(path, PI_OS), "r+");
      // A cluster of no sectors (Microsoft's FAT specification: BPB_SecPerClus).
      writeSync(file, Buffer.from([0]), 0, 1, bootOffset(PI_OS) + 13);
      closeSync(file);
      return path;
    },
    /mtools cannot use the FAT file system of the image \(.+\); nothing in the image was changed\n {2}next: take/,
  ],
] as const) {
  test(`refused, and not one byte is another: ${what}`, needsImages, async (t) => {
    const place = cardPlace(t);
    const image = make(join(place.folder, "a.img"));
    const assertUntouched = settle(image);
    const { exit, stdout, stderr } = await place.card("server-1", image);
    assert.deepEqual([exit, stdout], [1, ""], stderr);
    assert.match(stderr, message);
    assertUntouched();
    assert.equal(existsSync(join(place.folder, ".secrets", "cluster-secret")), false);
    assertNothingLeft(
      place,
      [".secrets", "a.img"].filter((name) => existsSync(join(place.folder, name))),
    );
  });
}

test("a full boot partition: said, and not one byte is another", needsImages, async (t) => {
  const place = cardPlace(t);
  const path = join(place.folder, "a.img");
  const free = runTool("mdir", ["-i", `${makeImage(path, SMALL_PI_OS)}@@${bootOffset(PI_OS)}`, "::"]).stdout;
  const bytes = Number(/([\d ]+) bytes free/.exec(free)?.[1]?.replaceAll(" ", ""));
  // network-config fits, user-data does not.
  const filler = { "filler.bin": "x".repeat(bytes - 8192) };
  const image = makeImage(path, { ...SMALL_PI_OS, files: { ...PI_OS.files, ...filler } });
  const assertUntouched = settle(image);
  const { exit, stdout, stderr } = await place.card("server-1", image);
  assert.deepEqual([exit, stdout], [1, ""]);
  assert.match(stderr, /the boot partition of the image is full; nothing in the image was changed/);
  assertUntouched();
  assertNothingLeft(place, [".secrets", "a.img"]);
});

/** The verb as somebody who has no rights and owns nothing but the folder, the config and, if told so, the image. */
function asNobody(place: CardPlace, image: string, isOwner: boolean) {
  const NOBODY = 65534;
  const own = [place.folder, place.config, ...(isOwner ? [image] : [])];
  for (const path of own) chownSync(path, NOBODY, NOBODY);
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--bounding-set=-all"];
  return runTool("setpriv", [...user, "--no-new-privs", ...place.command("server-1", image), "--offline"]);
}

test("no right of root is used: nobody writes a card into an image of his own", needsRoot, (t) => {
  const place = cardPlace(t);
  const image = makeImage(join(place.folder, "a.img"), SMALL_PI_OS);
  const { status, stdout, stderr } = asNobody(place, image, true);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^ {2}written +network-config, cmdline\.txt, ssh, user-data, meta-data; read back/m);
  assert.match(filesOf(image, PI_OS)["meta-data"] ?? "", /quorate-server-1-/);
});

test("an image of somebody else's is not changed, and nothing is left beside it", needsRoot, (t) => {
  const place = cardPlace(t);
  const image = makeImage(join(place.folder, "a.img"), SMALL_PI_OS);
  chmodSync(image, 0o644);
  const assertUntouched = settle(image);
  const { status, stdout, stderr } = asNobody(place, image, false);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^error: cannot write .*a\.img: you may not write there; .*\n {2}next: ./);
  assertUntouched();
  assertNothingLeft(place, [".secrets", "a.img"]);
});
