// The plan: from what machines should have and what they have to what would be done, in which order, and how it is felt.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Remote, RemoteResult } from "../generator/apply/remote.ts";
import { observe } from "../generator/apply/observe.ts";
import type { Node } from "../generator/model/cluster.ts";
import { ACTION_CLASSES, mostFelt } from "../generator/model/action.ts";
import { publicText } from "../generator/model/files.ts";
import { unifiedDiff } from "../generator/plan/diff.ts";
import { formatPlan } from "../generator/plan/format.ts";
import type { ObservedFile, ObservedMachine } from "../generator/plan/observed.ts";
import { makePlan } from "../generator/plan/plan.ts";
import { nodeFiles } from "../generator/render/node-files.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { makeCluster } from "./support/clusters.ts";
import { TEMPLATES } from "./support/fixtures.ts";

const cluster = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });
const ROOT = new Uint8Array(32).fill(3);
const node = (name: string) => cluster.nodes.find((each) => each.name === name) as Node;
const filesOf = (name: string) => nodeFiles(cluster, node(name), TEMPLATES);
const machine = (
  name: string,
  files: readonly ObservedFile[] = [],
  more: Partial<ObservedMachine> = {},
): ObservedMachine => ({
  name,
  files,
  problem: null,
  voter: node(name).role === "server",
  vip: false,
  ready: true,
  ...more,
});
const ALL = cluster.nodes.map(({ name }) => name);
const plan = (...machines: readonly ObservedMachine[]) => {
  const given = new Set(machines.map(({ name }) => name));
  return makePlan(cluster, TEMPLATES, [
    ...machines,
    ...ALL.filter((name) => !given.has(name)).map((name) => machine(name)),
  ]);
};
const planOf = (name: string, ...machines: readonly ObservedMachine[]) => {
  const found = plan(...machines).machines.find((each) => each.name === name);
  assert.ok(found);
  return found;
};
const config = (text: string): ObservedFile => ({
  path: "/etc/rancher/k3s/config.yaml",
  is: "different",
  mode: "0600",
  text,
});

test("nothing differs: no change anywhere, and it says so", () => {
  const { machines } = plan();
  assert.ok(
    machines.every(
      ({ state, action, files }) => state === "unchanged" && action === "none" && files.length === 0,
    ),
  );
  assert.match(formatPlan(plan()), /^plan: 6 as it should be$/m);
});

test("a machine that could not be asked is unknown, never unchanged", () => {
  const problem = { message: "10.0.0.12 does not answer", next: "is it on?" };
  const made = plan(machine("server-2", [], { files: null, problem }));
  assert.equal(made.machines.find(({ name }) => name === "server-2")?.state, "unknown");
  assert.match(
    formatPlan(made),
    /^server-2 .* unknown: 10\.0\.0\.12 does not answer\n {2}next: is it on\?$/m,
  );
  assert.match(formatPlan(made), /^plan: 1 machine unknown, 5 as it should be$/m);
  const missing = makePlan(cluster, TEMPLATES, []);
  assert.ok(missing.machines.every(({ state }) => state === "unknown"));
});

test("load balancers come first, the holder of the vip as the last of them; then servers, then agents", () => {
  const names = (holder: string) => plan(machine(holder, [], { vip: true })).machines.map(({ name }) => name);
  assert.deepEqual(names("lb-1"), ["lb-2", "lb-1", "server-1", "server-2", "server-3", "agent-1"]);
  assert.deepEqual(names("lb-2").slice(0, 2), ["lb-1", "lb-2"]);
});

test("the most felt file decides a machine's action; each file keeps its own", () => {
  const made = planOf(
    "server-1",
    machine("server-1", [{ path: NODE_PATHS.settings, is: "missing" }, config("server: x\n")]),
  );
  assert.equal(made.action, "restart");
  assert.deepEqual(
    made.files.map(({ change, action }) => [change, action]),
    [
      ["added", "none"],
      ["changed", "restart"],
    ],
  );
  assert.equal(mostFelt([]), "none");
  for (const [index, action] of ACTION_CLASSES.entries())
    assert.equal(mostFelt(ACTION_CLASSES.slice(0, index + 1).toReversed()), action);
});

test("a restart of a server: who stays, and whether that is a majority", () => {
  const change = machine("server-1", [config("x: 1\n")]);
  assert.deepEqual(planOf("server-1", change).quorum, { stay: 2, of: 3, enough: true });
  const less = planOf("server-1", change, machine("server-2", [], { voter: false }));
  assert.deepEqual(less.quorum, { stay: 1, of: 3, enough: false });
  assert.match(
    formatPlan(plan(change, machine("server-2", [], { voter: false }))),
    /quorum +1 of 3 voters stay, which is no majority/,
  );
  const light = machine("server-1", [{ path: NODE_PATHS.authorizedKeys, is: "missing" }]);
  assert.equal(planOf("server-1", light).quorum, null, "new keys take no vote away");
  assert.equal(planOf("agent-1", machine("agent-1", [config("x: 1\n")])).quorum, null);
});

test("what could lock everybody out is armed; what is left from before is removed with its own action", () => {
  const made = planOf(
    "server-1",
    machine("server-1", [
      { path: NODE_PATHS.networkConfig, is: "different", mode: "0600", text: "version: 2\n" },
      { path: "/etc/old.conf", is: "stale", action: "restart", text: "a\n" },
      { path: NODE_PATHS.hostname, is: "mode", mode: "0600" },
    ]),
  );
  assert.deepEqual(
    made.files.map(({ change, armed, action }) => [change, armed, action]),
    [
      ["changed", true, "none"],
      ["removed", false, "restart"],
      ["mode", false, "none"],
    ],
  );
  assert.deepEqual(made.files[2]?.diff, ["-mode 0600", "+mode 0644"]);
  assert.deepEqual(made.files[1]?.diff, ["@@ -1,1 +0,0 @@", "-a"]);
});

for (const [what, shape, name, path, expected] of [
  ["a reload", {}, "lb-1", NODE_PATHS.haproxy, /^nothing: a reload/],
  [
    "a server behind load balancers",
    {},
    "server-1",
    "/etc/rancher/k3s/config.yaml",
    /^nothing through the load balancers/,
  ],
  [
    "the only server",
    { servers: 1, loadBalancers: 0 },
    "server-1",
    "/etc/rancher/k3s/config.yaml",
    /outage of the API: it is the only server/,
  ],
  [
    "a server without load balancers",
    { servers: 3, loadBalancers: 0 },
    "server-1",
    "/etc/rancher/k3s/config.yaml",
    /outage for whoever uses this server's address/,
  ],
  ["an agent", { agents: 1 }, "agent-1", "/etc/rancher/k3s/config.yaml", /moved away first/],
  ["new keys", {}, "server-1", NODE_PATHS.authorizedKeys, /^nothing$/],
] as const) {
  test(`felt: ${what}`, () => {
    const other = makeCluster(shape);
    const seen = {
      ...machine("server-1"),
      name,
      files: [{ path, is: "different", mode: "0600", text: "" }],
    } as const;
    const made = makePlan(other, TEMPLATES, [seen]).machines.find((each) => each.name === name);
    assert.match(made?.felt ?? "", expected);
  });
}

test("a diff has three lines around it, and none where nothing differs", () => {
  assert.deepEqual(unifiedDiff("a\n", "a\n"), []);
  assert.deepEqual(unifiedDiff("1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n"), [
    "@@ -2,4 +2,4 @@",
    " 2",
    " 3",
    " 4",
    "-5",
    "+x",
  ]);
  assert.deepEqual(unifiedDiff(null, "a\n"), ["@@ -0,0 +1,1 @@", "+a"]);
});

test("long diffs are cut, and the list of files is left out where others say what changes", () => {
  const long = planOf("server-1", machine("server-1", [{ path: NODE_PATHS.program, is: "missing" }]));
  assert.ok((long.files[0]?.diff?.length ?? 0) > 1000);
  const text = formatPlan(
    plan(
      machine("server-1", [
        { path: NODE_PATHS.program, is: "missing" },
        { path: NODE_PATHS.fileList, is: "missing" },
      ]),
    ),
  );
  assert.match(text, /and \d+ more lines/);
  assert.doesNotMatch(text, /^ {2}. \/etc\/quorate\/files/m);
  assert.match(text, /server-1 .* takes new files, 1 file$/m);
  assert.ok(text.split("\n").length < 90);
});

const answering = (result: RemoteResult | ((input: string) => string)) => {
  const fake: Remote = {
    run: async (_, __, { input = "" }) =>
      typeof result === "function"
        ? { finished: true, exit: 0, stdout: result(String(input)), stderr: "" }
        : result,
    close: async () => {},
  };
  return observe(fake, cluster, node("server-1"), filesOf("server-1"), ROOT);
};
const base64 = (text: string) => Buffer.from(text).toString("base64");

test("what a machine answers is read; secrets of every generation become names", async () => {
  const token = (generation: number) => deriveSecret(ROOT, { secret: "server-token", generation });
  const seen = await answering(() =>
    [
      "missing /etc/quorate/node.conf",
      "mode 0600 /etc/quorate/hostname",
      `different 0644 ${base64(`${token(1)}\n`)} /etc/rancher/k3s/server-token`,
      "different 0644 - /etc/quorate/haproxy.cfg",
      `stale restart:k3s ${base64("x\n")} /etc/with blank`,
      "status ",
      "end",
      "",
    ].join("\n"),
  );
  assert.deepEqual(seen.files, [
    { path: "/etc/quorate/node.conf", is: "missing" },
    { path: "/etc/quorate/hostname", is: "mode", mode: "0600" },
    {
      path: "/etc/rancher/k3s/server-token",
      is: "different",
      mode: "0644",
      text: "@@quorate:secret:server-token:1@@\n",
    },
    { path: "/etc/quorate/haproxy.cfg", is: "different", mode: "0644", text: null },
    { path: "/etc/with blank", is: "stale", action: "restart", text: "x\n" },
  ]);
  assert.deepEqual([seen.voter, seen.vip, seen.ready], [false, false, false]);
});

test("a machine is told the sums of its files, and no secret", async () => {
  let told = "";
  await answering((input) => {
    told = input;
    return "status \nend\n";
  });
  const lines = told.trim().split("\n");
  assert.equal(lines.length, filesOf("server-1").length);
  for (const line of lines) assert.match(line, /^0\d{3} [0-9a-f]{64} \/\S+$/);
  for (const { content } of filesOf("server-1")) {
    for (const part of content)
      if (typeof part !== "string") assert.ok(!told.includes(deriveSecret(ROOT, part)), publicText([part]));
  }
});

test("an answer that is cut off, or a script that fails, is no answer", async () => {
  for (const stdout of ["", "missing /x\n", "missing /x\nend"]) {
    const seen = await answering(() => stdout);
    assert.equal(seen.files, null);
    assert.match(seen.problem?.message ?? "", /did not answer to the end/);
  }
  const lost = await answering({
    finished: false,
    problem: "no-answer",
    mayHaveRun: false,
    message: "silent",
    next: "wait",
  });
  assert.deepEqual([lost.files, lost.problem], [null, { message: "silent", next: "wait" }]);
});
