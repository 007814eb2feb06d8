// A dead machine and a new one under its name: one command and one card, whichever machine it is and whatever else goes wrong.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseRecord } from "../../generator/model/record.ts";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { startClient, waysInto } from "./client.ts";
import { labRecord, labSeed, makeCluster } from "./cluster.ts";
import { until } from "./command.ts";
import { labConfig, readCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { REAL_ARTIFACTS } from "./needs.ts";
import { clusterUid, hasData, statusOf, untilReady, untilStatus } from "./observe.ts";
import { makePerson, type Person } from "./person.ts";
import { openMirror } from "./release.ts";
import { beginVerb } from "./under-way.ts";

const READY_MS = 240_000;
const VIP = "10.88.0.10";
const SERVERS = ["server-1", "server-2", "server-3"] as const;
const [GATE, FORGET, JOIN] = ["check the others", "take it out of the cluster", "wait until it has joined"];
/** Machines of namespaces run no kubelet, so Kubernetes knows no node of a real K3s, and nothing can be deleted there. */
const skip = REAL_ARTIFACTS !== undefined && "without kubelets no machine is a node that could be deleted";

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let machines: readonly Machine[];
let person: Person;
let uid: string;
/** The member of server-3 that is to be gone. */
let dead: string;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;

before(async () => {
  if (skip !== false) return;
  lab = await startLab();
  mirror = await openMirror(lab.id);
  const config = labConfig("full", lab.key.publicKey);
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

const begin = (...args: readonly string[]) => beginVerb(person, "replace", ...args, "--yes", "--wait", "10");

/** An empty folder in which a card can be written. */
function folderFor(name: string): string {
  const folder = join(person.home, `card-of-${name}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A blank disk with the card that the command has written into a folder. */
function flashFrom(name: string, folder: string): void {
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  named(name).reflash({
    userData: text("user-data"),
    metaData: text("meta-data"),
    networkConfig: text("network-config"),
  });
}

/** The same with a card that `card` has written before. */
async function flash(name: string): Promise<void> {
  const node = cluster.nodes.find((each) => each.name === name) as Node;
  const other = named(name === "server-1" ? "server-2" : "server-1");
  named(name).reflash(labSeed(cluster, node, { mayFound: false, record: await labRecord(cluster, other) }));
}

/** The members of etcd, as one server counts them: NAME-<8 hex>, and those without a vote. */
async function members(
  on: string,
): Promise<{ readonly voters: readonly string[]; readonly learners: number }> {
  const text = await named(on).must("curl -sfk https://127.0.0.1:6443/db/info");
  const all = (
    JSON.parse(text) as {
      readonly members: readonly { readonly name?: string; readonly isLearner?: boolean }[];
    }
  ).members;
  const voters = all.filter(({ isLearner }) => isLearner !== true).map(({ name = "" }) => name);
  return { voters: voters.toSorted(), learners: all.length - voters.length };
}

const plain = (names: readonly string[]) => names.map((name) => name.replace(/-[0-9a-f]{8}$/, ""));

/** Three voters of the one cluster, the record true, nothing left to do. `gone`: members that there were. */
async function isWhole(...gone: readonly string[]): Promise<void> {
  await untilReady(
    machines.filter(({ on }) => on),
    READY_MS,
  );
  const { voters, learners } = await members("server-3");
  assert.deepEqual([plain(voters), learners], [SERVERS, 0]);
  for (const member of gone) assert.ok(!voters.includes(member), `${member} still counts`);
  for (const name of SERVERS) assert.equal(await clusterUid(named(name)), uid, name);
  const record = parseRecord(readFileSync(join(person.home, "out/applied.json"), "utf8"));
  assert.ok(record.ok);
  assert.equal(record.record.cluster.uid, uid);
  for (const { name } of cluster.nodes)
    assert.equal(record.record.machines.get(name)?.result, "applied", name);
  const { status, stdout, stderr } = await person.quorate("plan", "--exit-code");
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

/** The others have noticed, and carry the cluster: until etcd has another leader they are not ready. */
async function dies(name: string): Promise<void> {
  await named(name).powerOff();
  await untilReady(
    machines.filter((machine) => machine.on && SERVERS.some((server) => server === machine.name)),
    READY_MS,
    3,
  );
}

/** The runner of server-3's replacement is killed as it begins a step; `meanwhile` is done at that moment. */
async function killedAt(step: string, meanwhile?: () => Promise<void>): Promise<void> {
  const work = begin("server-3");
  await work.begins("server-3", step);
  work.process.kill("SIGKILL");
  await meanwhile?.();
  await work.ended;
  // A computer that died holds the machines for 45 s; nobody waits for that here.
  await Promise.all(
    machines.filter(({ on }) => on).map((machine) => machine.run("rm -f /run/quorate/lease")),
  );
}

describe("a machine is replaced", { concurrency: false, skip }, () => {
  test(
    "the wrong machine is refused, and the dead one named: no card is written, nothing is changed",
    watch(async () => {
      const earlier = await members("server-1");
      await dies("server-3");
      const card = folderFor("server-2");
      const { status, stderr } = await person.quorate("replace", "server-2", card, "--yes");
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^error: server-2 answers and works: there is nothing to replace\n {2}next: server-3 does not answer: npx quorate replace server-3; if server-2 is the new one/m,
      );
      assert.deepEqual(readdirSync(card), []);
      assert.deepEqual(await members("server-1"), earlier);
    }),
  );

  test(
    "the runner is killed while the cluster forgets it, and another server loses its power: refused until that is back; never a second cluster",
    watch(async () => {
      dead = (await members("server-1")).voters.find((name) => name.startsWith("server-3")) ?? "";
      await flash("server-3");
      await killedAt(GATE);
      await killedAt(FORGET, () => named("server-1").powerOff());
      await named("server-3").powerOn();
      const card = folderFor("server-3");
      const { status, stderr } = await person.quorate("replace", "server-3", card, "--yes");
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^error: server-3 is left as it is: .*server-1.*no answer/m);
      assert.match(stderr, /^ {2}next: (switch server-1 on|bring the other servers back first)/m);
      assert.deepEqual(readdirSync(card), []);
      await untilStatus(named("server-3"), "waiting for the cluster", READY_MS, ({ state, step }) => {
        return state === "waiting" && step === "server";
      });
      assert.equal(await hasData(named("server-3")), false);
      assert.notEqual((await statusOf(named("server-2")))?.state, "ready");
      await named("server-3").powerOff();
      await named("server-1").powerOn();
      for (const name of ["server-1", "server-2"])
        await untilStatus(named(name), "ready", READY_MS, ({ state }) => state === "ready");
    }),
  );

  test(
    "the same command goes on; killed while it waits, and the new board cut off while it joins, it goes on again",
    watch(async () => {
      await killedAt(JOIN);
      const work = begin("server-3");
      await work.begins("server-3", JOIN);
      await named("server-3").powerOn();
      await until("server-3 to be a member without a vote", READY_MS, async () =>
        (await members("server-1")).learners > 0 ? true : undefined,
      );
      await named("server-3").powerOff();
      await sleep(3000);
      await named("server-3").powerOn();
      const { status, said } = await work.ended;
      assert.equal(status, 0, said);
      await isWhole(dead);
    }),
  );

  test(
    "the first server is dead: one command and one card, and no request fails meanwhile",
    watch(async (t) => {
      const old = (await members("server-2")).voters.find((name) => name.startsWith("server-1"));
      assert.ok(old);
      await dies("server-1");
      for (const balancer of ["lb-1", "lb-2"]) {
        await until(`${balancer} to see that server-1 is gone`, 30_000, async () => {
          const { stdout } = await named(balancer).run("quorate-node backends");
          // Of the ingress it notices later than of the API.
          return (stdout.includes("/server-1 down") && !stdout.includes("/server-1 up")) || undefined;
        });
      }
      const client = await startClient({ targets: waysInto(VIP), rate: 60 });
      const begun = performance.now();
      const card = folderFor("server-1");
      const work = begin("server-1", card);
      await work.begins("server-1", JOIN);
      flashFrom("server-1", card);
      await named("server-1").powerOn();
      const { status, said } = await work.ended;
      const { targets, failures } = await client.stop();
      assert.equal(status, 0, said);
      t.diagnostic(`all voters again after ${Math.round((performance.now() - begun) / 1000)} s`);
      for (const { name, sent, failed, longestGap } of targets) {
        t.diagnostic(
          `${name}: ${sent} sent, ${failed} failed, longest gap ${Math.round(longestGap.took)} ms`,
        );
        assert.equal(failed, 0, `${name}: ${JSON.stringify(failures.slice(0, 3))}`);
      }
      assert.match(said, /^ {2}card +replacement: the cluster stands/m);
      assert.doesNotMatch(said, /kubectl|^ {2}to do .*npx quorate replace/m);
      assert.match(said, /^\S+Z server-1 +put its card in and switch it on/m);
      assert.match(
        said,
        /^replace: server-1 votes again, one of 3, after \d+ s\n.*keep the older server-1 switched off/m,
      );
      await isWhole(old);
    }),
  );

  test(
    "an agent, and the load balancer that holds the address: it stays where it went",
    watch(async () => {
      const holders = () =>
        Promise.all(["lb-1", "lb-2"].map(async (name) => (await statusOf(named(name)))?.vip));
      const [first] = await holders();
      const [holder, spare] = first === true ? (["lb-1", "lb-2"] as const) : (["lb-2", "lb-1"] as const);
      await Promise.all(["agent-1", holder].map((name) => named(name).powerOff()));
      await untilStatus(named(spare), "the holder of the address", 20_000, ({ vip }) => vip);
      await Promise.all(["agent-1", holder].map(flash));
      for (const name of ["agent-1", holder]) {
        const work = begin(name);
        await work.begins(name, JOIN);
        await named(name).powerOn();
        const { status, said } = await work.ended;
        assert.equal(status, 0, said);
        // A load balancer is nobody's member.
        assert.equal(said.includes(FORGET), name === "agent-1", said);
      }
      assert.equal((await statusOf(named(spare)))?.vip, true, "the address stays");
      await isWhole();
      const { status, stdout, stderr } = await person.quorate("verify");
      assert.equal(status, 0, `${stdout}\n${stderr}`);
    }),
  );
});
