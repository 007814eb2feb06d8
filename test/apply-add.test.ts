// Machines that are added, carried out: what is waited for, and what the others can do without them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { succeeded } from "../generator/apply/rollout.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { type ApplyPlay, applyPlay, wantedOf } from "./support/apply-play.ts";
import { makeCluster } from "./support/clusters.ts";
import { planFor, THREE, FIVE, growing, outcomes } from "./support/come-and-go.ts";
import { different } from "./support/plan-play.ts";

test("a new machine is waited for, and what for is said; then it is in the record", async () => {
  const play = growing();
  const results = await play.rollOut(planFor(THREE, FIVE), { only: new Set(["server-4"]) });
  assert.deepEqual(outcomes(results), ["server-4 not reached", "server-5 left alone"]);
  assert.match(
    results.find(({ name }) => name === "server-4")?.next ?? "",
    /^npx quorate card server-4 TARGET, put the card in and switch it on; then: npx quorate apply$/,
  );
  const patient = growing((name, verb, times) => {
    if (name !== "server-4" || verb !== "?status") return;
    if (times === 3) patient.of(name).status = { state: "working", step: "packages", voter: false };
    if (times === 5)
      patient.of(name).status = { state: "waiting", step: "server", waitingFor: "a vote", voter: false };
    if (times === 7) {
      patient.of(name).status = {};
      patient.of(name).applied = wantedOf(name, FIVE);
    }
  });
  Object.assign(patient.job, { absence: 60_000 });
  const joined = await patient.rollOut(planFor(THREE, FIVE), { only: new Set(["server-4"]) });
  assert.deepEqual(outcomes(joined), ["server-4 joined", "server-5 left alone"]);
  assert.ok(succeeded(joined));
  assert.deepEqual(patient.done, [], "nothing is done to it");
  assert.ok(patient.recorded.includes("server-4 applied"));
  assert.deepEqual(
    [...new Set(patient.notes)].filter((note) => note.startsWith("server-4")),
    [
      "server-4: put its card in and switch it on (lost: no-answer)",
      "server-4: working: packages",
      "server-4: waiting: server: a vote",
    ],
  );
});

test("a new machine that does not come keeps nobody from working on the others", async () => {
  const play = growing();
  const results = await play.rollOut(
    planFor(THREE, FIVE, { "agent-1": { files: [different(K3S_PATHS.config)] } }),
  );
  assert.deepEqual(outcomes(results), ["server-4 not reached", "server-5 not reached", "agent-1 applied"]);
  assert.ok(!succeeded(results));
});

test("1 to 3: without the new ones the only server is left as it is; with them it restarts", async () => {
  const one = makeCluster({ servers: 1, loadBalancers: 1 });
  const three = makeCluster({ servers: 3, loadBalancers: 1 });
  const plan = planFor(one, three, { "server-1": { files: [different(K3S_PATHS.config)] } });
  const play = applyPlay(three, () => {}, ["server-1", "lb-1"]);
  for (const name of ["server-2", "server-3"]) play.of(name).status = null;
  play.of("server-1").status = { members: 1 };
  const results = await play.rollOut(plan);
  assert.deepEqual(outcomes(results), ["server-2 not reached", "server-3 not reached", "server-1 failed"]);
  assert.match(results.at(-1)?.message ?? "", /^server-1 is left as it is: without it 0 voters would stay/);
  assert.deepEqual(play.done, []);
  // One of two has joined: etcd needs both now.
  Object.assign(play.of("server-2"), { status: { members: 2 }, applied: wantedOf("server-2", three) });
  play.of("server-1").status = { members: 2 };
  assert.equal((await play.rollOut(plan)).at(-1)?.outcome, "failed");
  assert.deepEqual(play.done, []);
  Object.assign(play.of("server-3"), { status: { members: 3 }, applied: wantedOf("server-3", three) });
  for (const name of ["server-1", "server-2"]) play.of(name).status = { members: 3 };
  const joined = await play.rollOut(plan);
  assert.deepEqual(outcomes(joined), ["server-2 joined", "server-3 joined", "server-1 applied"]);
});

test("a new server has joined only when K3s has said that it votes", async () => {
  const play: ApplyPlay = growing((name, verb, times) => {
    if (name === "server-4" && verb === "?node") play.of(name).etcdVoter = times > 4;
  });
  Object.assign(play.of("server-4"), { status: {}, applied: wantedOf("server-4", FIVE) });
  const results = await play.rollOut(planFor(THREE, FIVE), { only: new Set(["server-4"]) });
  assert.ok(outcomes(results).includes("server-4 joined"));
  assert.ok(play.notes.includes("server-4: K3s has not said yet that it votes in etcd"));
});

test("a new machine that came with the files of another config is not taken for done", async () => {
  const play = growing();
  play.of("server-4").status = {};
  const results = await play.rollOut(planFor(THREE, FIVE), { only: new Set(["server-4"]) });
  assert.deepEqual(outcomes(results), ["server-4 failed", "server-5 left alone"]);
  assert.match(results.find(({ name }) => name === "server-4")?.message ?? "", /files of another config/);
});

test("a new machine that fails is not waited for half an hour", async () => {
  const play = growing();
  play.of("server-4").status = {
    state: "failed",
    error: "the disk is full",
    next: "free some space",
    voter: false,
  };
  const results = await play.rollOut(planFor(THREE, FIVE), { only: new Set(["server-4"]) });
  assert.deepEqual(outcomes(results), ["server-4 not reached", "server-5 left alone"]);
  assert.match(results.find(({ name }) => name === "server-4")?.message ?? "", /failed: the disk is full$/);
  assert.ok(play.seconds() < 60, String(play.seconds()));
});

test("the second load balancer has to hold the address before the first one's network gives it up", async () => {
  const [one, two] = [makeCluster({ loadBalancers: 1 }), makeCluster({ loadBalancers: 2 })];
  const first = { files: [{ path: NODE_PATHS.keepalived, is: "missing" }] as const, vip: true };
  const plan = planFor(one, two, { "lb-1": first });
  const play = applyPlay(
    two,
    () => {},
    one.nodes.map(({ name }) => name),
  );
  play.of("lb-2").status = null;
  play.of("lb-1").status = { vip: true };
  const results = await play.rollOut(plan);
  assert.deepEqual(outcomes(results), ["lb-2 not reached", "lb-1 failed"]);
  assert.deepEqual(play.done, []);
  Object.assign(play.of("lb-2"), { status: { vip: true }, applied: wantedOf("lb-2", two) });
  assert.deepEqual(outcomes(await play.rollOut(plan)), ["lb-2 joined", "lb-1 applied"]);
  assert.deepEqual(play.done, ["lb-1 send", "lb-1 start"], "no keepalived is stopped that is not there");
});
