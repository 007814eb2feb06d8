// The real HAProxy with our haproxy.cfg, in front of machines that fail: it sees it in time and loses next to nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { API_CHECK, INGRESS_CHECK } from "../../generator/model/timing.ts";
import { detection, type FailureMode } from "../../generator/tolerance/interruption.ts";
import { makeCluster } from "../support/clusters.ts";
import { requireNamespaces, until } from "../support/namespace.ts";
import { openCluster, startHaproxy, startLoad, startStandIn } from "../support/programs.ts";
import type { Behaviour } from "../support/stand-in.ts";
import { requireTool } from "../support/tools.ts";

const needsLan = {
  skip:
    requireTool("haproxy", "apt-get install haproxy") ||
    requireTool("curl", "apt-get install curl") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireNamespaces(),
};
/** Timers on a busy computer are late: what is measured may be this much longer than what is computed. */
const PATIENCE = 1.5;

const API: Behaviour = { "/readyz": { status: 401 } };
const WEB: Behaviour = { "/": { status: 404 } };
const answers = (status: number): Behaviour => ({ "/": { status }, "/readyz": { status } });
/** Takes the request and does not answer it. */
const STUCK: Behaviour = { "/": { status: 200, delay: 60_000 }, "/readyz": { status: 200, delay: 60_000 } };
const address = (server: number) => `10.0.0.${10 + server}`;
const places = (port: number, servers: readonly number[], behaviour: Behaviour) =>
  Object.fromEntries(servers.map((server) => [`${address(server)}:${port}`, behaviour]));

/** What becomes of servers, beside what is done to whole machines, and as which kind of failure it has to be seen. */
const CHANGES = {
  ...places(6443, [2], answers(200)),
  ...places(80, [2], answers(308)),
  ...places(6443, [3], answers(503)),
  ...places(80, [3], answers(503)),
  ...places(6443, [4], answers(500)),
  ...places(80, [4], answers(400)),
  ...places(6443, [8], STUCK),
  ...places(80, [8], STUCK),
};
const SEEN_AS: Readonly<Record<number, FailureMode>> = {
  3: "killed",
  4: "killed",
  5: "hung",
  6: "killed",
  7: "unreachable",
  8: "hung",
};

describe("HAProxy", { concurrency: 2 }, () => {
  test(
    "sees each kind of failure within its computed time, and cuts the streams of that server only",
    needsLan,
    async (t) => {
      const all = [1, 2, 3, 4, 5, 6, 7, 8];
      const { lan, balancer, pem } = await openCluster(t, makeCluster({ servers: all.length }));
      const play = (servers: readonly number[]) =>
        startStandIn(lan, { pem, at: { ...places(6443, servers, API), ...places(80, servers, WEB) } });
      const [rest, frozen, killed] = await Promise.all([play([1, 2, 3, 4, 7, 8]), play([5]), play([6])]);
      const haproxy = await startHaproxy(balancer, makeCluster({ servers: all.length }));
      const load = await startLoad(lan, { host: "10.0.0.10", port: 6443, rate: 0, streams: all.length });
      await sleep(INGRESS_CHECK.inter);
      for (const [name, state] of await haproxy.states()) assert.match(state, /^UP\b/, name);

      const start = Date.now();
      await Promise.all([
        rest.change(CHANGES),
        frozen.program.signal("STOP"),
        killed.program.signal("KILL"),
        lan.must(["ip", "address", "delete", `${address(7)}/32`, "dev", "br0"]),
      ]);
      const limits = new Map(
        Object.entries(SEEN_AS).flatMap(([server, mode]) => {
          const [api, web] = [API_CHECK, INGRESS_CHECK].map(
            (check) => detection(check, mode).worst * PATIENCE,
          );
          return [
            ["be_api", api],
            ["be_http", web],
            ["be_https", web],
          ].map(([backend, limit]) => [`${backend}/server-${server}`, Number(limit)] as const);
        }),
      );
      const seen = new Map<string, number>();
      await until("every failure seen", Math.max(...limits.values()), async () => {
        for (const [name, state] of await haproxy.states()) {
          if (!state.startsWith("UP") && !seen.has(name)) seen.set(name, Date.now() - start);
        }
        return [...limits.keys()].every((name) => seen.has(name)) || undefined;
      });
      t.diagnostic(`ms until DOWN: ${JSON.stringify(Object.fromEntries(seen))}`);
      assert.deepEqual([...seen.keys()].toSorted(), [...limits.keys()].toSorted());
      const late = [...limits].filter(([name, limit]) => (seen.get(name) ?? Infinity) > limit);
      assert.deepEqual(late, [], "seen too late");

      const { streams } = await load.stop();
      const ends = new Map(
        streams.map(({ server, closed }) => [server, closed === null ? null : closed - start]),
      );
      for (const server of all) {
        const end = ends.get(`${address(server)}:6443`);
        const limit = limits.get(`be_api/server-${server}`);
        if (limit === undefined) assert.equal(end, null, `server-${server}: its stream was cut`);
        else
          assert.ok(
            typeof end === "number" && end <= limit,
            `server-${server}: its stream was cut after ${end} ms, not ${limit}`,
          );
      }

      const risen = API_CHECK.downInter + (API_CHECK.rise - 1) * API_CHECK.fastInter;
      await rest.change(places(6443, [3], API));
      await until(
        "server-3 is UP again",
        risen * PATIENCE,
        async () => (await haproxy.states()).get("be_api/server-3") === "UP" || undefined,
      );
    },
  );

  test("loses no request when it reloads, and at most a few when a server is killed", needsLan, async (t) => {
    const { lan, balancer, pem } = await openCluster(t, makeCluster());
    const [, dying] = await Promise.all([
      startStandIn(lan, { pem, at: places(6443, [1, 2], API) }),
      startStandIn(lan, { pem, at: places(6443, [3], API) }),
    ]);
    const haproxy = await startHaproxy(balancer, makeCluster());
    const load = await startLoad(lan, { host: "10.0.0.10", port: 6443, rate: 40, streams: 3 });
    for (const _ of [1, 2, 3]) {
      await sleep(500);
      await haproxy.program.signal("USR2");
    }
    await sleep(API_CHECK.inter);
    const workers = await balancer.must(["sh", "-c", "cat /proc/[0-9]*/comm | grep -c haproxy"]);
    assert.equal(Number(workers), 3, "a master, a worker, and the first worker with its streams");
    const killed = Date.now();
    await dying.program.signal("KILL");
    await sleep(detection(API_CHECK, "killed").worst + 500);

    const { requests, streams } = await load.stop();
    const lost = requests.filter(({ ok }) => !ok);
    const slowest = Math.max(...requests.map(({ took }) => took));
    t.diagnostic(
      `${requests.length} requests, ${lost.length} lost, the slowest answered after ${slowest} ms`,
    );
    assert.ok(requests.length >= 150, `${requests.length} requests`);
    assert.deepEqual(
      lost.filter(({ at, took }) => at + took < killed),
      [],
      "lost by a reload",
    );
    assert.ok(lost.length <= 3, `${lost.length} of ${requests.length} lost`);
    const cut = streams.filter(({ closed }) => closed !== null);
    assert.deepEqual(
      cut.map(({ server }) => server),
      [`${address(3)}:6443`],
    );
    assert.ok(
      cut.every(({ closed }) => Number(closed) >= killed),
      "a stream was cut by a reload",
    );
  });
});
