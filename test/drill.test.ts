// The drill without machines: which failures a cluster gets, what a client's requests say, the report and its picture.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startClient } from "../generator/drill/client.ts";
import { parsePage } from "../generator/drill/page.ts";
import {
  broken,
  formatReport,
  held,
  type Measured,
  type Report,
  reportJson,
} from "../generator/drill/report.ts";
import { feltAt, type Sample } from "../generator/drill/sample.ts";
import { MODES, scenarios } from "../generator/drill/scenario.ts";
import { timeline } from "../generator/drill/timeline.ts";
import { fail } from "../generator/tolerance/fail.ts";
import { makeCluster } from "./support/clusters.ts";

const SIX = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });
const idsOf = (cluster: ReturnType<typeof makeCluster>) => scenarios(cluster).made.map(({ id }) => id);

test("every machine that the cluster can lose is failed, in every way of its kind", () => {
  const { made, leftOut } = scenarios(SIX);
  assert.deepEqual(leftOut, []);
  const of = (name: string) => made.filter(({ node }) => node === name).map(({ mode }) => mode);
  for (const name of ["server-1", "server-2", "server-3"])
    assert.deepEqual(of(name), ["power", "cut", "one-way", "hung", "stopped", "loss", "restart"]);
  assert.deepEqual(of("agent-1"), ["power", "cut"]);
  for (const name of ["lb-1", "lb-2"])
    assert.deepEqual(of(name), ["power", "cut", "stopped", "killed", "frozen", "reload"]);
  assert.deepEqual(new Set(made.map(({ mode }) => mode)), new Set(MODES));
});

test("an agent without an ingress is missed by no load balancer, so nobody has to notice it", () => {
  const cluster = makeCluster({ agents: 2, loadBalancers: 2, ingress: ["agent-1"] });
  const noticed = (id: string) => scenarios(cluster).made.find((each) => each.id === id)?.noticed;
  assert.equal(noticed("agent-1/cut"), undefined, "with it the ingress would be gone");
  assert.equal(noticed("agent-2/cut"), "none");
  assert.equal(
    scenarios(makeCluster({ agents: 2, loadBalancers: 2 })).made.find(({ id }) => id === "agent-2/cut")
      ?.noticed,
    "node",
  );
});

test("nothing is made that the table does not allow: one server, one load balancer, none", () => {
  const one = scenarios(makeCluster({ servers: 1, loadBalancers: 2 }));
  assert.ok(one.leftOut.some(({ id, why }) => id === "server-1/hung" && /no quorum/.test(why)));
  assert.ok(!one.made.some(({ node }) => node === "server-1"));
  const single = makeCluster({ servers: 3, loadBalancers: 1 });
  assert.deepEqual(
    idsOf(single).filter((id) => !id.startsWith("server-")),
    ["lb-1/reload"],
    "that takes nothing away",
  );
  assert.match(
    scenarios(single).leftOut.find(({ id }) => id === "lb-1/stopped")?.why ?? "",
    /no load balancer is left/,
  );
  assert.deepEqual(idsOf(makeCluster({ servers: 3, loadBalancers: 0 })), []);
  const reload = (servers: number) =>
    scenarios(makeCluster({ servers, loadBalancers: 2 })).made.find(({ id }) => id === "lb-1/reload");
  assert.deepEqual(reload(3)?.work, { how: "reload", down: "server-3" });
  assert.equal(reload(1), undefined, "its server would have to be down");
});

test("what is promised is the tolerance table's worst, and a failure lasts longer than that; of planned work nothing may be felt", () => {
  for (const { node, mode, worst, seconds, planned } of scenarios(SIX).made) {
    assert.equal(planned, mode === "restart" || mode === "reload");
    if (planned) {
      assert.deepEqual(worst, { api: 0, ingress: 0 });
      continue;
    }
    const role = SIX.nodes.find(({ name }) => name === node)?.role;
    assert.ok(role);
    const { api, ingress } = fail(SIX, [{ kind: role, node }]).aspects;
    assert.deepEqual(worst, { api: api.worstSeconds * 1000, ingress: (ingress?.worstSeconds ?? 0) * 1000 });
    assert.ok(seconds * 1000 > Math.max(worst.api, worst.ingress ?? 0) + 5000);
  }
});

test("every failure that a script makes has a script that heals it", () => {
  for (const { mode, work } of scenarios(SIX).made) {
    assert.equal(work.how === "power", mode === "power");
    if (work.how !== "script") continue;
    assert.ok(work.make !== "" && work.heal !== "");
    assert.equal(work.unreachable, ["cut", "one-way"].includes(mode));
  }
});

const sample = (at: number, took: number, reason: string | null = null, target = "api"): Sample => ({
  target,
  at,
  took,
  reason,
  left: reason,
});

test("what was felt: from the first request that failed to the last one, however long that hung", () => {
  const samples = [
    sample(1000, 10),
    sample(2000, 5, "ECONNREFUSED"),
    sample(2500, 1000, "timeout"),
    sample(2600, 20),
    sample(4000, 30),
    sample(2100, 1, "ECONNREFUSED", "http"),
  ];
  const felt = feltAt("api", samples, 900, 5000);
  assert.deepEqual(
    { ...felt, reasons: [...felt.reasons] },
    {
      target: "api",
      sent: 5,
      failed: 2,
      lasted: 500,
      longestGap: 1610,
      p50: 20,
      p99: 30,
      reasons: [
        ["ECONNREFUSED", 1],
        ["timeout", 1],
      ],
    },
  );
  const quiet = feltAt("http", [sample(1, 2, null, "http")], 0, 10);
  assert.deepEqual([quiet.failed, quiet.lasted, quiet.longestGap], [0, 0, 7]);
  assert.deepEqual(feltAt("none", [], 0, 10).sent, 0);
});

test("two times at which requests fail, seconds apart, are felt as the longer one, not as all between them", () => {
  const at = (...moments: readonly number[]) => moments.map((moment) => sample(moment, 1, "ECONNREFUSED"));
  const lasted = (samples: readonly Sample[]) => feltAt("api", samples, 0, 60_000).lasted;
  assert.equal(lasted(at(1000, 1500, 20_000, 20_300)), 500);
  assert.equal(lasted(at(1000, 3000, 5000)), 4000, "it goes on while less than two looks lie between");
  assert.equal(lasted(at(1000, 3001)), 0);
  assert.equal(lasted(at(5000)), 0);
});

test("a promise is broken when what was felt exceeds it by more than one look; not by a look", () => {
  const felt = (target: string, lasted: number) => ({ ...feltAt(target, [], 0, 1), failed: 1, lasted });
  const quiet = { noticed: "none", seconds: 18 } as const;
  const worst = { ...quiet, worst: { api: 10_000, ingress: 9000 }, planned: false };
  assert.deepEqual(broken(worst, [felt("api", 11_000), felt("http", 11_000)], null), []);
  assert.deepEqual(broken(worst, [felt("api", 11_001), felt("https", 11_001)], null), [
    "api was felt for 12 s, at most 10 s is promised",
    "https was felt for 12 s, at most 9 s is promised",
  ]);
  const without = { ...worst, worst: { api: 0, ingress: null } };
  assert.deepEqual(broken(without, [felt("http", 99_000)], null), []);
  const planned = { ...quiet, worst: { api: 0, ingress: 0 }, planned: true };
  assert.deepEqual(broken(planned, [{ ...felt("api", 0), failed: 0 }], null), []);
  assert.deepEqual(broken(planned, [{ ...felt("api", 0), sent: 9 }], null), [
    "api: 1 of 9 requests failed, and none was to fail",
  ]);
});

test("a promise is broken too where requests wait out a silence that is longer, and where nobody notices what was to be noticed", () => {
  const worst = { api: 10_000, ingress: 9000 };
  const hung = { worst, planned: false, noticed: "api", seconds: 18 } as const;
  // All ask and wait; those of the first two seconds give up, the others are answered when it is over.
  const samples = Array.from({ length: 60 }, (_, index) => {
    const at = 1000 + index * 200;
    return sample(at, Math.min(10_000, 13_000 - at), at < 3000 ? "timeout" : null);
  });
  const felt = feltAt("api", [sample(900, 5), ...samples, sample(13_100, 5)], 0, 14_000);
  assert.ok(felt.lasted < 2000);
  assert.deepEqual(broken(hung, [felt], 7000), [
    "api gave no good answer for 13 s, at most 10 s is promised",
  ]);
  assert.deepEqual(broken(hung, [], null), ["nobody had noticed it after 18 s"]);
  assert.deepEqual(broken({ ...hung, noticed: "none" }, [], null), []);
});

const measured = (more: Partial<Measured> = {}): Measured => ({
  id: "server-2/hung",
  title: "server-2 <hangs> & so on",
  worst: { api: 10_000, ingress: 9000 },
  felt: [feltAt("api", [sample(4000, 500, "timeout"), sample(5000, 10)], 0, 30_000)],
  noticed: 7900,
  well: 1600,
  drift: 12,
  moments: { from: 0, made: 3000, healed: 21_000, to: 30_000 },
  samples: [sample(4000, 500, "timeout"), sample(5000, 10)],
  broken: [],
  ...more,
});

const NONE: Report = { measured: [], leftOut: [], notMade: [], ended: null };

test("a drill has held where nothing was broken, everything was made, and it came to its end", () => {
  assert.ok(held({ ...NONE, measured: [measured()], leftOut: [{ id: "a", why: "b" }] }));
  assert.ok(!held({ ...NONE, measured: [measured({ broken: ["x"] })] }));
  assert.ok(!held({ ...NONE, notMade: [{ id: "a", why: "b" }] }));
  assert.ok(!held({ ...NONE, ended: "interrupted" }));
});

test("the report: a row for each failure, what did not hold and what was left out", () => {
  const text = formatReport({
    measured: [
      measured(),
      measured({
        id: "lb-1/power",
        title: "lb-1 loses its power",
        noticed: null,
        broken: ["api was felt for 12 s"],
      }),
    ],
    leftOut: [{ id: "server-1/power", why: "nobody is there to pull the plug" }],
    notMade: [{ id: "lb-2/frozen", why: "its healing could not be armed" }],
    ended: "interrupted",
  });
  assert.match(text, /^failure +sent +failed +felt +longest gap +promised +noticed +well again$/m);
  assert.match(text, /^server-2 <hangs> & so on +2 +1 +0 s +\S+ s +at most 10 s +7\.9 s +1\.6 s +held$/m);
  assert.match(text, /^not made: lb-2\/frozen: its healing could not be armed$/m);
  assert.match(text, /^ended early: interrupted$/m);
  assert.match(text, /^lb-1 loses its power .* BROKEN$/m);
  assert.match(text, /^broken: lb-1\/power: api was felt for 12 s$/m);
  assert.match(text, /^left out: server-1\/power: nobody is there to pull the plug$/m);
  assert.match(text, /^drill: the promise held in 1 of 2 failures$/m);
  const json = JSON.parse(reportJson({ ...NONE, measured: [measured()] })) as { measured: object[] };
  assert.ok(json.measured[0] && !("samples" in json.measured[0]) && "felt" in json.measured[0]);
});

test("the picture: one row for each failure, its texts escaped, its bars where requests failed", () => {
  const svg = timeline({ ...NONE, measured: [measured(), measured({ broken: ["x"] })] });
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*>[^]*<\/svg>\n$/);
  assert.equal(svg.match(/server-2 &lt;hangs&gt; &amp; so on/g)?.length, 2);
  assert.equal(svg.match(/class="broken"/g)?.length, 1);
  assert.equal(
    svg.match(/fill="#b3261e"/g)?.length,
    2,
    "one bar in each row: one quarter of a second had a failure",
  );
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  assert.match(timeline(NONE), /<\/svg>/);
});

test("a load balancer's page: its name and whom it sees; anything else is no page", () => {
  const page = parsePage(
    "load balancer lb-1\nbe_api/server-1 UP\nbe_http/agent-1 DOWN\nbe_http 299 of 300 UP\n",
  );
  assert.equal(page?.name, "lb-1");
  assert.deepEqual(
    [...(page?.servers ?? [])],
    [
      ["be_api/server-1", true],
      ["be_http/agent-1", false],
    ],
  );
  for (const text of ["", "<html>", "load balancer\n", "be_api/server-1 UP"])
    assert.equal(parsePage(text), null, text);
});

test("the client asks at its rate, whatever comes back, and says why what failed did", async (t) => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    if (asked % 5 === 0) response.destroy();
    else response.writeHead(asked % 7 === 0 ? 503 : 401).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
  const client = startClient({
    targets: [
      { name: "api", url, good: (status) => status === 401 },
      // Nobody listens there (RFC 6335: discard).
      { name: "closed", url: "http://127.0.0.1:9/", good: () => true },
    ],
    rate: 100,
    limit: 1000,
  });
  await sleep(1000);
  const { samples, from, to } = await client.stop();
  const [api, closed] = ["api", "closed"].map((name) => feltAt(name, samples, from, to));
  assert.ok(api && closed);
  assert.ok(api.sent > 25 && api.sent < 75, String(api.sent));
  assert.ok(api.failed > 5 && api.failed < api.sent, String(api.failed));
  assert.ok(api.reasons.some(([reason]) => reason === "ECONNRESET"));
  assert.ok(api.reasons.some(([reason]) => reason === "status 503"));
  assert.deepEqual([closed.failed, closed.reasons[0]?.[0]], [closed.sent, "ECONNREFUSED"]);
});
