// Annotations: lines of the log that GitHub shows at a line of the config, and text of others that is no command.
import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationLine, annotations, silenced } from "../generator/github/annotations.ts";
import { staleOutput } from "../generator/github/stale.ts";
import { fixturePath } from "./support/fixtures.ts";
import { pullReport } from "./support/pull-play.ts";
import { readFileSync } from "node:fs";

const SAMPLE = readFileSync(fixturePath("sample"), "utf8");

test("a line as GitHub's own toolkit writes it, with everything escaped that would end a part of it", () => {
  const line = annotationLine({
    level: "error",
    file: "a,b:c.json",
    line: 3,
    column: 5,
    title: "one: two, three%0A",
    message: "50%\r\n::set-output name=x::y, ::warning::z",
  });
  assert.equal(
    line,
    "::error file=a%2Cb%3Ac.json,line=3,col=5,title=one%3A two%2C three%250A::50%25%0D%0A::set-output name=x::y, ::warning::z",
  );
  assert.equal(
    annotationLine({ level: "notice", line: null, column: 7, title: "t", message: "m" }),
    "::notice title=t::m",
  );
});

test("of a report: errors first, with the line of the config, and what to do", () => {
  const text = SAMPLE.replace('"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",');
  const [refused, stale, ...advice] = annotations(
    pullReport({ applied: SAMPLE, text, outStale: ["out/haproxy.cfg"] }),
  );
  assert.deepEqual([refused?.level, refused?.title, refused?.line], ["error", "refused: k3s.clusterCidr", 7]);
  assert.match(refused?.message ?? "", /\nnext: put 10\.42\.0\.0\/16 back/);
  assert.deepEqual([stale?.level, stale?.title, stale?.file], ["error", "out-stale", "out/haproxy.cfg"]);
  assert.match(stale?.message ?? "", /npm run render/);
  assert.deepEqual(
    [...new Set(advice.map(({ level }) => level))],
    ["warning", "notice"],
    "what is never in the way comes last",
  );
  const [error] = annotations(pullReport({ applied: SAMPLE, text: SAMPLE.replace("192.168.1.12", "1.2") }));
  assert.deepEqual([error?.level, error?.file], ["error", "cluster.config.json"]);
  assert.ok((error?.line ?? 0) > 10);
});

test("text for the log stands between a word that nobody knows and the same again", () => {
  assert.equal(
    silenced("##[error]a\n::error::b", "x1"),
    "::stop-commands::x1\n##[error]a\n::error::b\n::x1::\n",
  );
  assert.equal(silenced("", "x1"), "::stop-commands::x1\n::x1::\n");
});

test("out/ is stale only where a pull request touches it and it is not what render makes", () => {
  const same = { added: [], changed: [], stale: [], foreign: [] };
  assert.deepEqual(staleOutput([], { ...same, changed: ["haproxy.cfg"] }), [], "untouched");
  assert.deepEqual(staleOutput(["haproxy.cfg"], same), [], "its own render");
  assert.deepEqual(
    staleOutput(["haproxy.cfg"], { added: ["d"], changed: ["c"], stale: ["b"], foreign: ["a"] }),
    ["a", "b", "c", "d"],
  );
  assert.deepEqual(staleOutput(["applied.json"], { ...same, changed: ["haproxy.cfg"] }), ["applied.json"]);
  assert.deepEqual(staleOutput(["applied.json", "verify.sh"], same), ["applied.json"]);
  assert.deepEqual(staleOutput(["b", "a"], null), ["a", "b"], "what cannot be compared");
});
