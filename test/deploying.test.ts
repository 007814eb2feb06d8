// Deployments beside the work: each machine's states in their order, nothing of what was not begun, and no failure that ends anything.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { MachineResult, Outcome } from "../generator/apply/rollout.ts";
import { deploying } from "../generator/github/deploying.ts";
import { playGithub } from "./support/github/play.ts";

const result = (name: string, outcome: Outcome, message = ""): MachineResult => ({
  name,
  role: "server",
  action: "restart",
  outcome,
  seconds: 1,
  message,
  next: "",
});

function play(t: TestContext) {
  const { fake, github, repo } = playGithub(t);
  const sha = fake.push("main", { "cluster.config.json": "{}" });
  const run = { id: 7, attempt: 1, url: "https://github.test/run" };
  const hidden = (text: string) => text.replaceAll("hush", "[redacted]");
  const told = deploying(github, { repository: repo, sha, run }, hidden);
  const shown = () =>
    [...fake.state.deployments.values()].map(
      ({ environment, statuses }) =>
        `${environment} ${statuses.map(({ state, description }) => `${state}: ${description}`).join(", ")}`,
    );
  return { fake, ...told, shown };
}

test("what is told of one machine keeps its order, and a step more is no news", async (t) => {
  const { fake, watcher, begun, told, shown } = play(t);
  assert.equal(begun(), false);
  fake.fault("repos/create-deployment", { status: 503, message: "Oops" }, { times: 2 });
  watcher.begin("server-1", "gate");
  watcher.begin("server-1", "send");
  watcher.begin("server-2", "gate");
  watcher.end("server-1", "send");
  watcher.result(result("server-1", "applied"));
  watcher.result(result("server-2", "rolled back", "it is not healthy: hush"));
  assert.equal(begun(), true);
  assert.deepEqual(await told(), []);
  assert.deepEqual(shown().toSorted(), [
    "node/server-1 in_progress: is worked on, success: restart: applied",
    "node/server-2 in_progress: is worked on, failure: it is not healthy: [redacted]",
  ]);
});

test("each outcome has its state; where nothing was begun there is none", async (t) => {
  const { watcher, told, shown } = play(t);
  const states: Readonly<Record<Outcome, string | null>> = {
    applied: "success",
    joined: "success",
    removed: "success",
    failed: "failure",
    "rolled back": "failure",
    interrupted: "error",
    "not reached": "error",
    unchanged: null,
    "not begun": null,
    "left alone": null,
  };
  const all = Object.entries(states) as readonly (readonly [Outcome, string | null])[];
  for (const [outcome] of all) watcher.result(result(outcome.replaceAll(" ", "-"), outcome));
  await told();
  assert.deepEqual(
    shown()
      .map((line) => line.split(":")[0])
      .toSorted(),
    all
      .flatMap(([outcome, state]) => (state ? [`node/${outcome.replaceAll(" ", "-")} ${state}`] : []))
      .toSorted(),
  );
});

test("what GitHub does not take is said once at the end; what it takes later is not", async (t) => {
  const { fake, watcher, told } = play(t);
  fake.fault("repos/create-deployment", { status: 403, message: "Resource not accessible" }, { times: 3 });
  watcher.begin("server-1", "gate");
  watcher.begin("server-2", "gate");
  watcher.result(result("server-2", "applied"));
  watcher.result(result("server-1", "failed"));
  const [line = "", ...more] = await told();
  assert.deepEqual(more, []);
  assert.match(
    line,
    /^what became of server-[12] is not under Deployments \(GitHub answers 403 .*\); it is in/,
  );
});
