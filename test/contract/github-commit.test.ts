// Committing what runs on the machines: forward only, never over another writer, and never twice.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Failure } from "../../generator/failure.ts";
import { type GithubOptions, openGithub } from "../../generator/github/client.ts";
import { commitState, type Committed, type StateCommit } from "../../generator/github/commit.ts";
import { gitTreeId } from "../../generator/render/git-tree.ts";
import { BOT, BOT_TOKEN, type FakeGithub } from "../support/github/fake.ts";
import { playGithub } from "../support/github/play.ts";
import { serveGithub } from "../support/github/serve.ts";
import { scratch } from "../support/scratch.ts";

const CONFIG = "cluster.config.json";
const UPDATE = "git/update-ref";
const FILES = new Map([
  ["README.md", { text: "made by render\n", executable: false }],
  ["nodes/server-1/user-data", { text: "#cloud-config\n", executable: false }],
  ["verify.sh", { text: "#!/bin/sh\n", executable: true }],
]);
const MESSAGE = "Record what runs on the machines\n\nSource: abc";

function play(t: TestContext, options: Partial<GithubOptions> = {}) {
  const { fake, github, repo } = playGithub(t, options);
  const source = fake.push("main", { [CONFIG]: "first", "README.md": "hello", "out/old.txt": "old" });
  const wanted: StateCommit = {
    repo,
    branch: "main",
    source,
    apart: false,
    files: FILES,
    record: "recorded\n",
    message: MESSAGE,
  };
  const commit = (more: Partial<StateCommit> = {}) => commitState(github, { ...wanted, ...more });
  return { fake, wanted, source, commit };
}

const all = ({ state }: FakeGithub, where: string) =>
  state.git.files(state.git.head(where) ?? where).map(({ path, mode }) => `${mode} ${path}`);
const tip = ({ state }: FakeGithub, branch = "main") => state.git.one(state.git.head(branch) ?? "");
/** How many commits the branch has. */
const count = ({ state }: FakeGithub, branch = "main") => state.git.list(branch).length;
/** For a client that waits for what never comes. */
const SHORT: Readonly<Record<string, Partial<GithubOptions>>> = { silent: { patience: 300 } };
const OURS = [
  "100644 README.md",
  "100644 cluster.config.json",
  "100644 out/README.md",
  "100644 out/applied.json",
  "100644 out/nodes/server-1/user-data",
  "100755 out/verify.sh",
];

function assertCommitted(done: Committed, merged: boolean): asserts done is Committed & { did: "committed" } {
  assert.equal(done.did, "committed");
  if (done.did === "committed") assert.equal(done.merged, merged);
}

test("out/ becomes exactly the files and the record, everything else stays, and GitHub signs it", async (t) => {
  const { fake, source, commit } = play(t);
  const done = await commit();
  assertCommitted(done, false);
  assert.deepEqual(done.signature, { verified: true, reason: "valid" });
  assert.match(done.url, new RegExp(`/commit/${done.commit}$`));
  const { sha, parents, author, message } = tip(fake);
  assert.equal(sha, done.commit);
  assert.deepEqual(parents, [source]);
  assert.equal(author.name, BOT);
  assert.equal(message, MESSAGE);
  assert.deepEqual(all(fake, "main"), OURS);
  assert.equal(fake.read("main", "out/applied.json"), "recorded\n");
});

test("invariant 4, silent second time: an equal tree is not committed", async (t) => {
  const { fake, commit } = play(t);
  const done = await commit();
  assert.deepEqual(await commit(), { did: "same", commit: done.commit });
  assert.equal(fake.asked("git/create-commit").length, 1);
});

test("where GitHub does not sign, that is reported", async (t) => {
  const { fake, commit } = play(t);
  fake.state.signs = false;
  const done = await commit();
  assertCommitted(done, false);
  assert.deepEqual(done.signature, { verified: false, reason: "unsigned" });
});

test("another writer between the look and the write: rebuilt on top of what he pushed", async (t) => {
  const { fake, commit } = play(t);
  let theirs = "";
  fake.fault(UPDATE, () => (theirs = fake.push("main", { "README.md": "theirs" })));
  const done = await commit();
  assertCommitted(done, false);
  assert.deepEqual(tip(fake).parents, [theirs]);
  assert.equal(fake.read("main", "README.md"), "theirs");
  assert.deepEqual(all(fake, "main"), OURS);
  assert.equal(fake.asked(UPDATE).length, 2);
});

test("another config meanwhile: its out/ stays, the record comes, and our trees stay in the history", async (t) => {
  const { fake, source, commit } = play(t);
  let theirs = "";
  fake.fault(UPDATE, () => (theirs = fake.push("main", { [CONFIG]: "second", "out/old.txt": "new" })));
  const done = await commit();
  assertCommitted(done, true);
  const merge = tip(fake);
  assert.equal(merge.sha, done.commit);
  const [first, side = ""] = merge.parents;
  assert.equal(first, theirs);
  assert.match(merge.message, /^Record what runs on the machines\n\nThe config has changed since /);
  assert.deepEqual(all(fake, "main"), [
    "100644 README.md",
    "100644 cluster.config.json",
    "100644 out/applied.json",
    "100644 out/old.txt",
  ]);
  assert.equal(fake.read("main", "out/old.txt"), "new");
  assert.equal(fake.read("main", "out/applied.json"), "recorded\n");
  assert.deepEqual(fake.state.git.one(side).parents, [source]);
  assert.deepEqual(all(fake, side), OURS);
  const machine = gitTreeId(FILES, "nodes/server-1");
  assert.ok(fake.state.git.git(["rev-list", "--objects", "main"]).includes(machine));
});

test("the same config, but another out/ by another version: nothing of it is overwritten", async (t) => {
  const { fake, commit } = play(t);
  fake.push("main", { "out/old.txt": "made by a newer Quorate" });
  assertCommitted(await commit(), true);
  assert.equal(fake.read("main", "out/old.txt"), "made by a newer Quorate");
});

test("the record of an apply before, and out/ as it will be, are no reason for a merge", async (t) => {
  const { fake, commit } = play(t);
  fake.push("main", { "out/applied.json": "an earlier record" });
  assertCommitted(await commit(), false);
  fake.push("main", { "out/applied.json": "one more" });
  assertCommitted(await commit({ record: "recorded anew\n" }), false);
  assert.deepEqual(all(fake, "main"), OURS);
});

test("two merges in a row: the first run records beside the second config, the second run on top", async (t) => {
  const { fake, source, commit } = play(t);
  const second = fake.push("main", { [CONFIG]: "second" });
  assertCommitted(await commit({ source }), true);
  const done = await commit({ source: second, record: "both\n" });
  assertCommitted(done, false);
  assert.equal(fake.read("main", "out/applied.json"), "both\n");
  assert.equal(fake.read("main", CONFIG), "second");
  assert.deepEqual(all(fake, "main"), OURS);
  // A late re-run of the first changes no file but the record.
  assert.equal((await commit({ source, record: "both\n" })).did, "same");
});

for (const fault of ["lost-after", "torn", "silent"] as const) {
  test(`the branch is moved and the connection is ${fault}: one commit, and no failure`, async (t) => {
    const { fake, commit } = play(t, SHORT[fault]);
    fake.fault(UPDATE, fault);
    const done = await commit();
    assertCommitted(done, false);
    assert.equal(tip(fake).sha, done.commit);
    assert.equal(count(fake), 2);
  });
}

test("the branch is moved, the answer is lost, and others go on from there: that is no failure", async (t) => {
  const { fake, commit } = play(t);
  fake.fault(UPDATE, { status: 502, message: "Bad Gateway", done: true });
  fake.fault(UPDATE, () => fake.push("main", { [CONFIG]: "next" }));
  const done = await commit();
  assertCommitted(done, false);
  assert.equal(count(fake), 3);
  assert.deepEqual(tip(fake).parents, [done.commit]);
});

test("an answer that is lost at the very last try, after the branch was moved, is no failure", async (t) => {
  const { fake, commit } = play(t);
  fake.fault(UPDATE, { status: 409, message: "Reference cannot be updated" }, { times: 5 });
  fake.fault(UPDATE, { status: 500, message: "Oops", done: true }, { times: 4 });
  assertCommitted(await commit(), false);
  assert.equal(count(fake), 2);
});

test("a conflict is tried again from the new head, a few times, and then said", async (t) => {
  const { fake, commit } = play(t);
  fake.fault(UPDATE, { status: 409, message: "Reference cannot be updated" });
  assertCommitted(await commit(), false);
  let each = 0;
  fake.fault(UPDATE, () => fake.push("main", { "README.md": `${(each += 1)}` }), { times: 99 });
  await assert.rejects(commit({ record: "another\n" }), (error: Failure) => {
    assert.ok(error instanceof Failure);
    assert.match(error.message, /main was moved by others 6 times/);
    assert.match(error.hint, /run the job again/);
    return true;
  });
  assert.equal(fake.read("main", "out/applied.json"), "recorded\n");
});

test("a rule of the branch is said at the first answer, with the branch of its own as the way out", async (t) => {
  const { fake, commit } = play(t);
  fake.state.ruled.add("main");
  await assert.rejects(commit(), (error: Failure) => {
    assert.match(error.message, /rules of the branch main .* through a pull request/);
    assert.match(error.hint, /"state": \{ "branch"/);
    return true;
  });
  assert.equal(fake.asked(UPDATE).length, 1);
  fake.state.ruled.add("state");
  await assert.rejects(commit({ branch: "state", apart: true }), /rules of the branch state/);
});

test("another refusal is not taken for a race", async (t) => {
  const { fake, commit } = play(t);
  fake.fault(UPDATE, { status: 422, message: "Validation Failed" }, { times: 99 });
  await assert.rejects(commit(), /GitHub answers 422 to PATCH .*: Validation Failed/);
  assert.equal(fake.asked(UPDATE).length, 1);
  await assert.rejects(commit({ branch: "nowhere" }), /no branch nowhere/);
});

test("a branch of its own begins with out/ alone, and goes on from there", async (t) => {
  const { fake, commit } = play(t);
  const apart = { branch: "state", apart: true };
  const first = await commit(apart);
  assertCommitted(first, false);
  assert.deepEqual(tip(fake, "state").parents, []);
  const files = OURS.filter((line) => line.includes(" out/"));
  assert.deepEqual(all(fake, "state"), files);
  assert.equal((await commit(apart)).did, "same");
  const second = await commit({ ...apart, record: (theirs) => `${theirs}and more\n` });
  assertCommitted(second, false);
  assert.deepEqual(tip(fake, "state").parents, [first.commit]);
  assert.equal(fake.read("state", "out/applied.json"), "recorded\nand more\n");
  assert.equal(count(fake), 1);
});

for (const fault of ["lost-after", "lost-before", "silent"] as const) {
  test(`the new branch's first commit and a connection that is ${fault}: one commit`, async (t) => {
    const { fake, commit } = play(t, SHORT[fault]);
    fake.fault("git/create-ref", fault);
    const done = await commit({ branch: "state", apart: true });
    assertCommitted(done, false);
    assert.equal(tip(fake, "state").sha, done.commit);
    assert.equal(count(fake, "state"), 1);
  });
}

test("two writers begin the same branch at the same moment: one commit on top of the other", async (t) => {
  const { fake, commit } = play(t);
  const apart = { branch: "state", apart: true };
  const add = (word: string) => (theirs: string | null) => `${theirs ?? ""}${word}\n`;
  const words = ["one", "two", "three"];
  await Promise.all(words.map((word) => commit({ ...apart, record: add(word) })));
  assert.equal(count(fake, "state"), 3);
  const recorded = fake.read("state", "out/applied.json")?.trim().split("\n");
  assert.deepEqual(recorded?.toSorted(), words.toSorted());
});

test("a record that cannot be joined with the one on the branch stops the commit", async (t) => {
  const { fake, commit } = play(t);
  fake.push("main", { "out/applied.json": "theirs" });
  const seen: (string | null)[] = [];
  const record = (theirs: string | null) => {
    seen.push(theirs);
    throw new Failure("both cannot be true", "look at them");
  };
  await assert.rejects(commit({ record }), /both cannot be true/);
  assert.deepEqual(seen, ["theirs"]);
  assert.equal(fake.asked("git/create-commit").length, 0);
});

test("over a real connection: what is committed can be cloned, and what is pushed is seen", async (t) => {
  const { fake, wanted } = play(t);
  const served = await serveGithub(fake);
  t.after(served.close);
  const github = openGithub({ token: BOT_TOKEN, api: served.url, hurried: true });
  const clone = join(scratch(t), "clone");
  const git = (...args: readonly string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" });
  git("clone", "--quiet", fake.state.git.path, clone);
  fake.fault("git/get-ref", "lost-after");
  fake.fault(UPDATE, () => {
    git("-C", clone, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "-qm", "pushed");
    git("-C", clone, "push", "--quiet", "origin", "main");
  });
  assert.equal((await commitState(github, wanted)).did, "committed");
  git("-C", clone, "pull", "--quiet", "--no-rebase");
  assert.match(git("-C", clone, "show", "HEAD:out/applied.json"), /^recorded/);
  assert.match(git("-C", clone, "log", "--format=%s"), /^Record what .*\npushed\n/);
  git("-C", fake.state.git.path, "fsck", "--strict");
});
