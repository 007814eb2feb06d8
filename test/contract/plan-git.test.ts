// `plan --offline`: the record and git stand for the machines. No network, no secret.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ClusterRecord } from "../../generator/model/record.ts";
import { run } from "../../generator/verbs.ts";
import { planPlace } from "../support/plan-place.ts";
import { recordedMachine } from "../support/record.ts";
import { scratch } from "../support/scratch.ts";

const RETENTION = '"k3s": { "snapshots": { "retention": 20 },';
const withMachine =
  (name: string, change: Partial<ReturnType<typeof recordedMachine>>) => (record: ClusterRecord) => ({
    ...record,
    machines: new Map(
      [...record.machines].map(([each, machine]) => [
        each,
        each === name ? { ...machine, ...change } : machine,
      ]),
    ),
  });

test("nothing recorded: everything is to be added, and the next step is said", async (t) => {
  const place = await planPlace(t);
  const { exit, stdout } = await place.plan();
  assert.equal(exit, 0);
  assert.match(
    stdout,
    /^server-1 .* add: nothing has been applied yet\n.*\n.*\n {2}next: npx quorate card server-1$/m,
  );
  assert.match(stdout, /^plan \(against the record, no machine was asked\): 4 machines to add$/m);
  assert.equal((await place.plan(["--exit-code"])).exit, 2);
  assert.ok(!existsSync(join(place.folder, ".secrets")));
});

test("what is recorded is what the config gives: no change, whether git has the trees or not", async (t) => {
  const place = await planPlace(t);
  place.record();
  for (const path of [process.env["PATH"], "/nonexistent"]) {
    const { exit, stdout } = await place.plan(["--exit-code"], path);
    assert.match(stdout, /^plan \(.*\): 4 as it should be$/m);
    assert.equal(exit, 0);
  }
});

test("an edit of the config: diff, action, quorum, and that it comes from the config", async (t) => {
  const place = await planPlace(t);
  place.record();
  place.edit("cluster.config.json", '"k3s": {', RETENTION);
  const { exit, stdout } = await place.plan(["--exit-code"]);
  assert.equal(exit, 2);
  assert.match(
    stdout,
    /^server-1 .* restart, 1 file\n {2}felt .*drained first.*\n {2}why +the config\n {2}quorum +2 of 3 voters stay\n {2}~ \/etc\/rancher\/k3s\/config\.yaml {2}\(restart\)$/m,
  );
  assert.match(stdout, /^ {6}-etcd-snapshot-retention: 12\n {6}\+etcd-snapshot-retention: 20$/m);
  assert.match(stdout, /^lb-1 .* no change$/m);
  const { offline, machines } = await place.json();
  assert.equal(offline, true);
  assert.ok(machines.find(({ name }) => name === "server-2")?.files.every(({ cause }) => cause === "config"));
});

test("a newer Quorate: the same config, other files than were applied", async (t) => {
  const place = await planPlace(t);
  // As an older Quorate would have rendered it.
  place.edit(
    "out/nodes/server-1/files/etc/systemd/system/k3s.service.d/quorate.conf",
    "[Service]",
    "# older\n[Service]",
  );
  place.git("commit", "-qam", "older");
  place.record();
  const { stdout } = await place.plan();
  assert.match(
    stdout,
    /^server-1 .* takes new files, 1 file\n {2}felt +nothing\n {2}why +a newer Quorate\n/m,
  );
  assert.match(stdout, /^plan \(.*\): 1 machine to change, 3 as it should be$/m);
});

test("the config in a folder of the repository, and its files renamed since: the trees count", async (t) => {
  const place = await planPlace(t, "sample", "clusters/home");
  place.record();
  place.edit("cluster.config.json", '"k3s": {', RETENTION);
  place.git("rm", "-rq", "--cached", "out");
  place.git("commit", "-qm", "out is gone");
  assert.match((await place.plan()).stdout, /^server-3 .* restart, 1 file\n.*\n {2}why +the config$/m);
});

test("a tree that this repository has not: unknown, never unchanged, with what to do", async (t) => {
  const place = await planPlace(t);
  place.record(withMachine("server-1", { tree: "a".repeat(40) }));
  const { exit, stdout } = await place.plan();
  assert.equal(exit, 1);
  assert.match(
    stdout,
    /^server-1 .* unknown: what was last applied to it \(git tree aaaaaaaaaaaa\) cannot be read: it is not in this repository\n {2}next: git fetch --all$/m,
  );
  const noGit = await place.plan([], "/nonexistent");
  assert.match(noGit.stdout, /^server-1 .*there is no git on this computer\n {2}next: install git$/m);
});

test("a clone with only the newest commit, and a folder that is no repository: each says so", async (t) => {
  const place = await planPlace(t);
  place.record();
  place.edit("cluster.config.json", '"k3s": {', RETENTION);
  await run(["render", "--config", place.config, "--out", join(place.folder, "out")], {}, false);
  place.git("add", "-A");
  place.git("commit", "-qm", "two");
  const clone = join(scratch(t), "clone");
  execFileSync("git", ["clone", "-q", "--depth", "1", `file://${place.folder}`, clone]);
  const shallow = await run(
    ["plan", "--offline", "--config", join(clone, "cluster.config.json")],
    { PATH: process.env["PATH"] },
    false,
  );
  assert.match(
    shallow.stdout,
    /^server-1 .*unknown: .*this clone has only the newest commits\n {2}next: git fetch --unshallow$/m,
  );
  const plain = scratch(t);
  cpSync(place.config, join(plain, "cluster.config.json"));
  cpSync(join(place.folder, "out"), join(plain, "out"), { recursive: true });
  const outside = await run(
    ["plan", "--offline", "--config", join(plain, "cluster.config.json")],
    { PATH: process.env["PATH"] },
    false,
  );
  assert.match(
    outside.stdout,
    /^server-1 .*unknown: .*the config lies in no git repository here\n {2}next: run it in the clone/m,
  );
});

test("a clone that would fetch what it lacks is not let: nothing leaves this computer", async (t) => {
  const place = await planPlace(t);
  place.record();
  place.edit("cluster.config.json", '"k3s": {', RETENTION);
  place.git("config", "uploadpack.allowFilter", "true");
  const clone = join(scratch(t), "clone");
  const source = `file://${place.folder}`;
  execFileSync("git", ["clone", "-q", "--filter=tree:0", "--no-checkout", source, clone]);
  execFileSync("git", ["-C", clone, "config", "protocol.file.allow", "always"]);
  cpSync(place.config, join(clone, "cluster.config.json"));
  cpSync(join(place.folder, "out"), join(clone, "out"), { recursive: true });
  const config = join(clone, "cluster.config.json");
  const { stdout } = await run(
    ["plan", "--offline", "--config", config],
    { PATH: process.env["PATH"] },
    false,
  );
  assert.match(stdout, /^server-1 .*unknown: .*it is not in this repository$/m);
  assert.match(stdout, /^lb-1 .* no change$/m);
});

test("the shared branch is not asked, which may know more", async (t) => {
  const place = await planPlace(t);
  place.record();
  place.git("add", "-A");
  place.git("commit", "-qm", "applied");
  const clone = join(scratch(t), "clone");
  execFileSync("git", ["clone", "-q", place.folder, clone]);
  writeFileSync(join(place.folder, "out/applied.json"), "{}");
  place.git("commit", "-qam", "newer");
  const config = join(clone, "cluster.config.json");
  const { exit, stdout } = await run(
    ["plan", "--offline", "--config", config],
    { PATH: process.env["PATH"] },
    false,
  );
  assert.deepEqual([exit, /4 as it should be$/m.test(stdout)], [0, true]);
});

for (const [what, commit, note] of [
  [
    "was not committed",
    () => null,
    /^note: it is not known why something changes on server-1: its config was not committed/m,
  ],
  [
    "is of a commit that is not here",
    () => "b".repeat(40),
    /^note: .* commit bbbbbbbbbbbb of the record, or the config in it, is not in this repository\nnote: to know it: git fetch --all$/m,
  ],
] as const) {
  test(`the config of the last apply ${what}: the cause is unknown, and why is said once`, async (t) => {
    const place = await planPlace(t);
    place.record(withMachine("server-1", { commit: commit() }));
    place.edit("cluster.config.json", '"k3s": {', RETENTION);
    const { stdout } = await place.plan();
    assert.match(stdout, note);
    const { machines } = await place.json();
    const of = (name: string) => machines.find((machine) => machine.name === name);
    assert.deepEqual([of("server-1")?.why, of("server-2")?.why], [null, "the config"]);
    assert.ok((of("server-1")?.files.length ?? 0) > 0);
  });
}

test("a config that this Quorate does not take any more: the cause is unknown", async (t) => {
  const place = await planPlace(t);
  place.edit("cluster.config.json", '"version": 1', '"version": 1, "older": true');
  place.git("commit", "-qam", "older");
  const commit = place.git("rev-parse", "HEAD");
  place.edit("cluster.config.json", ', "older": true', "");
  place.record();
  place.edit("cluster.config.json", '"k3s": {', RETENTION);
  const { stdout } = await place.plan();
  assert.match(
    stdout,
    new RegExp(`^note: .*the config of commit ${commit.slice(0, 12)} has an error for this Quorate$`, "m"),
  );
  assert.doesNotMatch(stdout, /^ {2}why/m);
});

test("refused: exit 1, with the field and what to do", async (t) => {
  const place = await planPlace(t);
  place.record();
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",');
  const { exit, stdout } = await place.plan(["--exit-code"]);
  assert.equal(exit, 1);
  assert.match(
    stdout,
    /^refused: k3s\.clusterCidr: .*10\.42\.0\.0\/16.*\n {2}next: put 10\.42\.0\.0\/16 back/m,
  );
  const { refusals, machines } = await place.json();
  assert.deepEqual(
    refusals.map(({ field }) => field),
    ["k3s.clusterCidr"],
  );
  assert.deepEqual(
    machines.filter(({ action }) => action === "refused").map(({ name }) => name),
    ["server-1", "server-2", "server-3"],
  );
});

test("a machine more and a machine less", async (t) => {
  const place = await planPlace(t, "agents-and-two-load-balancers");
  place.record();
  place.edit("cluster.config.json", /"name": "agent-1"/, '"name": "agent-9"');
  const { exit, stdout } = await place.plan();
  assert.equal(exit, 0);
  assert.match(stdout, /^agent-9 .* add: nothing was applied to it yet$/m);
  assert.match(
    stdout,
    /^agent-1 .* remove\n {2}felt +nothing of workloads with two replicas: they are moved away first/m,
  );
});

test("what looks like a secret in git's history is not shown", async (t) => {
  const place = await planPlace(t);
  const token = "5e".repeat(32);
  place.edit("out/nodes/server-1/files/etc/rancher/k3s/server-token", /^.*$/m, token);
  place.git("commit", "-qam", "a mistake");
  place.record();
  const { stdout, stderr } = await place.plan(["--json"]);
  assert.match(stderr, /server-token/);
  assert.ok(!(stdout + stderr).includes(token));
});

test("a record that cannot be read is an error, not an empty one", async (t) => {
  const place = await planPlace(t);
  writeFileSync(join(place.folder, "out/applied.json"), "{}");
  const { exit, stderr } = await place.plan();
  assert.equal(exit, 1);
  assert.match(stderr, /is not a record that this Quorate reads/);
  assert.equal(readFileSync(join(place.folder, "out/applied.json"), "utf8"), "{}");
});

test("a K3s version that is too far is refused with the one that comes first, as is one that is older", async (t) => {
  const place = await planPlace(t);
  place.record();
  for (const [version, said] of [
    [
      "v1.38.0+k3s1",
      /^refused: k3s\.version: server-1, server-2 and server-3 run K3s v1\.36\.4\+k3s1, .*\n {2}next: first the newest release of v1\.37 /m,
    ],
    [
      "v1.35.9+k3s1",
      /^refused: k3s\.version: .*K3s does not go back.*\n {2}next: put "v1\.36\.4\+k3s1" back/m,
    ],
  ] as const) {
    place.edit("cluster.config.json", /"version": "v1[^"]*"/, `"version": "${version}"`);
    const { exit, stdout } = await place.plan();
    assert.equal(exit, 1, version);
    assert.match(stdout, said);
    assert.match(stdout, /^server-1 .* refused, 1 file$/m);
  }
  place.edit("cluster.config.json", /"version": "v1[^"]*"/, '"version": "v1.37.0+k3s1"');
  const { exit, stdout } = await place.plan();
  assert.equal(exit, 0, stdout);
  assert.match(stdout, /^server-1 .* upgrade, 1 file$/m);
});
