// A cluster that grows from one server to five and back, gets a second load balancer and loses it: what clients feel, and what is
// left of the machines that went.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { startClient, waysInto } from "./client.ts";
import { labRecord, labSeed } from "./cluster.ts";
import { until } from "./command.ts";
import { labConfig, readCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { REAL_ARTIFACTS } from "./needs.ts";
import { clusterUid, httpStatus, statusOf, untilReady } from "./observe.ts";
import { makePerson, type Person } from "./person.ts";
import { openMirror } from "./release.ts";
import { beginApply } from "./under-way.ts";

const READY_MS = 240_000;
const VIP = "10.88.0.10";
const ADDRESSES: Readonly<Record<string, string>> = {
  "server-1": "10.88.0.11",
  "server-2": "10.88.0.12",
  "server-3": "10.88.0.13",
  "server-4": "10.88.0.14",
  "server-5": "10.88.0.15",
  "agent-1": "10.88.0.101",
  "lb-1": "10.88.0.21",
  "lb-2": "10.88.0.22",
};
/** Machines of namespaces run no kubelet, so Kubernetes knows no node of a real K3s, and nothing can be deleted there. */
const skip = REAL_ARTIFACTS !== undefined && "without kubelets no machine is a node that could be deleted";

let lab: Lab;
let mirror: Mirror;
let person: Person;
let uid: string;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => lab.machines.find((machine) => machine.name === name) as Machine;

function nodesOf(...names: readonly string[]): readonly object[] {
  return names.map((name) => ({
    name,
    role: name.startsWith("lb") ? "loadbalancer" : name.startsWith("agent") ? "agent" : "server",
    address: ADDRESSES[name],
    disk: "ssd",
  }));
}

/** The config of these machines, as the person has it from now on. */
function want(...names: readonly string[]): Cluster {
  person.edit({ nodes: nodesOf(...names) });
  return readCluster(JSON.stringify({ ...config, nodes: nodesOf(...names) }));
}

/** A machine with its card, switched off. */
async function cardFor(cluster: Cluster, name: string): Promise<Machine> {
  const node = cluster.nodes.find((each) => each.name === name) as Node;
  const record = await labRecord(cluster, named("server-1"));
  return lab.machine(name, labSeed(cluster, node, { mayFound: false, record }));
}

let config: Readonly<Record<string, unknown>>;

before(async () => {
  if (skip !== false) return;
  lab = await startLab();
  mirror = await openMirror(lab.id);
  config = labConfig("full", lab.key.publicKey);
  person = makePerson({ ...config, nodes: nodesOf("server-1", "lb-1") }, lab.key.file);
  const cluster = want("server-1", "lb-1");
  for (const node of cluster.nodes) lab.machine(node.name, labSeed(cluster, node));
  await Promise.all(lab.machines.map(({ powerOn }) => powerOn()));
  await untilReady(lab.machines, READY_MS);
  uid = await clusterUid(named("server-1"));
  await applies();
});

after(async () => {
  person?.leave();
  await mirror?.close();
  await lab?.close();
});

async function applies(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await person.quorate("apply", "--yes", ...args);
  assert.equal(status, 0, `${stderr}\n${stdout}`);
  return `${stderr}\n${stdout}`;
}

/** Members of etcd by name, as one server counts them. */
async function members(on = "server-1"): Promise<readonly string[]> {
  const text = await named(on).must("curl -sk https://127.0.0.1:6443/db/info");
  const all = (JSON.parse(text) as { readonly members: readonly { readonly name: string }[] }).members;
  return all.map(({ name }) => name.replace(/-[0-9a-f]{8}$/, "")).toSorted();
}

/** The names that Kubernetes knows. */
async function nodes(): Promise<readonly string[]> {
  const text = await named("server-1").must("k3s kubectl get nodes -o name");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => line.replace("node/", ""))
    .toSorted();
}

async function isWhole(...servers: readonly string[]): Promise<void> {
  assert.deepEqual(await members(), servers);
  for (const name of servers) assert.equal(await clusterUid(named(name)), uid);
  const { status, stdout, stderr } = await person.quorate("plan", "--exit-code");
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

/** While `work` goes on, clients ask at the registration address. What each way in has lost at the first try, and after one retry. */
async function asked(
  t: TestContext,
  work: () => Promise<void>,
): Promise<{ readonly failed: number; readonly lost: number }> {
  const client = await startClient({ targets: waysInto(VIP), rate: 45 });
  try {
    await work();
  } catch (error) {
    await client.stop();
    throw error;
  }
  const { targets, failures } = await client.stop();
  for (const { name, sent, failed, longestGap } of targets)
    t.diagnostic(`${name}: ${sent} sent, ${failed} failed, longest gap ${Math.round(longestGap.took)} ms`);
  const reasons = [...new Set(failures.map(({ reason }) => reason))];
  if (reasons.length > 0) t.diagnostic(`failed at the first try for ${reasons.join("; ")}`);
  const failed = targets.reduce((sum, each) => sum + each.failed, 0);
  return { failed, lost: failures.filter(({ again }) => again !== null).length };
}

/** What must not be left on a machine that went. */
async function isCleared(machine: Machine): Promise<void> {
  const left = await machine.must(
    "ls -d /etc/quorate /var/lib/quorate /etc/rancher /var/lib/rancher/k3s /usr/local/bin/k3s /usr/local/sbin/quorate-node 2>/dev/null || true",
  );
  assert.equal(left, "");
  assert.equal(
    (await machine.run("pgrep -x k3s; systemctl is-active k3s k3s-agent | grep -x active")).stdout,
    "",
  );
  // It can still be reached.
  assert.match(await machine.must("getent passwd ops"), /^ops:/);
  assert.equal((await machine.must("systemctl is-active ssh")).trim(), "active");
}

describe("machines come and go", { concurrency: false, skip }, () => {
  test(
    "1 to 3 servers: while the new ones are not there the only one is left alone; then no request fails",
    watch(async (t) => {
      const cluster = want("server-1", "server-2", "server-3", "lb-1");
      const early = await person.quorate("apply", "--yes");
      assert.equal(early.status, 1);
      assert.match(early.stdout, /^server-2 +not reached +add/m);
      assert.match(early.stdout, /^server-1 +failed +restart/m);
      assert.match(
        early.stdout,
        /npx quorate card server-2 TARGET, put the card in and switch it on; then: npx quorate apply/,
      );
      assert.equal((await statusOf(named("server-1")))?.state, "ready");
      const made = await Promise.all(["server-2", "server-3"].map((name) => cardFor(cluster, name)));
      const { failed } = await asked(t, async () => {
        const apply = beginApply(person, "--wait", "5");
        await apply.begins("server-2", "wait until it has joined");
        await Promise.all(made.map(({ powerOn }) => powerOn()));
        const { status, said } = await apply.ended;
        assert.equal(status, 0, said);
        assert.match(said, /^\S+Z server-2 +put its card in and switch it on/m);
        assert.match(said, /^server-3 +joined +add/m);
        assert.ok(
          said.indexOf("server-3  wait until it has joined") < said.indexOf("server-1  put them in force"),
          said,
        );
      });
      assert.equal(failed, 0);
      await isWhole("server-1", "server-2", "server-3");
    }),
  );

  test(
    "a second load balancer: no address changes anywhere, and what a client loses a retry finds",
    watch(async (t) => {
      const addresses = () =>
        Promise.all(
          ["server-1", "server-2", "server-3"].map((name) =>
            named(name).must(
              "ip -o -4 addr show scope global | awk '{ print $2, $4 }'; grep ^server: /etc/rancher/k3s/config.yaml",
            ),
          ),
        );
      const kubeconfig = async () => (await person.quorate("kubeconfig")).stdout;
      const before = [await addresses(), await kubeconfig()];
      const cluster = want("server-1", "server-2", "server-3", "lb-1", "lb-2");
      const second = await cardFor(cluster, "lb-2");
      const { lost } = await asked(t, async () => {
        const apply = beginApply(person, "--wait", "5");
        await apply.begins("lb-2", "wait until it has joined");
        await second.powerOn();
        const { status, said } = await apply.ended;
        assert.equal(status, 0, said);
      });
      assert.equal(lost, 0);
      assert.deepEqual([await addresses(), await kubeconfig()], before);
      const holders = await Promise.all(
        ["lb-1", "lb-2"].map(async (name) => (await statusOf(named(name)))?.vip),
      );
      assert.deepEqual(holders.toSorted(), [false, true], "one of them holds the address");
      await named("lb-2").powerOff();
      await until("the address at lb-1", 15_000, async () =>
        (await httpStatus(`https://${VIP}:6443/readyz`, 2)) === "401" ? true : undefined,
      );
      await named("lb-2").powerOn();
      await untilReady([named("lb-2")], READY_MS);
      await isWhole("server-1", "server-2", "server-3");
    }),
  );

  test(
    "3 to 5 servers and an agent; the power fails on a new one in the middle, and the runner is killed while it waits",
    watch(async (t) => {
      const cluster = want(
        "server-1",
        "server-2",
        "server-3",
        "server-4",
        "server-5",
        "agent-1",
        "lb-1",
        "lb-2",
      );
      const made = await Promise.all(
        ["server-4", "server-5", "agent-1"].map((name) => cardFor(cluster, name)),
      );
      const { lost } = await asked(t, async () => {
        const first = beginApply(person, "--wait", "5");
        await first.begins("server-4", "wait until it has joined");
        await Promise.all(made.map(({ powerOn }) => powerOn()));
        await until(
          "server-4 on its way",
          READY_MS,
          async () => (await statusOf(named("server-4")))?.step === "k3s" || undefined,
        );
        first.process.kill("SIGKILL");
        await first.ended;
        await named("server-4").powerOff();
        await sleep(2000);
        await named("server-4").powerOn();
        await Promise.all(lab.machines.map((machine) => machine.run("rm -f /run/quorate/lease")));
        await applies("--wait", "5");
      });
      assert.equal(lost, 0);
      await isWhole("server-1", "server-2", "server-3", "server-4", "server-5");
      assert.ok((await nodes()).includes("agent-1"));
    }),
  );

  test(
    "what would leave no majority is refused, and nothing is touched",
    watch(async () => {
      await Promise.all(["server-2", "server-3"].map((name) => named(name).powerOff()));
      want("server-1", "server-2", "server-3", "agent-1", "lb-1", "lb-2");
      const { status, stderr } = await person.quorate("apply", "--yes");
      assert.equal(status, 1);
      assert.match(stderr, /^error: nodes: server-4 cannot be taken out now: 2 voters of 4 would be left/m);
      assert.match(stderr, /npx quorate replace server-2\), or take server-2 and server-3 out instead/);
      assert.equal((await members()).length, 5);
      await Promise.all(["server-2", "server-3"].map((name) => named(name).powerOn()));
      await untilReady(
        lab.machines.filter(({ name }) => name.startsWith("server")),
        READY_MS,
      );
    }),
  );

  test(
    "a server that was to go, and is in the config again, stays",
    watch(async () => {
      want("server-1", "server-2", "server-3", "server-4", "server-5", "agent-1", "lb-1", "lb-2");
      await named("server-4").must("quorate-node retire");
      assert.equal((await statusOf(named("server-4")))?.step, "retired");
      await applies();
      await named("server-4").powerOff();
      await named("server-4").powerOn();
      await untilReady([named("server-4")], READY_MS, 5);
      await isWhole("server-1", "server-2", "server-3", "server-4", "server-5");
    }),
  );

  test(
    "5 to 3 servers, one of those that go dead; the runner killed at every step of the other: what a client loses a retry finds, and nothing is left on it",
    watch(async (t) => {
      want("server-1", "server-2", "server-3", "agent-1", "lb-1", "lb-2");
      await named("server-5").powerOff();
      // HAProxy has seen that it is gone.
      await sleep(8000);
      const { lost } = await asked(t, async () => {
        for (const step of [
          "check the others",
          "drain in HAProxy",
          "drain in Kubernetes",
          "keep K3s from starting there again",
          "take it out of the cluster",
          "remove what is on it",
        ]) {
          const apply = beginApply(person);
          await apply.begins("server-4", step);
          apply.process.kill("SIGKILL");
          await apply.ended;
          await Promise.all(
            lab.machines.filter(({ on }) => on).map((machine) => machine.run("rm -f /run/quorate/lease")),
          );
          if (step !== "take it out of the cluster") continue;
          // Its power fails too: with its data and its config it would join again.
          await named("server-4").powerOff();
          await named("server-4").powerOn();
          await until(
            "server-4 again",
            READY_MS,
            async () => (await statusOf(named("server-4"))) ?? undefined,
          );
        }
        await applies();
      });
      assert.equal(lost, 0);
      assert.deepEqual(await nodes(), ["agent-1", "server-1", "server-2", "server-3"]);
      await isWhole("server-1", "server-2", "server-3");
      await isCleared(named("server-4"));
      await named("server-4").powerOff();
      await named("server-4").powerOn();
      await sleep(15_000);
      assert.equal((await members()).length, 3, "it does not come back with the power");
    }),
  );

  test(
    "an agent and a load balancer go: the one that stays holds the address itself",
    watch(async (t) => {
      want("server-1", "server-2", "server-3", "lb-1");
      const refused = await person.quorate("apply", "--yes");
      assert.equal(refused.status, 1);
      assert.match(
        refused.stderr,
        /^error: the change is an outage: lb-1: an outage: the registration address is nobody's/m,
      );
      const { failed, lost } = await asked(t, async () => void (await applies("--accept-outage")));
      t.diagnostic(`${failed} failed at first, ${lost} after one retry`);
      await isWhole("server-1", "server-2", "server-3");
      assert.deepEqual(await nodes(), ["server-1", "server-2", "server-3"]);
      for (const name of ["agent-1", "lb-2"]) await isCleared(named(name));
      assert.equal((await statusOf(named("lb-1")))?.vip, true);
    }),
  );

  test(
    "uninstall of one machine and of all, also killed and repeated: only by its name, and nothing is left but the way in",
    watch(async () => {
      for (const args of [
        ["server-3"],
        ["server-3", "--confirm", "server-2"],
        ["--all", "--confirm", "server-1"],
      ]) {
        const { status, stderr } = await person.quorate("uninstall", ...args);
        assert.equal(status, 1, args.join(" "));
        assert.match(stderr, /nothing was changed/);
      }
      const single = await person.quorate("uninstall", "server-3", "--confirm", "server-3");
      assert.equal(single.status, 0, `${single.stdout}\n${single.stderr}`);
      assert.match(single.stdout, /^uninstall: server-3 is out of the cluster, and still in the config/m);
      await isCleared(named("server-3"));
      assert.deepEqual(await members(), ["server-1", "server-2"]);
      const killed = person.begin("uninstall", "--all", "--confirm", "lab");
      await until("the first machine on its way out", READY_MS, async () => {
        const { status } = await named("server-1").run(
          "[ -e /var/lib/quorate/retired ] || [ ! -e /etc/quorate ]",
        );
        return status === 0 || undefined;
      });
      killed.kill("SIGKILL");
      await Promise.all(
        lab.machines.filter(({ on }) => on).map((machine) => machine.run("rm -f /run/quorate/lease")),
      );
      const all = await person.quorate("uninstall", "--all", "--confirm", "lab");
      assert.equal(all.status, 0, `${all.stdout}\n${all.stderr}`);
      assert.match(all.stdout, /^uninstall: cluster lab is gone; /m);
      assert.ok(!existsSync(join(person.home, "out/applied.json")));
      for (const name of ["server-1", "server-2", "lb-1"]) await isCleared(named(name));
    }),
  );
});
