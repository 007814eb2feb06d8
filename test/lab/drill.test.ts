// The drill on a whole cluster: what it refuses, one failure of each kind against its promise, and what becomes of a failure
// whose drill has died.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../../generator/drill/report.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import { makeCluster } from "./cluster.ts";
import type { Result } from "./command.ts";
import { labCluster, labConfig } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { lacking } from "./needs.ts";
import { untilReady, untilStatus } from "./observe.ts";
import { makePerson, type Person } from "./person.ts";
import { openPowerSwitch, type PowerSwitch } from "./power-switch.ts";
import { openMirror } from "./release.ts";

const READY_MS = 240_000;
/** The drill's own limit, after which a machine heals itself, and a margin for a busy computer. */
const HEALED_MS = 40_000;

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let machines: readonly Machine[];
let person: Person;
let power: PowerSwitch;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  cluster = labCluster("full", lab.key.publicKey);
  machines = makeCluster(lab, cluster);
  person = makePerson(labConfig("full", lab.key.publicKey), lab.key.file);
  power = openPowerSwitch(machines);
  await Promise.all(machines.map((machine) => machine.powerOn()));
  await untilReady(machines, READY_MS);
});

after(async () => {
  power.close();
  person.leave();
  await mirror.close();
  await lab.close();
});

function drill(only: readonly string[], ...more: readonly string[]): Promise<Result> {
  return person.quorate("drill", "--yes", ...only.flatMap((each) => ["--only", each]), ...more);
}

function reportOf({ stdout, stderr }: Result): Report {
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as Report;
}

/** Of its K3s, as the kernel calls it: T where it is stopped by a signal. */
function stateOf(server: string): Promise<string> {
  return named(server).must("ps -o stat= -p $(systemctl show -p MainPID --value k3s)");
}

/** Nothing of a drill is left on any machine. */
async function leavesNothing(): Promise<void> {
  for (const machine of machines) {
    const left = await machine.must(
      "systemctl list-units --all --plain --no-legend 'quorate-drill*' 'quorate-vip*' 'quorate-undrain*'; ip rule show pref 10; ls /run/quorate/lease 2>/dev/null; nft list tables 2>/dev/null | grep quorate; true",
    );
    assert.equal(left, "", machine.name);
  }
}

describe("the drill, on three servers, an agent and two load balancers", { concurrency: false }, () => {
  test(
    "makes nothing on a cluster that is not well, nor beside an apply, nor without anybody to ask",
    watch(async () => {
      const nobody = await person.quorate("drill", "--only", "server-1/hung");
      assert.equal(nobody.status, 1);
      assert.match(nobody.stderr, /^error: there is nobody to ask$/m);

      // Somebody's apply that goes on and on: it renews its hold.
      const take = () => named("agent-1").must("quorate-node lease take other 45 ann@laptop");
      await take();
      const beat = setInterval(() => void take(), 5000);
      const beside = await drill(["server-1/hung"]);
      clearInterval(beat);
      assert.equal(beside.status, 1);
      assert.match(beside.stderr, /^error: another apply or drill works on agent-1: ann@laptop$/m);
      await named("agent-1").must("quorate-node lease drop other");

      await named("server-3").must("systemctl stop k3s");
      await untilStatus(named("server-3"), "not ready", 60_000, ({ state }) => state !== "ready");
      const ill = await drill(["server-1/hung"]);
      assert.equal(ill.status, 1);
      assert.match(
        ill.stderr,
        /^error: no drill on a cluster that is not well: server-3 is [^\n]+\n {2}next: npx quorate status/m,
      );
      await named("server-3").must("systemctl start k3s");
      await untilReady(machines, READY_MS);
      assert.match(await stateOf("server-1"), /^[SR]/);
      await leavesNothing();
    }),
  );

  test(
    "does not make what it could not undo",
    watch(async () => {
      // A machine on which nothing can be armed.
      await named("server-2").must(
        "printf '#!/bin/sh\\nexit 1\\n' >/run/no && chmod 755 /run/no && mount --bind /run/no /usr/bin/systemd-run",
      );
      const result = await drill(["server-2/stopped"], "--json");
      await named("server-2").must("umount /usr/bin/systemd-run");
      assert.equal(result.status, 1);
      const { measured, notMade } = reportOf(result);
      assert.deepEqual(measured, []);
      assert.match(notMade[0]?.why ?? "", /^server-2: its healing could not be armed, so nothing was made;/);
      assert.match(result.stderr, /^not made: server-2\/stopped: /m);
      assert.equal((await named("server-2").must("systemctl is-active k3s")).trim(), "active");
      await leavesNothing();
    }),
  );

  test(
    "one failure of each kind: made, noticed, healed, and felt no longer than is promised",
    { skip: lacking("ingress") },
    watch(async (t) => {
      const svg = join(person.home, "drill.svg");
      const only = [
        "server-1/power",
        "server-2/one-way",
        "server-3/hung",
        "server-2/stopped",
        "server-1/loss",
        "server-3/restart",
        "agent-1/cut",
        "lb-1/power",
        "lb-2/frozen",
        "lb-1/killed",
        "lb-2/stopped",
        "lb-1/reload",
      ];
      const result = await drill(only, "--json", "--power", power.command, "--svg", svg);
      t.diagnostic(`\n${result.stderr}`);
      const { measured, notMade, ended } = reportOf(result);
      assert.deepEqual([notMade, ended], [[], null]);
      assert.deepEqual(measured.map(({ id }) => id).toSorted(), only.toSorted());
      for (const { id, felt, broken, noticed, moments } of measured) {
        assert.deepEqual(broken, [], id);
        assert.deepEqual(
          felt.map(({ target }) => target),
          ["api", "http", "https"],
        );
        // 60 a second, over all of them.
        const sent = felt.reduce((sum, each) => sum + each.sent, 0);
        const due = ((moments.to - moments.from) / 1000) * 60;
        assert.ok(sent > due * 0.9 && sent < due * 1.1, `${id}: ${sent} of ${due} requests`);
        const quiet = /\/(killed|loss|restart|reload)$/.test(id);
        assert.equal(noticed === null, quiet, `${id}: noticed ${noticed}`);
      }
      assert.equal(result.status, 0);
      assert.deepEqual(power.asked, ["server-1 off", "server-1 on", "lb-1 off", "lb-1 on"]);
      assert.match(result.stderr, /^drill: the promise held in 12 of 12 failures$/m);
      assert.ok(existsSync(svg));
      assert.equal(readFileSync(svg, "utf8").match(/class="held"/g)?.length, only.length);
      await leavesNothing();
    }),
  );

  test(
    "its computer dies in the middle: the machine heals itself, and the next drill goes on",
    watch(async (t) => {
      const child = person.begin("drill", "--yes", "--only", "server-2/hung");
      let said = "";
      await new Promise<void>((resolve, reject) => {
        child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${said}`)));
        child.stderr?.on("data", (part: Buffer) => {
          said += part.toString();
          if (said.includes("takes connections and answers nobody, for")) resolve();
        });
      });
      const until = async (state: RegExp, limit: number) => {
        const end = performance.now() + limit;
        while (!state.test(await stateOf("server-2"))) {
          assert.ok(performance.now() < end, `K3s is not ${state}`);
          await sleep(200);
        }
      };
      await until(/^T/, 10_000);
      child.kill("SIGKILL");
      const begun = performance.now();
      await until(/^[SR]/, HEALED_MS);
      t.diagnostic(`healed by itself after ${Math.round((performance.now() - begun) / 1000)} s`);
      await untilReady(machines, READY_MS);
      for (let tries = 0; ; tries++) {
        const again = await drill(["server-2/stopped"]);
        if (again.status === 0) break;
        assert.match(again.stderr, /another apply or drill works on|not well/, again.stdout);
        assert.ok(tries < 20, again.stderr);
        await sleep(3000);
      }
      await leavesNothing();
    }),
  );
});
