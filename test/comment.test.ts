// The comment of a pull request as people see it, in the situations that there are; and what no text of others can do in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commentOf, type Comment } from "../generator/github/comment.ts";
import { readMarker } from "../generator/github/marker.ts";
import { type PullReport, readReport } from "../generator/github/report.ts";
import { bigConfig } from "./support/big-config.ts";
import { fixturePath } from "./support/fixtures.ts";
import { assertGolden } from "./support/golden.ts";
import { HEAD, pullReport } from "./support/pull-play.ts";

const SAMPLE = readFileSync(fixturePath("sample"), "utf8");
const WITH_AGENTS = readFileSync(fixturePath("agents-and-two-load-balancers"), "utf8");
const RUN = "https://github.com/example/home/actions/runs/7/attempts/1";
const BUDGET = 60_000;

function edited(text: string, ...edits: readonly (readonly [string | RegExp, string])[]): string {
  return edits.reduce((now, [from, to]) => {
    const next = now.replace(from, to);
    assert.notEqual(next, now, `the config does not hold ${String(from)}`);
    return next;
  }, text);
}

/** Every agent gets labels of its own, so many that no comment holds them. */
function manyLabels(text: string): string {
  const config = JSON.parse(text) as { nodes: { name: string; role: string; labels?: object }[] };
  for (const [index, node] of config.nodes.entries()) {
    if (node.role !== "agent") continue;
    const labels = Array.from({ length: 150 + index * 5 }, (_, label) => [
      `example.org/${node.name}-${label}`,
      `v${label}`,
    ]);
    node.labels = Object.fromEntries(labels);
  }
  return JSON.stringify(config, null, 2);
}

const SITUATIONS: Readonly<Record<string, () => PullReport>> = {
  "nothing-changes": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, ['"k3s": {', '"rollout": { "agentBatch": 2 }, "k3s": {']),
    }),
  "one-label": () =>
    pullReport({
      applied: WITH_AGENTS,
      text: edited(WITH_AGENTS, [/"name": "agent-1",/, '"name": "agent-1", "labels": { "disk": "nvme" },']),
    }),
  "new-agent": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, [
        '"nodes": [',
        '"nodes": [ { "name": "agent-1", "role": "agent", "address": "192.168.1.31" },',
      ]),
    }),
  "second-load-balancer": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, [
        '"nodes": [',
        '"nodes": [ { "name": "lb-2", "role": "loadbalancer", "address": "192.168.1.32" },',
      ]),
    }),
  "flag-on-all-servers": () =>
    pullReport({
      applied: WITH_AGENTS,
      text: edited(WITH_AGENTS, [
        '"k3s": {',
        '"k3s": { "serverConfig": { "kube-apiserver-arg": ["audit-log-maxage=7"] },',
      ]),
    }),
  "single-server-outage": () => {
    const single = readFileSync(fixturePath("single-server"), "utf8");
    return pullReport({
      applied: single,
      text: edited(single, ['"k3s": {', '"k3s": { "tlsSans": ["a.example.org"],']),
    });
  },
  refusal: () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, ['"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",']),
    }),
  "config-error": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(
        SAMPLE,
        [/"address": "192\.168\.1\.12"/, '"address": "192.168.1.011"'],
        ['"k3s": {', '"k3s": { "versoin": 1,'],
      ),
    }),
  "out-stale": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, ['"k3s": {', '"k3s": { "tlsSans": ["a.example.org"],']),
      outStale: ["out/haproxy.cfg", "out/nodes/server-1/user-data"],
      notes: [
        "it is not known why something changes on lb-1: its config was not committed when it was last applied",
      ],
    }),
  "first-apply": () => pullReport({ applied: null, text: SAMPLE }),
  "forty-machines": () => pullReport({ applied: bigConfig(40), text: manyLabels(bigConfig(40)) }),
};

const shown = (report: PullReport, budget = BUDGET): Comment => commentOf(report, { budget, run: RUN });

for (const [name, make] of Object.entries(SITUATIONS)) {
  test(`the comment: ${name}`, () => {
    const report = make();
    assert.deepEqual(readReport(JSON.stringify(report)), report, "the report passes its own schema");
    const { body, truncated } = shown(report);
    assert.ok(Buffer.byteLength(body) <= BUDGET, `${Buffer.byteLength(body)} bytes`);
    const marker = readMarker(body);
    assert.equal(marker?.head, HEAD);
    assert.equal(marker?.truncated, truncated);
    const changing = report.machines.filter(({ state }) => state === "changes");
    assert.deepEqual(marker?.shown, Object.fromEntries(changing.map((each) => [each.name, each.action])));
    assertGolden(`golden/comment/${name}.md`, body);
  });
}
