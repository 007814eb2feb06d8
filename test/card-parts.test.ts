// What a card's content decides: which image it is, who wrote its seed, what is refused, what cmdline.txt becomes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardImage } from "../generator/cards/card-image.ts";
import { patchCmdline } from "../generator/cards/cmdline.ts";
import { cardContents } from "../generator/cards/contents.ts";
import { earlierSeed } from "../generator/cards/earlier.ts";
import { refusal } from "../generator/cards/refusal.ts";
import { parseStatusFile } from "../generator/cards/status-file.ts";
import type { Node, Os } from "../generator/model/cluster.ts";
import { bootFiles, PI_OS, READY, SCRUBBED, statusFile, UBUNTU } from "./support/boot-files.ts";
import { makeCluster } from "./support/clusters.ts";

const cluster = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });
const node = (name: string, os?: Os): Node => {
  const found = cluster.nodes.find((each) => each.name === name);
  assert.ok(found);
  return os === undefined ? found : { ...found, os };
};
const PI = node("server-1", "raspberry-pi-os");
const SEED = {
  userData: "#cloud-config\nnew: 1\n",
  metaData: "instance-id: x\n",
  networkConfig: "version: 2\nethernets: {}\n",
};

for (const [what, files, expected] of [
  [
    "Raspberry Pi OS, by issue.txt",
    PI_OS,
    { kind: "seed", os: "raspberry-pi-os", name: "Raspberry Pi OS of 2025-11-24" },
  ],
  [
    "Raspberry Pi OS, by its label alone",
    bootFiles({ label: "bootfs", "user-data": "", "meta-data": "" }),
    { kind: "seed", os: "raspberry-pi-os", name: "Raspberry Pi OS" },
  ],
  ["Ubuntu, by its label", UBUNTU, { kind: "seed", os: "ubuntu", name: "Ubuntu for Raspberry Pi" }],
  [
    "Ubuntu, copied into a folder",
    bootFiles({ ...Object.fromEntries(UBUNTU.texts), vmlinuz: "" }),
    { kind: "seed", os: "ubuntu", name: "Ubuntu for Raspberry Pi" },
  ],
  [
    "a label in other letters",
    bootFiles({ label: "SYSTEM-BOOT", "user-data": "", "meta-data": "" }),
    { kind: "seed", os: "ubuntu", name: "Ubuntu for Raspberry Pi" },
  ],
  [
    "Raspberry Pi OS without cloud-init",
    bootFiles({
      label: "bootfs",
      "cmdline.txt": "x",
      "config.txt": "",
      "issue.txt": "Raspberry Pi reference 2024-11-19\n",
    }),
    { kind: "without-cloud-init", name: "Raspberry Pi OS of 2024-11-19" },
  ],
  [
    "user-data alone is no seed",
    bootFiles({ label: "system-boot", "user-data": "" }),
    { kind: "without-cloud-init", name: "Ubuntu for Raspberry Pi" },
  ],
  [
    "what computers leave on a stick",
    bootFiles({ label: "CIDATA", "System Volume Information": "", "._x": "", ".fseventsd": "" }),
    { kind: "empty" },
  ],
  ["a root file system", bootFiles({ etc: "", usr: "", boot: "" }), { kind: "root-file-system" }],
  [
    "holiday pictures",
    bootFiles({ "a.jpg": "", "b.jpg": "", "c.jpg": "", "d.jpg": "" }),
    { kind: "other", holds: ["a.jpg", "b.jpg", "c.jpg"] },
  ],
] as const) {
  test(`image: ${what}`, () => assert.deepEqual(cardImage(files), expected));
}

const MEMORY = "cgroup_enable=memory cgroup_memory=1";
for (const [what, text, memory, expected] of [
  ["added at the end of the one line", "a=1 rootwait\n", true, `a=1 rootwait ${MEMORY}\n`],
  ["not twice", `a ${MEMORY}\n`, true, `a ${MEMORY}\n`],
  ["only the missing half", "a cgroup_memory=1\n", true, "a cgroup_memory=1 cgroup_enable=memory\n"],
  ["not on a load balancer", "a=1\n", false, "a=1\n"],
  ["a line without an end", "a=1", true, `a=1 ${MEMORY}\n`],
  ["untouched where nothing is to do, also its blanks", "a=1  b", false, "a=1  b"],
  ["line ends of Windows", "a=1 rootwait\r\n", true, `a=1 rootwait ${MEMORY}\n`],
  [
    "line ends of Windows on a load balancer: the last word would end with one",
    "a=1 rootwait\r\n",
    false,
    "a=1 rootwait\n",
  ],
  ["a mark of Windows at the beginning", "\uFEFFa=1\n", false, "a=1\n"],
  ["more lines stay, and only the first is patched", "a=1\nb=2\nc=3\n", true, `a=1 ${MEMORY}\nb=2\nc=3\n`],
  ["an empty first line goes: the firmware reads no other", "\n\na=1\n", false, "a=1\n"],
  ["what switches it off goes", "cgroup_disable=memory a=1\n", true, `a=1 ${MEMORY}\n`],
  ["Imager 2", "a=1 ds=nocloud;i=rpi-imager-1764000000000", false, "a=1\n"],
  [
    "Imager 1",
    "a=1 systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n",
    false,
    "a=1\n",
  ],
  [
    "a systemd.unit of somebody else stays",
    "a=1 systemd.unit=rescue.target\n",
    false,
    "a=1 systemd.unit=rescue.target\n",
  ],
  ["a parameter with a dot and quotes stays", 'a.b="c d" ds=nocloud;s=/x/\n', false, 'a.b="c d"\n'],
] as const) {
  test(`cmdline.txt: ${what}`, () => {
    const patched = patchCmdline(text, memory);
    assert.equal(patched?.text, expected);
    assert.deepEqual(patchCmdline(expected, memory)?.text, expected, "the second time changes nothing");
  });
}

test("cmdline.txt: what was done is said", () => {
  const patched = patchCmdline("\r\na ds=nocloud;i=1 \r\nb\r\n", true);
  assert.deepEqual(patched?.added, MEMORY.split(" "));
  assert.deepEqual(patched?.removed, ["ds=nocloud;i=1"]);
  assert.equal(patched?.notes.length, 3);
  for (const empty of ["", "\n", " \r\n", "\uFEFF"]) assert.equal(patchCmdline(empty, true), null);
});

test("who wrote the seed: the image, an Imager of either kind, or Quorate for a machine", () => {
  assert.deepEqual(earlierSeed(PI_OS), { by: "image" });
  assert.deepEqual(earlierSeed(UBUNTU), { by: "image" });
  const imager = bootFiles({
    label: "bootfs",
    "user-data": "#cloud-config\n",
    "meta-data": "instance-id: rpi-imager-1764000000000\n",
  });
  assert.deepEqual(earlierSeed(imager), { by: "imager" });
  assert.deepEqual(earlierSeed(bootFiles({ "cmdline.txt": "a ds=nocloud;i=rpi-imager-17" })), {
    by: "imager",
  });
  assert.deepEqual(earlierSeed(bootFiles({ "firstrun.sh": "#!/bin/sh\n" })), { by: "imager" });
  const ours = {
    "meta-data": "# x\ninstance-id: quorate-lb-1-0123456789ab\n",
    "user-data": "#cloud-config\n    CLUSTER='home'\n",
  };
  const expected = { by: "quorate", node: "lb-1", cluster: "home", state: null, scrubbed: false };
  assert.deepEqual(earlierSeed(bootFiles(ours)), expected);
  const booted = bootFiles({ ...ours, "user-data": SCRUBBED, "quorate-status.txt": READY });
  assert.deepEqual(earlierSeed(booted), {
    ...expected,
    node: "server-1",
    cluster: null,
    state: "ready",
    scrubbed: true,
  });
});

const own = (more: Readonly<Record<string, string>> = {}) =>
  bootFiles({
    ...Object.fromEntries(PI_OS.texts),
    label: "bootfs",
    "config.txt": "",
    "meta-data": "instance-id: quorate-server-1-0123456789ab\n",
    ...more,
  });
const seedDisk = bootFiles({ label: "CIDATA" });
for (const [what, files, machine, expected, next] of [
  ["a stock card", PI_OS, PI, null],
  ["Ubuntu's stock card", UBUNTU, node("server-1", "ubuntu"), null],
  ["an empty folder", bootFiles({}), PI, null],
  ["an empty seed disk", seedDisk, node("server-1", "debian"), null],
  ["a seed disk for Raspberry Pi OS", seedDisk, PI, /reads nothing but its own boot partition/, /bootfs/],
  [
    "an empty card",
    bootFiles({ label: "NO NAME" }),
    PI,
    /there is no image on this card/,
    /flash one first: take Raspberry Pi OS/,
  ],
  [
    "no cloud-init",
    bootFiles({ label: "bootfs", "cmdline.txt": "" }),
    PI,
    /this image has no cloud-init/,
    /take Raspberry Pi OS \(Trixie\)/,
  ],
  ["the root file system", bootFiles({ etc: "", usr: "" }), PI, /the system's own partition/, /--list/],
  ["pictures", bootFiles({ "a.jpg": "" }), PI, /not empty: it holds a\.jpg/, /--list/],
  [
    "the folder above the partitions",
    bootFiles({ bootfs: "", rootfs: "" }),
    PI,
    /it holds bootfs and rootfs/,
    /name the boot partition in it: \/media\/card\/bootfs$/,
  ],
  [
    "Ubuntu for a machine with Raspberry Pi OS",
    UBUNTU,
    PI,
    /is Ubuntu for Raspberry Pi, and server-1 has os raspberry-pi-os/,
    /flash Raspberry Pi OS on this card, or write "os": "ubuntu"/,
  ],
  ["a Pi's image for Debian", PI_OS, node("server-1", "debian"), /has os debian/, /flash Debian/],
  [
    "settings that are put in force beside cloud-init",
    own({ "rpi-preseed.toml": "" }),
    PI,
    /rpi-preseed\.toml/,
    /answer No/,
  ],
  ["the same machine's card, not booted", own(), PI, null],
  [
    "the same machine's card, not yet ready",
    own({ "quorate-status.txt": statusFile("server-1", "waiting") }),
    PI,
    null,
  ],
  [
    "the same machine's card, failed after it had been ready",
    own({ "user-data": SCRUBBED, "quorate-status.txt": statusFile("server-1", "failed") }),
    PI,
    null,
  ],
  [
    "a running machine's card",
    own({ "user-data": SCRUBBED, "quorate-status.txt": READY }),
    PI,
    /belongs to a running cluster/,
    /put it back.*flash the image again/,
  ],
  [
    "a running machine's card, its status lost",
    own({ "user-data": SCRUBBED }),
    PI,
    /belongs to a running cluster/,
    /flash the image again/,
  ],
  [
    "another machine's card",
    own(),
    node("server-2", "raspberry-pi-os"),
    /this is the card of server-1, not of server-2/,
    /is it the right card\?/,
  ],
  [
    "the card of another cluster's machine",
    own({ "user-data": "#cloud-config\n    CLUSTER=other\n" }),
    PI,
    /server-1 of the cluster other/,
    /flash the image again/,
  ],
] as const) {
  test(`${expected === null ? "written" : "refused"}: ${what}`, () => {
    const refused = refusal(files, machine, cluster.name, "/media/card");
    if (expected === null) return assert.equal(refused, null);
    assert.match(refused?.message ?? "", expected);
    assert.match(refused?.next ?? "", next ?? /./);
  });
}

test("meta-data comes last, user-data before it, and what they count on first", () => {
  const paths = cardContents(PI_OS, PI, SEED)?.changes.map(({ path }) => path);
  assert.deepEqual(paths, ["network-config", "cmdline.txt", "ssh", "user-data", "meta-data"]);
  const newUbuntu = bootFiles({
    ...Object.fromEntries(UBUNTU.texts),
    label: "system-boot",
    "current/cmdline.txt": "b\n",
  });
  assert.deepEqual(
    cardContents(newUbuntu, node("server-1", "ubuntu"), SEED)?.changes.map(({ path }) => path),
    ["network-config", "cmdline.txt", "current/cmdline.txt", "user-data", "meta-data"],
  );
  assert.deepEqual(
    cardContents(PI_OS, node("lb-1", "raspberry-pi-os"), SEED)?.changes.map(({ path }) => path),
    ["network-config", "ssh", "user-data", "meta-data"],
    "HAProxy needs no memory control group",
  );
  assert.deepEqual(
    cardContents(bootFiles({}), PI, SEED)?.changes.map(({ path }) => path),
    ["network-config", "user-data", "meta-data"],
  );
  assert.equal(cardContents(bootFiles({ "cmdline.txt": "\n" }), PI, SEED), null);
});

test("a card that has it all gets nothing", () => {
  const contents = cardContents(PI_OS, PI, SEED);
  const texts = {
    ...Object.fromEntries(PI_OS.texts),
    ...Object.fromEntries((contents?.changes ?? []).map(({ path, text }) => [path, text])),
  };
  assert.deepEqual(cardContents(bootFiles({ ...texts, label: "bootfs" }), PI, SEED)?.changes, []);
});

test("quorate-status.txt is read, cut ones and others are not, and no secret comes through", () => {
  const status = parseStatusFile(
    statusFile("server-1", "waiting", `K10${"a".repeat(64)}::server:${"b".repeat(64)}`),
  );
  assert.equal(status?.name, "server-1");
  assert.equal(status?.state, "waiting");
  assert.equal(status?.next, "nothing; it goes on by itself");
  assert.deepEqual(status?.events.slice(0, 1), ["2026-11-25T20:00:00 seed: working"]);
  assert.doesNotMatch(JSON.stringify(status), /b{20}/);
  for (const other of ["", "hello", "Written by quorate-node on server-1, for"])
    assert.equal(parseStatusFile(other), null);
  assert.equal(parseStatusFile(READY.replaceAll("\n", "\r\n"))?.state, "ready");
});

test("a status with control characters cannot move the cursor", () => {
  const status = parseStatusFile(statusFile("server-1", "waiting", "\u001b[2J"));
  assert.ok(!status?.error.includes("\u001b"));
});
