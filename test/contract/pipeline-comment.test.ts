// pipeline comment: another job's report, taken for a stranger's, becomes the one comment of the pull request.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Failure } from "../../generator/failure.ts";
import { mergedPulls } from "../../generator/github/merged-pulls.ts";
import { MARKER, readMarker } from "../../generator/github/marker.ts";
import { type PullReport, readReport, REPORT_BYTES } from "../../generator/github/report.ts";
import { run } from "../../generator/verbs.ts";
import { fixturePath } from "../support/fixtures.ts";
import { BOT, BOT_TOKEN } from "../support/github/fake.ts";
import { playGithub } from "../support/github/play.ts";
import { serveGithub } from "../support/github/serve.ts";
import { pullReport } from "../support/pull-play.ts";
import { scratch } from "../support/scratch.ts";

const SAMPLE = readFileSync(fixturePath("sample"), "utf8");
const REPORT = pullReport({
  applied: SAMPLE,
  text: SAMPLE.replace('"k3s": {', '"k3s": { "tlsSans": ["a.example.org"],'),
});

async function place(t: TestContext) {
  const { fake, github, repo } = playGithub(t);
  const before = fake.push("main", { "cluster.config.json": "{}" });
  const head = fake.push("edit", { "cluster.config.json": "{ }" }, { from: "main" });
  const { number } = fake.openPull("edit", "An edit");
  const { url, close } = await serveGithub(fake);
  t.after(close);
  const folder = scratch(t);
  const [event, from] = [join(folder, "event.json"), join(folder, "plan")];
  const path = join(from, "report.json");
  mkdirSync(from);
  const happened = (more: { readonly fork?: boolean; readonly head?: string } = {}) => {
    const whole = `${repo.owner}/${repo.repo}`;
    const pull = {
      number,
      head: { sha: more.head ?? head, repo: { full_name: more.fork ? "else/where" : whole } },
      base: { sha: before },
    };
    writeFileSync(event, JSON.stringify({ pull_request: pull }));
  };
  happened();
  const write = (report: unknown) =>
    writeFileSync(path, typeof report === "string" ? report : JSON.stringify(report));
  write({ ...REPORT, head });
  const environment = {
    GITHUB_TOKEN: BOT_TOKEN,
    GITHUB_EVENT_PATH: event,
    GITHUB_EVENT_NAME: "pull_request",
    GITHUB_REPOSITORY: `${repo.owner}/${repo.repo}`,
    GITHUB_REF: `refs/pull/${number}/merge`,
    GITHUB_SHA: head,
    GITHUB_RUN_ID: "42",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_API_URL: url,
    GITHUB_SERVER_URL: "https://github.example",
  };
  const comment = (more: Readonly<Record<string, string>> = {}) =>
    run(["pipeline", "comment", "--from", from], { ...environment, ...more }, false);
  const bodies = () => [...fake.state.comments.values()].map(({ body }) => body);
  return { fake, github, repo, number, head, before, happened, write, path, comment, bodies };
}

test("written once, changed in place, left alone; and an apply finds in it what was shown", async (t) => {
  const { fake, github, repo, number, head, before, write, comment, bodies } = await place(t);
  const first = await comment();
  assert.deepEqual([first.exit, first.stderr], [0, ""]);
  assert.match(first.stdout, /^the comment was written: http/);
  assert.match((await comment()).stdout, /^the comment is as it should be/);
  write({ ...REPORT, head, notes: ["another note"] });
  assert.match((await comment()).stdout, /^the comment was changed/);
  const [body = "", ...more] = bodies();
  assert.deepEqual(more, []);
  assert.match(body, /another note/);
  fake.merge(number, "squash");
  const range = { repo, branch: "main", since: before, until: "main", marker: MARKER, author: BOT };
  const { pulls } = await mergedPulls(github, range);
  const marker = readMarker(pulls[0]?.comment ?? "");
  assert.deepEqual(marker, {
    v: 1,
    head,
    shown: { "server-1": "restart", "server-2": "restart", "server-3": "restart" },
    truncated: false,
  });
});

const refusals: Readonly<Record<string, readonly [object | string, RegExp]>> = {
  "no JSON": ["{", /it is no JSON/],
  "another version": [{ ...REPORT, version: 2 }, /\/version does not have the form/],
  "a key more": [{ ...REPORT, also: 1 }, /does not have the form/],
  "a key less": [{ ...REPORT, notes: undefined }, /does not have the form/],
  "a name with markup": [
    { ...REPORT, machines: REPORT.machines.map((each) => ({ ...each, name: "<b>" })) },
    /\/machines\/0\/name/,
  ],
  "an action that is none": [
    { ...REPORT, machines: REPORT.machines.map((each) => ({ ...each, action: "all" })) },
    /\/machines\/0\/action/,
  ],
  "a text that is too long": [{ ...REPORT, notes: ["x".repeat(4001)] }, /\/notes\/0/],
  "too many machines": [
    { ...REPORT, machines: Array.from({ length: 6001 }, () => REPORT.machines[0]) },
    /\/machines does/,
  ],
  "a line of no diff": [
    {
      ...REPORT,
      machines: REPORT.machines.map((each) => ({
        ...each,
        files: [
          { path: "/x", change: "added", action: "none", armed: false, diff: [`${MARKER}{`], leftOut: 0 },
        ],
      })),
    },
    /\/machines\/0\/files\/0\/diff/,
  ],
  "the report of another commit": [{ ...REPORT, head: "0".repeat(40) }, /of another commit/],
  "the report of no pull request": [{ ...REPORT, head: null }, /of another commit/],
};

for (const [what, [report, message]] of Object.entries(refusals)) {
  test(`refused, and nothing is asked of GitHub: ${what}`, async (t) => {
    const { fake, head, write, comment } = await place(t);
    write(
      typeof report === "string" || !("head" in report) || report.head !== REPORT.head
        ? report
        : { ...report, head },
    );
    const { exit, stdout } = await comment();
    assert.equal(exit, 1);
    assert.match(stdout, /^::error title=pipeline comment::[^\n]*%0Anext: [^\n]*\n$/);
    assert.match(stdout, message);
    assert.deepEqual(fake.log, []);
  });
}

test("a report without a file, behind a link, from a fork, without a token: each with what to do", async (t) => {
  const { fake, happened, path, comment } = await place(t);
  assert.match((await comment({ GITHUB_TOKEN: "" })).stdout, /GITHUB_TOKEN is not set.*github\.token/);
  happened({ fork: true });
  assert.match((await comment()).stdout, /fork gets no comment.*head\.repo\.full_name == github\.repository/);
  happened();
  const other = join(path, "../../other.json");
  writeFileSync(other, readFileSync(path));
  rmSync(path);
  assert.match((await comment()).stdout, /cannot read .*report\.json: ENOENT.*pipeline plan --out DIR/);
  symlinkSync(other, path);
  assert.match((await comment()).stdout, /cannot read .*no file of a report's size/);
  assert.deepEqual(fake.log, []);
});

test("a token in a text of the report never reaches GitHub", async (t) => {
  const { fake, head, write, comment, bodies } = await place(t);
  write({ ...REPORT, head, notes: [`see ${BOT_TOKEN}`] } satisfies PullReport);
  const { exit, stdout } = await comment();
  assert.equal(exit, 1);
  assert.match(stdout, /holds a secret: it was not sent/);
  assert.ok(!stdout.includes(BOT_TOKEN));
  assert.deepEqual([fake.log, bodies()], [[], []]);
});

test("a report that is too long is not even parsed", () => {
  assert.throws(
    () => readReport(" ".repeat(REPORT_BYTES + 1)),
    (error) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /bytes, and at most/);
      return true;
    },
  );
});
