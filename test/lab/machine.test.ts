// The lab proves itself: what the other tests of this folder take for granted of its machines, cables and power switches.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Seed } from "../../generator/cards/seed.ts";
import { chance } from "./chance.ts";
import { command, mustRun, type Result, until } from "./command.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import { LABS, labFile, PROJECT } from "./paths.ts";

const BOOT_MS = 60_000;

let lab: Lab;
let keys: string;
let one: Machine;
let two: Machine;
const watch = (body: () => Promise<void>) => watched(() => lab, body);

before(async () => {
  lab = await startLab();
  keys = mkdtempSync(join(tmpdir(), "quorate-keys-"));
  mustRun("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(keys, "host"));
  [one, two] = [lab.machine("one", seed("one", "10.88.1.1")), lab.machine("two", seed("two", "10.88.1.2"))];
});

after(async () => {
  await lab.close();
  rmSync(keys, { recursive: true, force: true });
});

/** A seed of the lab's own, as small as it gets: a name, a login, a host key, an address, and a trace of each first boot. */
function seed(name: string, address: string, instance = `${name}-1`): Seed {
  const read = (file: string) => readFileSync(join(keys, file), "utf8");
  const user = {
    hostname: name,
    manage_etc_hosts: "localhost",
    users: [{ name: "ops", shell: "/bin/bash", lock_passwd: true, ssh_authorized_keys: [lab.key.publicKey] }],
    ssh_keys: { ed25519_private: read("host"), ed25519_public: read("host.pub") },
    runcmd: [["sh", "-c", "echo ran >>/srv/ran"]],
  };
  const network = {
    version: 2,
    ethernets: {
      eth0: {
        dhcp4: false,
        dhcp6: false,
        "accept-ra": false,
        addresses: [`${address}/16`],
        routes: [{ to: "0.0.0.0/0", via: "10.88.0.1" }],
        nameservers: { addresses: ["10.88.0.1"] },
      },
    },
  };
  return {
    userData: `#cloud-config\n${JSON.stringify(user)}\n`,
    metaData: `instance-id: ${instance}\n`,
    networkConfig: JSON.stringify(network),
  };
}

/** Whether sshd answers at an address: 1 s is long on this LAN. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

async function boot(machine: Machine): Promise<number> {
  await machine.powerOn();
  return machine.booted(BOOT_MS);
}

describe("a machine of the lab", () => {
  test(
    "is set up by real cloud-init, with the address of its seed, and finds its neighbour",
    watch(async () => {
      assert.equal(one.on, false);
      const times = await Promise.all([boot(one), boot(two)]);
      assert.equal(one.on, true);
      assert.match(await one.must("cloud-init status --long"), /^status: done$/m);
      assert.equal(await one.must("hostname"), "one\n");
      assert.equal(await one.must("cat /srv/ran"), "ran\n");
      assert.match(await one.must("ip -4 -br address show eth0"), /\b10\.88\.1\.1\/16\b/);
      assert.match(await one.must("ping -c 1 -W 2 10.88.1.2"), / 0% packet loss/);
      assert.equal(await one.must("systemctl --failed --no-legend --plain"), "");
      assert.equal(await one.must("systemctl is-system-running"), "running\n");
      assert.match(one.console(), /Welcome to .*Debian GNU\/Linux 12/);
      process.stdout.write(
        `two machines booted in ${times.map((ms) => `${Math.round(ms)} ms`).join(" and ")}\n`,
      );
    }),
  );

  test(
    "shows what a card's machine has: the seed and cmdline.txt on a boot partition that everybody may read",
    watch(async () => {
      const folder = "/boot/firmware";
      assert.equal(
        await one.must(`ls -1 ${folder}`, { user: "ops" }),
        "cmdline.txt\nmeta-data\nnetwork-config\nuser-data\n",
      );
      assert.equal(await one.must(`cat ${folder}/meta-data`, { user: "ops" }), "instance-id: one-1\n");
      assert.equal(readFileSync(join(one.bootPartition, "cmdline.txt"), "utf8").split("\n").length, 2);
      assert.equal(readFileSync(join(one.disk, "etc/hostname"), "utf8"), "one\n");
    }),
  );

  test(
    "lets in over SSH whom the seed names, with the seed's host key",
    watch(async () => {
      const known = join(keys, "known_hosts");
      const options = [
        "-F",
        "none",
        "-i",
        lab.key.file,
        "-o",
        "BatchMode=yes",
        "-o",
        `UserKnownHostsFile=${known}`,
      ];
      const enter = () =>
        command("ssh", [...options, "-o", "StrictHostKeyChecking=yes", "ops@10.88.1.1", "cat; id -un"], {
          input: "sent\n",
        });
      const host = readFileSync(join(keys, "host.pub"), "utf8");
      mustRun("sh", "-c", 'printf "10.88.1.1 %s" "$1" >"$2"', "sh", host, known);
      assert.deepEqual(await enter(), { status: 0, stdout: "sent\nops\n", stderr: "" });
      const foreign = lab.key.publicKey;
      mustRun("sh", "-c", 'printf "10.88.1.1 %s\\n" "$1" >"$2"', "sh", foreign, known);
      assert.equal((await enter()).status, 255);
    }),
  );

  test(
    "runs scripts: input, logins, status, and an end to what hangs",
    watch(async () => {
      const quoted = await one.run(`cat; echo "$HOME" "$(id -un)" 'a  b' >&2; exit 7`, {
        input: "in",
        user: "ops",
      });
      assert.deepEqual(quoted, { status: 7, stdout: "in", stderr: "/home/ops ops a  b\n" });
      assert.equal((await one.run("sleep 60", { timeoutMs: 300 })).status, 137);
      assert.equal(await one.must("pgrep -x sleep || echo none"), "none\n");
      await assert.rejects(one.must("echo why >&2; false"), /one: .*status 1: why/);
    }),
  );

  test(
    "answers what a test says about its clock",
    watch(async () => {
      assert.equal(await one.must("timedatectl show -p NTPSynchronized --value"), "yes\n");
      await one.must("echo no >/etc/lab/clock; echo 17 >/etc/lab/epoch");
      assert.equal(await one.must("timedatectl show -p NTPSynchronized --value; date +%s"), "no\n17\n");
      await one.must("rm /etc/lab/clock /etc/lab/epoch");
      const seconds = Number(await one.must("date +%s"));
      assert.ok(Math.abs(seconds - Date.now() / 1000) < 10);
    }),
  );

  test(
    "installs HAProxy and keepalived from its own repository, and has no other source",
    watch(async () => {
      assert.equal((await one.run("command -v haproxy || command -v keepalived")).status, 127);
      await one.must(
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends haproxy keepalived",
        { timeoutMs: 120_000 },
      );
      assert.match(
        await one.must("haproxy -v; systemctl is-active haproxy"),
        /^HAProxy version 2\.6[^]*\nactive\n$/,
      );
      assert.match(await one.must("keepalived --version 2>&1"), /^Keepalived v2\.2/);
      assert.equal(
        await one.must("apt-get --print-uris download hostname 2>/dev/null || echo none"),
        "none\n",
      );
    }),
  );

  test(
    "hangs where it is frozen, and goes on",
    watch(async () => {
      const asks = () =>
        one.run("echo 'show info' | socat -t 1 - /run/haproxy/admin.sock", { timeoutMs: 5000 });
      assert.match((await asks()).stdout, /^Name: HAProxy$/m);
      await one.freeze("haproxy");
      assert.equal((await asks()).stdout, "");
      await one.thaw("haproxy");
      assert.match((await asks()).stdout, /^Name: HAProxy$/m);
      await assert.rejects(one.freeze("nothing-is-called-this"), /no process matches/);
    }),
  );

  test(
    "is not there while its cable is out, also after a power cut, and is there again with it in",
    watch(async () => {
      assert.equal(await answers("10.88.1.2"), true);
      two.cut();
      assert.equal(await answers("10.88.1.2"), false);
      await two.powerOff();
      await boot(two);
      assert.equal(await answers("10.88.1.2"), false);
      two.heal();
      await until("two on the network", 10_000, async () => (await answers("10.88.1.2")) || undefined);
    }),
  );

  test(
    "dies at once when the plug is pulled, and keeps its disk and its journal",
    watch(async () => {
      await one.must("echo kept >/srv/kept; systemd-cat -t lab-test echo before-the-cut");
      const begun = performance.now();
      await one.powerOff();
      assert.ok(performance.now() - begun < 5000);
      assert.equal(one.on, false);
      assert.equal(await answers("10.88.1.1"), false);
      await assert.rejects(one.run("true"), /one to be on/);
      assert.equal(readFileSync(join(one.disk, "srv/kept"), "utf8"), "kept\n");
      await boot(one);
      assert.equal(await one.must("cat /srv/kept /srv/ran"), "kept\nran\n");
      assert.match(await one.must("journalctl -t lab-test"), /before-the-cut/);
      const folder = lab.journal("one");
      assert.match(readFileSync(join(folder, "journal.txt"), "utf8"), /before-the-cut/);
      assert.match(readFileSync(join(folder, "cloud-init.log"), "utf8"), /DataSourceNoCloud/);
      rmSync(folder, { recursive: true });
    }),
  );

  test(
    "starts again by itself when it asks for a reboot",
    watch(async () => {
      const id = () => one.must("cat /proc/sys/kernel/random/boot_id");
      const before = await id();
      await one.run("systemctl reboot");
      await until("another boot", BOOT_MS, async () => {
        const answer = await id().catch(() => before);
        return answer === before ? undefined : true;
      });
      await one.booted(BOOT_MS);
      assert.equal(await answers("10.88.1.1"), true);
    }),
  );

  test(
    "is blank after a new card, and only then",
    watch(async () => {
      assert.throws(() => two.reflash(seed("two", "10.88.1.3", "two-2")), /two is on/);
      await two.powerOff();
      two.reflash(seed("two", "10.88.1.3", "two-2"));
      assert.equal(existsSync(join(two.disk, "srv/ran")), false);
      await boot(two);
      assert.equal(await two.must("cat /srv/ran"), "ran\n");
      assert.equal(await answers("10.88.1.3"), true);
      assert.equal(await answers("10.88.1.2"), false);
    }),
  );

  test(
    "boots after a power cut at any moment of its first boot",
    watch(async () => {
      await two.powerOff();
      two.reflash(seed("two", "10.88.1.3", "two-3"));
      const moment = chance("cut")() * 6000;
      process.stdout.write(`the power is cut after ${Math.round(moment)} ms\n`);
      await two.powerOn();
      await new Promise((resolve) => setTimeout(resolve, moment));
      await two.powerOff();
      await boot(two);
      assert.equal(await two.must("hostname"), "two\n");
    }),
  );
});

describe("a lab", () => {
  /** Runs a program in a second lab, inside this one; says its id, status and what it printed. */
  async function second(body: string): Promise<Result & { readonly id: string }> {
    const code = `import { startLab } from ${JSON.stringify(labFile("lab.ts"))};
const lab = await startLab();
const say = (text) => process.stdout.write(text + "\\n");
say("id=" + lab.id);
const machine = lab.machine("one", ${JSON.stringify(seed("other", "10.88.1.1"))});
${body}`;
    const node = [process.execPath, "--import", "tsx"];
    const child = spawn(
      process.execPath,
      [...node.slice(1), labFile("run.ts"), "exec", ...node, "--input-type=module", "-e", code],
      { cwd: PROJECT, stdio: ["ignore", "pipe", "pipe"] },
    );
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    const status = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 137)));
    return { status, stdout, stderr, id: /^id=(.*)$/m.exec(stdout)?.[1] ?? "" };
  }

  /** What of a lab can still be found on this computer. */
  function traces(id: string): readonly string[] {
    assert.match(id, /^[0-9a-f]{8}$/);
    const processes = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => contents(`/proc/${pid}/environ`).includes(`QUORATE_LAB_ID=${id}`));
    const groups = ["systemd", "unified", "."]
      .map((name) => join("/sys/fs/cgroup", name))
      .flatMap((top) => (existsSync(top) ? readdirSync(top) : []))
      .filter((name) => name.includes(id));
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(id));
    return [...processes, ...groups, ...mounts, ...(existsSync(join(LABS, id)) ? [join(LABS, id)] : [])];
  }

  function contents(path: string): string {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  }

  test(
    "does not collide with another one that has the same names and addresses, and leaves nothing when it closes",
    watch(async () => {
      assert.ok(traces(lab.id).length > 5);
      const { status, stdout, stderr, id } = await second(`
        await machine.powerOn();
        await machine.booted(${BOOT_MS});
        say("host=" + (await machine.must("hostname")).trim());
        await lab.close();
        const { mustRun } = await import(${JSON.stringify(labFile("command.ts"))});
        const { readFileSync } = await import("node:fs");
        say("links=" + mustRun("ip", "-br", "link").split("\\n").filter((line) => /^(v-|br)/.test(line)).length);
        say("mounts=" + readFileSync("/proc/self/mountinfo", "utf8").split("\\n").filter((line) => line.includes(lab.id)).length);
        say("nspawn=" + mustRun("ps", "-e", "-o", "comm=").split("\\n").filter((line) => line.startsWith("systemd")).length);`);
      assert.equal(status, 0, stderr);
      assert.notEqual(id, lab.id);
      assert.match(stdout, /^host=other\nlinks=0\nmounts=0\nnspawn=0$/m);
      assert.deepEqual(traces(id), []);
      assert.equal(await one.must("hostname"), "one\n");
      assert.equal(await answers("10.88.1.1"), true);
    }),
  );

  test(
    "leaves nothing when the process of its tests is killed",
    watch(async () => {
      const { status, stdout, id } = await second(`
        await machine.powerOn();
        say("on=" + machine.on);
        process.kill(process.pid, "SIGKILL");`);
      assert.equal(status, 137);
      assert.match(stdout, /^on=true$/m);
      assert.deepEqual(traces(id), []);
    }),
  );
});
