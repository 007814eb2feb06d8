// The full cluster, every machine of it losing its power at random moments of its first boot; then its ingress, agent and vip.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { chance } from "./chance.ts";
import { labRecord, labSeed, makeCluster } from "./cluster.ts";
import { labCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { clusterUid, httpStatus, statusOf, untilReady, untilStatus } from "./observe.ts";
import { lacking } from "./needs.ts";
import { openMirror } from "./release.ts";

const READY_MS = 240_000;
const VIP = "10.88.0.10";
/** Of each machine; six machines make twelve. */
const CUTS = 2;
/** A first boot is over about now, on an idle computer. */
const FIRST_BOOT_MS = 16_000;

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let machines: readonly Machine[];
const watch = (body: (t: import("node:test").TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  cluster = labCluster("full", lab.key.publicKey);
  machines = makeCluster(lab, cluster);
});

after(async () => {
  await mirror.close();
  await lab.close();
});

describe("the full cluster: three servers, an agent and two load balancers", { concurrency: false }, () => {
  test(
    "Resumable: the power fails at twelve random moments of first boot, and every machine ends as it should",
    watch(async (t) => {
      const random = chance("power-cuts");
      await Promise.all(
        machines.map(async (machine) => {
          const moments: string[] = [];
          for (let cut = 0; cut < CUTS; cut++) {
            await machine.powerOn();
            const moment = random() * FIRST_BOOT_MS;
            await sleep(moment);
            const { stdout } = await machine
              .run(
                "ls /etc/quorate 2>/dev/null | wc -l; [ -e /var/lib/quorate/seeded ] && echo seeded; cut -d: -f1 /run/quorate/events 2>/dev/null | tail -n 1",
              )
              .catch(() => ({ stdout: "" }));
            await machine.powerOff();
            moments.push(`${(moment / 1000).toFixed(1)} s (${stdout.trim().replaceAll(/\s+/g, " ")})`);
          }
          t.diagnostic(`${machine.name}: cut at ${moments.join(", ")}`);
          await machine.powerOn();
        }),
      );
      await untilReady(machines, READY_MS);
      const servers = machines.filter(({ name }) => name.startsWith("server"));
      assert.equal(new Set(await Promise.all(servers.map(clusterUid))).size, 1);
      for (const machine of machines) {
        assert.equal((await machine.must("hostname")).trim(), machine.name);
        const { stdout } = await machine.run(
          "dpkg --audit; systemctl --failed --no-legend --plain | grep -v systemd-modules",
        );
        assert.equal(stdout, "", machine.name);
        const files = await machine.must(
          "awk '$3 ~ /^\\// { print $3 }' /etc/quorate/files | xargs ls -d | wc -l",
        );
        assert.ok(Number(files) > 8, machine.name);
      }
      if (lacking("nodes") !== false) return;
      const nodes = await (servers[0] as Machine).must("k3s kubectl get nodes -o name");
      assert.deepEqual(nodes.trim().split("\n").toSorted(), [
        "node/agent-1",
        "node/server-1",
        "node/server-2",
        "node/server-3",
      ]);
    }),
  );

  test(
    "exactly one load balancer holds the vip, and when it loses its power the other one does",
    watch(async (t) => {
      const balancers = [named("lb-1"), named("lb-2")];
      const holders = async () =>
        (await Promise.all(balancers.map(statusOf))).map((status) => status?.vip === true);
      const before = await holders();
      assert.equal(before.filter(Boolean).length, 1, String(before));
      const holder = balancers[before.indexOf(true)] as Machine;
      const other = balancers[before.indexOf(false)] as Machine;
      await holder.powerOff();
      const cut = performance.now();
      await untilStatus(other, "the holder of the vip", 20_000, ({ vip }) => vip);
      t.diagnostic(`the vip was seen on ${other.name} after ${Math.round(performance.now() - cut)} ms`);
      assert.equal(await httpStatus(`https://${VIP}:6443/readyz`), "401");
      await holder.powerOn();
      await untilStatus(holder, "ready", READY_MS, ({ state }) => state === "ready");
      await sleep(3000);
      assert.equal((await holders()).filter(Boolean).length, 1, "it does not take the vip back");
    }),
  );

  test(
    "an agent that is flashed again is back without help",
    { skip: lacking("agent") },
    watch(async () => {
      const agent = named("agent-1");
      await agent.powerOff();
      const record = await labRecord(cluster, named("server-1"));
      agent.reflash(
        labSeed(cluster, cluster.nodes.find(({ name }) => name === "agent-1") as Node, { record }),
      );
      await agent.powerOn();
      await untilStatus(agent, "ready", READY_MS, ({ state }) => state === "ready");
      assert.match(await agent.must("cat /etc/rancher/k3s/agent-token"), /^K10[0-9a-f]{64}::node:/);
      const said = await agent.must("journalctl -u k3s-agent -o cat --no-pager");
      assert.match(said, /Starting k3s/);
      assert.doesNotMatch(said, /Node password rejected/);
      assert.equal(
        (await agent.must("systemctl is-active k3s-agent && systemctl is-enabled k3s-agent")).trim(),
        "active\nenabled",
      );
    }),
  );

  test(
    "with every load balancer off, an agent joins through a server, and is back to the registration address afterwards",
    { skip: lacking("agent") },
    watch(async () => {
      const agent = named("agent-1");
      const balancers = [named("lb-1"), named("lb-2")];
      await Promise.all([...balancers, agent].map((machine) => machine.powerOff()));
      agent.reflash(labSeed(cluster, cluster.nodes.find(({ name }) => name === "agent-1") as Node));
      await agent.powerOn();
      await untilStatus(agent, "ready", READY_MS, ({ state }) => state === "ready");
      assert.match(await agent.must("journalctl -u quorate-node -o cat --no-pager"), /through server-\d/);
      assert.match(
        await agent.must("cat /etc/rancher/k3s/config.yaml"),
        /^server: https:\/\/10\.88\.0\.10:6443$/m,
      );
      assert.equal(
        (await agent.run("ls /run/systemd/system/k3s-agent.service.d/quorate-runtime.conf")).status,
        2,
      );
      await Promise.all(balancers.map((machine) => machine.powerOn()));
      await untilReady(machines, READY_MS);
    }),
  );
});
