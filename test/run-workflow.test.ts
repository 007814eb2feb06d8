// The stand-in for GitHub's runner: expressions by GitHub's evaluator, and the shipped workflows with programs that only tell what they got.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { conditionHolds, filledIn } from "./support/expressions.ts";
import { fakeGithub } from "./support/github/fake.ts";
import { type RunOptions, runWorkflow, type WorkflowEvent } from "./support/run-workflow.ts";
import { scratch } from "./support/scratch.ts";

const WELL = { failed: false, cancelled: false };

test("a condition holds as GitHub says: success() stands before it, unless it asks for the status itself", () => {
  const contexts = {
    vars: {},
    github: { event_name: "push" },
    needs: { plan: { outputs: { report: "1" } } },
  };
  const holds = (text: string | undefined, standing = WELL) => conditionHolds(text, contexts, standing);
  const failed = { ...WELL, failed: true };
  assert.equal(holds(undefined), true);
  assert.equal(holds(undefined, failed), false);
  assert.equal(holds("${{ vars.QUORATE_LAN != 'off' }}"), true, "a variable that is not set");
  assert.equal(holds("github.event_name == 'PUSH'"), true, "GitHub's texts know no upper and lower case");
  assert.equal(holds("github.event_name == 'push'", failed), false);
  assert.equal(holds("${{ !cancelled() && needs.plan.outputs.report != '' }}", failed), true);
  assert.equal(holds("always()", { failed: true, cancelled: true }), true);
  assert.equal(holds("failure()", failed), true);
  assert.equal(holds("github.event.number"), false, "null");
});

test("expressions in a text are filled in: null is empty, a truth value a word", () => {
  const contexts = { inputs: { node: "", outage: true }, secrets: { A: "1" } };
  assert.equal(
    filledIn("a ${{ inputs.node }}b${{ inputs.outage }} ${{ secrets.A }}${{ secrets.B }}", contexts),
    "a btrue 1",
  );
});

// npm makes the bundle; node tells its arguments and what of its environment is ours or GitHub's.
const NPM = `#!/bin/sh
echo "npm $*"
case "$*" in
  "run -s bundle") mkdir dist; echo bundled >dist/quorate.mjs ;;
  *"$FAILS"*) [ -z "$FAILS" ] || exit 1 ;;
esac
`;
const NODE = `#!/bin/sh
echo "node $*"
cat "$1"
env | grep -E '^(QUORATE|GITHUB_(TOKEN|REF|SHA|EVENT_NAME|RUN_ATTEMPT))' | sort
echo told >>"$GITHUB_STEP_SUMMARY"
[ ! -e "$FOLDER/hangs" ] || exec sleep 60
`;

function play(t: TestContext) {
  const folder = scratch(t);
  const fake = fakeGithub(join(folder, "cluster.git"));
  const sha = fake.push("main", { "cluster.config.json": "{}" });
  mkdirSync(join(folder, "bin"));
  for (const [name, text] of Object.entries({ npm: NPM, node: NODE }))
    writeFileSync(join(folder, "bin", name), text, { mode: 0o755 });
  const repository = {
    name: "somebody/cluster",
    git: fake.state.git.path,
    api: "http://127.0.0.1:9",
    token: "a-token",
    secrets: {
      cluster: { QUORATE_CLUSTER_SECRET: "the-root", QUORATE_SSH_KEY: "a-key" },
      "cluster-drift": { QUORATE_SSH_KEY: "another-key" },
    },
  };
  const event: WorkflowEvent = { name: "push", ref: "refs/heads/main", sha, payload: {} };
  let runs = 0;
  const go = (file: string, more: Partial<WorkflowEvent> = {}, options: Partial<RunOptions> = {}) => {
    runs += 1;
    const own = join(folder, `run-${runs}`);
    mkdirSync(own);
    const environment = { PATH: `${folder}/bin:${process.env["PATH"]}`, FOLDER: folder, FAILS: "" };
    return runWorkflow(
      file,
      repository,
      { ...event, ...more },
      { folder: own, id: runs, environment, ...options },
    );
  };
  return { folder, fake, sha, go };
}

test("apply.yml: the bundle of the other job, the cluster's secrets, and its inputs as variables", async (t) => {
  const { sha, go } = play(t);
  const inputs = { node: "lb-1", accept: "lb-1:reload", "accept-outage": true };
  const jobs = await go("apply.yml", { name: "workflow_dispatch", inputs });
  assert.deepEqual(
    [...jobs].map(([name, { conclusion }]) => `${name} ${conclusion}`),
    ["build/bundle success", "build success", "apply success"],
  );
  assert.match(
    jobs.get("build/bundle")?.log ?? "",
    /^npm ci --ignore-scripts\nnpm run -s hermetic\nnpm run -s bundle\n/,
  );
  const { log = "", summary } = jobs.get("apply") ?? {};
  assert.match(log, /^node \/.*\/bundle\/quorate\.mjs pipeline apply\nbundled\n/);
  assert.deepEqual(log.split("\n").slice(2), [
    "GITHUB_EVENT_NAME=workflow_dispatch",
    "GITHUB_REF=refs/heads/main",
    "GITHUB_RUN_ATTEMPT=1",
    `GITHUB_SHA=${sha}`,
    "GITHUB_TOKEN=a-token",
    "QUORATE_ACCEPT=lb-1:reload",
    "QUORATE_ACCEPT_OUTAGE=true",
    "QUORATE_CLUSTER_SECRET=the-root",
    "QUORATE_NODE=lb-1",
    "QUORATE_SSH_KEY=a-key",
    "",
  ]);
  assert.equal(summary, "told\n");
});

test("drift.yml: no secret of the cluster, and no input", async (t) => {
  const { go } = play(t);
  const { log = "" } = (await go("drift.yml", { name: "schedule" })).get("drift") ?? {};
  assert.deepEqual(log.match(/^QUORATE.*$/gm), ["QUORATE_SSH_KEY=another-key"]);
});

test("what fails keeps the rest from being done, and a job that needs it is skipped", async (t) => {
  const { folder, go } = play(t);
  const environment = { PATH: `${folder}/bin:${process.env["PATH"]}`, FOLDER: folder, FAILS: "hermetic" };
  const jobs = await go("apply.yml", {}, { environment });
  assert.deepEqual(
    [...jobs].map(([name, { conclusion }]) => `${name} ${conclusion}`),
    ["build/bundle failure", "build failure", "apply skipped"],
  );
  assert.doesNotMatch(jobs.get("build/bundle")?.log ?? "", /run -s bundle/);
  assert.match(jobs.get("build/bundle")?.log ?? "", /the step Test the code has failed/);
});

test("a step that is told to end ends: exec makes it the program itself", async (t) => {
  const { folder, go } = play(t);
  writeFileSync(join(folder, "hangs"), "");
  const jobs = await go(
    "apply.yml",
    {},
    {
      started: (step, child) => {
        if (step !== "Apply") return;
        child.stdout?.on("data", (part: string) => part.includes("QUORATE_SSH_KEY") && child.kill("SIGINT"));
      },
    },
  );
  assert.equal(jobs.get("apply")?.conclusion, "failure");
});

test("the checkout is at the commit of the event, also where its branch has moved on", async (t) => {
  const { folder, fake, sha, go } = play(t);
  fake.push("main", { "cluster.config.json": "{ }" });
  writeFileSync(
    join(folder, "bin/node"),
    '#!/bin/sh\ngit rev-parse HEAD "@{upstream}"\ngit log --oneline | wc -l\n',
    { mode: 0o755 },
  );
  const { log } = (await go("drift.yml")).get("drift") ?? {};
  assert.equal(log, `${sha}\n${sha}\n1\n`);
});
