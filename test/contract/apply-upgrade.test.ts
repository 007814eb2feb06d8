// Another K3s: a snapshot of etcd first and once, then servers one at a time, then agents; and what is left where one fails.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { K3S_PATHS } from "../../generator/render/k3s.ts";
import { NODE_PATHS } from "../../generator/render/node-paths.ts";
import { makePlan, type Plan } from "../../generator/plan/plan.ts";
import { applyPlace } from "../support/apply-place.ts";
import { type ApplyPlay, applyPlay, finished, lostTo, wantedOf } from "../support/apply-play.ts";
import { TEMPLATES } from "../support/fixtures.ts";
import { different, machine, planWith, SIX } from "../support/plan-play.ts";

const OLDER = different(K3S_PATHS.installEnvironment, "INSTALL_K3S_VERSION='v1.36.3+k3s1'\n");
const NODES = ["server-1", "server-2", "server-3", "agent-1"];
const SNAPSHOT = "before-v1.36.4-k3s1";

const upgrade = (names: readonly string[] = NODES, balancer = false): Plan =>
  planWith([
    ...names.map((name) => machine(name, [OLDER])),
    ...(balancer ? [machine("lb-1", [different(NODE_PATHS.haproxy)])] : []),
  ]);
/** Every machine has the older K3s until it is started with its new files. */
function playing(meddle: Parameters<typeof applyPlay>[1] = () => {}): ApplyPlay {
  const play: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
    if (verb === "start") play.of(name).status = { ...play.of(name).status, k3s: SIX.k3s.version };
    return meddle(name, verb, times);
  });
  for (const name of NODES) play.of(name).status = { k3s: "v1.36.3+k3s1" };
  return play;
}
const outcomes = (results: Awaited<ReturnType<ApplyPlay["rollOut"]>>) =>
  Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
const full = () => finished("", 1, 'level=fatal msg="Error: no space left on device"\n');

test("a snapshot comes first and once, before the load balancers too; servers one by one, then agents", async () => {
  const play = playing();
  const told: string[] = [];
  const results = await play.rollOut(upgrade([...NODES].toReversed(), true), {
    watcher: {
      begin: (name, step) => void told.push(`${name} ${step}`),
      end: () => {},
      result: () => {},
    },
  });
  assert.deepEqual(new Set(NODES.map((name) => outcomes(results)[name])), new Set(["applied"]));
  assert.equal(play.done[0], `server-1 snapshot ${SNAPSHOT}`);
  assert.equal(play.done.filter((line) => line.includes(" snapshot ")).length, 1);
  assert.deepEqual(
    play.done.filter((line) => / (send|start)$/.test(line)),
    ["lb-1", ...NODES].flatMap((name) => [`${name} send`, `${name} start`]),
  );
  assert.deepEqual(told.slice(0, 2), ["server-1 snapshot", "lb-1 gate"]);
  assert.match(
    play.notes.join("\n"),
    /^server-1: before-v1\.36\.4-k3s1-server-1-1764147600 on server-1, 4\.1 MB$/m,
  );
});

test("the order is the plan's, whatever the order of the config", () => {
  const nodes = SIX.nodes.toReversed();
  const { machines } = makePlan(
    { ...SIX, nodes },
    TEMPLATES,
    nodes.map(({ name }) => machine(name, name.startsWith("lb") ? [] : [OLDER])),
  );
  const roles = machines.map(({ role }) => role);
  assert.ok(roles.lastIndexOf("server") < roles.indexOf("agent"), roles.join(" "));
  assert.ok(machines.every(({ role, action }) => (role === "loadbalancer") === (action !== "upgrade")));
});

test("where no snapshot can be taken nothing is touched, on no machine", async () => {
  const play = playing((_, verb) => (verb === "snapshot" ? full() : undefined));
  const results = await play.rollOut(upgrade(NODES, true));
  assert.deepEqual(play.done, []);
  assert.deepEqual(
    ["lb-1", ...NODES].map((name) => outcomes(results)[name]),
    ["not begun", "failed", "not begun", "not begun", "not begun"],
  );
  const failed = results.find(({ name }) => name === "server-1");
  assert.match(
    failed?.message ?? "",
    /^etcd's data are not kept, so no K3s is exchanged and nothing was touched: server-1 takes no snapshot: no space left on device; server-2 takes .*; server-3 takes /,
  );
  assert.match(
    failed?.next ?? "",
    /^free some space .*; where there is nothing to keep any more: npx quorate apply --without-snapshot$/,
  );
  assert.ok(
    play.recorded.every((line) => !/^(server|agent|lb-1)/.test(line)),
    play.recorded.join("\n"),
  );
});

test("another server takes it where the first one cannot, or is not well", async () => {
  const cannot = playing((name, verb) => (name === "server-1" && verb === "snapshot" ? full() : undefined));
  assert.equal(outcomes(await cannot.rollOut(upgrade()))["agent-1"], "applied");
  assert.equal(cannot.done[0], `server-2 snapshot ${SNAPSHOT}`);
  const ill = playing();
  ill.of("server-1").status = { state: "waiting", step: "server", voter: false, k3s: "v1.36.3+k3s1" };
  await ill.rollOut(upgrade());
  assert.equal(ill.done[0], `server-2 snapshot ${SNAPSHOT}`);
  const lost = playing((name, verb) =>
    name === "server-1" && verb === "snapshot" ? lostTo("cut") : undefined,
  );
  await lost.rollOut(upgrade());
  assert.equal(lost.done[0], `server-2 snapshot ${SNAPSHOT}`);
  const none = playing();
  for (const name of NODES) none.of(name).status = { state: "failed", error: "x", voter: false };
  const [failed] = (await none.rollOut(upgrade())).filter(({ outcome }) => outcome === "failed");
  assert.match(failed?.message ?? "", /nothing was touched: no server is ready$/);
  assert.deepEqual(none.done, []);
});

test("no snapshot where nobody wants one, only agents are behind, or K3s stays the same", async () => {
  const unwanted = playing();
  await unwanted.rollOut(upgrade(), { withoutSnapshot: true });
  const agents = playing();
  for (const name of NODES) if (name !== "agent-1") agents.of(name).status = {};
  assert.equal(outcomes(await agents.rollOut(upgrade(["agent-1"])))["agent-1"], "applied");
  const restart = playing();
  await restart.rollOut(planWith([machine("server-1", [different(K3S_PATHS.config)])]));
  for (const { done } of [unwanted, agents, restart]) {
    assert.ok(done.length > 0);
    assert.ok(done.every((line) => !line.includes("snapshot")));
  }
});

test("one that goes on in the middle says so in the snapshot's name: it is none from before", async () => {
  const play = playing();
  play.of("server-1").status = {};
  await play.rollOut(upgrade(["server-2", "server-3", "agent-1"]));
  assert.equal(play.done[0], "server-1 snapshot during-v1.36.4-k3s1");
});

test("a server that also restarts gets its K3s after a snapshot too", async () => {
  const play = playing();
  const hostname = { path: "/etc/old.conf", is: "stale", action: "reboot", text: "" } as const;
  const plan = planWith([machine("server-1", [OLDER, hostname])]);
  assert.equal(plan.machines.find(({ name }) => name === "server-1")?.action, "reboot");
  await play.rollOut(plan);
  assert.equal(play.done[0], `server-1 snapshot ${SNAPSHOT}`);
});

test("Ctrl-C and another apply end it before anything is touched", async () => {
  const stopped: ApplyPlay = playing((_, verb) => {
    if (verb !== "snapshot") return undefined;
    stopped.interrupt();
    return lostTo("interrupted");
  });
  const results = await stopped.rollOut(upgrade());
  assert.deepEqual(
    [outcomes(results)["server-1"], outcomes(results)["server-2"]],
    ["interrupted", "not begun"],
  );
  assert.deepEqual(stopped.done, []);
  const taken = playing((_, verb) => (verb === "snapshot" ? finished("42 other@there\n", 75) : undefined));
  const [failed] = (await taken.rollOut(upgrade())).filter(({ outcome }) => outcome === "failed");
  assert.equal(failed?.message, "another apply or drill works on server-1: other@there");
  assert.ok(
    taken.asked.every((line) => !line.startsWith("server-2 snapshot")),
    "it does not try further",
  );
  assert.deepEqual(taken.done, []);
});

const here = { skip: process.platform === "linux" ? false : "a shell script stands for ssh" };
const ENVIRONMENT = `different 0644 ${Buffer.from("INSTALL_K3S_VERSION='v1.36.3+k3s1'\n").toString("base64")} ${K3S_PATHS.installEnvironment}`;

test(
  "as it is typed: the dry run shows the snapshot first, apply takes it first, and stops without it",
  here,
  async (t) => {
    const place = await applyPlace(t);
    place.recordIt();
    for (const name of ["server-1", "server-2", "server-3"]) place.machine(name, [ENVIRONMENT], []);
    const dry = await place.apply(["--dry-run"]);
    assert.match(
      dry.stdout,
      /^first, once: take a snapshot of etcd\n\nserver-1: check the others, drain in HAProxy, .*\n\nserver-2: /m,
    );
    const { first } = JSON.parse((await place.apply(["--dry-run", "--json"])).stdout);
    assert.deepEqual(first, ["take a snapshot of etcd"]);
    assert.doesNotMatch((await place.apply(["--dry-run", "--without-snapshot"])).stdout, /snapshot/);
    for (const name of ["server-1", "server-2", "server-3"])
      writeFileSync(place.playFile(`${name}.full`), "");
    const stopped = await place.apply(["--yes"]);
    assert.equal(stopped.exit, 1);
    assert.match(stopped.stdout, /^server-1 +failed +upgrade/m);
    assert.match(stopped.stdout, /^server-2 +not begun +upgrade/m);
    assert.match(stopped.stdout, /^error: etcd's data are not kept, .*\n {2}next: .*--without-snapshot$/m);
    assert.ok(place.log().every((line) => !/ (send|start|drain|close)$/.test(line)));
    const repaired = await place.apply(["--yes", "--without-snapshot"]);
    assert.equal(repaired.exit, 0, repaired.stdout + repaired.stderr);
    assert.match(repaired.stdout, /^server-3 +applied +upgrade/m);
  },
);

test("a server that is at its new K3s since an apply died has as long as for an upgrade; then the others get theirs, or none does", async () => {
  const under = { state: "working", step: "k3s", voter: false } as const;
  for (const [minutes, outcome] of [
    [14, "applied"],
    [16, "not begun"],
  ] as const) {
    const play: ApplyPlay = playing((name, verb) => {
      if (name !== "server-1" || verb !== "?status") return;
      play.of(name).status = play.seconds() < minutes * 60 ? under : { k3s: SIX.k3s.version };
    });
    play.of("server-1").applied = wantedOf("server-1");
    const results = await play.rollOut(
      planWith([
        machine("server-1", [], { ready: false, voter: false, unfinished: "working: k3s", cordoned: true }),
        ...["server-2", "server-3", "agent-1"].map((name) => machine(name, [OLDER])),
      ]),
    );
    for (const name of ["server-2", "server-3", "agent-1"])
      assert.equal(outcomes(results)[name], outcome, `${minutes} minutes: ${name}`);
  }
});
