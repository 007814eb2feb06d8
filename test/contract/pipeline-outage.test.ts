// GitHub does not answer: the machines are worked on once, what can be told later is, and the rest is said at the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "../support/github/fake.ts";
import { type PipelinePlace, pipelinePlace } from "../support/pipeline-place.ts";

const KEYS = "different 0644 YQo= /etc/quorate/authorized_keys";
const FROM = '"k3s": {';
const TO = '"k3s": { "tlsSans": ["a.example.org"],';
const ONCE = ["server-1 send", "server-1 start", "server-1 confirm"];
const DOWN: Fault = { status: 503, message: "Service Unavailable" };

/** server-1 is to take new keys. */
async function due(place: PipelinePlace) {
  const merged = place.merge(FROM, TO, { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  return merged;
}

/** Every request that a whole run sends, by its name. */
const CALLS = [
  "repos/compare-commits-with-basehead",
  "repos/get-commit",
  "repos/list-pull-requests-associated-with-commit",
  "issues/list-comments",
  "issues/create-comment",
  "repos/list-deployments",
  "repos/create-deployment",
  "repos/list-deployment-statuses",
  "repos/create-deployment-status",
  "git/get-ref",
  "git/get-commit",
  "git/get-tree",
  "git/get-blob",
  "git/create-tree",
  "git/create-commit",
  "git/update-ref",
];

test("the list of calls is whole: a run sends these requests and no other", async (t) => {
  const place = await pipelinePlace(t);
  await due(place);
  assert.equal((await place.pipelineApply()).exit, 0);
  assert.deepEqual(
    [...new Set(place.fake.log.map(({ operation }) => operation))].toSorted(),
    CALLS.toSorted(),
  );
});

for (const [what, fault] of Object.entries({
  "503": DOWN,
  silent: "silent",
  "lost before": "lost-before",
  "lost after": "lost-after",
  "503 after it was done": { status: 503, message: "Service Unavailable", done: true },
} satisfies Readonly<Record<string, Fault>>)) {
  test(`every request fails once (${what}): all is done once, retried, and nobody notices`, async (t) => {
    const place = await pipelinePlace(t);
    const { number, sha } = await due(place);
    for (const call of CALLS) place.fake.fault(call, fault);
    const { exit, log } = await place.pipelineApply(what === "silent" ? { patience: 300 } : {});
    assert.equal(exit, 0, log);
    assert.deepEqual(place.changes(), ONCE);
    assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
    assert.equal(place.told(number).length, 1);
    assert.deepEqual(place.deployments(), ["server-1 in_progress,success"]);
    assert.equal(place.fake.state.git.list(`${sha}..main`).length, 1, "one commit");
    assert.doesNotMatch(log, /::(?:warning|error) /);
  });
}

test("neither comments nor deployments ever work: the work is done and committed, exit 0, and that is said", async (t) => {
  const place = await pipelinePlace(t);
  const { number, sha } = await due(place);
  const calls = CALLS.filter((call) => call.includes("deployment") || call === "issues/create-comment");
  for (const call of calls) place.fake.fault(call, DOWN, { times: 999 });
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.deepEqual(place.changes(), ONCE);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  assert.deepEqual(place.told(number), []);
  const summary = place.summary();
  assert.match(log, /::warning title=apply::#1 does not show what became of this apply \(GitHub answers 503/);
  assert.match(
    log,
    /::warning title=apply::what became of server-1 is not under Deployments \(GitHub answers 503/,
  );
  assert.match(summary, /^- \\#&#8203;1 does not show what became of this apply/m);
  assert.match(summary, /^- what became of server-1 is not under Deployments/m);
});

for (const call of ["git/get-ref", "git/update-ref"]) {
  test(`${call} never works: exit 1, as the record is not committed; the run that is made again commits it`, async (t) => {
    const place = await pipelinePlace(t);
    const { number, sha } = await due(place);
    place.fake.fault(call, DOWN, { times: 999 });
    const { exit, log } = await place.pipelineApply();
    assert.equal(exit, 1);
    assert.deepEqual(place.changes(), ONCE);
    assert.equal(place.main(), sha);
    assert.match(log, /::error title=apply::GitHub answers 503 to /);
    assert.match(log, /what was done on machines is not repeated/);
    assert.match(
      place.told(number).join(),
      /^### Apply: 1 machine changed, but it did not come to its end$/m,
    );

    place.fake.calm();
    place.checkout(sha);
    const again = await place.pipelineApply();
    assert.equal(again.exit, 0, again.log);
    assert.deepEqual(place.changes(), ONCE, "nothing is done a second time");
    assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
    assert.match(place.told(number).join(), /"done":true/);
  });
}

test("an outage that lasts longer than the tries of one request is waited out", async (t) => {
  const place = await pipelinePlace(t);
  const { number, sha } = await due(place);
  for (const call of ["git/get-ref", "issues/create-comment"]) place.fake.fault(call, DOWN, { times: 6 });
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  assert.equal(place.told(number).length, 1);
  assert.doesNotMatch(log, /::(?:warning|error) /);
});

test("nobody can say what was approved: no machine is touched", async (t) => {
  const place = await pipelinePlace(t);
  await due(place);
  place.fake.fault("repos/compare-commits-with-basehead", DOWN, { times: 999 });
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.deepEqual(place.log(), []);
  assert.match(log, /GitHub answers 503 .*next: it was tried again several times/);
  assert.match(place.summary(), /### Apply: stopped before the first machine, and nothing was changed/);
});

test("GitHub refuses the commit by a rule of the branch: said once, exit 1, and what to do", async (t) => {
  const place = await pipelinePlace(t);
  await due(place);
  place.fake.state.ruled.add("main");
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /::error title=apply::the rules of the branch main do not let this job commit/);
  assert.equal(place.fake.asked("git/update-ref").length, 1);
  assert.deepEqual(place.changes(), ONCE);
});

test("a deployment that GitHub answers with something else ends no work on machines", async (t) => {
  const place = await pipelinePlace(t);
  const { sha } = await due(place);
  place.fake.fault("repos/create-deployment", { status: 202, message: "Auto-merged main" }, { times: 999 });
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.deepEqual(place.changes(), ONCE);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  assert.match(
    log,
    /what became of server-1 is not under Deployments \(GitHub made no deployment: Auto-merged/,
  );
});

test("a commit that GitHub does not sign is said, and is no failure", async (t) => {
  const place = await pipelinePlace(t);
  await due(place);
  place.fake.state.signs = false;
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0);
  assert.match(log, /::notice title=apply::the commit [0-9a-f]{12} is not signed: unsigned$/m);
});
