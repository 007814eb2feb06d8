// A machine that was worked on is healthy: by its own word, by Kubernetes', by every load balancer's. And the other waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { confirm, CutOff } from "../generator/apply/steps/confirm.ts";
import { evict, readmit } from "../generator/apply/steps/evict.ts";
import { health } from "../generator/apply/steps/health.ts";
import { reboot } from "../generator/apply/steps/reboot.ts";
import { giveUpVip } from "../generator/apply/steps/yield.ts";
import { ApplyInterrupted } from "../generator/apply/job.ts";
import { APPLY_TIMING } from "../generator/model/timing.ts";
import { NOT_YET } from "../generator/render/node-paths.ts";
import { type ApplyPlay, applyPlay, finished, lostTo, OLD } from "./support/apply-play.ts";
import { makeCluster } from "./support/clusters.ts";
import { nodeOf, SIX } from "./support/plan-play.ts";

const LIMIT = 60_000;
const check = (play: ApplyPlay, name: string, wanted = (digest: string) => digest === OLD) =>
  health(play.job, nodeOf(name, play.cluster), wanted, LIMIT);

test("healthy at once: one question to each, and no wait", async () => {
  for (const name of ["server-1", "agent-1", "lb-1"]) {
    const play = applyPlay();
    await check(play, name);
    assert.equal(play.seconds(), 0, name);
  }
});

test("a machine that is ready with other files than it should have is waited for", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
    if (name === "server-1" && verb === "?status" && times === 5)
      play.of("server-1").applied = "cd".repeat(32);
  });
  await check(play, "server-1", (digest) => digest !== OLD);
  assert.equal(play.seconds(), 4);
  await assert.rejects(
    check(play, "server-1"),
    /^Failure: server-1 is not healthy: ready$/,
    "not within the limit",
  );
});

test("an agent that Kubernetes does not know yet is waited for; a server may be a control plane without a kubelet", async () => {
  const play: ApplyPlay = applyPlay(SIX, (_, verb, times) => {
    if (verb === "?node" && times === 4) play.of("agent-1").known = true;
  });
  Object.assign(play.of("agent-1"), { known: false });
  await check(play, "agent-1");
  assert.equal(play.seconds(), 3);
  play.of("server-1").known = false;
  await check(play, "server-1");
  assert.equal(play.seconds(), 3);
});

test("a server has to vote", async () => {
  const play = applyPlay();
  play.of("server-1").status = { voter: false };
  await assert.rejects(check(play, "server-1"), /not healthy/);
  assert.equal(play.seconds(), LIMIT / 1000);
});

for (const [what, status, words] of [
  [
    "what it says has failed",
    { state: "failed", error: "k3s does not start", step: "server" },
    "k3s does not start",
  ],
  [
    "an error that it tries again",
    { state: "waiting", error: "no such image", step: "k3s", waitingFor: "another try" },
    "no such image",
  ],
] as const) {
  test(`${what} is believed after ${APPLY_TIMING.failure / 1000} s, and not before`, async () => {
    const play: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
      if (name === "server-1" && verb === "?status")
        play.of("server-1").status = times > 5 ? status : { state: "working" };
    });
    await assert.rejects(
      health(play.job, nodeOf("server-1"), () => true, 900_000),
      new RegExp(`^Failure: server-1 is not healthy: ${words}$`),
    );
    assert.equal(play.seconds(), 5 + APPLY_TIMING.failure / 1000);
    const passing: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
      if (name === "server-1" && verb === "?status") passing.of("server-1").status = times < 44 ? status : {};
    });
    await check(passing, "server-1");
  });
}

test("what only works or waits has the whole time, and another error begins anew", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
    if (name !== "server-1" || verb !== "?status") return;
    play.of("server-1").status =
      times < 40 ? { state: "failed", error: "one" } : times < 80 ? { state: "failed", error: "other" } : {};
  });
  await health(play.job, nodeOf("server-1"), () => true, 900_000);
  const waiting = applyPlay();
  waiting.of("server-1").status = { state: "waiting", step: "server", waitingFor: "a majority" };
  await assert.rejects(
    health(waiting.job, nodeOf("server-1"), () => true, 900_000),
    /not healthy: waiting: server: a majority$/,
  );
  assert.equal(waiting.seconds(), 900);
});

test("a machine that is silent meanwhile is waited for", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb, times) =>
    name === "server-1" && verb === "?status" && times < 30 ? lostTo("no-answer") : undefined,
  );
  await check(play, "server-1");
  assert.equal(play.seconds(), 29);
});

test("Kubernetes has to say that it is Ready", async () => {
  const play = applyPlay();
  play.of("agent-1").nodeReady = false;
  await assert.rejects(
    check(play, "agent-1"),
    /^Failure: agent-1 is not healthy: Kubernetes says that it is not Ready$/,
  );
  assert.ok(
    play.asked.some((line) => line === "server-1 ?node"),
    "an agent is asked about on a server",
  );
});

test("every load balancer has to see it up, and a load balancer every server that is ready", async () => {
  const down = (balancer: string, server: string) => (name: string, verb: string) =>
    name === balancer && verb === "?backends"
      ? finished(`be_api/${server} down -\nbe_http/${server} up -\n`)
      : undefined;
  await assert.rejects(
    check(applyPlay(SIX, down("lb-2", "server-1")), "server-1"),
    /^Failure: server-1 is not healthy: HAProxy on lb-2 does not see it up$/,
  );
  await assert.rejects(
    check(applyPlay(SIX, down("lb-1", "server-2")), "lb-1"),
    /^Failure: lb-1 is not healthy: its HAProxy does not see every ready server up: server-2$/,
  );
  const off = applyPlay();
  off.of("server-2").status = null;
  await check(off, "lb-1");
  const silent = applyPlay(SIX, undefined, ["server-1", "server-2", "server-3"]);
  silent.of("lb-1").status = null;
  await check(silent, "server-1");
});

test("drained is up: it is taken back after it is healthy", async () => {
  const play = applyPlay();
  play.of("lb-1").drained = ["server-1"];
  await check(play, "server-1");
});

test("confirm: a new connection each time, until the change is in force", async () => {
  const fresh: (boolean | undefined)[] = [];
  const play = applyPlay(SIX, (_, verb, times) => {
    if (verb !== "confirm") return;
    return times < 4 ? finished("", NOT_YET) : times < 6 ? lostTo("denied") : undefined;
  });
  const { run } = play.job.remote;
  Object.assign(play.job.remote, {
    run: (name: string, script: string, options: Parameters<typeof run>[2]) => {
      if (script.includes(" confirm ")) fresh.push(options.fresh);
      return run(name, script, options);
    },
  });
  await confirm(play.job, nodeOf("server-1"), OLD);
  assert.equal(play.seconds(), 5);
  assert.deepEqual(
    fresh,
    Array.from({ length: 6 }, () => true),
  );
});

test("confirm: no connection is made before the change is in force, for it would have been let in by what was before", async () => {
  const asked: string[] = [];
  const play = applyPlay(SIX, (_, verb, times) => {
    asked.push(verb);
    return verb === "?inForce" && times < 4 ? finished("", NOT_YET) : undefined;
  });
  await confirm(play.job, nodeOf("server-1"), OLD);
  assert.deepEqual(
    asked.filter((verb) => verb !== "?status"),
    ["?inForce", "?inForce", "?inForce", "?inForce", "confirm"],
  );
  assert.equal(play.seconds(), 3);
});

test("confirm: the machine goes back a moment before the time is over: why nobody came in is still told", async () => {
  const play = applyPlay(SIX, (_, verb, times) => {
    if (verb === "confirm") return lostTo("denied");
    return verb === "?inForce" && times > 55 ? finished("", NOT_YET) : undefined;
  });
  await assert.rejects(confirm(play.job, nodeOf("server-1"), OLD), (error) => {
    assert.ok(error instanceof CutOff);
    assert.match(error.message, /^server-1: no new connection found the change in force \(lost: denied\)$/);
    return true;
  });
});

test("confirm: where the open connection does not answer any more, a new one is tried all the same", async () => {
  const play = applyPlay(SIX, (_, verb) => (verb === "?inForce" ? lostTo("no-answer") : undefined));
  await confirm(play.job, nodeOf("server-1"), OLD);
  assert.equal(play.seconds(), 0);
});

test("confirm: nobody gets in within the time; the machine goes back without us", async () => {
  const play = applyPlay(SIX, (_, verb) => (verb === "confirm" ? lostTo("no-answer") : undefined));
  await assert.rejects(confirm(play.job, nodeOf("server-1"), OLD), (error) => {
    assert.ok(error instanceof CutOff);
    assert.match(
      error.message,
      /^server-1: no new connection found the change in force \(lost: no-answer\)$/,
    );
    return true;
  });
  assert.equal(play.seconds(), APPLY_TIMING.undoSeconds);
});

test("the registration address moves to another load balancer, or is taken back", async () => {
  const idle = applyPlay();
  await giveUpVip(idle.job, nodeOf("lb-1"), false);
  assert.deepEqual(idle.done, []);
  const holds = { vip: true };
  const play = applyPlay();
  play.of("lb-1").status = holds;
  await giveUpVip(play.job, nodeOf("lb-1"), false);
  assert.deepEqual(play.done, ["lb-1 yield"]);
  const alone = applyPlay(SIX, (_, verb) => (verb === "yield" ? finished() : undefined));
  alone.of("lb-1").status = holds;
  await assert.rejects(
    giveUpVip(alone.job, nodeOf("lb-1"), false),
    /no other load balancer took it within 15 s; its keepalived runs again$/,
  );
  assert.deepEqual(alone.done, ["lb-1 keepalived"]);
  assert.equal(alone.seconds(), APPLY_TIMING.yield / 1000);
});

test("a restart is over when the machine has another boot id, and is asked for once", async () => {
  const play: ApplyPlay = applyPlay(SIX, (name, verb, times) => {
    // The connection is cut before the answer comes; then it is off for a while.
    if (verb === "reboot" && times === 1) {
      play.of(name).boot += 1;
      return lostTo("cut");
    }
    return verb === "?boot" && times > 1 && times < 20 ? lostTo("no-answer") : undefined;
  });
  await reboot(play.job, nodeOf("server-1"));
  assert.equal(play.seconds(), 20);
  const never = applyPlay(SIX, (_, verb) => (verb === "reboot" ? finished() : undefined));
  await assert.rejects(reboot(never.job, nodeOf("server-1")), /was told to start anew and did not come back/);
  assert.equal(never.seconds(), APPLY_TIMING.health.reboot / 1000);
});

test("Ctrl-C ends every wait", async () => {
  const interrupting = (verb: string, answer = lostTo("no-answer")) => {
    const play: ApplyPlay = applyPlay(SIX, (_, each, times) => {
      if (each === verb && times > 2) play.interrupt();
      return each === verb && times > 1 ? answer : undefined;
    });
    return play;
  };
  const waits: readonly [ApplyPlay, (play: ApplyPlay) => Promise<void>][] = [
    [interrupting("?boot"), (play) => reboot(play.job, nodeOf("server-1"))],
    [interrupting("?status"), (play) => check(play, "server-1", () => false)],
    [
      interrupting("?node", finished("{}")),
      (play) => {
        play.of("agent-1").nodeReady = false;
        return check(play, "agent-1");
      },
    ],
    [
      interrupting("confirm", finished("", NOT_YET)),
      async (play) => {
        await confirm(play.job, nodeOf("server-1"), OLD);
        await confirm(play.job, nodeOf("server-1"), OLD);
      },
    ],
  ];
  for (const [play, wait] of waits) {
    await assert.rejects(wait(play), ApplyInterrupted);
    assert.ok(play.seconds() < 5, `${play.seconds()} s`);
  }
});

test("pods are moved by another server, and a node that a person has closed stays closed", async () => {
  const play = applyPlay();
  await evict(play.job, nodeOf("server-1"));
  assert.deepEqual(play.done, ["server-1 close", "server-2 evict server-1"]);
  await readmit(play.job, nodeOf("server-1"));
  assert.deepEqual(play.done.slice(2), ["server-2 uncordon server-1", "server-1 opened"]);
  const closed = applyPlay();
  closed.of("server-1").unschedulable = true;
  await evict(closed.job, nodeOf("server-1"));
  await readmit(closed.job, nodeOf("server-1"));
  assert.deepEqual([closed.done, closed.of("server-1").unschedulable], [[], true]);
  // Ours, from an apply that ended early: it goes on.
  closed.of("server-1").cordoned = true;
  await evict(closed.job, nodeOf("server-1"));
  assert.deepEqual(closed.done, ["server-1 close", "server-2 evict server-1"]);
});

test("pods that cannot be moved: which, and what to do", async () => {
  const play = applyPlay(SIX, (_, verb) =>
    verb === "evict"
      ? finished("", 1, "error when evicting pods: global timeout reached: 5m0s\n")
      : undefined,
  );
  await assert.rejects(evict(play.job, nodeOf("server-1")), (error: Error & { readonly hint?: string }) => {
    assert.match(error.message, /^the pods of server-1 cannot be moved: server-2: .*global timeout reached/);
    assert.match(error.hint ?? "", /spec\.nodeName=server-1\), or set rollout\.drain to false/);
    return true;
  });
  const unknown = applyPlay(SIX, (_, verb) => (verb === "?node" ? finished("") : undefined));
  await evict(unknown.job, nodeOf("server-1"));
  assert.deepEqual(unknown.done, []);
  const alone = makeCluster({ servers: 1, agents: 1, loadBalancers: 0 });
  const only = applyPlay(alone);
  await evict(only.job, nodeOf("server-1", alone));
  assert.ok(only.done.includes("server-1 evict server-1"), "the only server asks itself");
});
