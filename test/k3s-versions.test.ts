// Which K3s may follow which: what plan refuses of a new k3s.version, and the version that it says comes first.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../generator/model/cluster.ts";
import { compareK3s, minorsAhead, parseK3sVersion } from "../generator/model/k3s-version.ts";
import type { ClusterRecord, RecordedMachine } from "../generator/model/record.ts";
import { formatPlan } from "../generator/plan/format.ts";
import type { ObservedMachine } from "../generator/plan/observed.ts";
import type { Plan } from "../generator/plan/plan.ts";
import { knowing, machine, planOf, planWith, recordOf, SIX } from "./support/plan-play.ts";

const SERVERS = ["server-1", "server-2", "server-3"];
const NODES = [...SERVERS, "agent-1"];

const wanting = (version: string): Cluster => ({ ...SIX, k3s: { ...SIX.k3s, version } });
const saying = (version: string, names = NODES, more: Partial<ObservedMachine> = {}) =>
  names.map((name) => machine(name, [], { k3s: version, ...more }));
const recording = (change: (name: string) => Partial<RecordedMachine>): ClusterRecord => {
  const record = recordOf(SIX);
  const machines = [...record.machines].map(([name, each]) => [name, { ...each, ...change(name) }] as const);
  return { ...record, machines: new Map(machines) };
};
const refused = ({ refusals }: Plan) => refusals.map(({ field, machines }) => [field, machines]);
const planFor = (version: string, ...machines: readonly ObservedMachine[]) =>
  planWith(machines, undefined, wanting(version));

test("versions are compared by number, the build of K3s last", () => {
  const of = (text: string) => {
    const version = parseK3sVersion(text);
    assert.ok(version, text);
    return version;
  };
  const inOrder = [
    "v1.9.9+k3s9",
    "v1.36.2+k3s10",
    "v1.36.10+k3s1",
    "v1.36.10+k3s2",
    "v1.36.10+k3s10",
    "v2.0.0+k3s1",
  ];
  for (const [at, later] of inOrder.entries())
    for (const earlier of inOrder.slice(0, at)) {
      assert.ok(compareK3s(of(earlier), of(later)) < 0, `${earlier} ${later}`);
      assert.ok(compareK3s(of(later), of(earlier)) > 0, `${later} ${earlier}`);
    }
  assert.equal(compareK3s(of("v1.36.4+k3s1"), of("v1.36.4+k3s1")), 0);
  assert.equal(minorsAhead(of("v1.34.9+k3s1"), of("v1.36.0+k3s1")), 2);
  assert.equal(minorsAhead(of("v1.36.0+k3s1"), of("v1.35.9+k3s1")), -1);
  assert.ok(minorsAhead(of("v1.36.0+k3s1"), of("v2.0.0+k3s1")) > 1, "nobody knows what comes before a K3s 2");
  for (const text of ["", "v1.36", "v1.36.4", "v1.36.4-rc1+k3s1", "1.36.4+k3s1", "v1.36.4+k3s1 "])
    assert.equal(parseK3sVersion(text), null, text);
});

for (const [from, to] of [
  ["v1.36.4+k3s1", "v1.36.4+k3s1"],
  ["v1.36.4+k3s1", "v1.36.4+k3s2"],
  ["v1.36.4+k3s1", "v1.36.10+k3s1"],
  ["v1.35.9+k3s1", "v1.36.0+k3s1"],
  ["v1.33.7+k3s3", "v1.34.1+k3s1"],
  ["v1.33.10+k3s1", "v1.34.1+k3s1"],
  ["v1.33.1+k3s1", "v1.33.7+k3s3"],
  ["v1.32.1+k3s1", "v1.33.1+k3s1"],
] as const)
  test(`not refused: ${from} to ${to}`, () => assert.deepEqual(refused(planFor(to, ...saying(from))), []));

for (const [what, from, to, machines, message, next] of [
  [
    "an earlier patch",
    "v1.36.4+k3s1",
    "v1.36.3+k3s1",
    NODES,
    /run K3s v1\.36\.4\+k3s1, and the config says v1\.36\.3\+k3s1; K3s does not go back/,
    /^put "v1\.36\.4\+k3s1" back, or take a later release of v1\.36; .*npx quorate snapshot list$/,
  ],
  [
    "an earlier build",
    "v1.36.4+k3s2",
    "v1.36.4+k3s1",
    NODES,
    /does not go back/,
    /put "v1\.36\.4\+k3s2" back/,
  ],
  [
    "an earlier minor",
    "v1.36.0+k3s1",
    "v1.35.9+k3s1",
    NODES,
    /does not go back/,
    /put "v1\.36\.0\+k3s1" back/,
  ],
  [
    "a skipped minor",
    "v1.34.6+k3s1",
    "v1.36.4+k3s1",
    SERVERS,
    /one minor version after the other/,
    /^first the newest release of v1\.35 \(https:\S+\): put it into the config and apply it; then v1\.36\.4\+k3s1$/,
  ],
  [
    "from v1.32 past the change of etcd",
    "v1.32.3+k3s1",
    "v1.34.1+k3s1",
    SERVERS,
    /one minor version after the other/,
    /^first the newest release of v1\.33, which is to be "v1\.33\.7\+k3s3" or later/,
  ],
  [
    "etcd 3.6 after an etcd that forgets who was removed",
    "v1.33.7+k3s2",
    "v1.34.1+k3s1",
    SERVERS,
    /it brings etcd 3\.6, and after an etcd before 3\.5\.26 members that were removed long ago can come back/,
    /^first "v1\.33\.7\+k3s3" or a later v1\.33, on all servers: .*; then v1\.34\.1\+k3s1/,
  ],
] as const)
  test(`refused: ${what}`, () => {
    const plan = planFor(to, ...saying(from));
    assert.deepEqual(refused(plan), [["k3s.version", machines]]);
    assert.match(plan.refusals[0]?.message ?? "", message);
    assert.match(plan.refusals[0]?.next ?? "", next);
    for (const name of machines) assert.equal(planOf(name, plan).action, "refused", name);
    assert.match(formatPlan(plan), /^refused: k3s\.version: .*\n {2}next: .*$/m);
    assert.match(formatPlan(plan), /nothing can be applied before what is refused is put back$/m);
  });

test("in the middle of an upgrade it goes on, and neither back nor further", () => {
  const half = [
    ...saying("v1.36.4+k3s1", ["server-1"]),
    ...saying("v1.35.9+k3s1", ["server-2", "server-3", "agent-1"]),
  ];
  assert.deepEqual(refused(planFor("v1.36.4+k3s1", ...half)), []);
  assert.deepEqual(refused(planFor("v1.35.9+k3s1", ...half)), [["k3s.version", ["server-1"]]]);
  const further = planFor("v1.37.1+k3s1", ...half);
  assert.deepEqual(refused(further), [["k3s.version", ["server-2", "server-3"]]]);
  assert.match(further.refusals[0]?.next ?? "", /^first "v1\.36\.4\+k3s1", which another server has:/);
});

test("what machines say is told by version, and all of it at once", () => {
  const plan = planFor(
    "v1.35.1+k3s1",
    ...saying("v1.36.4+k3s1", ["server-1"]),
    ...saying("v1.35.2+k3s1", ["server-2"]),
    ...saying("v1.33.1+k3s1", ["server-3"]),
  );
  assert.deepEqual(
    plan.refusals.map(({ machines, next }) => [machines, next.split(" ").slice(0, 2).join(" ")]),
    [
      [["server-1"], 'put "v1.36.4+k3s1"'],
      [["server-2"], 'put "v1.36.4+k3s1"'],
      [["server-3"], "first the"],
      [["server-3"], 'first "v1.33.7+k3s3"'],
    ],
  );
});

test("an agent may lag behind three minors, and its servers' way is not its own", () => {
  const servers = saying("v1.35.9+k3s1", SERVERS);
  const agent = (version: string) => saying(version, ["agent-1"]);
  for (const version of ["v1.33.1+k3s1", "v1.34.1+k3s1", "v1.36.4+k3s1"])
    assert.deepEqual(refused(planFor("v1.36.4+k3s1", ...servers, ...agent(version))), [], version);
  const left = planFor("v1.36.4+k3s1", ...servers, ...agent("v1.32.1+k3s1"));
  assert.deepEqual(refused(left), [["k3s.version", ["agent-1"]]]);
  assert.match(left.refusals[0]?.message ?? "", /at most 3 minor versions behind its servers/);
  assert.match(
    left.refusals[0]?.next ?? "",
    /^first a release of v1\.35: .*; or write a new card: npx quorate card agent-1$/,
  );
});

test("an agent that is newer than its servers: they come first, or it gets a new card", () => {
  const plan = planFor(
    "v1.35.9+k3s1",
    ...saying("v1.35.9+k3s1", SERVERS),
    ...saying("v1.36.4+k3s1", ["agent-1"]),
  );
  assert.deepEqual(refused(plan), [["k3s.version", ["agent-1"]]]);
  assert.match(plan.refusals[0]?.message ?? "", /an agent must not be newer than its servers/);
  assert.match(
    plan.refusals[0]?.next ?? "",
    /^put "v1\.36\.4\+k3s1" or later into the config, which upgrades the servers first; or write a new card: npx quorate card agent-1$/,
  );
});

test("what nobody can ask is known from the record, and a machine's own word counts more", () => {
  const wanted = wanting("v1.36.4+k3s1");
  const old = recording(() => ({ k3s: "v1.34.6+k3s1" }));
  assert.deepEqual(refused(planWith([], knowing(old, { offline: true }), wanted)), [
    ["k3s.version", SERVERS],
  ]);
  const silent = machine("server-3", [], { files: null, voter: false });
  const said = saying("v1.35.9+k3s1", ["server-1", "server-2"]);
  assert.deepEqual(refused(planWith([...said, silent], knowing(old), wanted)), [
    ["k3s.version", ["server-3"]],
  ]);
});

test("a failed apply says nothing of what runs; a machine that is new, gone or of another role neither", () => {
  const failed = recording((name) => (name === "server-1" ? { k3s: "v1.37.0+k3s1", result: "failed" } : {}));
  assert.deepEqual(refused(planWith([], knowing(failed))), []);
  assert.deepEqual(refused(planWith(saying("v1.37.0+k3s1", ["server-1"]), knowing(failed))), [
    ["k3s.version", ["server-1"]],
  ]);
  const other = recording((name) => (name.startsWith("lb") ? { k3s: "v1.30.0+k3s1" } : {}));
  assert.deepEqual(refused(planWith([], knowing(other))), [], "a load balancer runs no K3s");
  const agents = recording((name) => (name === "server-1" ? { k3s: "v1.30.0+k3s1", role: "agent" } : {}));
  assert.deepEqual(
    planWith([], knowing(agents)).refusals.map(({ field }) => field),
    ["nodes[0].role"],
  );
  assert.deepEqual(refused(planFor("v1.36.4+k3s1", ...saying("v1.36.4-rc1+k3s1"))), []);
});
