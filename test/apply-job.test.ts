// A script is run until it has run; one apply at a time; which cluster it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterFacts } from "../generator/apply/cluster-facts.ts";
import { ApplyInterrupted, type Job, runOn, TAKEN, TakenOver } from "../generator/apply/job.ts";
import { takeLease } from "../generator/apply/lease.ts";
import type { Problem, Remote, RemoteResult } from "../generator/apply/remote.ts";
import { Failure } from "../generator/failure.ts";
import { APPLY_TIMING } from "../generator/model/timing.ts";
import { applyPlay, finished, lostTo } from "./support/apply-play.ts";
import { playIntervals } from "./support/intervals.ts";
import { SIX } from "./support/plan-play.ts";
import { makeRecord } from "./support/record.ts";

/** A job whose machines give these answers, one after the other, the last again and again; and what they were asked. */
function answering(...answers: readonly RemoteResult[]) {
  const { job, notes, seconds, interrupt } = applyPlay();
  const scripts: string[] = [];
  const remote: Remote = {
    run: async (machine, script) => {
      scripts.push(`${machine}: ${script}`);
      return answers[Math.min(scripts.length, answers.length) - 1] ?? finished();
    },
    close: async () => {},
  };
  const made: Job = { ...job, remote };
  return { job: made, remote, scripts, notes, seconds, interrupt };
}

const fails = (pattern: RegExp, hint: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Failure);
  assert.match(error.message, pattern);
  assert.match(error.hint, hint);
  return true;
};

test("a script that has run: what it printed, or its last words and where to look", async () => {
  assert.equal(await runOn(answering(finished("yes\n")).job, "server-1", "x"), "yes\n");
  const no = answering(finished("out\n", 1, "first\nno room\n"));
  await assert.rejects(
    runOn(no.job, "server-1", "x"),
    fails(/^server-1: no room$/, /journalctl -u quorate-node/),
  );
  assert.equal(no.scripts.length, 1, "it has run: once is enough");
  await assert.rejects(
    runOn(answering(finished("", 9)).job, "a", "x"),
    fails(/^a: a script ended with 9$/, /run the same command again/),
  );
});

test("what a machine says is cut, printable and without secrets", async () => {
  const token = "5e".repeat(32);
  const said = finished("", 1, `\u001b[31mtoken ${token} ${"x".repeat(500)}\n`);
  await assert.rejects(runOn(answering(said).job, "server-1", "x"), (error: Error) => {
    assert.ok(!error.message.includes(token) && !error.message.includes("\u001b"));
    assert.ok(error.message.length < 400);
    return true;
  });
});

for (const problem of [
  "cut",
  "no-answer",
  "refused",
  "unreachable",
  "no-ssh-server",
  "too-long",
  "too-much",
] as const) {
  test(`asked again: ${problem}`, async () => {
    const again = answering(lostTo(problem), lostTo(problem), finished("done"));
    assert.equal(await runOn(again.job, "server-1", "x"), "done");
    assert.deepEqual([again.scripts.length, again.seconds()], [3, 2]);
    assert.deepEqual(
      again.notes,
      Array.from({ length: 2 }, () => `server-1: lost: ${problem}`),
    );
    const never = answering(lostTo(problem));
    await assert.rejects(
      runOn(never.job, "server-1", "x"),
      fails(/^server-1: lost: /, /^look; then run the same command again$/),
    );
    assert.equal(never.seconds(), APPLY_TIMING.silence / 1000);
    const patient = answering(lostTo(problem));
    await assert.rejects(runOn({ ...patient.job, patience: 5000 }, "server-1", "x"));
    assert.equal(patient.seconds(), 5);
  });
}

for (const problem of [
  "host-key",
  "denied",
  "sudo",
  "no-ssh-client",
  "interrupted",
] satisfies readonly Problem[]) {
  test(`final: ${problem}`, async () => {
    const once = answering(lostTo(problem), finished());
    await assert.rejects(
      runOn(once.job, "server-1", "x"),
      fails(/^server-1: lost/, /run the same command again/),
    );
    assert.equal(once.scripts.length, 1);
  });
}

test("a machine in the hands of another apply: who, and for how long", async () => {
  const taken = answering(finished("63 ann@laptop\n", TAKEN));
  await assert.rejects(runOn(taken.job, "server-1", "x"), (error) => {
    assert.ok(error instanceof TakenOver);
    return fails(
      /^another apply or drill works on server-1: ann@laptop$/,
      /its hold ends by itself in 63 s$/,
    )(error);
  });
});

test("interrupted: nothing is asked any more", async () => {
  const play = answering(lostTo("cut"));
  play.interrupt();
  await assert.rejects(runOn(play.job, "server-1", "x"), ApplyInterrupted);
  assert.deepEqual(play.scripts, []);
});

const NAMES = ["lb-1", "server-1", "server-2"];

const AT_ONCE = {
  note: () => {},
  interrupted: new AbortController().signal,
  pause: async () => {},
};

function leases(answer: (machine: string, script: string) => RemoteResult) {
  const asked: string[] = [];
  const remote: Remote = {
    run: async (machine, script) => {
      asked.push(`${machine} ${/lease (\w+)/.exec(script)?.[1] ?? "?"}`);
      return answer(machine, script);
    },
    close: async () => {},
  };
  return { remote, asked };
}

test("a hold on every machine, the first of them first, and given back", async () => {
  const { remote, asked } = leases(() => finished());
  const lease = await takeLease(remote, NAMES, "0a1b", "ann@laptop", AT_ONCE);
  assert.deepEqual(
    asked,
    NAMES.map((name) => `${name} take`),
  );
  assert.equal(
    lease.fence,
    `/usr/local/sbin/quorate-node lease take '0a1b' ${APPLY_TIMING.leaseSeconds} 'ann@laptop' || exit`,
  );
  await lease.close();
  assert.deepEqual(
    asked.slice(3),
    NAMES.map((name) => `${name} drop`),
  );
});

test("a hold that nobody renews is waited for, and one that is renewed is somebody's at work", async () => {
  const holds = (...seconds: readonly (number | null)[]) => {
    const left = [...seconds];
    return leases((machine, script) => {
      if (machine !== "server-1" || !script.includes("take")) return finished();
      const next = left.length > 0 ? left.shift() : null;
      return typeof next === "number" ? finished(`${next} bob@desk\n`, TAKEN) : finished();
    });
  };
  const notes: string[] = [];
  const waiting = { ...AT_ONCE, note: (text: string) => void notes.push(text) };
  const dead = holds(44, 42, 40, 1, null);
  await (await takeLease(dead.remote, NAMES, "0a1b", "ann", waiting)).close();
  assert.deepEqual(notes, ["server-1 is held by another apply; is that still at work?"]);
  assert.equal(dead.asked.filter((each) => each === "server-1 take").length, 5);
  for (const seconds of [
    [31, 44],
    [44, 44],
  ]) {
    const alive = holds(...seconds, 40, 38, null);
    await assert.rejects(
      takeLease(alive.remote, NAMES, "0a1b", "ann", AT_ONCE),
      fails(/works on server-1: bob@desk$/, /ends by itself in 44 s/),
    );
    assert.equal(alive.asked.filter((each) => each === "server-1 drop").length, 1);
  }
  const interruption = new AbortController();
  interruption.abort();
  await assert.rejects(
    takeLease(holds(44, 42, null).remote, NAMES, "0a1b", "ann", {
      ...AT_ONCE,
      interrupted: interruption.signal,
    }),
    fails(/works on server-1: bob@desk$/, /./),
  );
});

for (const holder of NAMES) {
  test(`another apply has ${holder}: refused, and nothing is kept`, async () => {
    const { remote, asked } = leases((machine, script) =>
      machine === holder && script.includes("take") ? finished("80 bob@desk\n", TAKEN) : finished(),
    );
    await assert.rejects(
      takeLease(remote, NAMES, "0a1b", "ann@laptop", AT_ONCE),
      fails(new RegExp(`^another apply or drill works on ${holder}: bob@desk$`), /ends by itself in 80 s/),
    );
    for (const name of NAMES) assert.ok(asked.includes(`${name} drop`), name);
    // Two that come at once ask the same machine first: one of them goes no further.
    if (holder === "lb-1") assert.ok(!asked.includes("server-1 take"));
  });
}

test("a machine that does not answer is passed over; one of an older Quorate is not", async () => {
  const silent = leases((machine) => (machine === "server-1" ? lostTo("no-answer", false) : finished()));
  await (await takeLease(silent.remote, NAMES, "0a1b", "ann", AT_ONCE)).close();
  const older = leases((machine) => (machine === "server-2" ? finished("", 64, "usage: ...") : finished()));
  await assert.rejects(
    takeLease(older.remote, NAMES, "0a1b", "ann", AT_ONCE),
    fails(/^server-2 runs a quorate-node that knows no apply$/, /npx quorate card server-2/),
  );
});

test("the hold is taken again three times as often as it ends, and not after it was given back", async (t) => {
  const { running, tick } = playIntervals(t);
  const { remote, asked } = leases(() => finished());
  const lease = await takeLease(remote, ["server-1"], "0a1b", "ann", AT_ONCE);
  assert.deepEqual(running(), [(APPLY_TIMING.leaseSeconds * 1000) / 3]);
  tick();
  assert.deepEqual(asked, ["server-1 take", "server-1 take"]);
  await lease.close();
  assert.deepEqual(running(), []);
});

const HASH = "d".repeat(64);
const UID = "0b1c2d3e-0000-1111-2222-333344445555";
const said = (hash = HASH, uid = UID) =>
  finished(`${hash}  -\n{"metadata": {"name": "kube-system", "uid": "${uid}"}}\n`);
const facts = (result: RemoteResult, known: Parameters<typeof clusterFacts>[3] = null) =>
  clusterFacts(answering(result).remote, SIX, "server-1", known, "0123456789abcdef");

test("which cluster it is: the certificates' sum and the UID of kube-system, and what it keeps for ever", async () => {
  const made = await facts(said());
  assert.deepEqual(
    { ...made, fixed: {} },
    { name: "test", caHash: HASH, secretCheck: "0123456789abcdef", uid: UID, fixed: {} },
  );
  assert.equal(made.fixed["k3s.clusterCidr"], "10.42.0.0/16");
  const fixed = { "k3s.clusterCidr": "10.99.0.0/16" };
  const again = await facts(said(), makeRecord({ name: "test", caHash: HASH, uid: UID, fixed }));
  assert.deepEqual(again.fixed, fixed, "as it was founded");
  assert.equal(
    (await facts(said(), makeRecord({ name: "test", caHash: HASH, uid: null }))).uid,
    UID,
    "learned later",
  );
});

for (const [what, result, known, message] of [
  [
    "another certificate",
    said("e".repeat(64)),
    makeRecord({ name: "test", caHash: HASH, uid: UID }),
    /another cluster than the recorded one: its certificate/,
  ],
  [
    "another kube-system",
    said(HASH, UID.replace("0b", "ff")),
    makeRecord({ name: "test", caHash: HASH, uid: UID }),
    /its kube-system is not the same/,
  ],
  [
    "no certificate at all",
    said("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    null,
    /does not say which cluster it is of/,
  ],
  ["no answer of the API", finished(`${HASH}  -\n`, 1), null, /does not say which cluster it is of/],
  ["no answer", lostTo("no-answer"), null, /^server-1: lost: no-answer$/],
] as const) {
  test(`which cluster it is: ${what} is refused`, async () => {
    await assert.rejects(facts(result, known), fails(message, /./));
  });
}
