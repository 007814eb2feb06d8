// The verb apply: what it refuses before it asks anybody, what it shows and asks, what it does and what is left of it.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NOBODY } from "../../generator/dialogue.ts";
import type { Session } from "../../generator/commands/command.ts";
import { parseRecord } from "../../generator/model/record.ts";
import { type ApplyPlace, applyPlace, CA_HASH, UID } from "../support/apply-place.ts";

const KEYS = "different 0644 YQo= /etc/quorate/authorized_keys";
const CONFIG = "different 0600 YQo= /etc/rancher/k3s/config.yaml";

/** A person who answers, and what was shown. */
function person(answer: boolean) {
  const shown: string[] = [];
  const asked: string[] = [];
  const session: Partial<Session> = {
    terminal: true,
    show: (text) => void shown.push(text),
    dialogue: {
      ...NOBODY,
      confirm: async ({ message }) => {
        asked.push(message);
        return answer;
      },
    },
  };
  return { session, shown, asked };
}

const changes = (place: ApplyPlace) =>
  place.log().filter((line) => !/ (look|status|facts|off|take|drop|confirm)$/.test(line));
const recordOf = (place: ApplyPlace) => {
  const read = parseRecord(readFileSync(join(place.folder, "out/applied.json"), "utf8"));
  assert.ok(read.ok);
  return read.record;
};

for (const [what, prepare, args, message, hint] of [
  [
    "no secret",
    (place) => rmSync(join(place.folder, ".secrets"), { recursive: true }),
    [],
    /cluster-secret/,
    /npx quorate/,
  ],
  [
    "another secret than the cluster's",
    (place) =>
      place.recordIt((record) => ({
        ...record,
        cluster: { ...record.cluster, secretCheck: "f".repeat(16) },
      })),
    [],
    /is not the secret of the recorded cluster/,
    /secret import FILE/,
  ],
  [
    "a checkout older than what the machines have",
    (place) => {
      const older = place.git("rev-parse", "HEAD");
      place.git("commit", "-q", "--allow-empty", "-m", "newer");
      place.recordIt();
      place.git("checkout", "-q", older);
    },
    [],
    /the machines have what commit [0-9a-f]{12} says, and this checkout does not contain it/,
    /git pull/,
  ],
  [
    "a name that no machine has",
    () => {},
    ["--node", "server-9"],
    /--node server-9: neither the config nor the record has a machine/,
    /take server-1, server-2/,
  ],
] as readonly (readonly [string, (place: ApplyPlace) => void, readonly string[], RegExp, RegExp])[]) {
  test(`refused before anybody is asked: ${what}`, async (t) => {
    const place = await applyPlace(t);
    prepare(place);
    const { exit, stdout, stderr } = await place.apply(["--yes", ...args]);
    assert.deepEqual([exit, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.match(stderr, hint);
    assert.deepEqual(place.log(), []);
  });
}

test("a config with an error: exit 3, and nobody is asked", async (t) => {
  const place = await applyPlace(t);
  place.edit("cluster.config.json", "192.168.1.12", "192.168.1.11");
  assert.equal((await place.apply(["--yes"])).exit, 3);
  const { exit, stdout } = await place.apply(["--json"]);
  assert.equal(exit, 3);
  assert.ok((JSON.parse(stdout) as { readonly findings: readonly unknown[] }).findings.length > 0);
  assert.deepEqual(place.log(), []);
});

test("nothing to do: the record comes to be, once; the second time nothing is written", async (t) => {
  const place = await applyPlace(t);
  const first = await place.apply();
  assert.deepEqual([first.exit, first.stderr], [0, ""]);
  assert.match(first.stdout, /^server-1 {2}unchanged$/m);
  assert.match(first.stdout, /^apply: cluster home is as the config says$/m);
  const record = recordOf(place);
  assert.deepEqual([record.cluster.caHash, record.cluster.uid], [CA_HASH, UID]);
  assert.equal(record.machines.size, 4);
  for (const [name, { tree, commit, result }] of record.machines) {
    assert.equal(tree, place.git("rev-parse", `HEAD:./out/nodes/${name}`));
    assert.deepEqual([commit, result], [place.git("rev-parse", "HEAD"), "applied"]);
  }
  assert.deepEqual(changes(place), []);
  assert.equal(place.git("status", "--porcelain", "out"), "?? out/applied.json");
  place.git("add", "out");
  place.git("commit", "-qm", "applied");
  const asked = place.log().length;
  assert.equal((await place.apply()).exit, 0);
  assert.equal(place.git("status", "--porcelain", "out"), "", "the next commit too has nothing new to say");
  assert.deepEqual(
    place
      .log()
      .slice(asked)
      .map((line) => line.split(" ")[1]),
    ["look", "look", "look", "look"],
    "one question to each, and no hold",
  );
});

test("nobody is there to be asked: the plan is shown, and nothing done", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-1", [KEYS], []);
  const shown: string[] = [];
  const { exit, stderr } = await place.apply([], { show: (text) => void shown.push(text) });
  assert.equal(exit, 1);
  assert.match(
    stderr,
    /there is nobody to ask\n {2}next: look at the plan above; then: npx quorate apply --yes/,
  );
  assert.match(shown.join(""), /^server-1 .* takes new files, 1 file$/m);
  assert.deepEqual(
    place.log().filter((line) => !line.endsWith(" look")),
    [],
  );
});

test("a person says no, or yes", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-1", [KEYS], []);
  const no = person(false);
  const refused = await place.apply([], no.session);
  assert.deepEqual([refused.exit, changes(place)], [1, []]);
  assert.match(refused.stderr, /nothing was changed/);
  assert.deepEqual(no.asked, ["Change 1 machine?"]);
  assert.ok(!existsSync(join(place.folder, "out/applied.json")));
  const yes = person(true);
  const { exit, stdout } = await place.apply([], yes.session);
  assert.equal(exit, 0, stdout);
  assert.deepEqual(changes(place), ["server-1 send", "server-1 start"]);
  assert.match(stdout, /^server-1 {2}applied {4}none {2}\d/m);
  assert.ok(place.log().includes("server-1 confirm"), "keys could lock everybody out");
  assert.match(yes.shown.join(""), /Z server-1 {2}send the files\n/);
  assert.equal(recordOf(place).machines.size, 4);
  const order = place.log();
  assert.ok(order.indexOf("server-1 take") < order.indexOf("server-1 send"), "held before it is touched");
  for (const name of ["lb-1", "server-1", "server-2", "server-3"])
    assert.ok(order.includes(`${name} drop`), name);
});

test("only the machine that is named", async (t) => {
  const place = await applyPlace(t);
  for (const name of ["server-1", "server-2"]) place.machine(name, [KEYS], []);
  const { exit, stdout } = await place.apply(["--yes", "--node", "server-2"]);
  assert.equal(exit, 0);
  assert.deepEqual(changes(place), ["server-2 send", "server-2 start"]);
  assert.match(stdout, /^server-1 {2}left alone/m);
  assert.ok(!recordOf(place).machines.has("server-1"), "nothing was applied to it");
});

test("--dry-run: the plan and the steps, and nothing is changed anywhere", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-1", [CONFIG], []);
  const { exit, stdout, stderr } = await place.apply(["--dry-run"]);
  assert.deepEqual([exit, stderr], [0, ""]);
  assert.match(stdout, /^server-1 .* restart, 1 file$/m);
  assert.match(
    stdout,
    /^server-1: check the others, drain in HAProxy, drain in Kubernetes, send the files, put them in force, wait until healthy, take back into service$/m,
  );
  assert.match(stdout, /^nothing was changed: --dry-run$/m);
  assert.ok(
    place.log().every((line) => line.endsWith(" look")),
    place.log().join("\n"),
  );
  assert.equal(place.git("status", "--porcelain", "out"), "");
  place.machine("server-2", null);
  assert.equal((await place.apply(["--dry-run"])).exit, 1, "not everything is known");
});

test("--json: one document on standard output, what people read on standard error", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-1", [KEYS], []);
  const dry = await place.apply(["--dry-run", "--json"]);
  const planned = JSON.parse(dry.stdout) as { readonly steps: readonly { readonly name: string }[] };
  assert.deepEqual(
    planned.steps.map(({ name }) => name),
    ["server-1"],
  );
  assert.match(dry.stderr, /--dry-run/);
  const { exit, stdout, stderr } = await place.apply(["--yes", "--json"]);
  assert.equal(exit, 0);
  const { results } = JSON.parse(stdout) as {
    readonly results: readonly { readonly name: string; readonly outcome: string }[];
  };
  assert.deepEqual(
    results.map(({ name, outcome }) => `${name} ${outcome}`),
    ["lb-1 unchanged", "server-1 applied", "server-2 unchanged", "server-3 unchanged"],
  );
  assert.match(stderr, /^apply: cluster home is as the config says$/m);
});

test("what a running cluster refuses, no flag brings", async (t) => {
  const place = await applyPlace(t);
  place.recordIt();
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",');
  for (const { name } of place.cluster().nodes) place.machine(name, [CONFIG], []);
  const { exit, stderr } = await place.apply(["--yes", "--accept-outage"]);
  assert.equal(exit, 1);
  assert.match(stderr, /^error: k3s\.clusterCidr: .*\n {2}next: put 10\.42\.0\.0\/16 back/m);
  assert.deepEqual(
    place.log().filter((line) => !line.endsWith(" look")),
    [],
  );
});

test("an outage wants to be accepted, and says what it is", async (t) => {
  const place = await applyPlace(t, "single-server");
  const [name = ""] = place.cluster().nodes.map((node) => node.name);
  place.machine(name, [CONFIG], []);
  const refused = await place.apply(["--yes"]);
  assert.equal(refused.exit, 1);
  assert.match(
    refused.stderr,
    /the change is an outage: server-1: an outage of the API: it is the only server\n {2}next: .*--accept-outage/,
  );
  assert.deepEqual(changes(place), []);
  const { exit, stdout } = await place.apply(["--yes", "--accept-outage"]);
  assert.equal(exit, 0, stdout);
  assert.deepEqual(changes(place), ["server-1 send", "server-1 start"]);
});

test("another apply is at work: nothing is done, and the hold of none is kept", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-1", [KEYS], []);
  place.taken();
  const { exit, stderr } = await place.apply(["--yes"]);
  assert.equal(exit, 1);
  assert.match(
    stderr,
    /another apply or drill works on lb-1: ann@laptop\n {2}next: .* ends by itself in 50 s/,
  );
  assert.deepEqual(changes(place), []);
  assert.ok(place.log().includes("lb-1 drop"));
});

test("a machine that changed since the plan was shown: a person is asked again, --yes goes on", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-1", [KEYS], []);
  const meddled = `[ "$machine" != server-2 ] || sed -i '1i ${KEYS}' "$PLAY/server-2.look"\n`;
  const shown: Partial<Session> = person(true).session;
  const play = place.playFile("on-take");
  writeFileSync(play, meddled);
  const { exit, stderr } = await place.apply([], shown);
  assert.equal(exit, 1);
  assert.match(stderr, /the machines have changed since the plan was shown; nothing was changed now/);
  assert.deepEqual(changes(place), []);
  assert.ok(place.log().includes("server-1 drop"), "the hold is given back");
  rmSync(play);
  place.machine("server-2", [KEYS], []);
  assert.equal((await place.apply(["--yes"])).exit, 0);
  assert.deepEqual(changes(place), ["server-1 send", "server-1 start", "server-2 send", "server-2 start"]);
});

test("a machine that is off is said, the others are worked on, and exit is 1", async (t) => {
  const place = await applyPlace(t);
  place.recordIt();
  place.machine("lb-1", [KEYS], []);
  place.machine("server-3", null);
  const { exit, stdout } = await place.apply(["--yes"]);
  assert.equal(exit, 1);
  assert.match(stdout, /^lb-1 {6}applied/m);
  assert.match(stdout, /^server-3 {2}not reached/m);
  assert.match(stdout, /^error: server-3: .*does not answer\n {2}next: is it on/m);
  assert.match(stdout, /^apply: not everything is as the config says$/m);
});

test("without a record and without a server that is ready nobody knows which cluster it is", async (t) => {
  const place = await applyPlace(t);
  place.machine("lb-1", [KEYS], []);
  for (const name of ["server-1", "server-2", "server-3"]) place.machine(name, null);
  const { exit, stderr } = await place.apply(["--yes"]);
  assert.equal(exit, 1);
  assert.match(stderr, /no server is ready, so nobody can say which cluster this is/);
  assert.deepEqual(changes(place), []);
  assert.ok(place.log().includes("lb-1 drop"));
});

test("out/ is what the config gives, together with the record", async (t) => {
  const place = await applyPlace(t);
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "snapshots": { "retention": 20 },');
  for (const name of ["server-1", "server-2", "server-3"]) place.machine(name, []);
  const { exit } = await place.apply(["--yes"]);
  assert.equal(exit, 0);
  assert.match(
    readFileSync(join(place.folder, "out/nodes/server-1/files/etc/rancher/k3s/config.yaml"), "utf8"),
    /retention: 20/,
  );
  assert.equal(recordOf(place).machines.get("server-1")?.commit, null, "its config is not committed");
});
