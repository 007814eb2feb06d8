// Invariant 5, never two quorate clusters: whatever cards boot in whatever order, with whatever machines off.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { labRecord, labSeed, type SeedChoice } from "./cluster.ts";
import { labCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { REAL_ARTIFACTS } from "./needs.ts";
import { clusterUid, forget, hasData, statusOf, stays, untilReady, untilStatus } from "./observe.ts";
import { openMirror } from "./release.ts";

const READY_MS = 180_000;
/** Long enough for several rounds of asking everybody. */
const LOOK_MS = 8000;

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let servers: readonly [Machine, Machine, Machine];
const watch = (body: (t: import("node:test").TestContext) => Promise<void>) => watched(() => lab, body);

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  const {
    nodes,
    cluster: identity,
    ...more
  } = {
    cluster: { name: "lab" },
    nodes: [1, 2, 3].map((number) => ({
      name: `server-${number}`,
      role: "server",
      address: `10.88.0.${10 + number}`,
      disk: "ssd",
    })),
  };
  // Without a load balancer: the registration address is the first server's, which is the harder case.
  cluster = labCluster("sample", lab.key.publicKey, { ...more, nodes, cluster: identity });
  servers = [0, 1, 2].map((index) => {
    const node = cluster.nodes[index] as Node;
    return lab.machine(node.name, labSeed(cluster, node));
  }) as unknown as typeof servers;
});

after(async () => {
  await mirror.close();
  await lab.close();
});

/** A new card and an empty disk. `mayFound`: as on the oldest card, from before the cluster was recorded. */
function reflash(machine: Machine, options: SeedChoice = {}): void {
  const node = cluster.nodes.find(({ name }) => name === machine.name) as Node;
  machine.reflash(labSeed(cluster, node, { mayFound: false, ...options }));
}

const waits = ({ state, step }: { state: string; step: string }) => step === "server" && state === "waiting";

/** It comes to the point of deciding, and then stays there without data. */
async function waitsWithoutData(machine: Machine, reason: RegExp): Promise<void> {
  await untilStatus(
    machine,
    `waiting: ${reason.source}`,
    READY_MS,
    (status) => waits(status) && reason.test(status.waitingFor),
  );
  const last = await stays(machine, "waiting", LOOK_MS, waits);
  assert.match(last.waitingFor, reason);
  assert.ok(last.next.length > 10);
  assert.equal(await hasData(machine), false, `${machine.name} has data`);
}

async function oneCluster(machines: readonly Machine[]): Promise<string> {
  const [first, ...others] = await Promise.all(machines.map(clusterUid));
  for (const other of others) assert.equal(other, first);
  return first ?? "";
}

async function offAll(): Promise<void> {
  await Promise.all(servers.map((server) => server.powerOff()));
}

describe("never two", { concurrency: false }, () => {
  test(
    "two blank servers without the first wait for it",
    watch(async () => {
      const [, two, three] = servers;
      await Promise.all([two.powerOn(), three.powerOn()]);
      await Promise.all(
        [two, three].map((server) => waitsWithoutData(server, /no server of the cluster answers/)),
      );
      await Promise.all([two.powerOff(), three.powerOff()]);
    }),
  );

  test(
    "the oldest card of the first server, alone, waits; when a second is there the two found, and the third joins",
    watch(async () => {
      const [one, two, three] = servers;
      await one.powerOn();
      await waitsWithoutData(one, /^1 of 3 servers present; the cluster is founded when 2 are/);
      await two.powerOn();
      await untilReady([one, two], READY_MS);
      await three.powerOn();
      await untilReady(servers, READY_MS);
      await oneCluster(servers);
      for (const server of servers) {
        assert.equal((await server.run("ls /etc/quorate/may-found")).status, 2, "nobody may found any more");
      }
    }),
  );

  test(
    "the first server flashed again with its oldest card: waits alone, waits beside one that has data, joins when it is replaced",
    watch(async () => {
      const [one, two, three] = servers;
      const before = await clusterUid(two);
      await offAll();
      reflash(one, { mayFound: true });
      await one.powerOn();
      await waitsWithoutData(one, /^1 of 3 servers present/);
      await two.powerOn();
      await waitsWithoutData(
        one,
        /another server has the data of a cluster: server-2|cannot say yet whether there is a cluster/,
      );
      await three.powerOn();
      // The old server-1 still counts.
      await untilReady([two, three], READY_MS, 3);
      await waitsWithoutData(one, /still counts an older server-1 as a member with a vote/);
      await forget(two, "server-1");
      await untilReady(servers, READY_MS);
      assert.equal(await oneCluster(servers), before, "it is the old cluster");
    }),
  );

  test(
    "a server flashed again whose data disk is missing waits for the disk, and starts with the disk's data",
    watch(async () => {
      const [one, two, three] = servers;
      const before = await clusterUid(one);
      // A disk of its own for K3s: here a folder that is mounted, or not.
      await three.must("systemctl stop k3s && mkdir -p /srv/disk && cp -a /var/lib/rancher/. /srv/disk/");
      await three.must("tar -C /srv -cf /boot/firmware/disk.tar disk");
      const kept = readFileSync(join(three.bootPartition, "disk.tar"));
      await three.powerOff();
      reflash(three);
      appendFileSync(
        join(three.disk, "etc/fstab"),
        "/srv/disk /var/lib/rancher none bind,noauto,nofail 0 0\n",
      );
      await three.powerOn();
      await waitsWithoutData(three, /the data disk of \/etc\/fstab is not mounted: \/var\/lib\/rancher/);
      assert.match(
        (await three.run("systemctl start k3s; journalctl -u k3s -n 5 -o cat --no-pager")).stdout,
        /guard: \/var\/lib\/rancher is not mounted/,
      );
      writeFileSync(join(three.bootPartition, "disk.tar"), kept);
      await three.must(
        "systemctl stop k3s; mkdir -p /var/lib/rancher; tar -C /srv -xf /boot/firmware/disk.tar && mount /var/lib/rancher",
      );
      await untilReady([one, two, three], READY_MS);
      assert.equal(await oneCluster(servers), before);
    }),
  );

  test(
    "a card with another secret is refused by the cluster and says so; the right card joins",
    watch(async () => {
      const [one, two, three] = servers;
      await three.powerOff();
      await forget(one, "server-3");
      reflash(three, { root: new Uint8Array(32).fill(7), mayFound: true });
      await three.powerOn();
      const stopped = await untilStatus(
        three,
        "stopped",
        READY_MS,
        ({ state, step }) => step === "server" && state === "failed",
      );
      assert.match(stopped.error, /does not take this card's server token/);
      assert.match(stopped.next, /write this card again/);
      assert.equal(await hasData(three), false);
      // Another cluster's certificate: known where the token carries the hash of the right one.
      await three.must("printf 'K10%064d::server:%064d\\n' 1 1 >/etc/rancher/k3s/server-token");
      await untilStatus(three, "stopped at a foreign cluster", READY_MS, ({ error }) =>
        /another cluster answers/.test(error),
      );
      await three.powerOff();
      // The right card of a recorded cluster: its token names the cluster's certificates.
      reflash(three, { record: await labRecord(cluster, one) });
      await three.powerOn();
      await untilReady([one, two, three], READY_MS);
      assert.match(await three.must("cat /etc/rancher/k3s/server-token"), /^K10[0-9a-f]{64}::server:/);
      await oneCluster(servers);
    }),
  );

  test(
    "a majority flashed again: waits while the third with its data is there, founds anew only without it, and then the old one is never quorate",
    watch(async () => {
      const [one, two, three] = servers;
      const before = await clusterUid(three);
      await offAll();
      reflash(one, { mayFound: true });
      reflash(two);
      await Promise.all(servers.map((server) => server.powerOn()));
      await waitsWithoutData(
        one,
        /another server has the data of a cluster: server-3|cannot say yet whether there is a cluster/,
      );
      assert.equal(await hasData(two), false);
      await three.powerOff();
      // They have heard of it since they were switched on, so they go on waiting for it.
      await waitsWithoutData(
        one,
        /server-3, which answered since this machine was switched on and is silent now/,
      );
      await Promise.all([one.powerOff(), two.powerOff()]);
      await Promise.all([one.powerOn(), two.powerOn()]);
      await untilReady([one, two], READY_MS);
      const anew = await oneCluster([one, two]);
      assert.notEqual(anew, before);
      await three.powerOn();
      const old = await untilStatus(three, "without a majority", READY_MS, ({ waitingFor }) =>
        /a majority of the servers/.test(waitingFor),
      );
      assert.equal(old.voters, 0);
      assert.equal(
        (await three.run("k3s kubectl get namespace kube-system -o json", { timeoutMs: 40_000 })).status,
        1,
        "its API answers nobody",
      );
      assert.equal(await oneCluster([one, two]), anew);
    }),
  );

  test(
    "cards of two revisions with different first servers: one cluster",
    watch(async () => {
      const [one, two, three] = servers;
      await offAll();
      reflash(one, { mayFound: true });
      reflash(two, { mayFound: true });
      reflash(three);
      // The third later: each of the two candidates has promised itself by then, and one of them has to give way.
      await Promise.all([one.powerOn(), two.powerOn()]);
      await one.booted();
      await three.powerOn();
      await untilReady(servers, READY_MS);
      await oneCluster(servers);
      assert.ok((await Promise.all(servers.map(statusOf))).every((status) => status?.members === 3));
    }),
  );

  // The controller of the stand-in is ours, and proves nothing about K3s'.
  if (REAL_ARTIFACTS !== undefined) {
    test(
      "K3s takes the member of a deleted node out of etcd, and a retired server does not come back",
      watch(async () => {
        const [one, , three] = servers;
        await three.must("quorate-node retire");
        if ((await one.must("k3s kubectl get node server-3 --ignore-not-found -o name")) === "") {
          // Without a kubelet nobody has made the node by which K3s knows its member.
          const [name = ""] = /server-3-[0-9a-f]{8}/.exec(await membersText(one)) ?? [];
          const etcd = "etcd.k3s.cattle.io";
          const metadata = {
            name: "server-3",
            labels: { "node-role.kubernetes.io/etcd": "true" },
            annotations: { [`${etcd}/node-name`]: name, [`${etcd}/node-address`]: "10.88.0.13" },
          };
          const node = JSON.stringify({ apiVersion: "v1", kind: "Node", metadata });
          await one.must(`printf '%s' '${node}' | k3s kubectl create -f -`);
          // Its controller has to see it before it can hold it back.
          await sleep(10_000);
        }
        await one.must("k3s kubectl delete node server-3 --timeout=90s", { timeoutMs: 120_000 });
        assert.doesNotMatch(await membersText(one), /server-3-/);
        await sleep(30_000);
        assert.doesNotMatch(await membersText(one), /server-3-/, "it has not joined again");
        assert.equal((await three.run("systemctl is-active k3s")).stdout.trim() === "active", false);
      }),
    );
  }
});

/** What etcd counts, as K3s tells it. */
function membersText(on: Machine): Promise<string> {
  return on.must("curl -sk https://127.0.0.1:6443/db/info");
}
