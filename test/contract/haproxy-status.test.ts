// The real HAProxy says who is up: to the LAN that and nothing else, to its own machine everything, whatever crowd there is.
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { verifyScript } from "../../generator/render/verify.ts";
import { makeCluster } from "../support/clusters.ts";
import { TEMPLATES } from "../support/fixtures.ts";
import { LONG_NAMES, MANY_NODES } from "../support/many-nodes.ts";
import { type Machine, requireNamespaces, until } from "../support/namespace.ts";
import { openCluster, startHaproxy, startLoad, startStandIn } from "../support/programs.ts";
import type { Behaviour } from "../support/stand-in.ts";
import { requireTool } from "../support/tools.ts";

const needsLan = {
  skip:
    requireTool("haproxy", "apt-get install haproxy") ||
    requireTool("curl", "apt-get install curl") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireTool("bash", "apt-get install bash") ||
    requireNamespaces(),
};

const LAN_SIDE = "http://10.0.0.21:8404";
const LOOPBACK = "http://127.0.0.1:8404";
const PAGE = [
  "load balancer lb-1",
  "be_api/server-1 UP",
  "be_api/server-2 UP",
  "be_api/server-3 DOWN",
  "be_http/server-1 UP",
  "be_http/server-2 DOWN",
  "be_http/server-3 UP",
  "be_http/agent-1 DOWN",
  "",
].join("\n");

describe("HAProxy's status", { concurrency: 3 }, () => {
  test("the LAN is told each server's state and nothing else", needsLan, async (t) => {
    const { cluster, lan, balancer, haproxy } = await openFront(t);
    assert.deepEqual(await ask(lan, `${LAN_SIDE}/backends`), { status: 200, body: PAGE });
    assert.deepEqual(await ask(balancer, `${LOOPBACK}/backends`), { status: 200, body: PAGE });
    assert.deepEqual(await ask(lan, `${LAN_SIDE}/backends`, "--head", "--output", "/dev/null"), {
      status: 200,
      body: "",
    });

    const paths = [
      "",
      "metrics",
      "healthz",
      "stats",
      ";csv",
      "backends/",
      "backends/../metrics",
      "/backends",
    ];
    for (const path of paths) {
      const { status, body } = await ask(lan, `${LAN_SIDE}/${path}`, "--path-as-is");
      assert.equal(status, 403, path);
      assert.doesNotMatch(body, /server|agent|be_|haproxy/i, path);
    }
    const post = await ask(lan, `${LAN_SIDE}/backends`, "--data", "a");
    const disguised = await ask(lan, `${LAN_SIDE}/healthz`, "--header", "X-Forwarded-For: 127.0.0.1");
    const ownAddress = await ask(balancer, `${LAN_SIDE}/healthz`);
    assert.deepEqual([post.status, disguised.status, ownAddress.status], [403, 403, 403]);

    const local = { "": /Statistics Report/, metrics: /^haproxy_server_status/m, healthz: /^ok$/ };
    for (const [path, pattern] of Object.entries(local)) {
      const { status, body } = await ask(balancer, `${LOOPBACK}/${path}`);
      assert.equal(status, 200, path);
      assert.match(body, pattern);
    }

    const { stdout } = await lan.run(["sh"], verifyScript(cluster, TEMPLATES));
    assert.match(
      stdout,
      /^FAIL {2}backends\/lb-1 +not up: be_api\/server-3,be_http\/server-2,be_http\/agent-1$/m,
    );

    await haproxy.ask("set server be_http/server-1 state drain");
    assert.equal((await haproxy.states()).get("be_https/server-1"), "DRAIN", "443 follows 80");
  });

  test(
    "a crowd on one port takes nobody else's answers away, and never keepalived's",
    needsLan,
    async (t) => {
      const { lan, balancer } = await openFront(t);
      // A quarter of 100 is the API's part.
      await startLoad(lan, { host: "10.0.0.10", port: 6443, rate: 0, streams: 25 });
      assert.equal((await ask(lan, "https://10.0.0.10:6443/readyz")).status, 0, "the API's part is not full");
      assert.equal((await ask(lan, "http://10.0.0.10:80/")).status, 404);
      assert.equal((await ask(lan, "https://10.0.0.10:443/")).status, 404);
      assert.equal((await ask(lan, `${LAN_SIDE}/backends`)).status, 200);
      assert.equal((await ask(balancer, `${LOOPBACK}/healthz`)).status, 200);

      const crowd =
        'for i in $(seq 50); do exec {open}<>"/dev/tcp/10.0.0.21/8404"; done; echo open; sleep 60';
      assert.equal(await (await lan.start(["bash", "-c", crowd])).nextLine(), "open");
      assert.equal((await ask(lan, `${LAN_SIDE}/backends`)).status, 0, "the page's part is not full");
      assert.equal((await ask(balancer, `${LOOPBACK}/healthz`)).status, 200);
    },
  );

  test("ingress nodes are counted where a list would be too long for one answer", needsLan, async (t) => {
    const cases = [
      { cluster: MANY_NODES, size: 5, last: /^be_http \d+ of 300 UP$/ },
      { cluster: LONG_NAMES, size: 104, last: /^be_http\/agent-97x{55} (UP|DOWN)$/ },
    ];
    for (const { cluster, size, last } of cases) {
      const nobody = cluster.nodes.filter(({ role }) => role === "loadbalancer");
      const { lan, balancer } = await openCluster(t, { ...cluster, nodes: nobody });
      await startHaproxy(balancer, cluster);
      const { status, body } = await ask(lan, `${LAN_SIDE}/backends`);
      const lines = body.trimEnd().split("\n");
      assert.deepEqual({ status, size: lines.length }, { status: 200, size });
      assert.match(lines.at(-1) ?? "", last);
    }
  });
});

/** Two of three servers run; ports 80 and 443 are open on two of four ingress nodes. */
async function openFront(t: TestContext) {
  const plain = makeCluster({ servers: 3, agents: 1 });
  const cluster = { ...plain, loadBalancer: { ...plain.loadBalancer, maxConnections: 100 } };
  const { lan, balancer, pem } = await openCluster(t, cluster);
  const answer: Behaviour = { "/readyz": { status: 401 } };
  const places = ["11:6443", "12:6443", "11:80", "11:443", "13:80", "13:443"].map(
    (place) => `10.0.0.${place}`,
  );
  await startStandIn(lan, { pem, at: Object.fromEntries(places.map((place) => [place, answer])) });
  const haproxy = await startHaproxy(balancer, cluster);
  // A server that never answered is down after its first check.
  const settled = async () =>
    [...(await haproxy.states()).values()].filter((state) => state.startsWith("DOWN")).length === 5;
  await until("the first checks", 5000, async () => (await settled()) || undefined);
  return { cluster, lan, balancer, haproxy };
}

/** Status 0 where there is no answer within a second. */
async function ask(from: Machine, url: string, ...options: readonly string[]) {
  const curl = ["curl", "-sk", "--max-time", "1", "-w", "%{http_code}", ...options, url];
  const { stdout } = await from.run(curl);
  return { status: Number(stdout.slice(-3)), body: stdout.slice(0, -3) };
}
