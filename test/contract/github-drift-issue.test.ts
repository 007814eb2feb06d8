// The one issue about drift: opened, changed, closed and opened again, and never a second one.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type DriftIssue, reportDrift } from "../../generator/github/drift-issue.ts";
import { BOT } from "../support/github/fake.ts";
import { playGithub } from "../support/github/play.ts";

const MARKER = "<!-- quorate:drift ";
const text = (words: string) => `${MARKER}{"v":1} -->\n${words}`;

function play(t: TestContext) {
  const { fake, github, repo } = playGithub(t);
  const wanted = { repo, author: BOT, label: "drift", marker: MARKER, title: "Drift" };
  const report = (words: string | null, more: Partial<DriftIssue> = {}) =>
    reportDrift(github, { ...wanted, body: text(words ?? "none"), drift: words !== null, ...more });
  const shown = () =>
    [...fake.state.issues.values()].map(
      ({ open, body }) => `${open ? "open" : "closed"}: ${body?.split("\n").at(-1)}`,
    );
  return { fake, report, shown };
}

test("its whole life", async (t) => {
  const { fake, report, shown } = play(t);
  assert.deepEqual(await report(null), { did: "none", url: null });
  assert.equal((await report("server-1")).did, "opened");
  assert.equal((await report("server-1")).did, "same");
  assert.equal((await report("server-1, lb1")).did, "updated");
  assert.deepEqual(shown(), ["open: server-1, lb1"]);
  assert.equal((await report(null)).did, "closed");
  assert.deepEqual(shown(), ["closed: none"]);
  const again = await report(null);
  assert.equal(again.did, "none");
  assert.match(again.url ?? "", /\/issues\/1$/);
  assert.equal((await report("lb1")).did, "reopened");
  assert.deepEqual(shown(), ["open: lb1"]);
  assert.equal(fake.asked("issues/create").length, 1);
  assert.deepEqual(fake.state.issues.get(1)?.labels, ["drift"]);
});

test("one that a person has closed while there is drift is opened again", async (t) => {
  const { fake, report, shown } = play(t);
  await report("lb1");
  Object.assign(fake.state.issues.get(1) ?? {}, { open: false });
  assert.equal((await report("lb1")).did, "reopened");
  assert.deepEqual(shown(), ["open: lb1"]);
});

test("one without its label is found while it is open", async (t) => {
  const { fake, report, shown } = play(t);
  await report("lb1");
  Object.assign(fake.state.issues.get(1) ?? {}, { labels: [] });
  assert.equal((await report("lb2")).did, "updated");
  assert.deepEqual(shown(), ["open: lb2"]);
});

test("another author's issue, another issue of ours and a pull request are not it", async (t) => {
  const { fake, report, shown } = play(t);
  fake.push("main", { a: "b" });
  fake.openIssue("mallory", "Drift", text("mallory's"), ["drift"]);
  fake.openIssue(BOT, "Drift", "about drift", ["drift"]);
  Object.assign(fake.openPull("main", "Drift", { author: BOT }), { body: text("pull"), labels: ["drift"] });
  assert.equal((await report(null)).did, "none");
  assert.equal((await report("lb1")).did, "opened");
  assert.deepEqual(shown(), ["open: mallory's", "open: about drift", "open: pull", "open: lb1"]);
});

test("it is found behind more than a hundred others; the open one counts, then the newest", async (t) => {
  const { fake, report, shown } = play(t);
  for (const words of ["oldest", "older"])
    Object.assign(fake.openIssue(BOT, "Drift", text(words), ["drift"]), { open: false });
  for (let each = 0; each < 130; each += 1) fake.openIssue("somebody", "noise", "noise", ["drift"]);
  assert.equal((await report("now")).did, "reopened");
  assert.deepEqual(shown().slice(0, 2), ["closed: oldest", "open: now"]);
  Object.assign(fake.state.issues.get(1) ?? {}, { open: true });
  Object.assign(fake.state.issues.get(2) ?? {}, { open: false });
  assert.equal((await report("then")).did, "updated");
  assert.deepEqual(shown().slice(0, 2), ["open: then", "closed: now"]);
});

for (const fault of ["lost-after", "lost-before", "torn"] as const) {
  test(`one issue, in the right state, where the connection is ${fault}`, async (t) => {
    const { fake, report, shown } = play(t);
    fake.fault("issues/create", fault);
    fake.fault("issues/update", fault);
    assert.equal((await report("lb1")).did, "opened");
    assert.equal((await report(null)).did, "closed");
    assert.deepEqual(shown(), ["closed: none"]);
  });
}

test("a body that GitHub takes and does not keep is a failure", async (t) => {
  const { report } = play(t);
  await report("lb1");
  await assert.rejects(report("x".repeat(70_000)), /new text of the issue and does not show it/);
});
