// The workflows, by GitHub's own parser and editor checks, and by the rules of this house: each has been seen to refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "@actions/languageservice";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { TextDocument } from "vscode-languageserver-textdocument";
import { ACTIONS } from "./support/actions.ts";
import { readWorkflow, WORKFLOW_RULES, workflowTexts } from "./support/workflows.ts";

const TEXTS = workflowTexts();
/** Secrets and variables that a repository has, or has not: no file tells. */
const SET_ON_GITHUB = new Set([
  "QUORATE_CLUSTER_SECRET",
  "QUORATE_SSH_KEY",
  "QUORATE_LAN",
  "QUORATE_LAB_MIRROR",
]);

test("these workflows, and no others", () => {
  const names = ["apply.yml", "build.yml", "ci.yml", "drift.yml", "validate.yml"];
  assert.deepEqual([...TEXTS.keys()].toSorted(), names);
});

/** The language service remembers what it has read at an address. */
let asked = 0;

test("what each action takes is known here", () => {
  const used = [...TEXTS.values()].flatMap((text) => [...text.matchAll(/uses: (actions\/\S+)/g)]);
  assert.deepEqual([...new Set(used.map(([, name]) => name))].toSorted(), [...ACTIONS.keys()].toSorted());
});

/** What GitHub's parser and its language service say. They know the inputs of the actions that we use. */
async function githubSays(file: string, text: string): Promise<readonly string[]> {
  const { context } = parseWorkflow({ name: file, content: text }, new NoOperationTraceWriter());
  const document = TextDocument.create(`file:///${(asked += 1)}/.github/workflows/${file}`, "yaml", 1, text);
  const said = await validate(document, {
    actionsMetadataProvider: {
      fetchActionMetadata: async ({ owner, name, ref }) => ACTIONS.get(`${owner}/${name}@${ref}`),
    },
  });
  return [
    ...context.errors.getErrors().map(({ message }) => message),
    ...said
      .filter(
        ({ message }) => !SET_ON_GITHUB.has(String(message).replace("Context access might be invalid: ", "")),
      )
      .map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
  ];
}

for (const [file, text] of TEXTS) {
  test(`${file}: GitHub has nothing to say about it`, async () => {
    assert.deepEqual(await githubSays(file, text), []);
  });

  for (const [rule, complaints] of Object.entries(WORKFLOW_RULES)) {
    test(`${file}: ${rule}`, () => {
      assert.deepEqual(complaints(readWorkflow(file, text)), []);
    });
  }
}

/** The file with one place changed; it must be there. */
function edited(file: string, from: string | RegExp, to: string): string {
  const text = TEXTS.get(file) ?? "";
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `${file} does not hold ${String(from)}`);
  return changed;
}

for (const [file, from, to, message] of [
  ["apply.yml", "timeout-minutes", "timeout-minutez", /Unexpected value 'timeout-minutez'/],
  ["apply.yml", "queue: max", "queue: maxx", /maxx/],
  ["apply.yml", "deployments: write", "deployment: write", /Unexpected value 'deployment'/],
  ["apply.yml", "${{ inputs.node }}", "${{ inputs.nodes }}", /Context access might be invalid: nodes/],
  ["apply.yml", "fetch-depth: 0", "fetch-dept: 0", /Invalid action input 'fetch-dept'/],
  ["validate.yml", "needs: plan", "needs: plans", /plans/],
  ["validate.yml", "steps.report.outputs", "steps.reports.outputs", /reports/],
  ["validate.yml", "!cancelled() &&", "!canceled() &&", /canceled/],
  ["drift.yml", '"43 4 * * *"', '"43 25 * * *"', /cron/i],
  ["ci.yml", "branches: [main]", "branch: [main]", /Unexpected value 'branch'/],
] as const) {
  test(`GitHub refuses ${file} with ${to}`, async () => {
    const said = await githubSays(file, edited(file, from, to));
    assert.match(said.join("\n"), message);
  });
}

const BREACHES: Readonly<Record<string, readonly (readonly [string, string | RegExp, string])[]>> = {
  "actions are pinned by commit, with their version behind it": [
    ["apply.yml", /checkout@[0-9a-f]{40}/, "checkout@v7"],
    ["apply.yml", / # v7\.0\.1/, ""],
    ["build.yml", / # v7\.0\.1/, " # v7"],
    ["ci.yml", /actions\/checkout@/, "someone/checkout@"],
  ],
  "no permission is given to all jobs, and each one of a job says what for": [
    ["apply.yml", "permissions: {}", "permissions: read-all"],
    ["apply.yml", "permissions: {}\n", ""],
    ["drift.yml", / # the one issue/, ""],
    ["build.yml", / {4}permissions:\n.*\n/, ""],
    ["build.yml", /permissions:\n {6}contents.*\n/, "permissions: write-all\n"],
  ],
  "every job ends by itself": [
    ["drift.yml", "    timeout-minutes: 30\n", ""],
    ["apply.yml", "timeout-minutes: 180", "timeout-minutes: 4000"],
  ],
  "nothing is put into a command's text": [
    ["apply.yml", "pipeline apply\n", "pipeline apply --node ${{ inputs.node }}\n"],
  ],
  "no stranger starts a workflow that may write": [
    ["validate.yml", "  pull_request:", "  pull_request_target:"],
    ["apply.yml", "  workflow_dispatch:", "  issue_comment:\n  workflow_dispatch:"],
    ["drift.yml", "  workflow_dispatch:", "  workflow_run:\n    workflows: [ci]"],
  ],
  "the runner in the LAN has jobs of the main branch only": [
    ["apply.yml", "  workflow_dispatch:", "  pull_request:\n  workflow_dispatch:"],
    ["validate.yml", "runs-on: ubuntu-24.04", "runs-on: [self-hosted, linux, quorate]"],
    ["validate.yml", "runs-on: ubuntu-24.04", "runs-on: quorate"],
    ["apply.yml", "    branches: [main]\n", '    branches: ["**"]\n'],
    ["drift.yml", "  workflow_dispatch:", "  workflow_call:"],
  ],
  "no checkout leaves a token behind": [
    ["apply.yml", "          persist-credentials: false\n", ""],
    ["ci.yml", "persist-credentials: false", "persist-credentials: true"],
  ],
  "the last command of a step is told when the run is cancelled": [
    ["apply.yml", "run: exec node", "run: node"],
    ["build.yml", "run: exec npm run -s bundle", "run: |\n          exec true\n          npm run -s bundle"],
  ],
  "what works on machines waits for its turn and is never cut short": [
    ["apply.yml", "      queue: max\n", ""],
    ["drift.yml", "group: cluster", "group: drift"],
    ["apply.yml", "cancel-in-progress: false", "cancel-in-progress: true"],
    ["apply.yml", "jobs:", "concurrency:\n  group: all\njobs:"],
    ["drift.yml", /concurrency:\n(?: {6}.*\n)+/, "continue-on-error: false\n"],
  ],
  "a pull request meets no secret, and its code no token that writes": [
    ["validate.yml", "${{ github.token }}", "${{ secrets.QUORATE_SSH_KEY }}"],
    ["validate.yml", "          ref: ${{ github.event.pull_request.base.sha }}\n", ""],
    ["validate.yml", "pull_request.base.sha", "pull_request.head.sha"],
    ["ci.yml", /contents: read #/, "contents: write #"],
    [
      "validate.yml",
      'report"\n      #',
      'report"\n        env:\n          TOKEN: ${{ github.token }}\n      #',
    ],
    ["validate.yml", "    outputs:", "    environment: cluster-drift\n    outputs:"],
  ],
  "the runner in the LAN runs the bundle and nothing else": [
    [
      "apply.yml",
      "      - name: Fetch the bundle",
      "      - run: exec npm ci --ignore-scripts\n      - name: Fetch the bundle",
    ],
    ["drift.yml", '"$RUNNER_TEMP/bundle/quorate.mjs"', "generator/quorate.mjs"],
    ["apply.yml", "pipeline apply\n", 'pipeline apply "$(cat note)"\n'],
  ],
  "a secret belongs to an environment, and the cluster's to that of apply alone": [
    ["drift.yml", /environment:\n.*\n/, "continue-on-error: false\n"],
    ["drift.yml", "QUORATE_SSH_KEY: ${{", "QUORATE_CLUSTER_SECRET: ${{"],
    ["drift.yml", "name: cluster-drift", "name: cluster"],
    [
      "apply.yml",
      "    permissions:\n      contents: read",
      "    secrets: inherit\n    permissions:\n      contents: read",
    ],
  ],
  "a required check is always there": [
    ["validate.yml", "    branches: [main]\n", "    branches: [main]\n    paths: [cluster.config.json]\n"],
    ["validate.yml", "    branches: [main]\n", "    types: [opened]\n"],
  ],
  "no package runs a script when it is installed": [
    ["build.yml", "npm ci --ignore-scripts", "npm ci"],
    ["ci.yml", "npm ci --ignore-scripts", "npm install"],
    ["validate.yml", "exec node --import tsx/esm", "exec npx tsx"],
  ],
  "nothing comes from a cache that another branch may have filled": [
    ["build.yml", "package-manager-cache: false", "cache: npm"],
    ["ci.yml", /actions\/checkout@/, "actions/cache@"],
  ],
  "an artifact lies outside of the checkout": [
    ["validate.yml", "path: ${{ runner.temp }}/report\n", "path: report\n"],
    ["apply.yml", "path: ${{ runner.temp }}/bundle\n", ""],
  ],
  "a schedule keeps away from the minutes that everybody takes": [["drift.yml", '"43 4', '"0 4']],
};

test("every rule has an example of its breach", () => {
  assert.deepEqual(Object.keys(BREACHES), Object.keys(WORKFLOW_RULES));
});

for (const [rule, breaches] of Object.entries(BREACHES)) {
  for (const [index, [file, from, to]] of breaches.entries()) {
    test(`${rule}: refused where it is not so (${file}, ${index + 1})`, () => {
      const complaints = WORKFLOW_RULES[rule]?.(readWorkflow(file, edited(file, from, to)));
      assert.notDeepEqual(complaints, []);
    });
  }
}
