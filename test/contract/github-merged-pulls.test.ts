// Which pull requests brought a range of commits: by every way of merging, with our comment on each and nobody else's.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Merged, mergedPulls, type Range } from "../../generator/github/merged-pulls.ts";
import { BOT } from "../support/github/fake.ts";
import { playGithub } from "../support/github/play.ts";

const MARKER = "<!-- quorate:plan ";
const text = (words: string) => `${MARKER}{"v":1} -->\n${words}`;
const CONFIG = "cluster.config.json";

function play(t: TestContext) {
  const { fake, github, repo } = playGithub(t);
  const start = fake.push("main", { [CONFIG]: "0", "README.md": "hello" });
  const open = (
    name: string,
    commits = 1,
    more: { readonly fork?: boolean; readonly base?: string } = {},
  ) => {
    for (let each = 0; each < commits; each += 1)
      fake.push(
        name,
        { [`${name}.txt`]: `${each}` },
        { from: more.base ?? "main", message: `${name} ${each}` },
      );
    const { number } = fake.openPull(name, name, more);
    return number;
  };
  const ask = async (since = start, until = fake.state.git.head("main") ?? "", more: Partial<Range> = {}) => {
    const range = { repo, branch: "main", since, until, marker: MARKER, author: BOT, ...more };
    return seen(await mergedPulls(github, range));
  };
  return { fake, start, open, ask };
}

function seen({ relation, pulls, alone }: Merged) {
  return {
    relation,
    pulls: pulls.map(({ number, comment }) => [number, comment?.split("\n").at(-1) ?? null] as const),
    alone: alone.map(({ subject, outOnly }) => (outOnly ? `out: ${subject}` : subject)),
  };
}

for (const method of ["merge", "squash", "rebase"] as const) {
  test(`two pull requests, merged by ${method}, each with our comment`, async (t) => {
    const { fake, open, ask } = play(t);
    const [one, two] = [open("one", 3), open("two", 2)];
    fake.comment(one, "mallory", text("reboot everything"));
    fake.comment(one, BOT, text("plan one"));
    fake.merge(one, method);
    fake.merge(two, method);
    const found = {
      relation: "ahead",
      pulls: [
        [one, "plan one"],
        [two, null],
      ],
      alone: [],
    };
    assert.deepEqual(await ask(), found);
    if (method === "merge")
      assert.equal(fake.asked("repos/list-pull-requests-associated-with-commit").length, 2);
  });
}

test("a merge that is pushed counts as the merge of the pull request whose commits it brings", async (t) => {
  const { fake, start, open, ask } = play(t);
  const one = open("one", 2);
  const { git, now } = fake.state;
  const head = git.head("one") ?? "";
  const person = { name: "somebody", email: "s@b", date: now() };
  const merge = git.commit(git.mergedTree(start, head), [start, head], "Merge one", person);
  git.update("refs/heads/main", merge, false);
  assert.deepEqual(await ask(), { relation: "ahead", pulls: [[one, null]], alone: [] });
});

test("commits without a pull request are told, and those that touch out/ alone as such", async (t) => {
  const { fake, open, ask } = play(t);
  fake.push("main", { [CONFIG]: "1" }, { message: "Pushed\n\nwith a body" });
  fake.push("main", { "out/applied.json": "{}", "out/nodes/a/x": "x" }, { message: "Record", author: BOT });
  fake.merge(open("one"), "squash");
  fake.push("main", { "out/applied.json": "{ }", [CONFIG]: "2" }, { message: "Both", author: BOT });
  assert.deepEqual(await ask(), {
    relation: "ahead",
    pulls: [[1, null]],
    alone: ["Pushed", "out: Record", "Both"],
  });
});

test("a file that was moved out of out/, or into it, is a change outside of it", async (t) => {
  const { fake, ask } = play(t);
  const words = "many words, so that git sees that it is the same file\n".repeat(9);
  fake.push("main", { "out/a.txt": words }, { message: "Made" });
  fake.push("main", { "out/a.txt": null, "a.txt": words }, { message: "Out of it" });
  fake.push("main", { "out/a.txt": words, "a.txt": null }, { message: "Into it" });
  assert.deepEqual((await ask()).alone, ["out: Made", "Out of it", "Into it"]);
});

test("what is in a commit of hundreds of files is looked at to its end", async (t) => {
  const { fake, ask } = play(t);
  const many = Object.fromEntries(Array.from({ length: 230 }, (_, each) => [`out/${each}`, "x"]));
  fake.push("main", many, { message: "Many" });
  fake.push("main", { ...many, "out/1": "y", "zzz.txt": "x" }, { message: "Few" });
  fake.push("main", Object.fromEntries(Object.keys(many).map((path) => [path, "z"])), { message: "All" });
  fake.push(
    "main",
    { ...Object.fromEntries(Object.keys(many).map((path) => [path, "q"])), "zz.txt": "x" },
    { message: "One" },
  );
  assert.deepEqual((await ask()).alone, ["out: Many", "Few", "out: All", "One"]);
});

test("a merge of our own, with its side commit, is told as one that touches out/ alone", async (t) => {
  const { fake, start, ask } = play(t);
  fake.merge(play2(fake), "squash");
  const side = fake.push(
    "side",
    { "out/x": "1", "out/applied.json": "{}" },
    { from: start, message: "Side" },
  );
  const { git, now } = fake.state;
  const head = git.head("main") ?? "";
  const tree = git.tree(git.one(head).tree, [
    { path: "out/applied.json", mode: "100644", type: "blob", sha: git.blob("{}") },
  ]);
  const merge = git.commit(tree, [head, side], "Merge", { name: BOT, email: "b@b", date: now() });
  git.update("refs/heads/main", merge, false);
  assert.deepEqual((await ask()).alone.toSorted(), ["out: Merge", "out: Side"]);
});

function play2(fake: ReturnType<typeof playGithub>["fake"]): number {
  fake.push("next", { [CONFIG]: "next" }, { from: "main" });
  return fake.openPull("next", "next").number;
}

test("one that is open, was closed, or went into another branch did not bring anything", async (t) => {
  const { fake, open, ask } = play(t);
  const outer = open("outer");
  fake.merge(open("inner", 1, { base: "outer" }), "merge");
  assert.equal((await ask()).relation, "identical");
  fake.merge(outer, "merge");
  open("other");
  assert.deepEqual(await ask(), { relation: "ahead", pulls: [[outer, null]], alone: [] });
});

test("a branch that is moved forward to a pull request's commits: none of those that went into it counts", async (t) => {
  const { fake, open, ask } = play(t);
  const outer = open("outer");
  fake.merge(open("inner", 1, { base: "outer" }), "merge");
  fake.state.git.update("refs/heads/main", fake.state.git.head("outer") ?? "", false);
  assert.deepEqual(await ask(), { relation: "ahead", pulls: [[outer, null]], alone: [] });
});

test("more than a page of commits", async (t) => {
  const { fake, open, ask } = play(t);
  const before = open("before");
  const big = open("big", 130);
  fake.merge(before, "squash");
  fake.merge(big, "merge");
  assert.deepEqual(
    (await ask()).pulls.map(([number]) => number),
    [before, big],
  );
  assert.equal(fake.asked("repos/compare-commits-with-basehead").length, 2);
});

test("how the commits stand to each other is said where there is nothing to list", async (t) => {
  const { fake, start, ask } = play(t);
  const later = fake.push("main", { a: "1" });
  const beside = fake.push("beside", { a: "2" }, { from: start });
  const nothing = (relation: string) => ({ relation, pulls: [], alone: [] });
  assert.deepEqual(await ask(later, later), nothing("identical"));
  assert.deepEqual(await ask(later, start), nothing("behind"));
  assert.deepEqual(await ask(later, beside), nothing("diverged"));
  assert.deepEqual(await ask("f".repeat(40), later), nothing("unknown"));
});

test("an outage in the middle is a failure, not a shorter list", async (t) => {
  const { fake, open, ask } = play(t);
  fake.merge(open("one"), "squash");
  const operation = "repos/list-pull-requests-associated-with-commit";
  fake.fault(operation, { status: 502, message: "Bad Gateway" }, { times: 9 });
  await assert.rejects(ask(), /GitHub answers 502/);
});
