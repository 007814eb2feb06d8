// What goes wrong while apply works, on either side: the runner dies at every step, a machine, a cable, a disk, a program.
// Each time: the cluster goes on, nothing is half done, the message says what to do, and the same command finishes the work.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../generator/model/cluster.ts";
import { makeCluster } from "./cluster.ts";
import { labConfig, readCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { lacking } from "./needs.ts";
import { clusterUid, httpStatus, traces, untilReady, untilStatus } from "./observe.ts";
import { labelled, makePerson, type Person } from "./person.ts";
import { openMirror } from "./release.ts";
import { beginApply } from "./under-way.ts";

const READY_MS = 240_000;
const VIP = "10.88.0.10";
const FORCE = "put them in force";

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let config: { readonly k3s: object } & Readonly<Record<string, unknown>>;
let machines: readonly Machine[];
let person: Person;
let uid: string;
/** What apply leaves of itself on each machine when nothing went wrong. */
let clean: ReadonlyMap<string, string>;
let edits = 20;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  config = labConfig("full", lab.key.publicKey) as typeof config;
  cluster = readCluster(JSON.stringify(config));
  machines = makeCluster(lab, cluster);
  person = makePerson(config, lab.key.file);
  await Promise.all(machines.map(({ powerOn }) => powerOn()));
  await untilReady(machines, READY_MS);
  uid = await clusterUid(named("server-1"));
  // One change each, so that what an apply keeps of it is there.
  change("server", "loadbalancer", "agent");
  await finishes();
  clean = await traces(machines);
});

after(async () => {
  person?.leave();
  await mirror.close();
  await lab.close();
});

/** A change that reaches the machines of these roles: servers and agents restart, load balancers reload. */
function change(...roles: readonly ("server" | "agent" | "loadbalancer")[]): void {
  edits += 1;
  if (roles.includes("server"))
    config = { ...config, k3s: { ...config.k3s, snapshots: { retention: edits } } };
  if (roles.includes("agent"))
    config = { ...config, nodes: labelled(config, "agent-1", { edit: `${edits}` }) };
  if (roles.includes("loadbalancer")) config = { ...config, loadBalancer: { maxConnections: 2000 + edits } };
  person.edit(config);
}

/** The hold of a runner that was killed ends by itself, which another test measures; here nobody waits for it. */
async function release(): Promise<void> {
  await Promise.all(machines.map((machine) => machine.run("rm -f /run/quorate/lease")));
}

/** The same command once more: it ends well, everything is as the config says, and nothing is left of what went wrong. */
async function finishes(): Promise<void> {
  const { status, stdout, stderr } = await person.quorate("apply", "--yes");
  assert.equal(status, 0, `${stderr}\n${stdout}`);
  assert.match(stdout, /^apply: cluster lab is as the config says$/m);
  const plan = await person.quorate("plan", "--exit-code");
  assert.equal(plan.status, 0, plan.stdout);
}

async function isClean(): Promise<void> {
  assert.deepEqual(await traces(machines), clean);
  assert.equal(await clusterUid(named("server-1")), uid);
  assert.equal(await httpStatus(`https://${VIP}:6443/readyz`), "401");
  if (lacking("nodes") === false)
    assert.doesNotMatch(await named("server-2").must("k3s kubectl get nodes"), /SchedulingDisabled|NotReady/);
}

const begin = (...args: readonly string[]) => beginApply(person, ...args);

async function stepsOf(machine: string): Promise<readonly string[]> {
  const { stdout } = await person.quorate("apply", "--dry-run");
  const [, steps = ""] = new RegExp(`^${machine}: (.*)$`, "m").exec(stdout) ?? [];
  assert.notEqual(steps, "", stdout);
  return steps.split(", ");
}

describe("the runner is killed", { concurrency: false }, () => {
  for (const [name, role] of [
    ["server-1", "server"],
    ["lb-2", "loadbalancer"],
  ] as const) {
    test(
      `at every step of a ${role}'s change: the next run finishes it`,
      watch(async (t) => {
        change(role);
        const steps = await stepsOf(name);
        t.diagnostic(`${name}: ${steps.join(", ")}`);
        for (const step of steps) {
          const apply = begin("--node", name);
          await apply.begins(name, step);
          apply.process.kill("SIGKILL");
          await apply.ended;
          assert.equal(await httpStatus(`https://${VIP}:6443/readyz`), "401", step);
          await release();
          // The next one has another change: the machine is then under way with an older one.
          change(role);
        }
        await finishes();
        await isClean();
      }),
    );
  }

  test(
    "with Ctrl-C: what it had taken out of service is put back, and it says how to go on",
    watch(async () => {
      change("server");
      const apply = begin("--node", "server-2");
      await apply.begins("server-2", "drain in Kubernetes");
      apply.process.kill("SIGINT");
      const { status, said } = await apply.ended;
      assert.equal(status, 130, said);
      assert.match(said, /^server-2 +interrupted/m);
      assert.match(said, /next: run the same command again: it goes on where it stopped/);
      await isClean();
      await finishes();
    }),
  );
});

describe("a machine, or the way to it, fails", { concurrency: false }, () => {
  test(
    "the plug is pulled while a server restarts: the others are not touched, and it finishes by itself when it is back",
    watch(async () => {
      change("server");
      const apply = begin();
      await apply.begins("server-1", FORCE);
      const server = named("server-1");
      await sleep(1000);
      await server.powerOff();
      const { status, said } = await apply.ended;
      assert.equal(status, 1, said);
      assert.match(said, /^server-1 +failed/m);
      assert.match(said, /^server-2 +not begun/m);
      assert.match(said, /^error: server-1 is not healthy: no answer.*\n {2}next: /m);
      assert.equal(await httpStatus(`https://${VIP}:6443/readyz`), "401");
      await server.powerOn();
      await untilReady(machines, READY_MS);
      await finishes();
      await isClean();
    }),
  );

  test(
    "the cable is pulled inside the tar, on a slow line: nothing of the machine has changed; the same when the line is just slow",
    watch(async (t) => {
      change("agent");
      const agent = named("agent-1");
      const sums = "sha256sum $(awk '$3 ~ /^[/]/ { print $3 }' /etc/quorate/files)";
      const before = await agent.must(sums);
      const first = begin();
      // Slower than any LAN: the tar takes seconds.
      await first.begins("agent-1", "drain in HAProxy");
      agent.throttle(16);
      await first.begins("agent-1", "send the files");
      await sleep(1500);
      agent.cut();
      const { status, said } = await first.ended;
      assert.equal(status, 1, said);
      assert.match(
        said,
        /^error: agent-1: 10\.88\.0\.101 does not answer.*\n {2}next: .*run the same command again$/m,
      );
      assert.equal(await agent.must(sums), before);
      t.diagnostic(
        `kept apart there: ${(await agent.must("ls -A /var/lib/quorate | grep -c staging || true")).trim()}`,
      );
      agent.throttle(64);
      agent.heal();
      const begun = performance.now();
      await finishes();
      t.diagnostic(`with 64 kbit/s: ${Math.round((performance.now() - begun) / 1000)} s`);
      agent.throttle(null);
      await isClean();
    }),
  );

  test(
    "ssh ends with 255 again and again: it asks once more and goes on",
    watch(async () => {
      change("agent");
      const apply = begin();
      await apply.begins("agent-1", FORCE);
      for (let cut = 0; cut < 4; cut++) {
        await named("agent-1").run("pkill -KILL -f 'sshd: ops'");
        await sleep(700);
      }
      const { status, said } = await apply.ended;
      assert.equal(status, 0, said);
      await isClean();
    }),
  );

  test(
    "the disk is full: said, nothing is changed",
    watch(async () => {
      change("agent");
      const agent = named("agent-1");
      await agent.must(
        "cp -a /var/lib/quorate /srv/kept && mount -t tmpfs -o size=44k,mode=700 tmpfs /var/lib/quorate && cp -a /srv/kept/[!p]* /var/lib/quorate && dd if=/dev/zero of=/var/lib/quorate/zero bs=1k 2>/dev/null; rm -rf /srv/kept",
      );
      const { status, stdout } = await person.quorate("apply", "--yes");
      await agent.must("umount -l /var/lib/quorate");
      assert.equal(status, 1);
      assert.match(
        stdout,
        /^error: agent-1: .*: its disk is full\n {2}next: free some space .*nothing was changed there/m,
      );
      await finishes();
      await isClean();
    }),
  );

  test(
    "another host key, and no sudo: said of the machine, the others are done",
    watch(async () => {
      change("loadbalancer");
      const [agent, server] = [named("agent-1"), named("server-3")];
      await agent.must(
        "cp -p /etc/ssh/ssh_host_ed25519_key /srv/key && rm /etc/ssh/ssh_host_ed25519_key && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key && systemctl reload ssh",
      );
      await server.must("mkdir /srv/sudoers && mv /etc/sudoers.d/90-cloud-init-users /srv/sudoers/");
      const { status, stdout, stderr } = await person.quorate("apply", "--yes");
      await agent.must("mv /srv/key /etc/ssh/ssh_host_ed25519_key && systemctl reload ssh");
      await server.must("mv /srv/sudoers/90-cloud-init-users /etc/sudoers.d/");
      assert.equal(status, 1, stderr);
      assert.match(stdout, /^agent-1 +not reached/m);
      assert.match(stdout, /^server-3 +not reached/m);
      assert.match(stdout, /^lb-1 +applied/m);
      assert.match(stdout, /^lb-2 +applied/m);
      assert.match(stdout, /error: agent-1: this machine has another host key.*\n {2}next: /);
      assert.match(stdout, /error: server-3: ops is not root through sudo there.*\n {2}next: /);
      await finishes();
      await isClean();
    }),
  );
});

describe("a change does not work", { concurrency: false }, () => {
  test(
    "K3s does not start with it: rolled back, the other servers are not touched and serve",
    watch(async () => {
      change("server");
      const dropIn = "/etc/systemd/system/k3s.service.d/zz-lab.conf";
      await named("server-1").must(
        `cat >/usr/local/sbin/refuse && chmod 755 /usr/local/sbin/refuse
printf '[Service]\\nExecStartPre=/usr/local/sbin/refuse\\n' >${dropIn} && systemctl daemon-reload`,
        { input: `#!/bin/sh\n! grep -q 'retention: ${edits}$' /etc/rancher/k3s/config.yaml\n` },
      );
      const { status, stdout } = await person.quorate("apply", "--yes");
      assert.equal(status, 1, stdout);
      assert.match(stdout, /^server-1 +rolled back/m);
      assert.match(stdout, /^server-2 +not begun/m);
      assert.match(stdout, /^error: server-1 is not healthy: .*\n {2}next: /m);
      await untilReady(machines, READY_MS);
      await isClean();
      await named("server-1").must(`rm ${dropIn} && systemctl daemon-reload`);
      await finishes();
      await isClean();
    }),
  );

  test(
    "HAProxy cannot take its new file: rolled back on the standby, the one with the vip is not touched",
    watch(async () => {
      const standby = (await named("lb-1").must("quorate-node status --json")).includes('"vip":true')
        ? "lb-2"
        : "lb-1";
      const other = standby === "lb-1" ? "lb-2" : "lb-1";
      const back = person.edit({ ...config, loadBalancer: { maxConnections: 2500, statusPort: 8405 } });
      await named(standby).must(
        "systemd-run --quiet --unit=taken python3 -c 'import socket, time; s = socket.socket(); s.bind((\"\", 8405)); s.listen(); time.sleep(900)'",
      );
      const { status, stdout } = await person.quorate("apply", "--yes");
      assert.equal(status, 1, stdout);
      assert.match(stdout, new RegExp(`^${standby} +rolled back`, "m"));
      assert.match(stdout, new RegExp(`^${other} +not begun`, "m"));
      assert.match(stdout, /port 8405 is taken by another program: "python3"/);
      await isClean();
      await named(standby).must("systemctl stop taken");
      back();
      await finishes();
    }),
  );

  test(
    "the new keys lock us out: the machine goes back by itself",
    watch(async () => {
      const stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH//////////////////////////////////////////";
      const back = person.edit({ ...config, access: { user: "ops", authorizedKeys: [stranger] } });
      const { status, stdout } = await person.quorate("apply", "--yes", "--node", "agent-1");
      assert.equal(status, 1, stdout);
      assert.match(stdout, /^agent-1 +rolled back/m);
      assert.match(
        stdout,
        /^error: agent-1: no new connection found the change in force \(permission denied/m,
      );
      back();
      assert.equal((await person.quorate("plan", "--exit-code")).status, 0);
      await isClean();
    }),
  );

  test(
    "and still one cluster, ready",
    watch(async () => {
      await Promise.all(
        machines.map((machine) => untilStatus(machine, "ready", READY_MS, ({ state }) => state === "ready")),
      );
      const uids = await Promise.all(
        ["server-1", "server-2", "server-3"].map((name) => clusterUid(named(name))),
      );
      assert.deepEqual(uids, [uid, uid, uid]);
    }),
  );
});
