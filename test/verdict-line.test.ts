// The first line of the comment: what a merge would do, in a sentence that says the worst of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { PullReport, ReportedMachine } from "../generator/github/report.ts";
import { verdictOf } from "../generator/github/verdict-line.ts";
import { fixturePath } from "./support/fixtures.ts";
import { pullReport } from "./support/pull-play.ts";

const TEXT = readFileSync(fixturePath("agents-and-two-load-balancers"), "utf8");
const BASE = pullReport({ applied: TEXT, text: TEXT });
const merging = (
  machines: Readonly<Record<string, Partial<ReportedMachine>>>,
  more: Partial<PullReport> = {},
) => ({
  ...BASE,
  ...more,
  machines: BASE.machines.map((each) =>
    Object.hasOwn(machines, each.name)
      ? { ...each, state: "changes" as const, felt: "nothing", ...machines[each.name] }
      : each,
  ),
});
const RESTART = { action: "restart" } as const;
const quorum = (stay: number, of: number) => ({ quorum: { stay, of, enough: stay * 2 > of, after: [] } });

for (const [report, mood, text] of [
  [BASE, "good", "Nothing changes on any machine"],
  [merging({ "agent-1": { action: "none" } }), "good", "agent-1 takes new files; nobody notices"],
  [
    merging({ "server-1": { ...RESTART, ...quorum(2, 3) }, "server-2": { ...RESTART, ...quorum(2, 3) } }),
    "good",
    "K3s restarts on 2 servers, one after the other; nobody notices; 2 of 3 voters stay",
  ],
  [
    merging({ "server-1": { ...RESTART, ...quorum(1, 3) }, "agent-1": { action: "reboot" } }),
    "good",
    "agent-1 reboots and K3s restarts on server-1, one after the other; nobody notices; 1 of 3 voters stay, which is no majority",
  ],
  [
    merging({ "agent-1": RESTART, "agent-2": RESTART }, { agentBatch: 2 }),
    "good",
    "K3s restarts on 2 agents, one after the other (agents 2 at a time); nobody notices",
  ],
  [
    merging({
      "agent-1": { ...RESTART, felt: "nothing of workloads with two replicas: they are moved away first" },
    }),
    "good",
    "K3s restarts on agent-1; nobody notices where workloads have two replicas",
  ],
  [
    merging({ "lb-1": { action: "reload", felt: "at most 0.5 s while it moves; open streams reconnect" } }),
    "look",
    "lb-1 reloads; felt on lb-1: at most 0.5 s while it moves",
  ],
  [
    merging({
      "server-1": { ...RESTART, outage: true, felt: "an outage of the API: why" },
      "lb-1": { action: "reload" },
    }),
    "look",
    "K3s restarts on server-1 and lb-1 reloads; an outage of the API: why (server-1)",
  ],
  [merging({ "agent-1": { state: "unknown" } }), "look", "What happens to agent-1 is not known"],
  [merging({ "agent-1": { action: "reflash" } }), "good", "agent-1 needs a new card; nobody notices"],
  [
    merging({ "agent-1": { action: "none" } }, { outStale: ["out/a"] }),
    "bad",
    "out/ is not what render makes of this config. Apart from that: agent-1 takes new files; nobody notices",
  ],
] as const satisfies readonly (readonly [PullReport, string, string])[]) {
  test(text, () => assert.deepEqual(verdictOf(report), { mood, text }));
}

test("what is refused, and a config with errors, come before everything else", () => {
  const place = { line: null, column: null, next: "", machines: [] };
  const refusals = [
    { ...place, field: "a.b", message: "no" },
    { ...place, field: "c", message: "no" },
  ];
  assert.deepEqual(verdictOf({ ...BASE, refusals, outStale: ["out/a"] }), {
    mood: "bad",
    text: "Refused: a.b: no; and 1 more refusal",
  });
  assert.deepEqual(verdictOf({ ...BASE, cluster: null, findings: [], refusals }).mood, "bad");
});

test("fault tolerance that gets worse is said, and looked at", () => {
  const row = (worst: number) => ({
    label: "lb-1",
    kinds: ["loadbalancer"],
    aspects: [{ name: "api", text: `${worst}`, worst }],
  });
  const side = (worst: number) => ({ commit: null, runs: true, verdict: "", rows: [row(worst)] });
  const change = (before: number, after: number) =>
    verdictOf(merging({ "agent-1": {} }, { tolerance: { before: side(before), after: side(after) } }));
  assert.match(change(1, 2).text, /; fault tolerance gets worse$/);
  assert.equal(change(1, 2).mood, "look");
  assert.doesNotMatch(change(2, 1).text, /worse/);
  assert.doesNotMatch(change(1, -1).text, /worse/, "an ingress that is not wanted any more");
});
