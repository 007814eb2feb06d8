// apply on the full cluster, from a person's computer: nothing to do, changes that nobody notices, one apply at a time.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { observe } from "../../generator/apply/observe.ts";
import { openSsh } from "../../generator/apply/ssh.ts";
import type { MachineResult } from "../../generator/apply/rollout.ts";
import { parseRecord } from "../../generator/model/record.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { type Client, type Report, startClient, waysInto } from "./client.ts";
import { LAB_ROOT, makeCluster } from "./cluster.ts";
import type { Result } from "./command.ts";
import { labConfig, readCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { lacking } from "./needs.ts";
import { clusterUid, untilReady } from "./observe.ts";
import { labelled, makePerson, type Person } from "./person.ts";
import { openMirror } from "./release.ts";

const READY_MS = 240_000;
const VIP = "10.88.0.10";
/** A whole no-op apply of six machines, in seconds; the design's figure. */
const SILENT_SECONDS = 5;
/** Observing six machines against observing one. */
const SIX_TO_ONE = 2;
const ROUNDS = 7;

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let config: Readonly<Record<string, unknown>>;
let machines: readonly Machine[];
let person: Person;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;
const record = () => {
  const read = parseRecord(readFileSync(join(person.home, "out/applied.json"), "utf8"));
  assert.ok(read.ok);
  return read.record;
};

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  config = labConfig("full", lab.key.publicKey);
  cluster = readCluster(JSON.stringify(config));
  machines = makeCluster(lab, cluster);
  person = makePerson(config, lab.key.file);
  await Promise.all(machines.map(({ powerOn }) => powerOn()));
  await untilReady(machines, READY_MS);
});

after(async () => {
  person?.leave();
  await mirror.close();
  await lab.close();
});

/** What apply has done, by machine; it must have succeeded. */
function outcomes({ status, stdout, stderr }: Result): Readonly<Record<string, string>> {
  assert.equal(status, 0, `${stderr}\n${stdout}`);
  const { results } = JSON.parse(stdout) as { readonly results: readonly MachineResult[] };
  return Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
}

/** Everything a restart would change: how often K3s and HAProxy were started, by machine. */
function starts(): Promise<readonly string[]> {
  const units = "k3s k3s-agent haproxy keepalived quorate-node";
  return Promise.all(machines.map((machine) => machine.must(`systemctl show -p InvocationID ${units}`)));
}

/** Runs `work` while a client asks API and ingress; a computer that stalls itself shows nothing, so that counts as a failure of the test. */
async function asked(t: TestContext, work: () => Promise<unknown>): Promise<Report> {
  const client: Client = await startClient({ targets: waysInto(VIP), rate: 150 });
  await work();
  const report = await client.stop();
  for (const { name, sent, failed, failedAfterRetry, longestGap, slowest } of report.targets) {
    const gap = `longest gap ${Math.round(longestGap.took)} ms, slowest ${Math.round(slowest)} ms`;
    t.diagnostic(`${name}: ${sent} sent, ${failed} failed, ${failedAfterRetry} after one retry, ${gap}`);
  }
  for (const failure of report.failures.slice(0, 5)) t.diagnostic(JSON.stringify(failure));
  return report;
}

describe("apply, from a person's computer", { concurrency: false }, () => {
  test(
    "the first time, on a cluster that cards made: changes nothing, and records what runs where",
    watch(async () => {
      const before = await starts();
      const first = await person.quorate("apply", "--json");
      assert.deepEqual(new Set(Object.values(outcomes(first))), new Set(["unchanged"]));
      assert.deepEqual(await starts(), before);
      const { cluster: known, machines: recorded } = record();
      assert.equal(known.uid, await clusterUid(named("server-1")));
      assert.equal(
        known.caHash,
        (await named("server-2").must("curl -sfk https://127.0.0.1:6443/cacerts | sha256sum")).slice(0, 64),
      );
      assert.deepEqual([...recorded.keys()].toSorted(), cluster.nodes.map(({ name }) => name).toSorted());
      for (const { name } of cluster.nodes) {
        assert.equal(
          `${recorded.get(name)?.digest}\n`,
          await named(name).must("cat /var/lib/quorate/applied"),
        );
      }
    }),
  );

  test(
    "Silent second time: nothing is changed, restarted or written, and it is quick",
    watch(async (t) => {
      const file = join(person.home, "out/applied.json");
      const [before, { mtimeMs }] = [await starts(), statSync(file)];
      const begun = performance.now();
      const again = await person.quorate("apply", "--json", "--yes");
      const seconds = (performance.now() - begun) / 1000;
      t.diagnostic(`a silent apply of ${machines.length} machines: ${seconds.toFixed(1)} s`);
      assert.deepEqual(new Set(Object.values(outcomes(again))), new Set(["unchanged"]));
      assert.deepEqual(await starts(), before);
      assert.equal(statSync(file).mtimeMs, mtimeMs);
      assert.ok(seconds < SILENT_SECONDS, `${seconds} s`);
    }),
  );

  test(
    "asks six machines in at most twice the time that it takes to ask one",
    watch(async (t) => {
      const ssh = openSsh({
        machines: cluster.nodes.map(({ name, address }) => ({
          name,
          address,
          port: 22,
          user: cluster.access.user,
          hostKey: deriveSecret(LAB_ROOT, { secret: `ssh-host-key-public/${name}`, generation: 1 }),
        })),
        environment: process.env,
        identity: lab.key.file,
      });
      const templates = readTemplates();
      const look = (node: Node) =>
        observe(ssh, cluster, node, nodeFiles(cluster, node, templates), LAB_ROOT, record());
      const timed = async (nodes: readonly Node[]) => {
        const begun = performance.now();
        const seen = await Promise.all(nodes.map(look));
        assert.ok(seen.every(({ files }) => files?.length === 0));
        return performance.now() - begun;
      };
      const one = cluster.nodes.filter(({ name }) => name === "server-1");
      // In turn, and the best of each: what else this computer does only makes a time longer.
      const ratio = async (what: string) => {
        const best = { six: Infinity, one: Infinity };
        await timed(cluster.nodes);
        for (let round = 0; round < ROUNDS; round++) {
          best.six = Math.min(best.six, await timed(cluster.nodes));
          best.one = Math.min(best.one, await timed(one));
        }
        const times = `${Math.round(best.six)} to ${Math.round(best.one)} ms, best of ${ROUNDS}`;
        t.diagnostic(
          `${cluster.nodes.length} machines to one, ${what}: ${(best.six / best.one).toFixed(2)} (${times})`,
        );
        return best.six / best.one;
      };
      await ratio("all on the processors of this computer");
      // Real machines have processors of their own, and a Pi is slow: that time does not add up.
      const slow = '#!/bin/sh\nsleep 0.4\nexec /usr/bin/stat "$@"\n';
      const place = "/usr/local/sbin/stat";
      await Promise.all(
        machines.map((each) => each.must(`cat >${place} && chmod 755 ${place}`, { input: slow })),
      );
      const shared = await ratio("each 0.4 s slower, as with processors of its own");
      await Promise.all(machines.map((each) => each.must(`rm ${place}`)));
      await ssh.close();
      assert.ok(shared <= SIX_TO_ONE, String(shared));
    }),
  );

  test(
    "No new connection refused: every server and agent restarts, and no request fails",
    { skip: lacking("ingress") },
    watch(async (t) => {
      const uid = await clusterUid(named("server-1"));
      person.edit({
        k3s: { ...(config["k3s"] as object), snapshots: { retention: 20 } },
        nodes: labelled(config, "agent-1", { a: "b" }),
      });
      const dry = await person.quorate("apply", "--dry-run");
      assert.match(dry.stdout, /^server-1: check the others, drain in HAProxy, drain in Kubernetes, send/m);
      assert.match(dry.stdout, /^nothing was changed: --dry-run$/m);
      const [before, nobody] = [await starts(), await person.quorate("apply")];
      assert.match(nobody.stderr, /there is nobody to ask\n {2}next: .*apply --yes/);
      assert.deepEqual(await starts(), before);

      const report = await asked(t, async () => {
        const { stdout, stderr, status } = await person.quorate("apply", "--yes", "--json");
        const done = outcomes({ stdout, stderr, status });
        assert.deepEqual(done, {
          "lb-1": "unchanged",
          "lb-2": "unchanged",
          "server-1": "applied",
          "server-2": "applied",
          "server-3": "applied",
          "agent-1": "applied",
        });
      });
      for (const { name, sent, failed } of report.targets) {
        assert.ok(sent > 500, name);
        assert.equal(failed, 0, `${name}: ${JSON.stringify(report.failures.slice(0, 3))}`);
      }
      const after = await starts();
      for (const [index, { name }] of machines.entries()) {
        assert.equal(after[index] !== before[index], !name.startsWith("lb"), name);
      }
      assert.equal(await clusterUid(named("server-3")), uid);
      for (const name of ["lb-1", "lb-2"])
        assert.doesNotMatch(await named(name).must("quorate-node backends"), /drained/);
      assert.doesNotMatch(
        await named("server-1").must("k3s kubectl get nodes"),
        /SchedulingDisabled|NotReady/,
      );
    }),
  );

  test(
    "both load balancers reload, the one with the vip gives it up first: no request fails after one retry",
    { skip: lacking("ingress") },
    watch(async (t) => {
      person.edit({ loadBalancer: { maxConnections: 3000 } });
      const report = await asked(t, async () => {
        const done = outcomes(await person.quorate("apply", "--yes", "--json"));
        assert.deepEqual([done["lb-1"], done["lb-2"], done["server-1"]], ["applied", "applied", "unchanged"]);
      });
      for (const { name, failedAfterRetry } of report.targets)
        assert.equal(failedAfterRetry, 0, `${name}: ${JSON.stringify(report.failures.slice(0, 3))}`);
      for (const name of ["lb-1", "lb-2"]) {
        const balancer = named(name);
        assert.match(await balancer.must("cat /etc/haproxy/haproxy.cfg"), /maxconn 750/);
        assert.equal(await balancer.must("systemctl show -p NRestarts --value haproxy"), "0\n");
        assert.equal((await balancer.must("systemctl is-active keepalived")).trim(), "active");
      }
    }),
  );

  test(
    "new host keys and another name server: a new connection confirms them, on every machine, and nothing is undone",
    watch(async () => {
      const key = await named("agent-1").must("cat /etc/ssh/ssh_host_ed25519_key.pub");
      person.edit({
        secrets: { generations: { sshHostKey: 2 } },
        network: { ...(config["network"] as object), dns: ["10.88.0.1", "10.88.0.53"] },
      });
      const done = outcomes(await person.quorate("apply", "--yes", "--json"));
      assert.deepEqual(new Set(Object.values(done)), new Set(["applied"]));
      assert.notEqual(await named("agent-1").must("cat /etc/ssh/ssh_host_ed25519_key.pub"), key);
      for (const { name } of machines) {
        const entered = await person.quorate("ssh", name, "--", "grep -rh 10.88.0.53 /etc/netplan");
        assert.match(entered.stdout, /10\.88\.0\.53/, `${name}: ${entered.stderr}`);
        const kept = await named(name).must(
          "ls -A /var/lib/quorate; systemctl list-units --plain --no-legend 'quorate-undo*'",
        );
        assert.doesNotMatch(kept, /armed|undo/, name);
        assert.match(record().machines.get(name)?.hostKey ?? "", /^ssh-ed25519 /);
      }
      assert.equal((await person.quorate("plan", "--exit-code")).status, 0);
    }),
  );

  test(
    "of two at once one works and the other says who does; a dead one's hold is waited for, and the rest is done",
    watch(async (t) => {
      // Somebody else's apply that goes on and on: it renews its hold.
      const server = named("server-1");
      const take = () => server.run("quorate-node lease take 0a1b 45 ann@laptop");
      await take();
      const beat = setInterval(() => void take(), 5000);
      const back = person.edit({ loadBalancer: { maxConnections: 3400 } });
      const beside = await person.quorate("apply", "--yes");
      clearInterval(beat);
      await server.must("quorate-node lease drop 0a1b");
      assert.equal(beside.status, 1, beside.stdout);
      assert.match(
        beside.stderr,
        /^error: another apply or drill works on server-1: ann@laptop\n {2}next: .*ends by itself in \d+ s$/m,
      );

      const first = person.begin("apply", "--yes");
      await new Promise<void>((resolve, reject) => {
        first.once("exit", (code) => reject(new Error(`the first one ended with ${code}`)));
        first.stderr?.on("data", (part: Buffer) => {
          if (part.toString().includes("put them in force")) resolve();
        });
      });
      first.removeAllListeners("exit").kill("SIGKILL");
      const begun = performance.now();
      const second = await person.quorate("apply", "--yes");
      assert.equal(second.status, 0, second.stderr);
      assert.match(second.stderr, /is held by another apply; is that still at work\?/);
      t.diagnostic(
        `the hold ended, and the rest was done, ${Math.round((performance.now() - begun) / 1000)} s after it died`,
      );
      back();
    }),
  );
});
