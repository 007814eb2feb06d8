// shellcheck and the shells judge verify.sh, which then has to tell the truth about machines that answer, or do not.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ofRole } from "../../generator/model/cluster.ts";
import { verifyScript } from "../../generator/render/verify.ts";
import { makeCluster } from "../support/clusters.ts";
import { FIXTURES, renderFixture, TEMPLATES } from "../support/fixtures.ts";
import { MANY_NODES } from "../support/many-nodes.ts";
import { requireNamespaces, until } from "../support/namespace.ts";
import { scratch } from "../support/scratch.ts";
import type { Behaviour, StandIn } from "../support/stand-in.ts";
import { requireTool, runTool } from "../support/tools.ts";
import { placesOf, play, server } from "../support/verify-play.ts";

const SHELLS = ["dash", "bash"] as const;
const noShell = requireTool("dash", "apt-get install dash") || requireTool("bash", "apt-get install bash");
const needsShellcheck = { skip: noShell || requireTool("shellcheck", "apt-get install shellcheck") };
const needsLan = {
  skip:
    noShell ||
    requireTool("curl", "apt-get install curl") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireNamespaces(),
};

const small = makeCluster({ servers: 3, loadBalancers: 0 });
const pair = makeCluster({ servers: 3, loadBalancers: 2 });
const silence: StandIn["at"] = Object.fromEntries(placesOf(pair).map((place) => [place, "silent"]));
/** Ways for a whole cluster not to be there. */
const ABSENCES = {
  "connections open and nothing is said": { at: silence },
  "connections are refused": { absent: placesOf(pair) },
  "there is no such machine": { absent: placesOf(pair) },
} as const;

test("shellcheck and every shell accept verify.sh as it is", needsShellcheck, (t) => {
  const file = join(scratch(t), "verify.sh");
  const texts = [
    ...FIXTURES.map((name) => renderFixture(name).get("verify.sh")?.text ?? ""),
    verifyScript(MANY_NODES, TEMPLATES),
  ];
  for (const text of texts) {
    assert.doesNotMatch(text, /shellcheck disable/);
    writeFileSync(file, text);
    const judges = [["shellcheck", "--shell=sh"], ...["sh", ...SHELLS].map((shell) => [shell, "-n"])];
    for (const [judge = "", ...options] of judges) {
      assert.deepEqual(runTool(judge, [...options, file]), { status: 0, stdout: "", stderr: "" }, judge);
    }
  }
});

describe("verify.sh", { concurrency: 4 }, () => {
  for (const [how, cast] of Object.entries(ABSENCES)) {
    test(`ends within 30 s where nothing is up: ${how}`, needsLan, async (t) => {
      const { lan, verify } = await play(t, pair, cast);
      // The addresses of the others become the LAN's: asked for by ARP, and never answered.
      const gone = "ip address flush dev br0; ip address add 10.0.0.200/16 dev br0";
      if (how === "there is no such machine") await lan.must(["sh", "-ec", gone]);
      const { status, lines, stderr, left, took } = await verify();
      t.diagnostic(`${took} ms`);
      assert.ok(took < 30_000, `${took} ms`);
      const rest = { status, stderr, left, last: lines.at(-1) };
      assert.deepEqual(rest, { status: 1, stderr: "", left: [], last: "9 of 9 FAILED" });
      for (const line of lines.slice(0, -1)) assert.match(line, /^FAIL .*\. Next: ./);
    });
  }

  test("says ok to everything where everything answers, in any shell", needsLan, async (t) => {
    const { verify } = await play(t, pair);
    const expected = [
      "ok    registration address         10.0.0.10:6443 answers 401",
      "ok    server-1 /readyz             10.0.0.11:6443 answers 401",
      "ok    server-2 /readyz             10.0.0.12:6443 answers 401",
      "ok    server-3 /readyz             10.0.0.13:6443 answers 401",
      "ok    /cacerts                     3 of 3 servers answer, all of one cluster",
      "ok    lb-1 /backends               2 up, none down",
      "ok    lb-2 /backends               2 up, none down",
      "ok    ingress http                 10.0.0.10:80 answers 404",
      "ok    ingress https                10.0.0.10:443 answers 404",
      "all ok",
    ];
    for (const shell of ["sh", ...SHELLS]) {
      const { status, lines, stderr, left } = await verify(shell);
      assert.deepEqual(
        { status, lines, stderr, left },
        { status: 0, lines: expected, stderr: "", left: [] },
        shell,
      );
    }
  });

  test("says FAIL once for one server that is down, by its name", needsLan, async (t) => {
    const { verify } = await play(t, small, { absent: ["10.0.0.12:6443"] });
    const { status, lines } = await verify();
    const failed = lines.filter((line) => line.startsWith("FAIL"));
    assert.deepEqual(failed, [
      "FAIL  server-2 /readyz             10.0.0.12:6443 does not answer. Next: is it on? ping 10.0.0.12",
    ]);
    assert.ok(lines.includes("ok    /cacerts                     2 of 3 servers answer, all of one cluster"));
    const rest = { status, size: lines.length, last: lines.at(-1) };
    assert.deepEqual(rest, { status: 1, size: 8, last: "1 of 7 FAILED" });
  });

  test("tells clusters apart by what the servers give as their certificate", needsLan, async (t) => {
    const { verify } = await play(t, small, { at: { "10.0.0.12:6443": server("another cluster") } });
    const { status, lines } = await verify();
    const [failed, ...more] = lines.filter((line) => line.startsWith("FAIL"));
    assert.match(
      failed ?? "",
      /^FAIL {2}\/cacerts +different clusters: (server-2 \/ server-1 server-3|server-1 server-3 \/ server-2)\. Next: /,
    );
    assert.deepEqual({ status, more }, { status: 1, more: [] });
  });

  test("says for each wrong answer what it means", needsLan, async (t) => {
    const page = (body: string): Behaviour => ({ "/backends": { status: 200, body } });
    const { verify } = await play(t, makeCluster({ servers: 3, loadBalancers: 4 }), {
      at: {
        "10.0.0.11:6443": { "/readyz": { status: 503 } },
        "10.0.0.12:6443": { "/readyz": { status: 500 } },
        "10.0.0.21:8404": page(
          "load balancer lb-1\nbe_api/server-1 DOWN\nbe_api/server-2 UP\nbe_http 299 of 300 UP\n",
        ),
        "10.0.0.22:8404": page("load balancer lb-2\nbe_api/server-1 UP\nbe_http 300 of 300 UP\n"),
        "10.0.0.23:8404": { "/backends": { status: 403 } },
        "10.0.0.10:80": { "/": { status: 502 } },
        "10.0.0.10:443": { "/": { status: 308 } },
      },
      absent: ["10.0.0.24:8404"],
    });
    const { lines } = await verify();
    const short = lines.map((line) => line.replace(/\. Next: .+$/, " ->").replaceAll(/ +/g, " "));
    assert.deepEqual(short, [
      "ok registration address 10.0.0.10:6443 answers 401",
      "FAIL server-1 /readyz 10.0.0.11:6443 is starting (503) ->",
      "FAIL server-2 /readyz 10.0.0.12:6443 answers 500 ->",
      "ok server-3 /readyz 10.0.0.13:6443 answers 401",
      "ok /cacerts 1 of 3 servers answer, all of one cluster",
      "FAIL lb-1 /backends not up: be_api/server-1,be_http 299 of 300 UP ->",
      "ok lb-2 /backends 2 up, none down",
      "FAIL lb-3 /backends 10.0.0.23:8404 answers 403 ->",
      "FAIL lb-4 /backends 10.0.0.24:8404 does not answer ->",
      "FAIL ingress http 10.0.0.10:80 answers 502 ->",
      "ok ingress https 10.0.0.10:443 answers 308",
      "6 of 11 FAILED",
    ]);
  });

  test("takes no setting from the caller's own curl", needsLan, async (t) => {
    const { lan, verify } = await play(t, small);
    await lan.must(["sh", "-c", "echo 'url = http://127.0.0.1:1/' >/run/.curlrc"]);
    const { status } = await verify("sh", ["HOME=/run", "CURL_HOME=/run"]);
    assert.equal(status, 0);
  });

  test("asks at most 16 machines at a time, and answers in the order of the config", needsLan, async (t) => {
    const many = makeCluster({ servers: 3, loadBalancers: 57 });
    const { change, verify } = await play(t, many, { delay: 150 });
    const { status, lines } = await verify();
    const { peak } = await change({});
    assert.equal(status, 0);
    assert.ok(peak > 8 && peak <= 16, `${peak} at a time`);
    const names = lines.filter((line) => line.includes(" /backends ")).map((line) => line.split(/ +/)[1]);
    const balancers = ofRole(many, "loadbalancer").map(({ name }) => name);
    assert.deepEqual(names, balancers);
  });

  test("stops at once when it is interrupted, and leaves nothing behind", needsLan, async (t) => {
    const delay = 1000;
    const { start, temporary } = await play(t, pair, { delay });
    const signals = ["INT", "TERM", "HUP"] as const;
    const runs = SHELLS.flatMap((shell) => signals.map((signal) => ({ shell, signal })));
    const programs = await Promise.all(runs.map(({ shell }) => start(shell)));
    await until("its questions", 3000, async () => temporary().length === runs.length || undefined);
    await sleep(delay / 3);
    const begin = performance.now();
    await Promise.all(programs.map((program, index) => program.signal(runs[index]?.signal ?? "KILL")));
    assert.deepEqual(new Set(await Promise.all(programs.map(({ exited }) => exited))), new Set([130]));
    assert.ok(performance.now() - begin < delay, "it waited for the answers");
    // Whoever still waits for an answer has it by then, and would complain about the folder that is gone.
    await sleep(2.5 * delay);
    assert.deepEqual(
      { said: programs.map(({ output }) => output()).join(""), left: temporary() },
      { said: "", left: [] },
    );
  });
});
