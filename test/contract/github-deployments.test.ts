// A deployment for each machine and run: made once, said once, whatever happens to the network.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Deployment, setDeployment } from "../../generator/github/deployments.ts";
import { playGithub } from "../support/github/play.ts";

function play(t: TestContext) {
  const { fake, github, repo } = playGithub(t);
  const sha = fake.push("main", { "cluster.config.json": "{}" });
  const run = { id: 7, attempt: 1, url: "https://github.test/somebody/cluster/actions/runs/7/attempts/1" };
  const of = { repo, sha, run, machine: "server-1" };
  const wanted: Deployment = { ...of, state: "in_progress", description: "restart" };
  const set = (more: Partial<Deployment> = {}) => setDeployment(github, { ...wanted, ...more });
  const shown = () =>
    [...fake.state.deployments.values()].map(({ environment, statuses }) => [
      environment,
      ...statuses.map(({ state }) => state),
    ]);
  return { fake, sha, run, set, shown };
}

test("a state after the other on one deployment of a machine", async (t) => {
  const { fake, run, sha, set, shown } = play(t);
  const { id } = await set();
  assert.deepEqual(await set({ state: "success", description: "restarted" }), { id });
  await set({ machine: "lb1", state: "failure", description: "x".repeat(200) });
  assert.deepEqual(shown(), [
    ["node/server-1", "in_progress", "success"],
    ["node/lb1", "failure"],
  ]);
  const [first, second] = [...fake.state.deployments.values()];
  assert.equal(first?.sha, sha);
  assert.equal(first?.statuses[0]?.log, run.url);
  assert.equal(second?.statuses[0]?.description, `${"x".repeat(139)}…`);
});

test("nothing of the commit's other checks is asked for, and nothing is merged", async (t) => {
  const { fake, set } = play(t);
  await set();
  const body = fake.asked("repos/create-deployment")[0]?.body as Record<string, unknown>;
  assert.equal(body["auto_merge"], false);
  assert.deepEqual(body["required_contexts"], []);
});

test("a re-run goes on with the deployment of its run, another run begins one of its own", async (t) => {
  const { run, set, shown } = play(t);
  await set({ state: "failure" });
  await set({ state: "success", run: { ...run, attempt: 2, url: run.url.replace("/1", "/2") } });
  assert.deepEqual(shown(), [["node/server-1", "failure", "success"]]);
  await set({ run: { ...run, id: 8 } });
  assert.deepEqual(shown(), [
    ["node/server-1", "failure", "success"],
    ["node/server-1", "in_progress"],
  ]);
});

test("a state that it has is not said again", async (t) => {
  const { fake, set } = play(t);
  await set();
  await set();
  assert.equal(fake.asked("repos/create-deployment-status").length, 1);
  assert.equal(fake.asked("repos/create-deployment").length, 1);
});

for (const fault of ["lost-after", "lost-before", "torn"] as const) {
  test(`made and said once where the connection is ${fault}`, async (t) => {
    const { fake, set, shown } = play(t);
    fake.fault("repos/create-deployment", fault);
    fake.fault("repos/create-deployment-status", fault);
    await set();
    assert.deepEqual(shown(), [["node/server-1", "in_progress"]]);
  });
}

test("without the permission it says which", async (t) => {
  const { fake, set } = play(t);
  fake.fault("repos/create-deployment", {
    status: 403,
    message: "Resource not accessible by integration",
    headers: { "x-accepted-github-permissions": "deployments=write" },
  });
  await assert.rejects(set(), { hint: /permissions: deployments: write$/ });
});
