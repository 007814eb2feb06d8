// What goes wrong on the way: what is waited for, whether earlier files come back, and what the record says.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { takeLease } from "../generator/apply/lease.ts";
import { health } from "../generator/apply/steps/health.ts";
import { giveUpVip, takePartAgain } from "../generator/apply/steps/yield.ts";
import { APPLY_TIMING } from "../generator/model/timing.ts";
import type { ObservedFile } from "../generator/plan/observed.ts";
import type { Plan } from "../generator/plan/plan.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { type ApplyPlay, applyPlay, finished, lostTo, OLD, wantedOf } from "./support/apply-play.ts";
import { different, machine, nodeOf, planWith, SIX } from "./support/plan-play.ts";

const check = (play: ApplyPlay, name: string) =>
  health(play.job, nodeOf(name), (digest) => digest === OLD, 60_000);
const RESTART = different(K3S_PATHS.config);
const plan = (files: Readonly<Record<string, ObservedFile>>): Plan =>
  planWith(Object.entries(files).map(([name, file]) => machine(name, [file])));
const outcomes = (results: Awaited<ReturnType<ApplyPlay["rollOut"]>>) =>
  Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]));

test("healthy, and not taken back into service: it is not undone, for that would stop what works", async () => {
  for (const [verb, play] of [
    ["uncordon", applyPlay(SIX, (_, each) => (each === "uncordon" ? finished("", 1, "busy\n") : undefined))],
    [
      "undrain",
      applyPlay(SIX, (name, each) => (`${name} ${each}` === "lb-2 undrain" ? lostTo("cut") : undefined)),
    ],
  ] as const) {
    const results = await play.rollOut(plan({ "server-1": RESTART, "server-2": RESTART }));
    const result = results.find(({ name }) => name === "server-1");
    assert.deepEqual([result?.outcome, outcomes(results)["server-2"]], ["failed", "not begun"], verb);
    assert.equal(play.of("server-1").applied, wantedOf("server-1"), verb);
    assert.ok(
      play.asked.every((line) => !line.endsWith(" undo")),
      verb,
    );
    assert.ok(play.recorded.includes("server-1 applied"), "that is what runs there");
  }
});

test("a server that votes is not undone where the others have become too few meanwhile", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb) => {
    if (name !== "server-1" || verb !== "start") return;
    play.of("server-1").status = { state: "failed", error: "k3s does not start" };
    play.of("server-2").status = null;
  });
  const results = await play.rollOut(plan({ "server-1": RESTART }));
  const result = results.find(({ name }) => name === "server-1");
  assert.equal(result?.outcome, "failed");
  assert.ok(play.asked.every((line) => !line.endsWith(" undo")));
  assert.match(
    result?.message ?? "",
    /k3s does not start; not rolled back: server-1 is left as it is: without it 1 voter would stay/,
  );
  assert.ok(play.recorded.includes("server-1 failed"));
});

test("what a hand had changed comes back with a rollback, though the list of files is the same", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb) => {
    if (name !== "server-1") return undefined;
    if (verb === "start") play.of(name).status = { state: "failed", error: "k3s does not start" };
    if (verb !== "undo") return undefined;
    play.of(name).status = {};
    return finished();
  });
  play.of("server-1").applied = wantedOf("server-1");
  const results = await play.rollOut(plan({ "server-1": RESTART }));
  const result = results.find(({ name }) => name === "server-1");
  assert.equal(result?.outcome, "rolled back", result?.message);
});

test("an upgrade that has not come yet is undone: it would restart K3s at a time of its own", async () => {
  const newer = different(K3S_PATHS.installEnvironment, "INSTALL_K3S_VERSION='v1.35.0+k3s1'\n");
  const play: ApplyPlay = applyPlay(SIX, (name, verb) => {
    if (name === "server-1" && verb === "start")
      play.of(name).status = { state: "waiting", error: "404", step: "k3s", k3s: "v1.35.0+k3s1" };
  });
  const results = await play.rollOut(plan({ "server-1": newer }));
  assert.equal(outcomes(results)["server-1"], "rolled back");
  assert.equal(play.of("server-1").applied, OLD);
});

for (const [what, installed] of [
  ["it has come", "v1.36.4+k3s1"],
  ["nobody knows how far it has come", ""],
] as const)
  test(`an upgrade is never undone where ${what}: it says so, and the others are not touched`, async () => {
    const newer = different(K3S_PATHS.installEnvironment, "INSTALL_K3S_VERSION='v1.35.0+k3s1'\n");
    const play: ApplyPlay = applyPlay(SIX, (name, verb) => {
      if (name === "server-1" && verb === "start")
        play.of(name).status = { state: "failed", error: "k3s does not start", k3s: installed };
    });
    const results = await play.rollOut(plan({ "server-1": newer, "server-2": newer, "agent-1": newer }));
    const { "server-1": first, "server-2": second, "agent-1": third } = outcomes(results);
    assert.deepEqual([first, second, third], ["failed", "not begun", "not begun"]);
    assert.match(
      results.find(({ name }) => name === "server-1")?.message ?? "",
      /k3s does not start; it was not rolled back: K3s v1\.36\.4\+k3s1 may have started there, and K3s does not go back/,
    );
    assert.ok(play.asked.every((line) => !line.endsWith(" undo")));
    assert.ok(play.done.every((line) => !/^(server-2|agent-1) (send|start|close)$/.test(line)));
    assert.deepEqual([play.of("lb-1").drained, play.of("lb-2").drained], [[], []]);
    assert.ok(play.recorded.includes("server-1 failed"));
  });

test("a machine that does not come back from an upgrade stops everything, and the others are not touched", async () => {
  const newer = different(K3S_PATHS.installEnvironment, "INSTALL_K3S_VERSION='v1.35.0+k3s1'\n");
  const play: ApplyPlay = applyPlay(SIX, (name, verb) => {
    if (name === "server-2" && verb === "start") play.of(name).status = null;
  });
  const all = { "server-1": newer, "server-2": newer, "server-3": newer, "agent-1": newer };
  const results = await play.rollOut(plan(all));
  assert.deepEqual(
    ["server-1", "server-2", "server-3", "agent-1"].map((name) => outcomes(results)[name]),
    ["applied", "failed", "not begun", "not begun"],
  );
  assert.match(
    results.find(({ name }) => name === "server-2")?.message ?? "",
    /^server-2: lost: no-answer; it was not rolled back: K3s v1\.36\.4\+k3s1 may have started/,
  );
  assert.ok(play.done.every((line) => !/^(server-3|agent-1) (send|start|close)$/.test(line)));
});

test("another apply has taken over while pods are moved: nothing is put back that is now the other's", async () => {
  const play = applyPlay(SIX, (_, verb) => (verb === "evict" ? finished("42 other@there\n", 75) : undefined));
  const results = await play.rollOut(plan({ "server-1": RESTART }));
  const result = results.find(({ name }) => name === "server-1");
  assert.deepEqual(
    [result?.outcome, result?.message],
    ["failed", "another apply or drill works on server-2: other@there"],
  );
  assert.ok(
    play.asked.every((line) => !/undrain|uncordon|opened/.test(line)),
    play.asked.join("\n"),
  );
});

for (const verb of ["evict", "send"]) {
  test(`Ctrl-C does not wait for the end of a long step, ${verb}: what was taken out of service goes back`, async () => {
    const play = applyPlay(SIX, (_, each) => (each === verb ? lostTo("interrupted") : undefined));
    const { run } = play.job.remote;
    const waiting: typeof run = async (name, script, options) => {
      const { signal } = options;
      if (!(verb === "evict" ? /kubectl drain/ : /tar -x/).test(script) || !signal)
        return run(name, script, options);
      const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      play.interrupt();
      await ended;
      return run(name, script, options);
    };
    Object.assign(play.job.remote, { run: waiting });
    const results = await play.rollOut(plan({ "server-1": RESTART, "server-2": RESTART }));
    assert.deepEqual(
      [outcomes(results)["server-1"], outcomes(results)["server-2"]],
      ["interrupted", "not begun"],
    );
    assert.ok(play.job.interrupted.aborted, "it was told how to end the waiting");
    assert.deepEqual([play.of("lb-1").drained, play.of("lb-2").drained], [[], []]);
    assert.ok(!play.of("server-1").unschedulable && !play.of("server-1").cordoned);
  });
}

test("a drain that fails on one load balancer is taken back after it has ended on the other", async () => {
  const play = applyPlay(SIX, (name, verb) =>
    `${name} ${verb}` === "lb-1 drain" ? finished("", 1, "HAProxy does not drain server-1\n") : undefined,
  );
  const { run } = play.job.remote;
  const slow: typeof run = async (name, script, options) => {
    if (name === "lb-2" && / drain server-1/.test(script))
      await new Promise((resolve) => setTimeout(resolve, 20));
    return run(name, script, options);
  };
  Object.assign(play.job.remote, { run: slow });
  const results = await play.rollOut(plan({ "server-1": RESTART }));
  assert.equal(outcomes(results)["server-1"], "failed");
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.deepEqual(play.of("lb-2").drained, []);
});

test("what cannot be asked is asked again: it is believed after a while, and not before", async () => {
  const failing = (verb: string, times: number) =>
    applyPlay(SIX, (name, each, count) =>
      each === verb && count <= times ? finished("", 1, `${name}: apiserver not ready\n`) : undefined,
    );
  for (const [verb, name] of [
    ["?node", "server-1"],
    ["?node", "agent-1"],
    ["?backends", "server-1"],
    ["?backends", "lb-1"],
  ] as const) {
    const play = failing(verb, 3);
    await check(play, name);
    assert.equal(play.seconds(), verb === "?backends" && name === "server-1" ? 6 : 3, `${name} ${verb}`);
    assert.match(play.notes.join("\n"), /apiserver not ready/);
    const never = failing(verb, Number.POSITIVE_INFINITY);
    await assert.rejects(check(never, name), /apiserver not ready/);
    assert.equal(never.seconds(), APPLY_TIMING.failure / 1000);
  }
});

test("a load balancer that does not answer may hold the address: it is not passed over", async () => {
  const play = applyPlay();
  play.of("lb-1").status = null;
  await assert.rejects(
    giveUpVip(play.job, nodeOf("lb-1"), false),
    /does not say whether it holds the registration address/,
  );
});

test("keepalived runs again before what would have started it ends", async () => {
  const play = applyPlay();
  const scripts: string[] = [];
  const { run } = play.job.remote;
  const noting: typeof run = (name, script, options) => {
    scripts.push(script);
    return run(name, script, options);
  };
  Object.assign(play.job.remote, { run: noting });
  await takePartAgain(play.job, nodeOf("lb-1"));
  assert.match(scripts.join(""), /^systemctl start keepalived && .*stop quorate-vip/);
});

test("a hold that cannot be taken for another reason is not called another apply's", async (t) => {
  const scripts: string[] = [];
  const remote = {
    run: async (_: string, script: string) => {
      scripts.push(script);
      return finished();
    },
    close: async () => {},
  };
  const lease = await takeLease(remote, ["lb-1"], "id", "me", {
    note: () => {},
    interrupted: new AbortController().signal,
  });
  t.after(lease.close);
  const ended = (exit: number) => {
    const fence = lease.fence.replace(/^\S+/, `(exit ${exit})`).replace(/ lease .*? \|\|/, " ||");
    return spawnSync("sh", ["-c", `${fence}\necho went on`], { encoding: "utf8" });
  };
  assert.deepEqual([ended(0).stdout, ended(0).status], ["went on\n", 0]);
  for (const exit of [75, 127, 2]) assert.deepEqual([ended(exit).stdout, ended(exit).status], ["", exit]);
});
