// What people read of an apply: one line that is never better than the truth, and the texts of machines as words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineResult, Outcome } from "../generator/apply/rollout.ts";
import { type ApplyStory, doneIn, storyOf, verdict } from "../generator/github/apply-story.ts";
import type { Check } from "../generator/verify/check.ts";

const SHA = "ab".repeat(20);
const result = (name: string, outcome: Outcome, more: Partial<MachineResult> = {}): MachineResult => ({
  name,
  role: "server",
  action: "restart",
  outcome,
  seconds: 1.5,
  message: "",
  next: "",
  ...more,
});
const check = (id: string, of: Check["result"]): Check => ({
  id,
  result: of,
  expected: "e",
  seen: "s",
  cause: "c",
  next: "npx quorate status",
});
const PASS = [check("api", "pass")];
const story = (more: Partial<ApplyStory> = {}): ApplyStory => ({
  cluster: "home",
  source: SHA,
  run: "https://github.test/run",
  results: [result("server-1", "applied"), result("lb-1", "unchanged")],
  begun: true,
  stopped: null,
  checks: PASS,
  done: true,
  committed: null,
  notes: [],
  ...more,
});
const stopped = { message: "it stopped", next: "look" };

for (const [more, line] of [
  [{}, "1 machine changed; cluster home is as the config says"],
  [{ results: [result("a", "unchanged")] }, "nothing had to be changed; cluster home is as the config says"],
  [
    { results: [result("a", "applied"), result("b", "left alone")] },
    "1 machine changed; 1 machine left alone",
  ],
  [
    { results: [result("a", "applied"), result("b", "rolled back"), result("c", "not begun")] },
    "1 machine changed, and b was rolled back and c was not begun",
  ],
  [{ results: [result("a", "failed")] }, "a was left failed"],
  [{ results: [result("a", "interrupted")] }, "a was interrupted"],
  [{ checks: [...PASS, check("b", "fail")] }, "1 machine changed, but verify fails in 1 line"],
  [{ checks: [...PASS, check("b", "skip")] }, "1 machine changed, but verify could not ask 1 line"],
  [{ checks: null }, "1 machine changed, but it was not verified"],
  [{ stopped }, "1 machine changed, but it did not come to its end"],
  [{ stopped, results: null, begun: false }, "stopped before the first machine, and nothing was changed"],
  [
    { stopped, results: null, checks: null },
    "stopped in the midst of the machines; the record says what runs where",
  ],
] as readonly (readonly [Partial<ApplyStory>, string])[]) {
  test(`the verdict: ${line}`, () => assert.equal(verdict(story(more)), line));
}

test("a comment says whether it is the last word on a commit; nothing else is read as that", () => {
  assert.equal(doneIn(storyOf(story(), 60_000)), SHA);
  assert.equal(doneIn(storyOf(story({ done: false }), 60_000)), null);
  const line = storyOf(story(), 60_000).split("\n", 1)[0] ?? "";
  assert.equal(doneIn(`${line}\r\nmore`), SHA);
  for (const other of ["", `> ${line}`, `x\n${line}`, line.replace(SHA, "ab"), line.replace("1", "2")])
    assert.equal(doneIn(other), null, other);
});

test("texts of machines are words, and commands stand as code", () => {
  const message = "<b> | `x` @you #1 **y**\n# z";
  const text = storyOf(
    story({ results: [result("a", "failed", { message, next: "npx quorate status" })], notes: [message] }),
    60_000,
  );
  const row = "&lt;b&gt; \\| \\`x\\` @&#8203;you #&#8203;1 \\*\\*y\\*\\* # z";
  assert.ok(
    text.includes(`| \`a\` | restart | **failed** | 1.5 s | ${row}; next: \`npx quorate status\` |`),
    text,
  );
  assert.ok(text.includes(`\n- ${row}\n`), text);
});

test("what does not fit is cut, and that is said; the budget holds", () => {
  const notes = Array.from({ length: 100 }, (_, index) => `note ${index}`);
  for (const budget of [500, 900, 1400]) {
    const text = storyOf(story({ notes }), budget);
    assert.ok(Buffer.byteLength(text) <= budget, `${Buffer.byteLength(text)} of ${budget}`);
    assert.match(text, /\n… the rest is in the log of the run\.\n/);
    assert.match(text, /\[the run\]\(https:\/\/github\.test\/run\)\.\n$/);
  }
  assert.doesNotMatch(storyOf(story({ notes }), 60_000), /the rest is in the log/);
});
