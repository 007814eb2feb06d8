// The one comment: found by marker and author, changed in place, and never doubled by what happens to the network.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { GithubFailure } from "../../generator/github/failure.ts";
import { ACTIONS_BOT, findComment, upsertComment } from "../../generator/github/sticky.ts";
import { BOT } from "../support/github/fake.ts";
import { playGithub } from "../support/github/play.ts";

const MARKER = "<!-- quorate:plan ";
const text = (words: string) => `${MARKER}{"v":1} -->\n${words}`;

function withPull(t: TestContext) {
  const play = playGithub(t);
  play.fake.push("main", { "cluster.config.json": "{}" });
  play.fake.push("edit", { "cluster.config.json": "{ }" }, { from: "main" });
  const { number } = play.fake.openPull("edit", "An edit");
  const upsert = (words: string) => upsertComment(play.github, play.repo, number, MARKER, text(words), BOT);
  const shown = () => [...play.fake.state.comments.values()].map(({ author, body }) => ({ author, body }));
  return { ...play, number, upsert, shown };
}

test("the author of a job's comments is the one that the stand-in knows", () => {
  assert.equal(ACTIONS_BOT, BOT);
});

test("made once, then changed in place, and left alone where it says it already", async (t) => {
  const { fake, upsert, shown } = withPull(t);
  assert.equal((await upsert("one")).did, "created");
  assert.equal((await upsert("one")).did, "same");
  const changed = await upsert("two");
  assert.equal(changed.did, "updated");
  assert.match(changed.url, /#issuecomment-\d+$/);
  assert.deepEqual(shown(), [{ author: BOT, body: text("two") }]);
  assert.equal(fake.asked("issues/create-comment").length, 1);
  assert.equal(fake.asked("issues/update-comment").length, 1);
});

test("a marker counts only at the beginning of a line, and only in a comment of ours", async (t) => {
  const { fake, number, upsert, shown } = withPull(t);
  fake.comment(number, "mallory", text("all is well"));
  fake.comment(number, BOT, `> ${MARKER}{"v":1} -->`);
  assert.equal((await upsert("one")).did, "created");
  assert.deepEqual(
    shown().map(({ author }) => author),
    ["mallory", BOT, BOT],
  );
  assert.equal(shown()[0]?.body, text("all is well"));
});

test("it is found behind more than a hundred comments, and no page is read after it", async (t) => {
  const { fake, github, repo, number, upsert } = withPull(t);
  for (let each = 0; each < 120; each += 1) fake.comment(number, "somebody", `comment ${each}`);
  await upsert("one");
  for (let each = 0; each < 120; each += 1) fake.comment(number, "somebody", `later ${each}`);
  const before = fake.log.length;
  const there = await findComment(github, repo, number, MARKER, BOT);
  assert.equal(there?.body, text("one"));
  assert.equal(fake.log.length - before, 2);
});

for (const fault of ["lost-after", "lost-before", "torn"] as const) {
  test(`a new comment and a connection that is ${fault}: one comment, and no failure`, async (t) => {
    const { fake, upsert, shown } = withPull(t);
    fake.fault("issues/create-comment", fault);
    assert.equal((await upsert("one")).did, "created");
    assert.equal(shown().length, 1);
    assert.equal(fake.asked("issues/create-comment").length, fault === "lost-before" ? 2 : 1);
  });

  test(`a changed comment and a connection that is ${fault}: it is changed`, async (t) => {
    const { fake, upsert, shown } = withPull(t);
    await upsert("one");
    fake.fault("issues/update-comment", fault);
    assert.equal((await upsert("two")).did, "updated");
    assert.deepEqual(shown(), [{ author: BOT, body: text("two") }]);
  });
}

test("an answer 502 to what was done all the same does not make a second one", async (t) => {
  const { fake, upsert, shown } = withPull(t);
  fake.fault("issues/create-comment", { status: 502, message: "Bad Gateway", done: true });
  assert.equal((await upsert("one")).did, "created");
  assert.deepEqual(shown(), [{ author: BOT, body: text("one") }]);
});

test("an outage that lasts is a failure with a next action, after a few tries", async (t) => {
  const { fake, upsert } = withPull(t);
  fake.fault("issues/create-comment", { status: 502, message: "Bad Gateway" }, { times: 99 });
  await assert.rejects(upsert("one"), (error: GithubFailure) => {
    assert.ok(error instanceof GithubFailure);
    assert.equal(error.status, 502);
    assert.match(error.message, /^GitHub answers 502 to POST .*: Bad Gateway$/);
    assert.match(error.hint, /githubstatus\.com.*run the job again/);
    return true;
  });
  assert.equal(fake.asked("issues/create-comment").length, 3);
});

test("a comment that was deleted while it was to be changed is made anew", async (t) => {
  const { fake, upsert, shown } = withPull(t);
  await upsert("one");
  fake.fault("issues/update-comment", () => fake.state.comments.clear());
  assert.equal((await upsert("two")).did, "created");
  assert.deepEqual(shown(), [{ author: BOT, body: text("two") }]);
});

test("a text that GitHub takes and does not keep is a failure", async (t) => {
  const { upsert } = withPull(t);
  await upsert("one");
  await assert.rejects(upsert("x".repeat(70_000)), /does not show it/);
});

test("a text without the marker is a mistake in the program: the comment would never be found again", async (t) => {
  const { github, repo, number } = withPull(t);
  await assert.rejects(upsertComment(github, repo, number, MARKER, "no marker", BOT), /no line that begins/);
});
