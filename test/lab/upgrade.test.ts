// Another K3s on the full cluster: a snapshot first, no failed request, and every way in which it must not go.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../generator/model/cluster.ts";
import { parseRecord } from "../../generator/model/record.ts";
import { STEPS } from "../../generator/plan/steps.ts";
import { startClient, waysInto } from "./client.ts";
import { makeCluster } from "./cluster.ts";
import { until } from "./command.ts";
import { labConfig, readCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { REAL_ARTIFACTS } from "./needs.ts";
import { clusterUid, httpStatus, statusOf, traces, untilReady, untilStatus } from "./observe.ts";
import { makePerson, type Person } from "./person.ts";
import { K3S_VERSION, openMirror } from "./release.ts";
import { beginApply } from "./under-way.ts";

const READY_MS = 240_000;
const VIP = "10.88.0.10";
const [NEXT, AFTER, LAST] = ["v1.37.0+k3s1", "v1.37.1+k3s1", "v1.37.2+k3s1"] as const;
const SERVERS = ["server-1", "server-2", "server-3"];
const NODES = [...SERVERS, "agent-1"];
const SNAPSHOT = STEPS.snapshot;
/** A real release is one; here three follow. */
const skip = REAL_ARTIFACTS !== undefined && "K3S_ARTIFACTS names one release, and an upgrade needs two";

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let config: { readonly k3s: object } & Readonly<Record<string, unknown>>;
let machines: readonly Machine[];
let person: Person;
let uid: string;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;

before(async () => {
  if (skip !== false) return;
  lab = await startLab();
  mirror = await openMirror(lab.id, [NEXT, AFTER, LAST]);
  config = labConfig("full", lab.key.publicKey) as typeof config;
  cluster = readCluster(JSON.stringify(config));
  machines = makeCluster(lab, cluster);
  person = makePerson(config, lab.key.file);
  await Promise.all(machines.map(({ powerOn }) => powerOn()));
  await untilReady(machines, READY_MS);
  uid = await clusterUid(named("server-1"));
  const { status, stdout, stderr } = await person.quorate("apply", "--yes");
  assert.equal(status, 0, `${stderr}\n${stdout}`);
});

after(async () => {
  person?.leave();
  await mirror?.close();
  await lab?.close();
});

const want = (version: string) => person.edit({ k3s: { ...config.k3s, version } });

/** What is installed on each server and agent. */
async function installed(): Promise<Readonly<Record<string, string>>> {
  const entries = NODES.map(async (name) => {
    const said = await named(name).must("k3s --version");
    return [name, /^k3s version (\S+) /.exec(said)?.[1] ?? said] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
const everywhere = (version: string) => Object.fromEntries(NODES.map((name) => [name, version]));

/** Changes with every start of a K3s. */
function starts(): Promise<readonly string[]> {
  return Promise.all(NODES.map((name) => named(name).must("systemctl show -p InvocationID k3s k3s-agent")));
}
const openedBy = (name: string) => named(name).must("cat /var/lib/rancher/k3s/server/db/etcd/quorate-k3s");

async function snapshotNames(): Promise<readonly string[]> {
  const { status, stdout, stderr } = await person.quorate("snapshot", "list", "--json");
  assert.equal(status, 0, stderr);
  const { snapshots } = JSON.parse(stdout) as {
    readonly snapshots: readonly { readonly name: string; readonly bytes: number }[];
  };
  for (const { name, bytes } of snapshots) assert.ok(bytes > 1000, `${name}: ${bytes}`);
  return snapshots.map(({ name }) => name);
}

async function isWhole(version: string): Promise<void> {
  assert.deepEqual(await installed(), everywhere(version));
  assert.equal(await clusterUid(named("server-3")), uid);
  assert.equal((await person.quorate("plan", "--exit-code")).status, 0);
  const record = parseRecord(readFileSync(join(person.home, "out/applied.json"), "utf8"));
  for (const name of NODES) {
    const { result, k3s } = (record.ok && record.record.machines.get(name)) || {};
    assert.deepEqual({ name, result, k3s }, { name, result: "applied", k3s: version });
  }
  for (const name of SERVERS) assert.equal(await openedBy(name), `${version}\n`);
  for (const name of ["lb-1", "lb-2"])
    assert.doesNotMatch(await named(name).must("quorate-node backends"), /drained/);
  assert.doesNotMatch(await named("server-1").must("k3s kubectl get nodes"), /SchedulingDisabled|NotReady/);
}

/** The hold of a runner that was killed ends by itself, which another test measures; here nobody waits for it. */
async function release(): Promise<void> {
  await Promise.all(machines.map((machine) => machine.run("rm -f /run/quorate/lease")));
}

/** Somebody asks for everything meanwhile and must lose nothing. What was seen is told also where the work fails. */
async function losesNothing(t: TestContext, work: () => Promise<void>): Promise<void> {
  const client = await startClient({ targets: waysInto(VIP), rate: 75 });
  const error: unknown = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { targets, failures, drift } = await client.stop();
  // Up to that long a stall may be this computer's, and then no failure says little.
  t.diagnostic(`the client was late by at most ${Math.round(drift.worst)} ms`);
  for (const { name, sent, failed, longestGap, slowest } of targets)
    t.diagnostic(
      `${name}: ${sent} sent, ${failed} failed, longest gap ${longestGap.took} ms, slowest ${slowest} ms`,
    );
  if (error !== undefined) throw error;
  for (const { name, sent, failed } of targets) {
    assert.ok(sent > 500, name);
    assert.equal(failed, 0, `${name}: ${JSON.stringify(failures.slice(0, 3))}`);
  }
}

/** The machines on which an apply put files in force, in that order. */
function inForceOn(stderr: string): readonly (string | undefined)[] {
  return [...stderr.matchAll(new RegExp(`^\\S+Z (\\S+) +${STEPS.start}$`, "gm"))].map(([, name]) => name);
}

describe("an upgrade of K3s", { concurrency: false, skip }, () => {
  test(
    "a skipped minor and an older version are refused, and nothing is restarted",
    watch(async () => {
      const before = await starts();
      for (const [version, says] of [
        [
          "v1.38.0+k3s1",
          /^error: k3s\.version: .*one minor version after the other\n {2}next: first the newest release of v1\.37 /m,
        ],
        [
          "v1.35.9+k3s1",
          /^error: k3s\.version: .*K3s does not go back.*\n {2}next: put "v1\.36\.4\+k3s1" back/m,
        ],
      ] as const) {
        want(version);
        const { status, stderr } = await person.quorate("apply", "--yes");
        assert.equal(status, 1, stderr);
        assert.match(stderr, says);
      }
      assert.deepEqual(await starts(), before);
      assert.deepEqual(await snapshotNames(), []);
    }),
  );

  test(
    "the runner is killed while the snapshot is taken: nothing has been touched",
    watch(async () => {
      want(NEXT);
      const before = await starts();
      const apply = beginApply(person);
      await apply.begins("server-1", SNAPSHOT);
      apply.process.kill("SIGKILL");
      await apply.ended;
      assert.deepEqual(await starts(), before);
      assert.deepEqual(await installed(), everywhere(K3S_VERSION));
      await release();
    }),
  );

  test(
    "no server can keep a snapshot: nothing is touched, and it says why",
    watch(async () => {
      const folder = "/var/lib/rancher/k3s/server/db/snapshots";
      for (const name of SERVERS) await named(name).must(`rm -rf ${folder} && : >${folder}`);
      const before = await starts();
      const { status, stdout } = await person.quorate("apply", "--yes");
      for (const name of SERVERS) await named(name).must(`rm -f ${folder}`);
      assert.equal(status, 1);
      assert.match(
        stdout,
        /^error: etcd's data are not kept, so no K3s is exchanged and nothing was touched: /m,
      );
      assert.match(stdout, /^server-2 +not begun +upgrade$/m);
      assert.deepEqual(await starts(), before);
    }),
  );

  test(
    "a snapshot, then servers one by one, then agents: no request fails",
    watch(async (t) => {
      await losesNothing(t, async () => {
        const { status, stdout, stderr } = await person.quorate("apply", "--yes");
        assert.equal(status, 0, `${stderr}\n${stdout}`);
        assert.deepEqual(inForceOn(stderr), NODES);
        assert.ok(stderr.indexOf(SNAPSHOT) < stderr.indexOf("check the others"), stderr);
      });
      const names = await snapshotNames();
      assert.ok(
        names.some((name) => name.startsWith("before-v1.37.0-k3s1-server-1-")),
        names.join(" "),
      );
      await isWhole(NEXT);
    }),
  );

  test(
    "and not back again: apply refuses it, and so does the machine itself",
    watch(async () => {
      const back = want(K3S_VERSION);
      const { status, stderr } = await person.quorate("apply", "--yes");
      assert.equal(status, 1);
      assert.match(stderr, /K3s does not go back.*\n {2}next: put "v1\.37\.0\+k3s1" back/);
      back();
      const server = named("server-2");
      const file = "/etc/quorate/k3s-install.env";
      await server.must(`cp -p ${file} /srv/k3s-install.env && sed -i 's/v1[.]37[.]0/v1.36.4/' ${file}`);
      await server.must("systemctl restart --no-block quorate-node");
      const { next } = await untilStatus(server, "refused", 60_000, ({ error }) =>
        error.startsWith(`K3s ${NEXT} has run here, and ${K3S_VERSION} may not read`),
      );
      assert.match(next, /^on your computer: put v1\.37\.0\+k3s1 back into k3s\.version/);
      assert.equal((await server.must("systemctl is-active k3s")).trim(), "active");
      await server.must(`cp -p /srv/k3s-install.env ${file} && systemctl restart --no-block quorate-node`);
      await untilReady(machines, READY_MS);
      await isWhole(NEXT);
    }),
  );

  test(
    "a server that loses its power in the middle stops everything; switched on it goes on, and the same command does the rest",
    watch(async () => {
      want(AFTER);
      const apply = beginApply(person);
      await apply.begins("server-1", "put them in force");
      await sleep(1000);
      await named("server-1").powerOff();
      const { status, said } = await apply.ended;
      assert.equal(status, 1, said);
      assert.match(said, /^server-1 +failed +upgrade/m);
      for (const name of ["server-2", "server-3", "agent-1"])
        assert.match(said, new RegExp(`^${name} +not begun +upgrade`, "m"));
      assert.match(
        said,
        /^error: server-1 is not healthy: .*it was not rolled back: K3s v1\.37\.1\+k3s1 may have started/m,
      );
      assert.equal(await httpStatus(`https://${VIP}:6443/readyz`), "401");
      await named("server-1").powerOn();
      await untilReady(machines, READY_MS);
      assert.deepEqual(await installed(), { ...everywhere(NEXT), "server-1": AFTER });
      const { status: again, stdout, stderr } = await person.quorate("apply", "--yes");
      assert.equal(again, 0, `${stderr}\n${stdout}`);
      const names = await snapshotNames();
      assert.ok(
        names.some((name) => name.startsWith("during-v1.37.1-k3s1-")),
        names.join(" "),
      );
      await isWhole(AFTER);
    }),
  );

  test(
    "the runner is killed at every step of a server's upgrade, and the same command completes it",
    watch(async (t) => {
      want(LAST);
      const undisturbed = await traces(machines);
      const before = await starts();
      const { stdout: planned } = await person.quorate("apply", "--dry-run");
      const steps = (/^server-1: (.*)$/m.exec(planned)?.[1] ?? planned).split(", ");
      const { gate, drain, evict, send, start, health, resume } = STEPS;
      assert.deepEqual(steps, [gate, drain, evict, send, start, health, resume]);
      await losesNothing(t, async () => {
        for (const step of steps) {
          const begun = performance.now();
          const apply = beginApply(person);
          await apply.begins("server-1", step);
          apply.process.kill("SIGKILL");
          await apply.ended;
          t.diagnostic(`killed at "${step}" after ${Math.round((performance.now() - begun) / 1000)} s`);
          // Whether a request is lost the client says; a busy computer may need more than one try for one here.
          const answers = async () => (await httpStatus(`https://${VIP}:6443/readyz`)) === "401" || undefined;
          await until(`the API at the vip, killed at ${step}`, 20_000, answers);
          // Until its files are put in force it runs as it did; the others are not begun before it is back in service.
          const untouched: number = steps.indexOf(step) < steps.indexOf(start) ? 0 : 1;
          assert.deepEqual((await starts()).slice(untouched), before.slice(untouched), step);
          for (const name of ["server-2", "server-3"])
            assert.equal((await statusOf(named(name)))?.voter, true, `${step}: ${name}`);
          await release();
        }
        const { status, stdout, stderr } = await person.quorate("apply", "--yes");
        assert.equal(status, 0, `${stderr}\n${stdout}`);
        assert.match(stdout, /^apply: cluster lab is as the config says$/m);
        assert.deepEqual(inForceOn(stderr), ["server-2", "server-3", "agent-1"]);
      });
      await isWhole(LAST);
      assert.deepEqual(await traces(machines), undisturbed);
    }),
  );
});
