// What goes wrong around a machine: its status says what and what to do, nothing half-installed runs, and it recovers.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeSeed } from "../../generator/cards/seed.ts";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { publicText } from "../../generator/model/files.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { labSeed } from "./cluster.ts";
import { labCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import { until } from "./command.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { type Status, statusOf, untilStatus } from "./observe.ts";
import { openMirror } from "./release.ts";

const STEP_MS = 90_000;

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let server: Machine;
const watch = (body: (t: import("node:test").TestContext) => Promise<void>) => watched(() => lab, body);

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  // One server: it founds alone, so everything that holds it up is the fault of the test.
  cluster = labCluster("sample", lab.key.publicKey, {
    cluster: { name: "lab" },
    nodes: [{ name: "server-1", role: "server", address: "10.88.0.11", disk: "ssd" }],
  });
  server = lab.machine("server-1", labSeed(cluster, cluster.nodes[0] as Node));
});

after(async () => {
  await mirror.close();
  await lab.close();
});

/** Waits for a status that says `error`, and checks that it names a next action and that no K3s runs. */
async function says(error: RegExp, next: RegExp): Promise<Status> {
  const status = await untilStatus(server, `saying ${error.source}`, STEP_MS, (seen) =>
    error.test(`${seen.waitingFor} ${seen.error}`),
  );
  assert.match(status.next, next);
  assert.equal(
    (await server.run("systemctl is-active k3s")).stdout.trim(),
    "inactive",
    "nothing half-installed runs",
  );
  return status;
}

describe("faults around one server", { concurrency: false }, () => {
  test(
    "a public copy on a card is refused: it has no secrets",
    watch(async () => {
      const seed = nodeSeed(cluster, cluster.nodes[0] as Node, readTemplates(), (ref) => publicText([ref]), {
        mayFound: true,
      });
      server.reflash(seed);
      await server.powerOn();
      await says(/this is the public copy, without its secrets/, /npx quorate card/);
      assert.match(readFileSync(join(server.bootPartition, "quorate-status.txt"), "utf8"), /public copy/);
      assert.match(await server.must("cat /run/issue.d/quorate.issue"), /quorate: server-1: seed: failed/);
      await server.powerOff();
      server.reflash(labSeed(cluster, cluster.nodes[0] as Node));
    }),
  );

  test(
    "the mirror is off",
    watch(async () => {
      await mirror.behave("down");
      await server.powerOn();
      await says(/nothing answers at mirror\.lab/, /check that it is on/);
    }),
  );

  test(
    "the name server is broken",
    watch(async () => {
      await server.must("cp /etc/hosts /run/hosts.good && grep -v mirror.lab /run/hosts.good >/etc/hosts");
      await mirror.behave("good");
      await says(/the name mirror\.lab cannot be resolved/, /network\.dns/);
      await mirror.behave("corrupt");
      await server.must("cat /run/hosts.good >/etc/hosts");
    }),
  );

  test(
    "the binary has another checksum than its release says: it is not installed",
    watch(async () => {
      await says(/does not have the checksum of its release/, /check who changed it/);
      assert.equal((await server.run("ls /usr/local/bin/k3s")).status, 2);
    }),
  );

  test(
    "the disk is full",
    watch(async () => {
      await mirror.behave("good");
      // As small as a full one. A disk of its own, for the machine's real one is this computer's.
      await server.must("mount -t tmpfs -o size=64k,mode=755 tmpfs /usr/local/bin");
      await says(/the disk is full: \d+ kB left on \/usr\/local\/bin/, /free some space/);
      await server.must("umount -l /usr/local/bin");
    }),
  );

  test(
    "the mirror is slow, and breaks off: the download goes on where it stopped",
    watch(async () => {
      const asked = mirror.requests().length;
      const downloads = (line: string, at: number) => at >= asked && line.endsWith("/k3s 200");
      await mirror.behave("slow");
      await until("a download of the binary", STEP_MS, () => mirror.requests().some(downloads) || undefined);
      await sleep(1500);
      const status = await statusOf(server);
      assert.equal(status?.step, "k3s");
      assert.equal(
        (await server.run("ls /usr/local/bin/k3s")).status,
        2,
        "nothing is there before it is whole",
      );
      await mirror.behave("fail");
      await mirror.behave("down");
      await says(/nothing answers at mirror\.lab/, /check that it is on/);
      await server.must("echo no >/etc/lab/clock");
      await mirror.behave("good");
    }),
  );

  test(
    "the clock is not synchronised, and in 1970: it neither founds nor joins",
    watch(async () => {
      await server.must("echo 12345 >/etc/lab/epoch");
      const goesOn = () => mirror.requests().some((line) => /\/k3s \d+ bytes=[1-9]/.test(line)) || undefined;
      await until("a download that goes on where it broke off", STEP_MS, goesOn);
      await says(/the clock is not synchronised/, /time server/);
      await server.must("rm /etc/lab/epoch; echo yes >/etc/lab/clock");
    }),
  );

  test(
    "when all causes are gone it founds its cluster by itself",
    watch(async () => {
      await untilStatus(server, "ready", STEP_MS, ({ state, voters }) => state === "ready" && voters === 1);
      assert.equal((await server.must("systemctl is-enabled k3s")).trim(), "enabled");
    }),
  );

  test(
    "a server whose data is gone does not start K3s by itself, and an empty token never starts it",
    watch(async () => {
      await server.must(
        "systemctl stop k3s; mv /var/lib/rancher/k3s/server/db /var/lib/rancher/k3s/server/db.gone",
      );
      const tried = async () =>
        (
          await server.run(
            "systemctl start --no-block k3s; sleep 2; journalctl -u k3s -n 12 -o cat --no-pager; systemctl stop k3s",
          )
        ).stdout;
      assert.match(await tried(), /quorate guard: no data of a cluster/);
      await server.must(
        "mv /var/lib/rancher/k3s/server/db.gone /var/lib/rancher/k3s/server/db; cp /etc/rancher/k3s/server-token /run/token; : >/etc/rancher/k3s/server-token",
      );
      assert.match(await tried(), /quorate guard: .*server-token is empty/);
      await server.must("cat /run/token >/etc/rancher/k3s/server-token; quorate-node converge");
      const status = await statusOf(server);
      assert.deepEqual([status?.state, status?.voters], ["ready", 1]);
    }),
  );

  test(
    "no memory control group: cmdline.txt gets its one line patched, once, and one reboot; never a second",
    watch(async () => {
      const cmdline = join(server.bootPartition, "cmdline.txt");
      const before = readFileSync(cmdline, "utf8");
      await server.powerOff();
      server.reflash(labSeed(cluster, cluster.nodes[0] as Node));
      // No kernel here is without one: a drop-in hides it from the program, as the firmware of a Pi does.
      const dropIn = join(server.disk, "etc/systemd/system/quorate-node.service.d");
      await import("node:fs").then(({ mkdirSync }) => mkdirSync(dropIn, { recursive: true }));
      writeFileSync(
        join(dropIn, "lab.conf"),
        "[Service]\nTemporaryFileSystem=/sys/fs/cgroup\nBindReadOnlyPaths=/dev/null:/proc/cgroups\n",
      );
      await server.powerOn();
      const failed = await untilStatus(
        server,
        "stopped after its one reboot",
        STEP_MS,
        ({ step, state }) => step === "memory" && state === "failed",
      );
      assert.match(failed.error, /although .*cmdline\.txt asks for it/);
      const [line = "", ...rest] = readFileSync(cmdline, "utf8").split("\n");
      assert.equal(line, `${before.split("\n")[0]?.trimEnd()} cgroup_enable=memory cgroup_memory=1`);
      assert.deepEqual(rest, before.split("\n").slice(1), "the line stays one line");
      const boots = (await server.must("journalctl --list-boots --no-pager -q 2>/dev/null | wc -l")).trim();
      assert.match(boots, /^[12]$/);
      await sleep(5000);
      assert.equal((await statusOf(server))?.step, "memory", "it does not boot again and again");
    }),
  );
});
