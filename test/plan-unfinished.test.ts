// Machines that an apply left half done: what the plan says of them, and what it makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { observe } from "../generator/apply/observe.ts";
import type { Remote } from "../generator/apply/remote.ts";
import { formatPlan } from "../generator/plan/format.ts";
import type { ObservedMachine } from "../generator/plan/observed.ts";
import { stepsOf } from "../generator/plan/steps.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { digestOf } from "../generator/render/node-program.ts";
import {
  different,
  filesOf,
  knowing,
  machine,
  nodeOf,
  planOf,
  planWith,
  RECORDED,
  recordOf,
  SIX,
} from "./support/plan-play.ts";
import { statusText } from "./support/says.ts";

const IN_FORCE = digestOf(filesOf("server-1"));

/** What is observed of server-1, whose files are as they should be, where it answers with these lines more. */
function observed(
  status: Readonly<Record<string, unknown>> | string,
  ...lines: readonly string[]
): Promise<ObservedMachine> {
  const text = typeof status === "string" ? status : statusText("server-1", { applied: IN_FORCE, ...status });
  const stdout = [`status ${Buffer.from(text).toString("base64")}`, ...lines, "end", ""].join("\n");
  const remote: Remote = {
    run: async () => ({ finished: true, exit: 0, stdout, stderr: "" }),
    close: async () => {},
  };
  return observe(remote, SIX, nodeOf("server-1"), filesOf("server-1"), new Uint8Array(32).fill(3));
}

test("finished: ready, and what it should have is in force", async () => {
  const { unfinished, unconfirmed, cordoned, drains, ready } = await observed({});
  assert.deepEqual(
    { unfinished, unconfirmed, cordoned, drains, ready },
    {
      unfinished: null,
      unconfirmed: false,
      cordoned: false,
      drains: [],
      ready: true,
    },
  );
});

for (const [what, status, lines, unfinished] of [
  ["its files are not in force", { applied: "ab".repeat(32) }, [], "what it has is not in force yet"],
  ["it has not taken what was sent", {}, ["pending"], "it has not taken what was sent last"],
  ["it is at work", { state: "working", step: "k3s" }, [], "working: k3s"],
  [
    "it waits",
    { state: "waiting", step: "server", waitingFor: "a majority" },
    [],
    "waiting: server: a majority",
  ],
  ["it has failed", { state: "failed", step: "server", error: "no space" }, [], "failed: server: no space"],
  ["nobody understands it", "garbage", [], "the answer of quorate-node is not JSON"],
] as const) {
  test(`unfinished: ${what}`, async () => {
    assert.equal((await observed(status, ...lines)).unfinished, unfinished);
  });
}

/** systemd keeps a unit that somebody made by hand as a file (systemd.unit(5): /run/systemd/transient). */
const DRAINS = ["server-2", "agent-1"].map(
  (name) => `drains /run/systemd/transient/quorate-undrain-${name}.service`,
);

test("a load balancer names whom it drains, a machine that it was closed and that its change is not confirmed", async () => {
  const seen = await observed({}, "unconfirmed", "cordoned", ...DRAINS);
  assert.deepEqual([seen.cordoned, seen.drains, seen.unconfirmed], [true, ["server-2", "agent-1"], true]);
  const other = await observed({ applied: "ab".repeat(32) });
  assert.ok(other.ready, "it does its work all the same");
});

const of = (more: Partial<ObservedMachine>, name = "server-1") => planWith([machine(name, [], more)]);

test("a machine whose files are right and not in force goes on; where it works, as if it restarted", () => {
  const works = of({ unfinished: "what it has is not in force yet" });
  const made = planOf("server-1", works);
  assert.deepEqual(
    [made.state, made.action, made.quorum],
    ["changes", "restart", { stay: 2, of: 3, enough: true, after: [] }],
  );
  assert.match(
    formatPlan(works),
    /^server-1 +server +10\.0\.0\.11 {2}goes on\n {2}now +what it has is not in force yet\n {2}felt +nothing through the load balancers/m,
  );
  assert.equal(planOf("lb-1", of({ unfinished: "x" }, "lb-1")).action, "reload");
  const dead = planOf("server-1", of({ unfinished: "failed: x", ready: false, voter: false }));
  assert.deepEqual([dead.state, dead.action, dead.quorum, dead.felt], ["changes", "none", null, "nothing"]);
  assert.deepEqual(stepsOf(SIX, dead), ["gate", "send", "start", "health"]);
});

test("a machine that does not work comes before those that do", () => {
  const { machines } = planWith([
    machine("server-3", [], { ready: false, unfinished: "failed" }),
    machine("lb-2", [], { ready: false, unfinished: "failed" }),
  ]);
  assert.deepEqual(
    machines.map(({ name }) => name),
    ["lb-2", "lb-1", "server-3", "server-1", "server-2", "agent-1"],
  );
});

test("a server whose K3s restarts since its apply died comes back first: it is no reason to call the next one's turn an outage", () => {
  const next = (more: Partial<ObservedMachine>, name = "server-1") => {
    const { quorum, outage } = planOf(
      "server-2",
      planWith([
        machine(name, [], { ready: false, unfinished: "working: k3s", ...more }),
        machine("server-2", [different(K3S_PATHS.config)]),
      ]),
    );
    return [quorum?.stay, quorum?.of, outage];
  };
  assert.deepEqual(next({ voter: false }), [2, 3, false]);
  assert.deepEqual(next({ voter: true }), [2, 3, false], "it votes already, and counts once");
  assert.deepEqual(next({ voter: false, files: null }), [1, 3, true], "nobody works on one that is silent");
  const ready = { voter: false, ready: true, unfinished: null };
  assert.deepEqual(next(ready), [1, 3, true], "nothing is to be done there, so nobody waits for it");
  const ill = { ready: false, unfinished: "failed: x" };
  const both = planWith([
    machine("server-1", [different(K3S_PATHS.config)], ill),
    machine("server-2", [], { ...ill, voter: false }),
  ]);
  const { quorum, outage } = planOf("server-1", both);
  assert.deepEqual([quorum?.stay, outage], [1, true], "its own turn comes later");
  assert.deepEqual(
    next({ voter: false }, "lb-1"),
    [2, 3, false],
    "a load balancer has no vote to come back with",
  );
});

test("what an apply took out of service is taken back, also where only a load balancer knows", () => {
  const plan = planWith([
    machine("server-1", [], { cordoned: true }),
    machine("lb-2", [], { drains: ["agent-1"] }),
  ]);
  assert.deepEqual(
    plan.machines.filter(({ closed }) => closed).map(({ name, action, felt }) => [name, action, felt]),
    [
      ["server-1", "none", "nothing"],
      ["agent-1", "none", "nothing"],
    ],
  );
  assert.match(
    formatPlan(plan),
    /^agent-1 .* is taken back into service\n {2}now +an apply took it out of service and ended early/m,
  );
  assert.equal(planOf("lb-2", plan).state, "unchanged");
});

test("a change that nobody has confirmed is confirmed, and nothing else happens", () => {
  const plan = of({ unconfirmed: true });
  assert.deepEqual(stepsOf(SIX, planOf("server-1", plan)), ["gate", "confirm", "health"]);
  assert.match(
    formatPlan(plan),
    /^server-1 .* keeps its last change\n {2}now +it undoes its last change by itself, unless/m,
  );
});

test("an agent or a load balancer at another address than the recorded one needs a new card; a silent one is told so too", () => {
  const moved = {
    ...SIX,
    nodes: SIX.nodes.map((node) => (node.name === "agent-1" ? { ...node, address: "10.0.0.77" } : node)),
  };
  const here = planWith([machine("agent-1", [different(K3S_PATHS.config)], {}, moved)], RECORDED, moved);
  const made = planOf("agent-1", here);
  assert.deepEqual([made.action, stepsOf(moved, made)], ["reflash", []]);
  assert.match(
    made.problem?.message ?? "",
    /^it is recorded at 10\.0\.0\.101; it moves to another address with a new card$/,
  );
  const silent = { files: null, problem: { message: "10.0.0.77 does not answer", next: "is it on?" } };
  const gone = planOf("agent-1", planWith([machine("agent-1", [], silent, moved)], RECORDED, moved));
  assert.deepEqual(
    [gone.state, gone.action, gone.problem?.next],
    ["changes", "reflash", "npx quorate card agent-1; switch the older one off"],
  );
  const arrived = planWith([machine("agent-1", [], {}, moved)], knowing(recordOf(SIX)), moved);
  assert.equal(planOf("agent-1", arrived).state, "unchanged", "its new card has brought everything");
});
