// A card from the command that writes it to the marker on the machine: real cloud-init on a kernel of its own, with the FAT
// partition of the card as its seed and nothing else.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { parseStatusFile } from "../../generator/cards/status-file.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { digestOf } from "../../generator/render/node-program.ts";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { readRootSecret } from "../../generator/secrets/root.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { command, mustRun, type Result } from "./command.ts";
import { labConfig, readCluster } from "./configs.ts";
import { LAB_VARIABLE } from "./inside.ts";
import { saveJournal } from "./journal.ts";
import type { Status } from "./observe.ts";
import { LABS, PROJECT } from "./paths.ts";
import { type Board, FIRMWARE, makeBoard } from "./qemu/board.ts";
import { copyFromFat, copyLogs, copyToFat, namesOnFat, readFat } from "./qemu/card.ts";
import { flashCard } from "./qemu/image.ts";
import { logIn, type Login } from "./qemu/login.ts";

const NAME = "lb-1";
const ADDRESS = "10.88.0.21";
/** What Raspberry Pi Imager adds when it customises a card: cloud-init believes it more than the card's own meta-data. */
const FROM_IMAGER = "ds=nocloud;i=rpi-imager-1764000000000";
/** An emulated computer on a busy one. */
const BOOT_MS = 300_000;

let folder: string;
let disk: string;
let config: string;
let cluster: Cluster;
let board: Board;
let login: Login;
/** What a second boot must leave as it is: see `TRACES`. */
let traces: string;

before(() => {
  folder = join(LABS, process.env[LAB_VARIABLE] ?? "", "card");
  mkdirSync(folder, { mode: 0o700 });
  mustRun("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", join(folder, "key"));
  config = join(folder, "cluster.config.json");
  const text = JSON.stringify(
    labConfig("sample", readFileSync(join(folder, "key.pub"), "utf8").trim(), { os: "ubuntu" }),
  );
  writeFileSync(config, text);
  cluster = readCluster(text);
  disk = join(folder, "disk.img");
  flashCard(disk);
  const cmdline = join(folder, "cmdline.txt");
  writeFileSync(cmdline, readFat(disk, "cmdline.txt")?.replace("\n", ` ${FROM_IMAGER}\n`) ?? "");
  copyToFat(disk, cmdline, "cmdline.txt");
  board = makeBoard(disk, folder, ADDRESS);
});

after(async () => {
  await board.powerOff();
  rmSync(folder, { recursive: true, force: true });
});

/** A test's body that, where it fails, saves what the machine logged and says where. */
function watch(body: (t: TestContext) => Promise<void>) {
  return async (t: TestContext): Promise<void> => {
    try {
      await body(t);
    } catch (error) {
      if (board.on) await login?.run("sudo sync").catch(() => undefined);
      copyLogs(disk, join(folder, "logs"));
      const saved = saveJournal(process.env[LAB_VARIABLE] ?? "", NAME, join(folder, "logs"), board.console());
      t.diagnostic(`${NAME}: ${saved}`);
      throw error;
    }
  };
}

/** The command as a person types it. */
function quorate(...words: readonly string[]): Promise<Result> {
  const cli = [join(PROJECT, "generator/cli.ts"), ...words, "--config", config];
  return command(process.execPath, ["--import", "tsx", ...cli], { timeoutMs: 120_000 });
}

/** The host key that the machine must have: `ssh-ed25519 BASE64`. */
function hostKey(): string {
  const generation = cluster.generations["ssh-host-key"];
  return deriveSecret(readRootSecret(config, {}), { secret: `ssh-host-key-public/${NAME}`, generation });
}

/**
 * Every host key that the machine shows to a stranger. One kind after the other: by itself ssh-keyscan opens its connections for
 * all kinds at the same moment, and through qemu's own network one of them was seen to hang for as long as it waited. A server
 * that has greeted and shown no key of a kind has none.
 */
async function scannedKeys(): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const type of ["rsa", "ecdsa", "ed25519"]) {
    for (let attempt = 1; ; attempt++) {
      const { stdout, stderr } = await command("ssh-keyscan", ["-T", "30", "-t", type, "127.0.0.1"]);
      const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      const greeted = /^# 127\.0\.0\.1:22 SSH-2\.0-/m.test(stdout + stderr);
      // An answer without the key that it must have is asked for again.
      if (lines.length > 0 || (greeted && type !== "ed25519")) {
        keys.push(...lines);
        break;
      }
      if (attempt === 4) throw new Error(`no ${type} host key was shown: ${stderr}`);
    }
  }
  return keys;
}

/** Switches the board on, waits for a login with that host key and no other, and returns the seconds since power-on. */
async function powerOn(): Promise<number> {
  const begun = performance.now();
  board.powerOn();
  login = await logIn(
    {
      who: "ops@127.0.0.1",
      host: NAME,
      key: join(folder, "key"),
      knownHosts: `${NAME} ${hostKey()}\n`,
      folder,
    },
    BOOT_MS,
    () => board.on,
  );
  return seconds(begun);
}

/** Waits for the marker and the end of cloud-init. A look is a second's work for an emulated computer: it looks itself, and seldom. */
async function untilReady(): Promise<Status> {
  const both = "grep -qsx ready /run/quorate/status && [ -e /run/cloud-init/result.json ]";
  await login.must(`sudo sh -c 'until ${both}; do sleep 3; done'`);
  assert.equal(await login.must("systemctl --failed --no-legend --plain"), "");
  return JSON.parse(await login.must("sudo quorate-node status --json")) as Status;
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}

/**
 * When cloud-init, dpkg and our program did what they did: what is done again shows. All but cloud-init's note that it has
 * fed the kernel's random numbers: it does so before our bootcmd, which takes all notes of an unfinished first boot away.
 */
const TRACES = `sudo sh -c 'stat -c "%n %y" /var/lib/cloud/instance/sem/* /etc/ssh/ssh_host_* /etc/netplan/* \\
  /home/ops/.ssh/authorized_keys /var/lib/quorate/* /etc/haproxy/haproxy.cfg /var/lib/dpkg/status |
  grep -v config_seed_random; readlink /var/lib/cloud/instance; cat /etc/machine-id'`;
const PEOPLE = "awk -F: '$3 >= 1000 && $3 < 65000 { print $1 }' /etc/passwd";

describe("a card", () => {
  test("is written into an image file by one command: the seed and the kernel's parameters, nothing else", async (t) => {
    const begun = performance.now();
    const untouched = (name: string) => {
      copyFromFat(disk, name, join(folder, "copy"));
      return mustRun("sha256sum", join(folder, "copy"));
    };
    const others = namesOnFat(disk).filter((name) => !/-data$|^network-config$|^cmdline/.test(name));
    assert.deepEqual(others, ["README", "config.txt", "initrd.img", "vmlinuz"]);
    const old = others.map(untouched);
    const { status, stdout, stderr } = await quorate("card", NAME, disk, "--offline");
    assert.equal(status, 0, stderr + stdout);
    assert.deepEqual(others.map(untouched), old);
    assert.deepEqual(
      namesOnFat(disk),
      [...others, "cmdline.txt", "meta-data", "network-config", "user-data"].toSorted(),
    );
    assert.match(readFat(disk, "user-data") ?? "", /^#cloud-config\n[^]*-----BEGIN OPENSSH PRIVATE KEY-----/);
    t.diagnostic(`written in ${seconds(begun)} s`);
  });
});

describe("a machine with a kernel of its own, at its first boot from the card", () => {
  test(
    "lets us in at its address, with the host key that the cluster's secret gives",
    watch(async (t) => {
      t.diagnostic(`a login ${await powerOn()} s after power-on`);
    }),
  );

  test(
    "has the name and the network of the config, and the kernel's parameters of the card",
    watch(async () => {
      assert.equal(await login.must("hostname; cat /etc/hostname"), `${NAME}\n${NAME}\n`);
      const addresses = await login.must("ip -o -4 address show scope global");
      assert.match(addresses, /^\d+: eth0 +inet 10\.88\.0\.21\/16 brd 10\.88\.255\.255 scope global eth0\\/m);
      assert.match(addresses, /^\d+: eth0 +inet 10\.88\.0\.10\/32 scope global eth0\\/m);
      assert.doesNotMatch(addresses, /dynamic/);
      assert.equal(addresses.trim().split("\n").length, 2);
      assert.match(
        await login.must("ip route show default"),
        /^default via 10\.88\.0\.1 dev eth0 proto static ?\n$/,
      );
      const [line = ""] = (readFat(disk, "cmdline.txt") ?? "").split("\n");
      assert.equal(await login.must("cat /proc/cmdline"), `${line} ${FIRMWARE}\n`);
      assert.match(line, /^net\.ifnames=0 .* rootwait /);
      assert.doesNotMatch(line, /ds=/);
    }),
  );

  test(
    "has the login of the config, which may become root, and none of the image's own",
    watch(async () => {
      assert.equal(await login.must("id -un; sudo -n id -un"), "ops\nroot\n");
      assert.match(await login.must("sudo passwd --status ops"), /^ops L /);
      assert.equal(await login.must(PEOPLE), "ops\n");
    }),
  );

  test(
    "reaches the marker by itself, and says so on its screen",
    watch(async (t) => {
      const begun = performance.now();
      const { applied } = await untilReady();
      t.diagnostic(`ready ${seconds(begun)} s after that`);
      assert.equal(applied, digest());
      assert.equal(await login.must("sudo cat /var/lib/quorate/applied"), `${digest()}\n`);
      assert.equal(await login.must("systemctl is-active haproxy"), "active\n");
      assert.ok(/quorate-node\[\d+\]: ready/.test(board.console()), board.console().slice(-2000));
      assert.ok(/^quorate: lb-1: ready\r?$/m.test(board.console()), "above the login prompt");
      traces = await login.must(TRACES);
    }),
  );

  test(
    "was set up by cloud-init from the FAT partition, without an error, and has no other host key",
    watch(async () => {
      assert.match(await login.must("cloud-init status --long"), /^status: done$/m);
      const result = await login.must("cat /run/cloud-init/result.json");
      assert.deepEqual(JSON.parse(result), {
        v1: { datasource: "DataSourceNoCloud [seed=/dev/vda1][dsmode=net]", errors: [] },
      });
      assert.match(
        await login.must("findmnt -n -o SOURCE,FSTYPE,LABEL /boot/firmware"),
        /^\/dev\/vda1 vfat +system-boot\n$/,
      );
      const warnings = await login.must(
        "sudo grep -E 'WARNING|ERROR|Traceback' /var/log/cloud-init.log || true",
      );
      assert.equal(warnings, "");
      assert.match(await login.must("sudo sshd -T"), /^passwordauthentication no$/m);
      // Now that cloud-init restarts sshd no more.
      assert.deepEqual(await scannedKeys(), [`127.0.0.1 ${hostKey()}`]);
      assert.equal(
        await login.must("ls /etc/ssh/ssh_host_*"),
        "/etc/ssh/ssh_host_ed25519_key\n/etc/ssh/ssh_host_ed25519_key.pub\n",
      );
      const [, id] = /^instance-id: (.*)$/m.exec(readFat(disk, "meta-data") ?? "") ?? [];
      assert.match(id ?? "", /^quorate-lb-1-[0-9a-f]{12}$/);
      assert.equal(await login.must("cat /var/lib/cloud/data/instance-id"), `${id}\n`);
    }),
  );
});

describe("the same machine, after its plug was pulled", () => {
  test(
    "has left a card without secrets, and on it where it stood",
    watch(async () => {
      login.close();
      await board.powerOff();
      const user = readFat(disk, "user-data") ?? "";
      assert.ok(/^#cloud-config\n\{\}\n\n+$/.test(user), user.slice(0, 200));
      const said = parseStatusFile(readFat(disk, "quorate-status.txt") ?? "");
      assert.equal(said?.name, NAME);
      assert.equal(said?.state, "ready");
      const told = await quorate("card", "--diagnose", disk);
      assert.equal(told.status, 0, told.stderr);
      assert.match(told.stdout, /^lb-1, .*: ready\n[^]*ready\n/);
      const again = await quorate("card", NAME, disk, "--offline");
      assert.equal(again.status, 1, again.stdout);
      assert.match(again.stderr, /the machine was ready with it/);
    }),
  );

  test(
    "comes back by itself as the same machine, and nothing is done again",
    watch(async (t) => {
      t.diagnostic(`a login ${await powerOn()} s after power-on`);
      const begun = performance.now();
      const { applied } = await untilReady();
      t.diagnostic(`ready ${seconds(begun)} s after that`);
      assert.equal(applied, digest());
      assert.match(await login.must("cloud-init status --long"), /^status: done$/m);
      assert.equal(await login.must(TRACES), traces);
      assert.equal(await login.must(PEOPLE), "ops\n");
    }),
  );

  test(
    "switches itself off when it is told to",
    watch(async () => {
      await login.run("sudo systemctl poweroff");
      await board.ended(90_000);
    }),
  );
});

/** The digest of the machine's files, as the list among them has it. */
function digest(): string {
  const node = cluster.nodes.find(({ name }) => name === NAME);
  assert.ok(node);
  return digestOf(nodeFiles(cluster, node, readTemplates()));
}
