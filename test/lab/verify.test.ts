// verify on a whole cluster: everything passes, and then a server, the vip's holder, a clock and at last everything is not well.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../generator/model/cluster.ts";
import { verifyScript } from "../../generator/render/verify.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import type { Check } from "../../generator/verify/check.ts";
import { makeCluster } from "./cluster.ts";
import { command } from "./command.ts";
import { labCluster, labConfig } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { untilReady, untilStatus } from "./observe.ts";
import { makePerson, type Person } from "./person.ts";
import { openMirror } from "./release.ts";

const READY_MS = 180_000;
/** The issue's: with all machines off there is an answer by then. */
const ALL_OFF_MS = 15_000;
/** For what K3s and HAProxy notice by themselves: a vote is looked at every 15 s. */
const SETTLE_MS = 60_000;

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let machines: readonly Machine[];
let person: Person;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  cluster = labCluster("full", lab.key.publicKey);
  machines = makeCluster(lab, cluster);
  person = makePerson(labConfig("full", lab.key.publicKey), lab.key.file);
  await Promise.all(machines.map((machine) => machine.powerOn()));
  await untilReady(machines, READY_MS);
});

after(async () => {
  person.leave();
  await mirror.close();
  await lab.close();
});

function machine(name: string): Machine {
  const found = machines.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

interface Verdict {
  readonly exit: number;
  readonly checks: readonly Check[];
  /** The ids of the lines that fail. */
  readonly failed: readonly string[];
  readonly text: string;
  readonly took: number;
}

async function verify(): Promise<Verdict> {
  const begun = performance.now();
  const { status, stdout, stderr } = await person.quorate("verify", "--json");
  const took = Math.round(performance.now() - begun);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
  const failed = checks.filter(({ result }) => result === "fail");
  for (const { id, expected, seen, cause, next } of failed)
    assert.ok(
      [expected, seen, cause, next].every((text) => text !== ""),
      `${id} says all four`,
    );
  return { exit: status, checks, failed: failed.map(({ id }) => id), text: stderr, took };
}

/** Asks until exactly these lines fail; throws what it saw last. */
async function untilFailing(t: TestContext, ...ids: readonly string[]): Promise<Verdict> {
  const end = performance.now() + SETTLE_MS;
  for (;;) {
    const verdict = await verify();
    const { exit, failed, text, took } = verdict;
    if ([...failed].toSorted().join(" ") === [...ids].toSorted().join(" ")) {
      assert.equal(exit, ids.length === 0 ? 0 : 1);
      t.diagnostic(`${took} ms\n${text}`);
      return verdict;
    }
    if (performance.now() > end) assert.fail(`not ${ids.join(" ")}, but:\n${text}`);
    await sleep(1000);
  }
}

const seen = ({ checks }: Verdict, id: string) => checks.find((check) => check.id === id)?.seen;

describe("verify, on three servers, an agent and two load balancers", { concurrency: false }, () => {
  test(
    "everything is well: every line passes, and verify.sh alone says the same",
    watch(async (t) => {
      const verdict = await untilFailing(t);
      assert.deepEqual(
        verdict.checks.filter(({ result }) => result !== "pass"),
        [],
      );
      assert.match(seen(verdict, "holders") ?? "", /^lb-[12] does$/);
      assert.equal(`${seen(verdict, "holder")?.split(" ")[0]} does`, seen(verdict, "holders"));

      const [script, kubeconfig] = ["verify.sh", "kubeconfig"].map((name) => join(person.home, name)) as [
        string,
        string,
      ];
      writeFileSync(script, verifyScript(cluster, readTemplates()));
      assert.equal((await person.quorate("kubeconfig", kubeconfig)).status, 0);
      const { status, stdout, stderr } = await command("sh", [script, "--json", kubeconfig]);
      assert.deepEqual([status, stderr], [0, ""]);
      const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
      assert.deepEqual(
        checks.map(({ id, result }) => `${id} ${result}`),
        verdict.checks.slice(0, checks.length).map(({ id, result }) => `${id} ${result}`),
      );
    }),
  );

  test(
    "a server is off: it is named from every side, and the address still answers",
    watch(async (t) => {
      await machine("server-2").powerOff();
      const ids = ["server/server-2", "status/server-2", "backends/lb-1", "backends/lb-2"];
      // Kubernetes calls its node silent after 50 s, its vote lost after 15 s, its pods not ready then.
      const verdict = await untilFailing(t, ...ids, "nodes", "voters", "traefik");
      assert.equal(seen(verdict, "backends/lb-1"), "not up: be_api/server-2,be_http/server-2");
      assert.equal(seen(verdict, "nodes"), "not Ready, and silent: server-2");
      assert.match(seen(verdict, "voters") ?? "", /^server-2 \(Unhealthy\)$/);
      assert.equal(verdict.checks.find(({ id }) => id === "address")?.result, "pass");
      await machine("server-2").powerOn();
      await untilReady(machines, READY_MS);
    }),
  );

  test(
    "the holder of the vip is off: the other one has it",
    watch(async (t) => {
      const holder = machine(seen(await untilFailing(t), "holders")?.split(" ")[0] ?? "");
      const other = holder.name === "lb-1" ? "lb-2" : "lb-1";
      await holder.powerOff();
      const verdict = await untilFailing(t, `backends/${holder.name}`, `status/${holder.name}`);
      assert.equal(seen(verdict, "holder"), `${other} answers at 10.88.0.10`);
      assert.equal(seen(verdict, "holders"), `${other} does`);
      await holder.powerOn();
      await untilStatus(holder, "ready", READY_MS, ({ state }) => state === "ready");
    }),
  );

  test(
    "two load balancers hold the vip, and then none",
    watch(async (t) => {
      const holder = seen(await untilFailing(t), "holders")?.split(" ")[0];
      const other = machine(holder === "lb-1" ? "lb-2" : "lb-1");
      await other.must("ip address add 10.88.0.10/32 dev eth0");
      const verdict = await untilFailing(t, "holders");
      assert.equal(seen(verdict, "holders"), "lb-1 and lb-2 do");
      await other.must("ip address del 10.88.0.10/32 dev eth0");
      await Promise.all(["lb-1", "lb-2"].map((name) => machine(name).must("systemctl stop keepalived")));
      const none = await untilFailing(t, "address", "holders", "status/lb-1", "status/lb-2");
      assert.match(
        none.text,
        /cause: +no load balancer holds 10\.88\.0\.10\n +next: +npx quorate ssh lb-1 -- sudo journalctl -u keepalived/,
      );
      await Promise.all(["lb-1", "lb-2"].map((name) => machine(name).must("systemctl start keepalived")));
    }),
  );

  test(
    "a clock that is wrong, and one that no time server keeps",
    watch(async (t) => {
      await machine("server-3").must("echo $(($(date +%s) - 3600)) >/etc/lab/epoch; echo no >/etc/lab/clock");
      await machine("lb-1").must("echo no >/etc/lab/clock");
      const verdict = await untilFailing(t, "clocks", "clock/server-3", "clock/lb-1");
      assert.match(seen(verdict, "clocks") ?? "", /^server-3 is 3[56]\d\d s behind$/);
      assert.equal(seen(verdict, "clock/lb-1"), "not synchronised");
      for (const name of ["server-3", "lb-1"])
        await machine(name).must("rm -f /etc/lab/epoch /etc/lab/clock");
    }),
  );

  test(
    "everything is off: an answer within 15 s; switched on again, everything passes",
    watch(async (t) => {
      await Promise.all(machines.map((each) => each.powerOff()));
      const { exit, took, checks, text } = await verify();
      t.diagnostic(`${took} ms\n${text}`);
      assert.equal(exit, 1);
      assert.ok(took < ALL_OFF_MS, `${took} ms`);
      assert.ok(checks.every(({ result }) => result !== "pass"));
      await Promise.all(machines.map((each) => each.powerOn()));
      await untilReady(machines, READY_MS);
      await untilFailing(t);
    }),
  );
});
