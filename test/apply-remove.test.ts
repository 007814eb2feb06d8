// Machines that leave, carried out: in which order, what is never done, and what is left where it is cut off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatResults } from "../generator/apply/progress.ts";
import type { Remote } from "../generator/apply/remote.ts";
import { reachableOf, succeeded } from "../generator/apply/rollout.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { type ApplyPlay, applyPlay, finished, wantedOf } from "./support/apply-play.ts";
import { makeCluster } from "./support/clusters.ts";
import { SILENT, planFor, THREE, FIVE, outcomes, shrinking, fewer } from "./support/come-and-go.ts";
import { different } from "./support/plan-play.ts";

test("a server goes: led around, moved away, kept from starting again, forgotten and seen to be, cleared; in that order", async () => {
  const play: ApplyPlay = shrinking((name, verb) => fewer(play)(name, verb));
  const results = await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.deepEqual(outcomes(results), ["server-4 left alone", "server-5 removed"]);
  assert.deepEqual(play.done, [
    "lb-1 drain server-5",
    "lb-2 drain server-5",
    "server-5 close",
    "server-1 evict server-5",
    "server-5 retire",
    "server-1 delete server-5",
    "server-5 uninstall",
  ]);
  assert.ok(play.recorded.includes("server-5 removed"));
  const asked = play.asked.indexOf("server-1 ?members");
  assert.ok(asked > play.asked.indexOf("server-1 delete server-5"));
  assert.ok(asked < play.asked.indexOf("server-5 uninstall"));
});

test("those that leave vote until they are out: the others may be worked on meanwhile, and each of them may go", async () => {
  const play: ApplyPlay = shrinking((name, verb) => fewer(play)(name, verb));
  const plan = planFor(FIVE, THREE, { "server-1": { files: [different(K3S_PATHS.config)] } });
  play.of("server-3").status = null;
  const results = await play.rollOut(plan, { only: new Set(["server-1", "server-5"]) });
  // Without the two that leave it would be one of two, and three of five are needed.
  assert.deepEqual(outcomes(results), ["server-1 applied", "server-4 left alone", "server-5 removed"]);
  const one = makeCluster({ servers: 1, agents: 1, loadBalancers: 2 });
  const last = applyPlay(THREE, () => {}, undefined, one);
  const count = () => {
    const members = ["server-1", "server-2", "server-3"].filter((name) => last.of(name).known).length;
    for (const name of ["server-1", "server-2", "server-3"]) last.of(name).status = { members };
  };
  count();
  const shown = await last.rollOut(planFor(THREE, one), { only: new Set(["server-2"]) });
  assert.equal(shown.find(({ name }) => name === "server-2")?.outcome, "removed");
  count();
  const rest = await last.rollOut(planFor(THREE, one), { only: new Set(["server-3"]) });
  assert.equal(rest.find(({ name }) => name === "server-3")?.outcome, "removed", "and the last one of two");
});

test("one that does not answer is taken out of the cluster without it", async () => {
  const reachable = FIVE.nodes.map(({ name }) => name).filter((name) => name !== "server-5");
  const play: ApplyPlay = shrinking((name, verb) => fewer(play)(name, verb), reachable);
  Object.assign(play.of("server-5"), { status: null, nodeReady: false });
  const results = await play.rollOut(planFor(FIVE, THREE, { "server-5": SILENT }), {
    only: new Set(["server-5"]),
  });
  assert.deepEqual(outcomes(results), ["server-5 removed", "server-4 left alone"]);
  assert.deepEqual(play.done, ["server-1 delete server-5"]);
  const { message, next } = results.find(({ name }) => name === "server-5") ?? {};
  assert.match(message ?? "", /^server-5: it is taken out without being asked/);
  assert.match(next ?? "", /^never switch server-5 on again with the disk that it has/);
  assert.match(formatResults(results), /^note: server-5: it is taken out without/m);
  assert.ok(succeeded(results.filter(({ name }) => name === "server-5")));
});

test("silent to us and alive: it would join again by itself, so it is not taken out", async () => {
  const reachable = FIVE.nodes.map(({ name }) => name).filter((name) => name !== "server-5");
  const plan = planFor(FIVE, THREE, { "server-5": SILENT });
  const only = new Set(["server-5"]);
  const result = async (play: ApplyPlay) =>
    (await play.rollOut(plan, { only })).find(({ name }) => name === "server-5");
  const slow = shrinking(undefined, reachable);
  slow.of("server-5").status = { state: "working", voter: false };
  const answering = await result(slow);
  assert.equal(answering?.outcome, "failed");
  assert.match(answering.message, /^server-5 is left as it is: it answers now/);
  const locked = shrinking(undefined, reachable);
  locked.of("server-5").status = null;
  const heard = await result(locked);
  assert.equal(heard?.outcome, "failed");
  assert.match(heard.message, /^server-5 is left as it is: it does not answer .*Kubernetes hears from it/);
  assert.match(heard.next, /^switch it off for good, or let ssh in again; then/);
  assert.deepEqual([...slow.done, ...locked.done], []);
  // Its power has just failed: Kubernetes notices after most of a minute.
  const dying: ApplyPlay = shrinking((name, verb) => {
    if (dying.seconds() > 40) dying.of("server-5").nodeReady = false;
    fewer(dying)(name, verb);
  }, reachable);
  dying.of("server-5").status = null;
  assert.equal((await result(dying))?.outcome, "removed");
  // Kubernetes knows no load balancer.
  const two = makeCluster({ loadBalancers: 2 });
  const gone = applyPlay(two, undefined, ["lb-1"], makeCluster({ loadBalancers: 1 }));
  gone.of("lb-2").status = null;
  const silent = planFor(two, makeCluster({ loadBalancers: 1 }), { "lb-2": SILENT });
  const [first] = await gone.rollOut(silent, { only: new Set(["lb-2"]) });
  assert.equal(first?.outcome, "removed");
});

test("a living server stays until the one in its place has joined; the agents are worked on meanwhile", async () => {
  const swapped = {
    ...THREE,
    nodes: THREE.nodes.map((node) =>
      node.name === "server-3" ? { ...node, name: "server-4", address: "10.0.0.14" } : node,
    ),
  };
  const both = {
    ...THREE,
    nodes: [...THREE.nodes, ...swapped.nodes.filter(({ name }) => name === "server-4")],
  };
  const plan = planFor(THREE, swapped, { "agent-1": { files: [different(K3S_PATHS.config)] } });
  const count = (play: ApplyPlay) => {
    const all = both.nodes.filter(({ name, role }) => role === "server" && play.of(name).known);
    for (const { name } of all) if (play.of(name).status) play.of(name).status = { members: all.length };
  };
  const early = applyPlay(
    both,
    () => {},
    THREE.nodes.map(({ name }) => name),
    swapped,
  );
  Object.assign(early.of("server-4"), { status: null, known: false });
  count(early);
  const results = await early.rollOut(plan);
  assert.deepEqual(outcomes(results), ["server-4 not reached", "server-3 not begun", "agent-1 applied"]);
  assert.match(
    results.find(({ name }) => name === "server-3")?.message ?? "",
    /^server-3 stays until server-4 has joined$/,
  );
  assert.ok(!early.done.some((line) => line.includes("server-3")));
  assert.ok(!succeeded(results));
  const play: ApplyPlay = applyPlay(
    both,
    (_, verb) => {
      if (verb !== "delete") return;
      play.of("server-3").known = false;
      count(play);
    },
    THREE.nodes.map(({ name }) => name),
    swapped,
  );
  play.of("server-4").applied = wantedOf("server-4", both);
  count(play);
  const joined = await play.rollOut(plan);
  assert.deepEqual(outcomes(joined), ["server-4 joined", "server-3 removed", "agent-1 applied"]);
});

test("while its pods moved the others became too few: it is not kept from starting again", async () => {
  const play: ApplyPlay = shrinking((_, verb) => {
    if (verb === "evict") for (const name of ["server-2", "server-3"]) play.of(name).status = null;
  });
  const results = await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  const { outcome, message } = results.find(({ name }) => name === "server-5") ?? {};
  assert.equal(outcome, "failed");
  assert.match(message ?? "", /without it 2 voters of 4 members would be left/);
  assert.equal(play.of("server-5").retired, false);
  assert.ok(!play.done.some((line) => line.includes("delete")));
});

test("a load balancer whose own network holds the address is not cleared: it would hold it beside the others for ever", async () => {
  const [two, one] = [makeCluster({ loadBalancers: 2 }), makeCluster({ loadBalancers: 1 })];
  const play: ApplyPlay = applyPlay(
    two,
    (name, verb) => {
      // What is not keepalived's does not go with it; the other one hears nobody, and takes it.
      if (name === "lb-2" && verb === "?status") play.of("lb-2").keepalived = true;
    },
    undefined,
    one,
  );
  play.of("lb-2").status = { vip: true };
  const [result] = await play.rollOut(planFor(two, one, { "lb-2": { vip: true } }), {
    only: new Set(["lb-2"]),
  });
  assert.equal(result?.outcome, "failed");
  assert.match(result.message, /^lb-2 is left as it is: its own network holds the registration address/);
  assert.ok(!play.of("lb-2").retired);
});

test("only what was asked for is recorded", async () => {
  const play: ApplyPlay = shrinking((name, verb) => fewer(play)(name, verb));
  await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.deepEqual(play.recorded, ["server-5 removed"]);
});

test("who takes part: not what is silent or only comes, but what goes and answers", () => {
  const plan = planFor(FIVE, THREE, { "server-5": SILENT });
  assert.deepEqual([...reachableOf(plan)].toSorted(), [
    "agent-1",
    "lb-1",
    "lb-2",
    "server-1",
    "server-2",
    "server-3",
    "server-4",
  ]);
  assert.ok(!reachableOf(planFor(THREE, FIVE)).has("server-4"));
});

test("one that leaves and is not well keeps nobody from working on the others", async () => {
  const play: ApplyPlay = shrinking();
  play.of("server-5").status = { state: "waiting", step: "retired", members: 5 };
  const plan = planFor(FIVE, THREE, { "server-1": { files: [different(K3S_PATHS.config)] } });
  const results = await play.rollOut(plan, { only: new Set(["server-1"]) });
  assert.equal(results.find(({ name }) => name === "server-1")?.outcome, "applied");
});

test("etcd still counts it: nothing on it is removed, and it stays in the record", async () => {
  const play = shrinking((_, verb) => (verb === "delete" ? finished() : undefined));
  const results = await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  const { outcome, message } = results.find(({ name }) => name === "server-5") ?? {};
  assert.equal(outcome, "failed");
  assert.match(message ?? "", /^etcd still counts server-5-0badcafe/);
  assert.ok(!play.of("server-5").uninstalled);
  assert.ok(!play.recorded.includes("server-5 removed"));
});

test("without it the others would be no majority: nothing is touched, whatever the plan saw", async () => {
  const play = shrinking();
  for (const name of ["server-2", "server-3"]) play.of(name).status = null;
  const plan = planFor(FIVE, THREE);
  const results = await play.rollOut(plan, { only: new Set(["server-5"]) });
  assert.match(
    results.find(({ name }) => name === "server-5")?.message ?? "",
    /^server-5 is left as it is: without it 2 voters of 4 members would be left, .*\(server-2 is no answer and server-3 is no answer\)$/,
  );
  assert.deepEqual(play.done, []);
});

test("its pods cannot be moved: it is taken back into service, and nothing else has happened to it", async () => {
  const play = shrinking((_, verb) => (verb === "evict" ? finished("", 1, "budget") : undefined));
  const results = await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.equal(results.find(({ name }) => name === "server-5")?.outcome, "failed");
  assert.deepEqual(play.of("lb-1").drained, []);
  assert.equal(play.of("server-5").cordoned, false);
  assert.equal(play.of("server-5").retired, false);
});

test("the runner died after it was forgotten: the next one clears it, and does not fail for what is gone", async () => {
  const play = shrinking();
  Object.assign(play.of("server-5"), { known: false, retired: true });
  for (const { name, role } of FIVE.nodes) if (role === "server") play.of(name).status = { members: 4 };
  play.of("server-5").status = { state: "failed", voter: false, members: 0 };
  const results = await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.equal(results.find(({ name }) => name === "server-5")?.outcome, "removed");
  assert.ok(play.of("server-5").uninstalled);
});

/** What was sent to a machine as a script, of those that hold these words. */
function scriptsOf(play: ApplyPlay, words: string): readonly string[] {
  const scripts: string[] = [];
  const { run, close } = play.job.remote;
  const remote: Remote = {
    close,
    run: (name, script, options) => {
      if (script.includes(words)) scripts.push(script);
      return run(name, script, options);
    },
  };
  Object.assign(play.job, { remote });
  return scripts;
}

test("an agent goes: its K3s ends before it is forgotten, for it would register again; the same again is no failure", async () => {
  const without = makeCluster({ servers: 3, loadBalancers: 2 });
  const play = applyPlay(THREE, undefined, undefined, without);
  const retired = scriptsOf(play, "quorate-node retire");
  const cleared = scriptsOf(play, "quorate-node uninstall");
  const results = await play.rollOut(planFor(THREE, without));
  assert.deepEqual(outcomes(results), ["agent-1 removed"]);
  assert.deepEqual(play.done, [
    "lb-1 drain agent-1",
    "lb-2 drain agent-1",
    "agent-1 close",
    "server-1 evict agent-1",
    "agent-1 retire",
    "server-1 delete agent-1",
    "agent-1 uninstall",
  ]);
  assert.match(retired.join(""), /retire \|\| exit\nsystemctl stop k3s-agent \|\| exit\n$/);
  // The program goes last of all, and the fence asks it.
  assert.match(cleared.join(""), /^\[ -x \S+quorate-node \] \|\| exit 0\n/);
  const none = applyPlay(THREE, undefined, undefined, without);
  for (const name of ["server-1", "server-2", "server-3"]) none.of(name).status = { state: "failed" };
  const alone = await none.rollOut(planFor(THREE, without));
  assert.match(alone.find(({ name }) => name === "agent-1")?.message ?? "", /no other server is ready/);
  assert.deepEqual(none.done, []);
});

test("a server that goes votes until its member is removed: its K3s is not stopped before", async () => {
  const play: ApplyPlay = shrinking((name, verb) => fewer(play)(name, verb));
  const retired = scriptsOf(play, "quorate-node retire");
  await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.equal(retired.length, 1);
  assert.doesNotMatch(retired.join(""), /systemctl/);
});

test("a load balancer goes: only where another one works, and that holds the address first", async () => {
  const [two, one] = [makeCluster({ loadBalancers: 2 }), makeCluster({ loadBalancers: 1 })];
  const gone = async (play: ApplyPlay, more = {}) =>
    (await play.rollOut(planFor(two, one, { "lb-2": more }), { only: new Set(["lb-2"]) })).find(
      ({ name }) => name === "lb-2",
    );
  const play = applyPlay(two, undefined, undefined, one);
  play.of("lb-2").status = { vip: true };
  assert.equal((await gone(play, { vip: true }))?.outcome, "removed");
  assert.deepEqual(play.done, ["lb-2 yield", "lb-2 retire", "lb-2 uninstall"]);
  const ill = applyPlay(two, undefined, undefined, one);
  ill.of("lb-1").status = { state: "failed" };
  assert.match(
    (await gone(ill))?.message ?? "",
    /^lb-2 is left as it is: no other load balancer is ready \(lb-1: failed\)/,
  );
  assert.deepEqual(ill.done, []);
  // Neither works: the dead one takes nothing with it.
  const dead = applyPlay(two, undefined, ["lb-1"], one);
  for (const [name, status] of [
    ["lb-1", { state: "failed" }],
    ["lb-2", null],
  ] as const)
    dead.of(name).status = status;
  assert.equal((await gone(dead, SILENT))?.outcome, "removed");
  // Of the last one nobody has to take over.
  const none = makeCluster({ loadBalancers: 0 });
  const last = applyPlay(one, undefined, undefined, none);
  last.of("lb-1").status = { vip: true };
  const [result] = await last.rollOut(planFor(one, none), { only: new Set(["lb-1"]) });
  assert.equal(result?.outcome, "removed");
  assert.deepEqual(last.done, ["lb-1 retire", "lb-1 uninstall"]);
});

test("a dead server is taken out only by a majority that votes now; a living one that goes is one of it", async () => {
  const four = makeCluster({ servers: 4, loadBalancers: 2 });
  const three = makeCluster({ servers: 3, loadBalancers: 2 });
  const play = applyPlay(four, undefined, ["server-1", "server-3", "lb-1", "lb-2"], three);
  for (const name of ["server-2", "server-4"])
    Object.assign(play.of(name), { status: null, nodeReady: false });
  for (const name of ["server-1", "server-3"]) play.of(name).status = { members: 4 };
  const plan = planFor(four, three, { "server-4": SILENT });
  const results = await play.rollOut(plan, { only: new Set(["server-4"]) });
  assert.match(
    results.find(({ name }) => name === "server-4")?.message ?? "",
    /^server-4 is left as it is: only 2 voters of 4 members can agree to it, and that is no majority/,
  );
  assert.deepEqual(play.done, []);
});

test("what no server lists is not taken for gone, and a member without a name is known by its address", async () => {
  const silent = shrinking((_, verb) => (verb === "?members" ? finished("{}") : undefined));
  const told = async (play: ApplyPlay) =>
    (await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) })).find(
      ({ name }) => name === "server-5",
    );
  assert.match(
    (await told(silent))?.message ?? "",
    /^server-1 does not say whether etcd still counts server-5/,
  );
  assert.ok(!silent.of("server-5").uninstalled);
  const members = (name: string, address: string) =>
    finished(JSON.stringify({ members: [{ name, peerURLs: [`https://${address}:2380`] }] }));
  const nameless = shrinking((_, verb) => (verb === "?members" ? members("", "10.0.0.15") : undefined));
  assert.match((await told(nameless))?.message ?? "", /^etcd still counts 10\.0\.0\.15/);
  // Another machine whose name only begins like it.
  const alike = shrinking((_, verb) =>
    verb === "?members" ? members("server-51-0badcafe", "10.0.0.61") : undefined,
  );
  assert.equal((await told(alike))?.outcome, "removed");
});

test("after it was forgotten nothing is taken back into service, whatever fails then", async () => {
  const play: ApplyPlay = shrinking((name, verb) => {
    fewer(play)(name, verb);
    return verb === "uninstall" ? finished("", 1, "its disk is broken") : undefined;
  });
  const results = await play.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.equal(results.find(({ name }) => name === "server-5")?.outcome, "failed");
  assert.deepEqual(play.of("lb-1").drained, ["server-5"]);
  assert.equal(play.of("server-5").cordoned, true);
  assert.deepEqual(play.recorded, []);
  const half = shrinking((_, verb) => (verb === "delete" ? finished("", 1, "timed out") : undefined));
  await half.rollOut(planFor(FIVE, THREE), { only: new Set(["server-5"]) });
  assert.deepEqual(half.of("lb-1").drained, ["server-5"], "its member may be gone at any moment");
  assert.equal(half.of("server-5").retired, true);
});

test("a machine that was to go, and is in the config again, is told so with its files", async () => {
  const play = applyPlay(FIVE);
  const started = scriptsOf(play, "start --no-block quorate-node");
  const retired = { unfinished: "waiting: retired: this machine was taken out of the cluster", ready: false };
  play.of("server-5").applied = wantedOf("server-5", FIVE);
  await play.rollOut(planFor(FIVE, FIVE, { "server-5": retired }), { only: new Set(["server-5"]) });
  assert.match(started.join(""), /^rm -f .*\/var\/lib\/quorate\/retired$/m);
});

test("agents go one at a time, and after those that stay", async () => {
  const many = makeCluster({ agents: 4 });
  const fewerAgents = { ...makeCluster({ agents: 2 }), rollout: { drain: true, agentBatch: 4 } };
  const play = applyPlay(many, undefined, undefined, fewerAgents);
  const plan = planFor(many, fewerAgents, { "agent-1": { files: [different(K3S_PATHS.config)] } });
  assert.deepEqual(outcomes(await play.rollOut(plan)), [
    "agent-1 applied",
    "agent-3 removed",
    "agent-4 removed",
  ]);
  const own = play.done.flatMap((line) => /^(agent-\d) (?:send|retire|uninstall)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(own, ["agent-1", "agent-3", "agent-3", "agent-4", "agent-4"]);
});
