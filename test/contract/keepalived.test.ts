// The real keepalived judges keepalived.conf, and then two of them have to pass the vip on in time.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { type Cluster, type Node, ofRole } from "../../generator/model/cluster.ts";
import { VRRP_TIMING, vrrpPriority } from "../../generator/model/timing.ts";
import { keepalivedConfig } from "../../generator/render/keepalived.ts";
import { masterDown, skew, takeover } from "../../generator/tolerance/interruption.ts";
import { makeCluster, VIP } from "../support/clusters.ts";
import { FIXTURES, fixtureCluster, TEMPLATES } from "../support/fixtures.ts";
import { type Machine, openLan, openMachine, requireNamespaces, until } from "../support/namespace.ts";
import { startHaproxy } from "../support/programs.ts";
import { requireTool } from "../support/tools.ts";

const needsKeepalived = {
  skip: requireTool("keepalived", "apt-get install keepalived") || requireNamespaces(),
};
const needsBoth = {
  skip:
    needsKeepalived.skip ||
    requireTool("haproxy", "apt-get install haproxy") ||
    requireTool("/usr/bin/curl", "apt-get install curl"),
};
/** Timers on a busy computer are late, and the one that asks is too. */
const patient = (milliseconds: number) => milliseconds * 1.5 + 500;

const clusters = [
  ...FIXTURES.map((name) => ({ name, cluster: fixtureCluster(name) })),
  { name: "three load balancers", cluster: makeCluster({ loadBalancers: 3 }) },
].filter(({ cluster }) => cluster.registration.holder === "keepalived");

test("load balancers name each other as peers, have different priorities, and never speak from the vip", () => {
  assert.ok(clusters.length >= 4);
  for (const { name, cluster } of clusters) {
    const all = ofRole(cluster, "loadbalancer");
    const texts = all.map((node) => keepalivedConfig(cluster, node, TEMPLATES));
    for (const [index, text] of texts.entries()) {
      const own = all[index]?.address;
      assert.deepEqual(
        [...text.matchAll(/^ *unicast_src_ip (.*)$/gm)].map(([, address]) => address),
        [own],
        name,
      );
      const block = /unicast_peer \{\n([^}]*)\}/.exec(text)?.[1] ?? "";
      const peers = [...block.matchAll(/^ *(\S+) min_ttl 255 max_ttl 255$/gm)].map(([, peer]) => peer);
      assert.deepEqual(
        peers,
        all.map(({ address }) => address).filter((address) => address !== own),
        name,
      );
      assert.notEqual(own, cluster.registration.address);
    }
    const values = (key: string) =>
      texts.map((text) => new RegExp(`^ *${key} (\\S+)`, "m").exec(text)?.[1] ?? "");
    assert.equal(new Set(values("priority")).size, all.length, name);
    assert.equal(new Set(values("router_id")).size, all.length, name);
    assert.deepEqual(new Set(values("virtual_router_id")), new Set([String(cluster.vrrpId)]), name);
  }
});

describe("keepalived", { concurrency: 3 }, () => {
  test(
    "the vip moves in time when keepalived stops, HAProxy dies or the power fails, and only then",
    needsBoth,
    async (t) => {
      const cluster = makeCluster({ loadBalancers: 2 });
      const lan = await openLan(t, ["10.0.0.200/16"]);
      const [one, two] = await Promise.all(
        ofRole(cluster, "loadbalancer").map((node) => openBalancer(t, lan, cluster, node)),
      );
      assert.ok(one && two);
      const keepalived = (machine: Machine) => machine.start(["keepalived", "-n", "-l", "-f", CONFIG]);
      const moves = async (why: string, to: Machine, limit: number) => {
        const start = performance.now();
        await until(
          `${why}: the vip at ${to.name}`,
          patient(limit),
          async () => (await answering(lan)) === to.name || undefined,
        );
        t.diagnostic(`${why}: ${Math.round(performance.now() - start)} ms, computed ${Math.round(limit)} ms`);
      };
      const stays = async (at: Machine, time: number) => {
        const end = performance.now() + time;
        while (performance.now() < end) assert.equal(await answering(lan), at.name);
      };
      const [priorityOne, priorityTwo] = [vrrpPriority(0), vrrpPriority(1)];

      const [, proxyTwo] = await Promise.all([startHaproxy(one, cluster), startHaproxy(two, cluster)]);
      const first = await keepalived(one);
      await moves("start", one, VRRP_TIMING.checkInterval + masterDown(priorityOne));
      await keepalived(two);
      await stays(one, masterDown(priorityTwo));

      await first.signal("TERM");
      await moves("keepalived stopped", two, skew(priorityTwo));
      await first.exited;
      await keepalived(one);
      await stays(two, VRRP_TIMING.checkInterval + masterDown(priorityOne));

      await proxyTwo.kill();
      await moves("HAProxy killed", one, takeover(priorityOne).worst);
      await startHaproxy(two, cluster);
      await stays(one, VRRP_TIMING.checkInterval * (VRRP_TIMING.checkRise + 1));

      await one.powerOff();
      await moves("power failed", two, masterDown(priorityTwo));
    },
  );

  test("keepalived -t accepts every config without a word", needsKeepalived, async (t) => {
    for (const { name, cluster } of clusters) {
      const lan = await openLan(t, []);
      for (const node of ofRole(cluster, "loadbalancer")) {
        const machine = await openBalancer(t, lan, cluster, node);
        const run = await machine.run(["keepalived", "-t", "-f", CONFIG]);
        assert.deepEqual(run, { status: 0, stdout: "", stderr: "" }, `${name}: ${node.name}`);
      }
    }
  });

  test("the holder speaks from its own address, even where that came after the vip", needsBoth, async (t) => {
    const cluster = makeCluster({ loadBalancers: 2 });
    const [node] = ofRole(cluster, "loadbalancer");
    assert.ok(node);
    const lan = await openLan(t, ["10.0.0.200/16"]);
    const machine = await openBalancer(t, lan, cluster, node);
    await startHaproxy(machine, cluster);
    await machine.start(["keepalived", "-n", "-l", "-f", CONFIG]);
    await until("the vip", 5000, async () => ((await answering(lan)) === node.name ? true : undefined));
    const own = `${node.address}/${cluster.network.subnet.prefix} dev ${node.interface}`;
    // As systemd sets it; without it the kernel takes the vip away together with the first address of its subnet.
    await machine.must(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/promote_secondaries"]);
    await machine.must(["sh", "-ec", `ip address del ${own}; ip address add ${own}`]);
    const source = / src (\S+)/.exec(await machine.must(["ip", "route", "get", "10.0.0.200"]))?.[1];
    assert.equal(source, node.address);
    assert.equal(await answering(lan), node.name, "the vip is gone");
  });
});

/** Which load balancer answers at the vip, as the LAN sees it; undefined where none does. */
async function answering(lan: Machine): Promise<string | undefined> {
  const { stdout } = await lan.run(["curl", "-s", "--max-time", "0.2", `http://${VIP}:8404/backends`]);
  return /^load balancer (\S+)$/m.exec(stdout)?.[1];
}

const CONFIG = "/run/keepalived.conf";

/** A load balancer with its card in the LAN and its keepalived.conf in place. */
async function openBalancer(t: TestContext, lan: Machine, cluster: Cluster, node: Node): Promise<Machine> {
  const machine = await openMachine(t, node.name);
  await machine.plug(lan, node.interface, [`${node.address}/${cluster.network.subnet.prefix}`]);
  writeFileSync(join(machine.root, CONFIG), keepalivedConfig(cluster, node, TEMPLATES));
  return machine;
}
