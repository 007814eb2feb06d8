// From a pull request to machines, and back to a record: the workflows as they stand, a repository, the stand-in for GitHub's API,
// and six machines.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test, type TestContext } from "node:test";
import { parseRecord } from "../../generator/model/record.ts";
import { readMarker } from "../../generator/github/marker.ts";
import { makeCluster } from "./cluster.ts";
import { labConfig, readCluster } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { untilReady } from "./observe.ts";
import { labelled } from "./person.ts";
import { openMirror } from "./release.ts";
import { type Copy, copyProject, type Runs } from "./repository.ts";

const READY_MS = 240_000;

let lab: Lab;
let mirror: Mirror;
let config: Readonly<Record<string, unknown>>;
let machines: readonly Machine[];
let copy: Copy;
const watch = (body: (t: TestContext) => Promise<void>) => watched(() => lab, body);
const named = (name: string) => machines.find((machine) => machine.name === name) as Machine;

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  config = labConfig("full", lab.key.publicKey);
  machines = makeCluster(lab, readCluster(JSON.stringify(config)));
  copy = await copyProject(config, readFileSync(lab.key.file, "utf8"));
  await Promise.all(machines.map((machine) => machine.powerOn()));
  await untilReady(machines, READY_MS);
});

after(async () => {
  await copy.close();
  await mirror.close();
  await lab.close();
  assert.deepEqual(copy.fake.violations, []);
});

/** Every job has come to that end. */
function ended(runs: Runs, ends: Readonly<Record<string, string>>): void {
  const seen = Object.fromEntries([...runs].map(([name, { conclusion }]) => [name, conclusion]));
  const logs = [...runs].map(([name, { log }]) => `${name}:\n${log}`).join("\n");
  assert.deepEqual(seen, ends, logs);
}

const APPLIED = { build: "success", "build/bundle": "success", apply: "success" };
const DRIFTED = { build: "success", "build/bundle": "success", drift: "success" };

function record() {
  const read = parseRecord(copy.read("out/applied.json") ?? "");
  assert.ok(read.ok, copy.read("out/applied.json") ?? "no record");
  return read.record.machines;
}

const commentsOn = (number: number) =>
  [...copy.fake.state.comments.values()].filter(({ issue }) => issue === number).map(({ body }) => body);
const states = (machine: string) =>
  [...copy.fake.state.deployments.values()]
    .filter(({ environment }) => environment === `node/${machine}`)
    .map(({ statuses }) => statuses.map(({ state }) => state));

describe("the pipeline, from a pull request to the machines", { concurrency: false }, () => {
  test(
    "the first apply of a cluster that cards made changes nothing, and commits what runs where",
    watch(async () => {
      const before = copy.main();
      ended(await copy.byHand({ node: "", accept: "", "accept-outage": false }), APPLIED);
      assert.notEqual(copy.main(), before);
      assert.equal(record().size, machines.length);
      for (const { commit, result } of record().values())
        assert.deepEqual([commit, result], [before, "applied"]);
      const again = copy.main();
      ended(await copy.byHand({ node: "", accept: "", "accept-outage": false }), APPLIED);
      assert.equal(copy.main(), again, "nothing to commit the second time");
    }),
  );

  test(
    "a pull request is shown what it does; merged, that is done, verified, recorded and told",
    watch(async () => {
      const number = copy.propose("More connections", { loadBalancer: { maxConnections: 3000 } });
      ended(await copy.validate(number), { plan: "success", comment: "success" });
      const [shown, ...more] = commentsOn(number);
      assert.deepEqual(more, []);
      assert.deepEqual(readMarker(shown ?? "")?.shown, { "lb-1": "reload", "lb-2": "reload" });
      ended(await copy.validate(number), { plan: "success", comment: "success" });
      assert.equal(commentsOn(number).length, 1, "changed in place");

      const sha = copy.merge(number);
      const runs = await copy.applied(sha);
      ended(runs, APPLIED);
      for (const name of ["lb-1", "lb-2"]) {
        assert.match(await named(name).must("cat /etc/haproxy/haproxy.cfg"), /maxconn 750/);
        assert.equal(record().get(name)?.commit, sha);
        assert.deepEqual(states(name), [["in_progress", "success"]]);
      }
      assert.deepEqual(states("server-1"), []);
      const [, told = ""] = commentsOn(number);
      assert.match(told, /^### Apply: 2 machines changed; cluster \S+ is as the config says$/m);
      assert.match(told, /^Verified: \d+ of \d+ lines pass\.$/m);
      assert.match(runs.get("apply")?.summary ?? "", /^### Apply: 2 machines changed/m);
      assert.equal(commentsOn(number).length, 2);
    }),
  );

  test(
    "a machine that somebody has changed: an issue; put back by hand, and only when that is accepted; closed",
    watch(async () => {
      const haproxy = "/etc/quorate/haproxy.cfg";
      const file = (
        await named("lb-1").must(`ls ${haproxy} 2>/dev/null || ls /etc/haproxy/haproxy.cfg`)
      ).trim();
      const was = await named("lb-1").must(`sha256sum ${file}`);
      await named("lb-1").must(`echo '# mine' >>${file}`);
      ended(await copy.drift(), DRIFTED);
      const [issue, ...others] = [...copy.fake.state.issues.values()].filter(({ pull }) => !pull);
      assert.ok(issue);
      assert.deepEqual([others, issue.open], [[], true]);
      assert.match(issue.body ?? "", /lb-1/);
      assert.match(issue.body ?? "", /^ +\+# mine$/m);

      const refused = await copy.byHand({ node: "", accept: "", "accept-outage": false });
      ended(refused, { ...APPLIED, apply: "failure" });
      const [, accept = ""] = /accept: ([\w:,-]+)/.exec(refused.get("apply")?.log ?? "") ?? [];
      assert.match(accept, /^lb-1:\w+$/);
      assert.match(await named("lb-1").must(`tail -n 1 ${file}`), /# mine/);
      ended(await copy.byHand({ node: "", accept, "accept-outage": false }), APPLIED);
      assert.equal(await named("lb-1").must(`sha256sum ${file}`), was);
      ended(await copy.drift(), DRIFTED);
      assert.equal(copy.fake.state.issues.get(issue.number)?.open, false);
    }),
  );

  test(
    "the runner dies in the middle: the run that is made again finishes it",
    watch(async () => {
      const number = copy.propose("A label", { nodes: labelled(config, "agent-1", { a: "b" }) });
      ended(await copy.validate(number), { plan: "success", comment: "success" });
      const sha = copy.merge(number);
      const killed = await copy.applied(sha, {
        started: (step, child) => {
          if (step !== "Apply") return;
          child.stderr?.on("data", (part: string) => {
            if (part.includes("put them in force")) child.kill("SIGKILL");
          });
        },
      });
      ended(killed, { ...APPLIED, apply: "failure" });
      assert.notEqual(record().get("agent-1")?.commit, sha);
      ended(await copy.applied(sha, { attempt: 2 }), APPLIED);
      assert.equal(record().get("agent-1")?.commit, sha);
      assert.match(await named("agent-1").must("cat /etc/rancher/k3s/config.yaml"), /a=b/);
      assert.match(commentsOn(number).at(-1) ?? "", /^### Apply: 1 machine changed; cluster \S+ is as/m);
    }),
  );

  test(
    "two merges in a row are applied in their order, and the older one is not applied again",
    watch(async () => {
      const nodes = labelled(config, "agent-1", { a: "c" });
      const first = copy.propose("Another label", { nodes });
      ended(await copy.validate(first), { plan: "success", comment: "success" });
      const one = copy.merge(first);
      const second = copy.propose("Still more connections", { loadBalancer: { maxConnections: 3400 } });
      ended(await copy.validate(second), { plan: "success", comment: "success" });
      const two = copy.merge(second);

      ended(await copy.applied(one), APPLIED);
      assert.match(await named("agent-1").must("cat /etc/rancher/k3s/config.yaml"), /a=c/);
      assert.match(await named("lb-1").must("cat /etc/haproxy/haproxy.cfg"), /maxconn 750/);
      assert.equal(record().get("agent-1")?.commit, one);
      assert.match(copy.read("cluster.config.json") ?? "", /3400/, "the newer config stays on the branch");
      ended(await copy.applied(two), APPLIED);
      assert.match(await named("lb-1").must("cat /etc/haproxy/haproxy.cfg"), /maxconn 850/);
      assert.equal(record().get("lb-1")?.commit, two);

      const before = copy.main();
      const late = await copy.applied(one, { attempt: 2 });
      ended(late, APPLIED);
      assert.match(late.get("apply")?.log ?? "", /nothing to do: commit \w{12}, which contains this one/);
      assert.equal(copy.main(), before);
      assert.match(await named("lb-1").must("cat /etc/haproxy/haproxy.cfg"), /maxconn 850/);
    }),
  );
});
