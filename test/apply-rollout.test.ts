// A plan carried out: machine after machine, and what is put back where a step fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { reachableOf, succeeded } from "../generator/apply/rollout.ts";
import { Failure } from "../generator/failure.ts";
import type { ObservedFile, ObservedMachine } from "../generator/plan/observed.ts";
import type { Plan } from "../generator/plan/plan.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import {
  type ApplyPlay,
  applyPlay,
  finished,
  lostTo,
  type Meddle,
  OLD,
  wantedOf,
} from "./support/apply-play.ts";
import { makeCluster } from "./support/clusters.ts";
import { different, machine, nodeOf, planWith, SIX } from "./support/plan-play.ts";

const RESTART = different(K3S_PATHS.config);
const KEYS = different(NODE_PATHS.authorizedKeys);
const RELOAD = different(NODE_PATHS.haproxy);

const plan = (
  files: Readonly<Record<string, ObservedFile>>,
  cluster = SIX,
  more: readonly ObservedMachine[] = [],
): Plan =>
  planWith(
    [...Object.entries(files).map(([name, file]) => machine(name, [file], {}, cluster)), ...more],
    undefined,
    cluster,
  );
const outcomes = (results: Awaited<ReturnType<ApplyPlay["rollOut"]>>) =>
  Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));
const sends = (play: ApplyPlay) => play.done.filter((line) => line.endsWith(" send"));

test("load balancers, then servers, then agents; each is healthy before the next is begun", async () => {
  const play = applyPlay();
  const made = plan({ "agent-1": RESTART, "server-2": RESTART, "server-1": RESTART, "lb-1": RELOAD });
  const results = await play.rollOut(made);
  assert.deepEqual(outcomes(results), {
    "lb-1": "applied",
    "lb-2": "unchanged",
    "server-1": "applied",
    "server-2": "applied",
    "server-3": "unchanged",
    "agent-1": "applied",
  });
  assert.ok(succeeded(results));
  assert.deepEqual(sends(play), ["lb-1 send", "server-1 send", "server-2 send", "agent-1 send"]);
  assert.deepEqual(
    play.done.filter((line) => /server-1$|^server-1 (?!evict|uncordon)/.test(line)),
    [
      "lb-1 drain server-1",
      "lb-2 drain server-1",
      "server-1 close",
      "server-2 evict server-1",
      "server-1 send",
      "server-1 start",
      "lb-1 undrain server-1",
      "lb-2 undrain server-1",
      "server-2 uncordon server-1",
      "server-1 opened",
    ],
  );
  assert.deepEqual(play.recorded, [
    "lb-1 applied",
    "server-1 applied",
    "server-2 applied",
    "agent-1 applied",
    "lb-2 applied",
    "server-3 applied",
  ]);
});

test("the first that fails is the last that is begun; those that wait are not begun", async () => {
  const play = applyPlay(SIX, (name, verb) =>
    name === "server-2" && verb === "send" ? finished("", 1, "tar: No space left on device\n") : undefined,
  );
  const results = await play.rollOut(plan({ "server-1": RESTART, "server-2": RESTART, "agent-1": RESTART }));
  const { "server-1": first, "server-2": second, "agent-1": third } = outcomes(results);
  assert.deepEqual([first, second, third], ["applied", "failed", "not begun"]);
  assert.ok(!succeeded(results));
  const failed = results.find(({ name }) => name === "server-2");
  assert.match(failed?.message ?? "", /^server-2: tar: No space left on device: its disk is full$/);
  assert.match(failed?.next ?? "", /nothing was changed there/);
  assert.ok(play.done.every((line) => !line.includes("agent-1")));
  assert.deepEqual(play.recorded.slice(0, 1), ["server-1 applied"], "as it happens");
  assert.ok(!play.recorded.some((line) => line.startsWith("server-2")), "it has not got what was sent");
  for (const balancer of ["lb-1", "lb-2"]) assert.deepEqual(play.of(balancer).drained, []);
  assert.ok(!play.of("server-2").unschedulable && !play.of("server-2").cordoned);
});

test("agents come as many at a time as the config says, and all of a batch end", async () => {
  const made = makeCluster({ servers: 3, agents: 5, loadBalancers: 1 });
  const five = { ...made, rollout: { ...made.rollout, agentBatch: 2 } };
  const names = ["agent-1", "agent-2", "agent-3", "agent-4", "agent-5"];
  const all = Object.fromEntries(names.map((name) => [name, RESTART]));
  const play = applyPlay(five, (name, verb) =>
    name === "agent-3" && verb === "start" ? lostTo("denied") : undefined,
  );
  const results = await play.rollOut(plan(all, five));
  assert.deepEqual(
    names.map((name) => outcomes(results)[name]),
    ["applied", "applied", "rolled back", "applied", "not begun"],
  );
  const order = play.asked.filter((line) => /^agent-\d (send|start)$/.test(line));
  assert.ok(order.indexOf("agent-2 send") < order.indexOf("agent-1 start"), "two at once");
  assert.ok(order.indexOf("agent-3 send") > order.indexOf("agent-2 start"), "then the next two");
  assert.ok(play.recorded.includes("agent-4 applied"), "it was begun already");
});

test("agents that are worked on together do not count on each other", async () => {
  const made = makeCluster({ servers: 3, agents: 3, loadBalancers: 1, ingress: ["agent-1", "agent-2"] });
  const both = { ...made, rollout: { ...made.rollout, agentBatch: 2 } };
  const play = applyPlay(both);
  const results = await play.rollOut(plan({ "agent-1": RESTART, "agent-2": RESTART }, both));
  assert.deepEqual([outcomes(results)["agent-1"], outcomes(results)["agent-2"]], ["failed", "failed"]);
  assert.match(
    results.find(({ name }) => name === "agent-1")?.message ?? "",
    /nobody else to send be_http to/,
  );
  assert.match(results.find(({ name }) => name === "agent-1")?.next ?? "", /rollout\.agentBatch/);
  assert.deepEqual(play.done, []);
  const one = { ...made, rollout: { ...made.rollout, agentBatch: 1 } };
  assert.ok(succeeded(await applyPlay(one).rollOut(plan({ "agent-1": RESTART, "agent-2": RESTART }, one))));
});

test("only the machines that are asked for", async () => {
  const play = applyPlay();
  const results = await play.rollOut(plan({ "server-1": KEYS, "server-2": KEYS }), {
    only: new Set(["server-2"]),
  });
  assert.deepEqual([outcomes(results)["server-1"], outcomes(results)["server-2"]], ["left alone", "applied"]);
  assert.ok(succeeded(results));
  assert.deepEqual(sends(play), ["server-2 send"]);
});

test("machines that nobody reaches, or that no apply changes, are said so", async () => {
  const silent = { files: null, problem: { message: "10.0.0.12 does not answer", next: "is it on?" } };
  const settings = different(NODE_PATHS.settings, "LOGIN='other'\n");
  const made = plan({ "agent-1": settings, "server-1": KEYS }, SIX, [
    machine("server-2", [], { ...silent, voter: false }),
  ]);
  assert.deepEqual([...reachableOf(made)].toSorted(), ["agent-1", "lb-1", "lb-2", "server-1", "server-3"]);
  const play = applyPlay(SIX, undefined, [...reachableOf(made)]);
  const results = await play.rollOut(made);
  const { "server-1": one, "server-2": two, "agent-1": agent } = outcomes(results);
  assert.deepEqual([one, two, agent], ["applied", "not reached", "left alone"]);
  const [card] = results.filter(({ name }) => name === "agent-1");
  assert.ok(card && !succeeded([card]), "it needs a new card");
  assert.equal(card.next, "npx quorate card agent-1");
  assert.ok(succeeded([{ ...card, message: "" }]), "where nobody asked for it");
  assert.ok(succeeded([{ ...card, action: "remove" }]), "what is left of a machine that went is no failure");
  assert.ok(!succeeded(results), "not everything is as it should be");
  assert.match(
    results.find(({ name }) => name === "server-2")?.message ?? "",
    /^server-2: 10\.0\.0\.12 does not answer$/,
  );
});

/** server-1 takes a file and is not well with it, until it is undone. */
const ill: (
  file: ObservedFile,
  meddle?: Meddle,
) => Promise<{ play: ApplyPlay; result: Awaited<ReturnType<ApplyPlay["rollOut"]>>[number] }> = async (
  file,
  meddle = () => {},
) => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
    if (name === "server-1" && verb === "start")
      play.of(name).status = { state: "failed", error: "k3s does not start", step: "server" };
    return meddle(name, verb, times);
  });
  const results = await play.rollOut(plan({ "server-1": file, "server-2": file }));
  const result = results.find(({ name }) => name === "server-1");
  assert.ok(result);
  assert.equal(outcomes(results)["server-2"], "not begun");
  assert.deepEqual([play.of("lb-1").drained, play.of("lb-2").drained], [[], []]);
  assert.ok(!play.of("server-1").unschedulable && !play.of("server-1").cordoned);
  return { play, result };
};

test("a machine that is not healthy goes back to its earlier files, and the record stays", async () => {
  const { play, result } = await ill(RESTART);
  assert.equal(result.outcome, "rolled back");
  assert.equal(
    result.message,
    "server-1 is not healthy: k3s does not start; it runs with its earlier files again",
  );
  assert.equal(play.of("server-1").applied, OLD);
  assert.ok(!play.recorded.some((line) => line.startsWith("server-1")));
});

test("an upgrade is not undone: an earlier K3s cannot read the data; it is recorded as failed", async () => {
  const newer = different(K3S_PATHS.installEnvironment, "INSTALL_K3S_VERSION='v1.35.0+k3s1'\n");
  const { play, result } = await ill(newer);
  assert.equal(result.action, "upgrade");
  assert.equal(result.outcome, "failed");
  assert.ok(play.done.every((line) => !line.endsWith(" undo")));
  assert.ok(play.recorded.includes("server-1 failed"));
});

test("a machine that is still not healthy after it went back has failed, with both reasons", async () => {
  const { play, result } = await ill(RESTART, (name, verb) =>
    name === "server-1" && verb === "undo" ? finished("", 1, "no\n") : undefined,
  );
  assert.equal(result.outcome, "failed");
  assert.equal(result.message, "server-1 is not healthy: k3s does not start; not rolled back: server-1: no");
  assert.ok(play.recorded.includes("server-1 failed"));
});

test("nothing was sent: there is nothing to undo", async () => {
  const play = applyPlay(SIX, (name, verb) =>
    name === "server-1" && verb === "start" ? finished("", 1, "Unit not found\n") : undefined,
  );
  const unfinished = machine("server-1", [], { unfinished: "it has stopped", ready: false });
  const results = await play.rollOut(planWith([unfinished]));
  assert.equal(outcomes(results)["server-1"], "failed");
  assert.ok(play.asked.every((line) => !line.endsWith(" undo")));
});

test("interrupted between two machines: the next one is not begun", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb) => {
    if (name === "server-1" && verb === "opened") play.interrupt();
  });
  const results = await play.rollOut(plan({ "server-1": RESTART, "server-2": RESTART }));
  assert.deepEqual([outcomes(results)["server-1"], outcomes(results)["server-2"]], ["applied", "not begun"]);
});

for (const [what, verb] of [
  ["while the pods are moved", "evict"],
  ["while the files travel", "send"],
  ["while it becomes healthy", "start"],
] as const) {
  test(`interrupted ${what}: nothing more is begun, and it is taken back into service`, async () => {
    const play: ApplyPlay = applyPlay(SIX, (_, each) => {
      if (each === verb) play.interrupt();
    });
    const results = await play.rollOut(plan({ "server-1": RESTART, "server-2": RESTART }));
    assert.deepEqual(
      [outcomes(results)["server-1"], outcomes(results)["server-2"]],
      ["interrupted", "not begun"],
    );
    assert.deepEqual([play.of("lb-1").drained, play.of("lb-2").drained], [[], []]);
    assert.ok(!play.of("server-1").unschedulable && !play.of("server-1").cordoned);
    assert.ok(
      play.asked.every((line) => !line.endsWith(" undo")),
      "what was begun goes on by itself",
    );
    assert.match(results.find(({ name }) => name === "server-1")?.next ?? "", /run the same command again/);
  });
}

for (const [what, meddle, outcome] of [
  [
    "a failure before its files are in force",
    (name: string, verb: string) =>
      name === "lb-1" && verb === "send" ? finished("", 1, "no\n") : undefined,
    "failed",
  ],
  [
    "a failure of the start itself",
    (name: string, verb: string) => (name === "lb-1" && verb === "start" ? lostTo("denied") : undefined),
    "rolled back",
  ],
] as const) {
  test(`a load balancer takes part in the address again after ${what}`, async () => {
    const play = applyPlay(SIX, meddle);
    play.of("lb-1").status = { vip: true };
    const results = await play.rollOut(plan({ "lb-1": RELOAD, "server-1": KEYS }));
    assert.equal(outcomes(results)["lb-1"], outcome);
    assert.equal(outcomes(results)["server-1"], "not begun");
    assert.ok(play.done.includes("lb-1 yield") && play.done.includes("lb-1 keepalived"));
  });
}

test("a load balancer that is interrupted after it gave up the address takes part again", async () => {
  const play: ApplyPlay = applyPlay(SIX, (_, verb) => {
    if (verb === "start") play.interrupt();
  });
  play.of("lb-1").status = { vip: true };
  const results = await play.rollOut(plan({ "lb-1": RELOAD }));
  assert.equal(outcomes(results)["lb-1"], "interrupted");
  assert.ok(play.done.indexOf("lb-1 keepalived") > play.done.indexOf("lb-1 yield"));
});

test("another apply has taken over: nothing more is done, and nothing put back that is now the other's", async () => {
  const play = applyPlay(SIX, (name, verb) =>
    name === "server-1" && verb === "send" ? finished("42 other@there\n", 75) : undefined,
  );
  const results = await play.rollOut(plan({ "server-1": RESTART, "server-2": RESTART }));
  const result = results.find(({ name }) => name === "server-1");
  assert.deepEqual([result?.outcome, outcomes(results)["server-2"]], ["failed", "not begun"]);
  assert.equal(result?.message, "another apply or drill works on server-1: other@there");
  assert.match(result?.next ?? "", /ends by itself in 42 s/);
  assert.ok(
    play.asked.every((line) => !/undrain|uncordon|opened|undo/.test(line)),
    play.asked.join("\n"),
  );
});

test("a record that cannot be written stops the rollout, and takes nothing back", async () => {
  const play = applyPlay();
  const record = ({ name }: { readonly name: string }) => {
    if (name !== "server-1") return;
    throw new Failure("the record cannot be written to out/applied.json: EIO", "make room");
  };
  const results = await play.rollOut(plan({ "server-1": KEYS, "server-2": KEYS }), { record });
  const { "server-1": first, "server-2": second, "server-3": third } = outcomes(results);
  assert.deepEqual([first, second, third], ["failed", "not begun", "unchanged"]);
  assert.match(
    results.find(({ name }) => name === "server-1")?.message ?? "",
    /^the record cannot be written/,
  );
  assert.equal(play.of("server-1").applied, wantedOf("server-1"));
  const all = () => {
    throw new Failure("the record cannot be written", "make room");
  };
  assert.ok(
    (await applyPlay().rollOut(plan({}), { record: all })).every(({ outcome }) => outcome === "failed"),
  );
});

test("a machine that is unfinished gets every file, for its earlier half may go on meanwhile", async () => {
  const sent: number[] = [];
  for (const more of [{}, { unfinished: "files: failed", ready: false }]) {
    const play = applyPlay();
    const { run } = play.job.remote;
    const counting: typeof run = (name, script, options) => {
      if (options.input !== undefined) sent.push(options.input.length);
      return run(name, script, options);
    };
    Object.assign(play.job.remote, { run: counting });
    const results = await play.rollOut(planWith([machine("server-1", [KEYS], more)]));
    assert.equal(outcomes(results)["server-1"], "applied");
  }
  const [few = 0, all = 0] = sent;
  const [program] = nodeOf("server-1") ? [60_000] : [0];
  assert.ok(all - few > program, `${few} and ${all} bytes`);
});

test("one that is only out of service is taken back, and is not touched otherwise", async () => {
  const play = applyPlay();
  for (const balancer of ["lb-1", "lb-2"]) play.of(balancer).drained = ["server-1"];
  Object.assign(play.of("server-1"), { cordoned: true, unschedulable: true, applied: wantedOf("server-1") });
  const results = await play.rollOut(
    planWith([machine("server-1", [], { cordoned: true }), machine("lb-1", [], { drains: ["server-1"] })]),
  );
  assert.equal(outcomes(results)["server-1"], "applied");
  assert.deepEqual(play.done, [
    "lb-1 undrain server-1",
    "lb-2 undrain server-1",
    "server-2 uncordon server-1",
    "server-1 opened",
  ]);
});
