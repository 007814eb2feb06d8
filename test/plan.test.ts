// The plan: from what machines should have and what they have to what would be done, in which order, and how it is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTION_CLASSES, mostFelt } from "../generator/model/action.ts";
import { unifiedDiff } from "../generator/plan/diff.ts";
import { publicText } from "../generator/model/files.ts";
import { formatPlan } from "../generator/plan/format.ts";
import type { ObservedMachine } from "../generator/plan/observed.ts";
import { makePlan } from "../generator/plan/plan.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { TEMPLATES } from "./support/fixtures.ts";
import { different, filesOf, machine, planOf as one, planWith, SIX } from "./support/plan-play.ts";

const plan = (...machines: readonly ObservedMachine[]) => planWith(machines);
const planOf = (name: string, ...machines: readonly ObservedMachine[]) => one(name, planWith(machines));
const config = (text: string) => different(K3S_PATHS.config, text);

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
    /^server-2 .* unknown: 10\.0\.0\.12 does not answer\n {2}next: npx quorate card server-2, if it never had a card; else: is it on\?$/m,
  );
  assert.match(formatPlan(made), /^plan: 1 machine unknown, 5 as it should be$/m);
  const missing = makePlan(SIX, TEMPLATES, []);
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
  assert.deepEqual(planOf("server-1", change).quorum, { stay: 2, of: 3, enough: true, after: [] });
  const less = planOf("server-1", change, machine("server-2", [], { voter: false }));
  assert.deepEqual(less.quorum, { stay: 1, of: 3, enough: false, after: [] });
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
      ["changed", true, "reload"],
      ["removed", false, "restart"],
      ["mode", false, "none"],
    ],
  );
  assert.deepEqual(made.files[2]?.diff, ["-mode 0600", "+mode 0644"]);
  assert.deepEqual(made.files[1]?.diff, ["@@ -1,1 +0,0 @@", "-a"]);
});

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

test("another version of K3s is an upgrade; another mirror of the same version is not", () => {
  const environment = (version: string, mirror: string) =>
    different(
      K3S_PATHS.installEnvironment,
      `INSTALL_K3S_VERSION='${version}'\nINSTALL_K3S_ARTIFACT_URL='${mirror}'\n`,
    );
  const made = (name: string, text: ReturnType<typeof environment>) => planOf(name, machine(name, [text]));
  for (const name of ["server-1", "agent-1"]) {
    assert.equal(made(name, environment("v1.35.1+k3s1", "x")).action, "upgrade");
    assert.equal(made(name, environment("v1.36.4+k3s1", "x")).action, "none");
  }
  assert.deepEqual(made("server-1", environment("v1.35.1+k3s1", "x")).quorum, {
    stay: 2,
    of: 3,
    enough: true,
    after: [],
  });
  for (const file of [
    different(K3S_PATHS.installEnvironment, null),
    { path: K3S_PATHS.installEnvironment, is: "missing" },
  ] as const)
    assert.equal(
      planOf("agent-1", machine("agent-1", [file])).action,
      "upgrade",
      "nobody knows what is installed",
    );
});

test("what only the first boot makes asks for a new card, and says how", () => {
  const right = publicText(
    filesOf("agent-1").find(({ path }) => path === NODE_PATHS.settings)?.content ?? [],
  );
  const settings = (name: string) =>
    different(NODE_PATHS.settings, right.replace(new RegExp(`^${name}=.*$`, "m"), `${name}='other'`));
  assert.equal(planOf("agent-1", machine("agent-1", [settings("STATUS_PORT")])).action, "none");
  for (const name of ["LOGIN", "OS", "ROLE", "CLUSTER", "NAME"])
    assert.equal(planOf("agent-1", machine("agent-1", [settings(name)])).action, "reflash", name);
  const text = formatPlan(planWith([machine("agent-1", [settings("LOGIN")])]));
  assert.match(
    text,
    /^agent-1 .* reflash, 1 file: only a new card brings it.*\n.*\n {2}next: npx quorate card agent-1$/m,
  );
  assert.match(text, /^plan: 1 machine to flash again, 5 as it should be$/m);
});
