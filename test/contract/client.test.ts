// The lab's client: what it sees decides whether an apply has lost a request. So it has to see every failure, and no other.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { startClient, waysInto } from "../lab/client.ts";
import { holdStream } from "../lab/stream.ts";
import { makeCertificate } from "../support/programs.ts";
import { requireTool } from "../support/tools.ts";

const needsOpenssl = { skip: requireTool("openssl", "apt-get install openssl") };

const answer =
  (status: number): RequestListener =>
  (_, response) => {
    response.writeHead(status).end("x");
  };

/** Listens on loopback, on the port or on a free one, and returns it. */
async function listen(t: TestContext, server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Servers that a busy test does not hold up: 401 over TLS, and 404, which tells how many connections both have had. */
const ELSEWHERE = `
const { parentPort, workerData } = require("node:worker_threads");
let connections = 0;
const ready = (server) => new Promise((resolve) =>
  server.on("connection", () => (connections += 1)).listen(0, "127.0.0.1", () => resolve(server.address().port)));
Promise.all([
  ready(require("node:https").createServer(workerData, (_, response) => response.writeHead(401).end())),
  ready(require("node:http").createServer((_, response) => response.writeHead(404).end(String(connections)))),
]).then((ports) => parentPort.postMessage(ports));
`;

describe("the lab's client", { concurrency: false }, () => {
  test("asks the ways into a cluster", () => {
    assert.deepEqual(
      waysInto("10.88.0.10").map(({ url }) => url),
      ["https://10.88.0.10:6443/readyz", "http://10.88.0.10/", "https://10.88.0.10/"],
    );
  });

  test(
    "sees no failure where there is none, and keeps its pace while the test computes",
    needsOpenssl,
    async (t) => {
      const pem = readFileSync(makeCertificate(t), "utf8");
      const worker = new Worker(ELSEWHERE, { eval: true, workerData: { key: pem, cert: pem } });
      t.after(() => worker.terminate());
      const [[tls, plain]] = (await once(worker, "message")) as [[number, number]];
      const targets = [
        { name: "api", url: `https://127.0.0.1:${tls}/readyz`, expect: [200, 401] },
        { name: "http", url: `http://127.0.0.1:${plain}/`, expect: [404] },
      ];
      const started = performance.now();
      const client = await startClient({ targets });
      const sending = performance.now();
      await sleep(500);
      const busy = performance.now() + 1500;
      while (performance.now() < busy);
      await sleep(500);
      const report = await client.stop();
      const [most, least] = [started, sending].map((from) => ((performance.now() - from) / 1000) * 200);
      t.diagnostic(JSON.stringify(report));

      const sent = report.targets.reduce((sum, target) => sum + target.sent, 0);
      assert.ok(sent > (least ?? 0) * 0.9 && sent <= (most ?? 0), `${sent} requests, not ${least}`);
      const [api, http] = report.targets;
      assert.ok(api && http && Math.abs(api.sent - http.sent) <= 1, "evenly");
      for (const { failed, failedAfterRetry, longestGap, slowest } of report.targets) {
        assert.deepEqual([failed, failedAfterRetry], [0, 0]);
        assert.ok(longestGap.took < 1000, `a gap of ${longestGap.took} ms`);
        assert.ok(slowest > 0 && slowest < 1000, `${slowest} ms`);
      }
      assert.deepEqual(report.failures, []);
      assert.ok(report.drift.worst < 1400, `${report.drift.worst} ms late`);
      const told = await (await fetch(`http://127.0.0.1:${plain}/`)).text();
      assert.equal(Number(told), sent + 1, "each over a new connection");
    },
  );

  test("sees every failure, its reason, and what a second try makes of it", async (t) => {
    let connections = 0;
    const tenth = createHttp(answer(404)).on("connection", (socket) => {
      connections += 1;
      if (connections % 10 === 0) socket.resetAndDestroy();
    });
    // Answers half, and cuts.
    const half = createTcp((socket) =>
      socket.on("error", () => {}).end("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nx"),
    );
    const silent = createTcp((socket) => socket.on("error", () => {}));
    const closed = createTcp();
    const ports = {
      tenth: await listen(t, tenth),
      half: await listen(t, half),
      silent: await listen(t, silent),
      status: await listen(t, createHttp(answer(503))),
      closed: await listen(t, closed),
    };
    closed.close();
    const targets = Object.entries(ports).map(([name, port]) => {
      return { name, url: `http://127.0.0.1:${port}/`, expect: [404] };
    });
    const client = await startClient({ targets, rate: 200, limitMs: 300 });
    await sleep(1500);
    const { targets: seen, failures } = await client.stop();
    t.diagnostic(JSON.stringify(seen));
    const reasons = (target: string) => [
      ...new Set(
        failures.filter((one) => one.target === target).map(({ reason, again }) => `${reason} ${again}`),
      ),
    ];
    assert.deepEqual(Object.fromEntries(Object.keys(ports).map((name) => [name, reasons(name)])), {
      tenth: ["ECONNRESET null"],
      half: ["ECONNRESET ECONNRESET"],
      silent: ["timeout timeout"],
      status: ["status 503 status 503"],
      closed: ["ECONNREFUSED ECONNREFUSED"],
    });
    for (const { name, sent, failed, failedAfterRetry, longestGap } of seen) {
      assert.ok(sent > 20, name);
      if (name === "tenth") {
        assert.deepEqual([failed, failedAfterRetry], [Math.floor(connections / 10), 0]);
        assert.equal(sent + failed, connections);
      } else {
        assert.deepEqual([failed, failedAfterRetry], [sent, sent], name);
        assert.ok(longestGap.took >= 1400, `${name}: a gap of ${longestGap.took} ms`);
      }
    }
  });

  test("sees from when to when nobody answered", async (t) => {
    const first = createHttp(answer(404));
    const port = await listen(t, first);
    const targets = [{ name: "web", url: `http://127.0.0.1:${port}/`, expect: [404] }];
    const client = await startClient({ targets, rate: 50, retries: 0 });
    await sleep(500);
    const from = Date.now();
    first.close();
    await sleep(700);
    await listen(t, createHttp(answer(404)), port);
    const to = Date.now();
    await sleep(500);
    const { targets: seen, failures } = await client.stop();
    t.diagnostic(JSON.stringify(seen));
    const [web] = seen;
    assert.ok(web && web.failed >= 30 && web.failedAfterRetry === web.failed);
    assert.ok(web.longestGap.took >= 700 && web.longestGap.took < 1200, `${web.longestGap.took} ms`);
    assert.ok(Math.abs(web.longestGap.from - from) < 250);
    assert.equal(failures.length, web.failed);
    for (const { at, again } of failures) {
      assert.ok(at > from - 100 && at < to + 100, `${at - from} ms`);
      assert.equal(again, null);
    }
  });

  test("does not pass for one that saw nothing where it ended by itself", async () => {
    const client = await startClient({
      targets: [{ name: "bad", url: "no URL", expect: [] }],
      rate: 50,
    }).catch((error: unknown) => ({ stop: () => Promise.reject(error) }));
    await assert.rejects(client.stop(), /the lab's client ended by itself: [^]*Invalid URL/);
  });
});

test("a stream stands until it is cut", needsOpenssl, async (t) => {
  const pem = readFileSync(makeCertificate(t), "utf8");
  const secure = createHttps({ key: pem, cert: pem }, answer(401));
  const plain = createHttp(answer(404));
  const [tls, port] = [await listen(t, secure), await listen(t, plain)];
  const [one, other, own] = await Promise.all([
    holdStream(`https://127.0.0.1:${tls}/readyz`),
    holdStream(`http://127.0.0.1:${port}/`),
    holdStream(`http://127.0.0.1:${port}/`),
  ]);
  // Longer than the server lets an idle connection stand.
  await sleep(plain.keepAliveTimeout + 1500);
  assert.deepEqual([one.cut, other.cut, own.cut], [null, null, null]);
  own.close();
  const before = Date.now();
  plain.closeAllConnections();
  await sleep(200);
  assert.equal(one.cut, null);
  assert.equal(own.cut, null, "closed from this side");
  assert.ok(other.cut && other.cut.at >= before && other.cut.at < before + 200);
  assert.match(other.cut.reason, /^(ECONNRESET|closed by the other side)$/);
  one.close();
  plain.close();
  await assert.rejects(holdStream(`http://127.0.0.1:${port}/`), /ECONNREFUSED/);
});
