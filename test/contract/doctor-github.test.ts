// doctor and GitHub: the questions go to the stand-in, held against GitHub's own description, and one thing after the other is wrong.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Control, isOffered } from "../../generator/doctor/controls.ts";
import { askGithub } from "../../generator/doctor/ask/github.ts";
import type { GithubGiven } from "../../generator/doctor/github.ts";
import { controlsOf, githubLines } from "../../generator/doctor/github-lines.ts";
import type { Line } from "../../generator/doctor/line.ts";
import { readWorkflow, type Workflow } from "../../generator/doctor/workflow.ts";
import { openGithub } from "../../generator/github/client.ts";
import { NO_SESSION, run } from "../../generator/verbs.ts";
import { BOT_TOKEN, type FakeGithub, fakeGithub } from "../support/github/fake.ts";
import { serveGithub } from "../support/github/serve.ts";
import type { Settings } from "../support/github/settings.ts";
import { planPlace } from "../support/plan-place.ts";
import { scratch } from "../support/scratch.ts";

const SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1";
const WORKFLOWS = [
  `on: { push: { branches: [main] } }
jobs:
  apply:
    runs-on: [self-hosted, linux, quorate]
    environment: { name: cluster }
    steps:
      - uses: actions/checkout@${SHA}
      - { run: a, env: { A: "\${{ secrets.QUORATE_CLUSTER_SECRET }}", B: "\${{ secrets.QUORATE_SSH_KEY }}" } }
`,
  `on: { schedule: [{ cron: "1 1 * * *" }] }
jobs:
  drift:
    runs-on: [self-hosted, linux, quorate]
    environment: cluster-drift
    steps: [{ run: a, env: { B: "\${{ secrets.QUORATE_SSH_KEY }}" } }]
`,
].flatMap((text, index) => readWorkflow(`${index}.yml`, text) ?? []);
const PLACE = { host: "github.com", owner: "somebody", repo: "cluster" };

/** A repository as it should be, on a plan that has most of it. */
function wellSet({ settings }: FakeGithub["state"]): void {
  settings.rules.set("main", ["deletion", "non_fast_forward"]);
  settings.environments.set("cluster", {
    branches: [{ name: "main" }],
    secrets: ["QUORATE_CLUSTER_SECRET", "QUORATE_SSH_KEY"],
  });
  settings.environments.set("cluster-drift", { branches: [{ name: "main" }], secrets: ["QUORATE_SSH_KEY"] });
  settings.actions = { enabled: true, allowed_actions: "selected", sha_pinning_required: true };
  settings.runners = [
    { name: "lan-1", labels: ["self-hosted", "Linux", "X64", "quorate"], status: "online" },
  ];
}

interface Asked {
  readonly lines: readonly Line[];
  readonly controls: readonly Control[];
}

interface Wish {
  readonly stateBranch?: string;
  readonly workflows?: readonly Workflow[];
  readonly hook?: boolean;
}

async function ask(t: TestContext, change: (fake: FakeGithub) => void, wish: Wish = {}): Promise<Asked> {
  const fake = fakeGithub(join(scratch(t), "git"));
  wellSet(fake.state);
  change(fake);
  const { workflows = WORKFLOWS, stateBranch = null, hook = null } = wish;
  const github = openGithub({
    token: BOT_TOKEN,
    api: "https://api.github.test",
    fetch: fake.fetch,
    hurried: true,
  });
  const environments = ["cluster", "cluster-drift"];
  const answers = await askGithub(github, PLACE, { stateBranch, environments });
  assert.deepEqual(fake.violations, []);
  // Nothing but questions.
  assert.ok(fake.log.every(({ body }) => body === undefined));
  const given: GithubGiven = { github: answers, workflows, hook };
  return { lines: githubLines(given), controls: controlsOf(given) };
}

const ill = (lines: readonly Line[]) =>
  lines.flatMap(({ id, result, seen, next }) => (result === "ok" ? [] : [[id, result, seen, next]]));
const of = ({ controls }: Asked, state: Control["state"]) =>
  controls.flatMap((control) => (control.state === state ? [control.name] : []));

test("a private repository as it should be, on a paid plan", async (t) => {
  const asked = await ask(t, () => {}, { hook: true });
  assert.deepEqual(
    asked.lines.map(({ id, result, seen }) => `${id} ${result} ${seen}`),
    [
      "visibility ok private",
      "plan ok not the free one",
      "branch-rules ok enforced: deletion and non_fast_forward",
      "state-branch ok main is open to it",
      "environment/cluster ok enforced: main only",
      "secrets/cluster ok enforced: QUORATE_CLUSTER_SECRET and QUORATE_SSH_KEY, in the environment",
      "environment/cluster-drift ok enforced: main only",
      "secrets/cluster-drift ok enforced: QUORATE_SSH_KEY, in the environment",
      "actions-policy ok enforced: by commit only, selected ones",
      "default-permissions ok enforced: it only reads",
      "fork-approval ok enforced: they never run",
      "runners ok lan-1 (self-hosted, linux, quorate)",
    ],
  );
  assert.deepEqual(of(asked, "enforced"), [
    "branch rules",
    "environment branches",
    "environment secrets",
    "runner hook",
  ]);
  assert.deepEqual(of(asked, "unknown"), ["execution policies"]);
  assert.deepEqual(of(asked, "not set"), ["required reviewers"]);
});

const set = (change: (settings: Settings) => void) => (fake: FakeGithub) => change(fake.state.settings);
const environment =
  (branches: "any" | "protected" | readonly { readonly name: string; readonly type?: string }[]) =>
  ({ state: { settings } }: FakeGithub) =>
    void settings.environments.set("cluster-drift", { branches, secrets: ["QUORATE_SSH_KEY"] });
const DRIFT =
  "Settings, Environments, cluster-drift, Deployment branches and tags: Selected branches and tags";
const HOOK_ONLY = "not available on this plan: the runner hook is the only guard";
const HOOK = "npx quorate runner-hook prints it and how to install it";
const GENERAL = "Settings, Actions, General";
const FORKS = `${GENERAL}, Fork pull request workflows`;
const ON_RUNNER =
  "on the runner: QUORATE_CLUSTER_SECRET_FILE=FILE in its .env, that FILE and an SSH key for its user alone";
const NEW_RUNNER = `Settings, Actions, Runners, New self-hosted runner, with the labels self-hosted, linux, quorate; before it starts: ${HOOK}`;
const DENIED = { status: 403, message: "Resource not accessible by personal access token" };
const permission = (name: string) =>
  `ask with a token of an administrator of the repository; a fine-grained one needs "${name}: Read-only"`;
const NO = `this token may not ask: ${DENIED.message}`;
const RULED = 'write "state": { "branch": "state" } into the config, and leave the rules as they are';

for (const [what, change, expected, wish = {}] of [
  [
    "public, with a runner in the LAN",
    set((settings) => {
      settings.visibility = "public";
      settings.approval = "all_external_contributors";
    }),
    [
      [
        "visibility",
        "fail",
        "public, and a runner is registered: refused",
        "make it private: anybody may fork a public repository, rewrite the workflow in a pull request and run programs in your LAN",
      ],
    ],
  ],
  [
    "public, and its workflows ask for a runner",
    set((settings) => {
      settings.visibility = "public";
      settings.approval = "all_external_contributors";
      settings.runners = [];
    }),
    [
      [
        "visibility",
        "fail",
        "public, and its workflows ask for a runner in the LAN: refused",
        "make it private: anybody may fork a public repository, rewrite the workflow in a pull request and run programs in your LAN",
      ],
      ["runners", "fail", "none has the labels self-hosted, linux, quorate", NEW_RUNNER],
    ],
  ],
  [
    "public, with nothing in the LAN",
    set((settings) => {
      settings.visibility = "public";
      settings.runners = [];
    }),
    [
      [
        "visibility",
        "warn",
        "public, without a runner of its own",
        "make it private before a runner is registered",
      ],
      [
        "fork-approval",
        "warn",
        "only first time contributors have to be let in",
        `${FORKS}: Require approval for all external contributors`,
      ],
    ],
    { workflows: [] },
  ],
  [
    "internal",
    set((settings) => {
      settings.visibility = "internal";
    }),
    [
      [
        "visibility",
        "warn",
        "internal: everybody in the enterprise can read it, and so ask for the runner",
        "make it private",
      ],
    ],
  ],
  [
    "private on the free plan",
    ({ state: { settings } }) => {
      settings.plan = "free";
      settings.environments.clear();
    },
    [
      [
        "plan",
        "warn",
        "free: a private repository has neither branch rules nor environments there; the runner hook is the only guard",
        `${HOOK}; or Pro or Team, and the same question again`,
      ],
      ["branch-rules", "warn", HOOK_ONLY, HOOK],
      ["environment/cluster", "warn", HOOK_ONLY, HOOK],
      [
        "secrets/cluster",
        "unknown",
        "not on GitHub: QUORATE_CLUSTER_SECRET and QUORATE_SSH_KEY; so the runner has to have them itself",
        ON_RUNNER,
      ],
      ["environment/cluster-drift", "warn", HOOK_ONLY, HOOK],
      [
        "secrets/cluster-drift",
        "unknown",
        "not on GitHub: QUORATE_SSH_KEY; so the runner has to have them itself",
        ON_RUNNER,
      ],
    ],
  ],
  [
    "no rules for main",
    set(({ rules }) => rules.delete("main")),
    [
      [
        "branch-rules",
        "warn",
        "not set: no force push and no deletion",
        "Settings, Rules, Rulesets, New branch ruleset: active, for main, Restrict deletions and Block force pushes",
      ],
    ],
  ],
  [
    "main takes pull requests only",
    set(({ rules }) => rules.set("main", ["deletion", "non_fast_forward", "pull_request"])),
    [["state-branch", "fail", "the rules of main keep the workflow's own token out: pull_request", RULED]],
  ],
  [
    "main is protected in the older way",
    set(({ rules, protection }) => {
      rules.delete("main");
      protection.set("main", {
        required_status_checks: { contexts: ["plan"], checks: [], strict: true },
        allow_force_pushes: { enabled: false },
        allow_deletions: { enabled: false },
        lock_branch: { enabled: false },
      });
    }),
    [
      [
        "state-branch",
        "fail",
        "the rules of main keep the workflow's own token out: required_status_checks",
        RULED,
      ],
    ],
  ],
  [
    "main takes pull requests only, and state.branch is open",
    set(({ rules }) => rules.set("main", ["deletion", "non_fast_forward", "pull_request"])),
    [],
    { stateBranch: "state" },
  ],
  [
    "state.branch takes pull requests only",
    set(({ rules }) => rules.set("state", ["pull_request"])),
    [
      [
        "state-branch",
        "fail",
        "the rules of state keep the workflow's own token out: pull_request",
        "take state out of that ruleset; keep Block force pushes and Restrict deletions for it",
      ],
    ],
    { stateBranch: "state" },
  ],
  [
    "an environment that is not there",
    set(({ environments }) => environments.delete("cluster-drift")),
    [
      ["environment/cluster-drift", "fail", "it is not there", `${DRIFT}, with the one name main`],
      [
        "secrets/cluster-drift",
        "warn",
        "not on GitHub: QUORATE_SSH_KEY; so the runner has to have them itself",
        `gh secret set QUORATE_SSH_KEY --env cluster-drift; or ${ON_RUNNER}`,
      ],
    ],
  ],
  [
    "an environment for any branch",
    environment("any"),
    [
      [
        "environment/cluster-drift",
        "fail",
        "any branch gets its secrets, a pull request's too",
        `${DRIFT}, with the one name main`,
      ],
    ],
  ],
  [
    "an environment for protected branches",
    environment("protected"),
    [
      [
        "environment/cluster-drift",
        "fail",
        "every branch with branch protection gets its secrets, and where none has it, every branch",
        `${DRIFT}, with the one name main`,
      ],
    ],
  ],
  [
    "an environment for pull requests too",
    environment([{ name: "main" }, { name: "refs/pull/*/merge" }]),
    [
      [
        "environment/cluster-drift",
        "fail",
        "also given to refs/pull/*/merge",
        `${DRIFT}, take out refs/pull/*/merge`,
      ],
    ],
  ],
  [
    "an environment for a tag of that name",
    environment([{ name: "main", type: "tag" }]),
    [["environment/cluster-drift", "fail", "also given to tag main", `${DRIFT}, take out tag main`]],
  ],
  [
    "an environment for no branch",
    environment([]),
    [
      [
        "environment/cluster-drift",
        "fail",
        "main is not among its branches, so no job can run there",
        `${DRIFT}, add main`,
      ],
    ],
  ],
  [
    "a secret of the repository",
    set((settings) => {
      settings.secrets = ["QUORATE_SSH_KEY"];
      settings.environments.set("cluster-drift", { branches: [{ name: "main" }] });
    }),
    [
      [
        "secrets/cluster-drift",
        "warn",
        "QUORATE_SSH_KEY of the repository: a workflow on any branch can read it",
        "gh secret set QUORATE_SSH_KEY --env cluster-drift; gh secret delete QUORATE_SSH_KEY",
      ],
    ],
  ],
  [
    "a secret of the organisation",
    set((settings) => {
      settings.organisation = true;
      settings.shared = ["QUORATE_SSH_KEY"];
      settings.environments.set("cluster-drift", { branches: [{ name: "main" }] });
    }),
    [
      [
        "secrets/cluster-drift",
        "warn",
        "QUORATE_SSH_KEY of the repository: a workflow on any branch can read it",
        "gh secret set QUORATE_SSH_KEY --env cluster-drift; gh secret delete QUORATE_SSH_KEY",
      ],
    ],
  ],
  [
    "the drift check is given the cluster's secret",
    set(({ environments }) =>
      environments.set("cluster-drift", {
        branches: [{ name: "main" }],
        secrets: ["QUORATE_CLUSTER_SECRET", "QUORATE_SSH_KEY", "SOMETHING_ELSE"],
      }),
    ),
    [
      [
        "secrets/cluster-drift",
        "fail",
        "it also holds QUORATE_CLUSTER_SECRET, which no job there needs",
        "gh secret delete QUORATE_CLUSTER_SECRET --env cluster-drift",
      ],
    ],
  ],
  [
    "Actions are switched off",
    set((settings) => {
      settings.actions = { ...settings.actions, enabled: false, allowed_actions: "all" };
    }),
    [["actions-policy", "fail", "Actions are switched off here", `${GENERAL}: allow actions`]],
  ],
  [
    "only the repository's own actions are allowed",
    set((settings) => {
      settings.actions = { ...settings.actions, allowed_actions: "local_only" };
    }),
    [
      [
        "actions-policy",
        "fail",
        `not allowed: actions/checkout@${SHA}`,
        `${GENERAL}: allow actions/checkout@*`,
      ],
    ],
  ],
  [
    "selected actions without ours",
    set((settings) => {
      settings.selected = { ...settings.selected, github_owned_allowed: false, patterns_allowed: ["a/b@*"] };
    }),
    [
      [
        "actions-policy",
        "fail",
        `not allowed: actions/checkout@${SHA}`,
        `${GENERAL}: allow actions/checkout@*`,
      ],
    ],
  ],
  [
    "selected actions by a pattern",
    set((settings) => {
      settings.selected = {
        ...settings.selected,
        github_owned_allowed: false,
        patterns_allowed: ["x/y@*", "actions/check*@*"],
      };
    }),
    [],
  ],
  [
    "actions by a tag are allowed",
    set((settings) => {
      settings.actions = { enabled: true, allowed_actions: "all", sha_pinning_required: false };
    }),
    [
      [
        "actions-policy",
        "warn",
        "an action may be named by a tag, which can be moved",
        `${GENERAL}: Require actions to be pinned to a full-length commit SHA`,
      ],
    ],
  ],
  [
    "a token that writes by default",
    set((settings) => {
      settings.token = { ...settings.token, default_workflow_permissions: "write" };
    }),
    [
      [
        "default-permissions",
        "fail",
        "it may write everywhere",
        `${GENERAL}, Workflow permissions: Read repository contents, without approving pull requests`,
      ],
    ],
  ],
  [
    "a token that approves",
    set((settings) => {
      settings.token = { ...settings.token, can_approve_pull_request_reviews: true };
    }),
    [
      [
        "default-permissions",
        "warn",
        "it only reads, but may approve pull requests",
        `${GENERAL}, Workflow permissions: Read repository contents, without approving pull requests`,
      ],
    ],
  ],
  [
    "forks run with a token that writes, and the secrets",
    set((settings) => {
      settings.forks = {
        run_workflows_from_fork_pull_requests: true,
        send_write_tokens_to_workflows: true,
        send_secrets_and_variables: true,
        require_approval_for_fork_pr_workflows: true,
      };
    }),
    [
      [
        "fork-approval",
        "fail",
        "they run with a token that writes and the secrets",
        `${FORKS}: send neither write tokens nor secrets`,
      ],
    ],
  ],
  [
    "forks run by themselves",
    set((settings) => {
      settings.forks = { ...settings.forks, run_workflows_from_fork_pull_requests: true };
    }),
    [["fork-approval", "warn", "they run by themselves", `${FORKS}: Require approval`]],
  ],
  [
    "forks run when somebody says so",
    set((settings) => {
      settings.forks = {
        ...settings.forks,
        run_workflows_from_fork_pull_requests: true,
        require_approval_for_fork_pr_workflows: true,
      };
    }),
    [],
  ],
  [
    "no runner",
    set((settings) => {
      settings.runners = [];
    }),
    [["runners", "fail", "none has the labels self-hosted, linux, quorate", NEW_RUNNER]],
  ],
  [
    "no runner of an organisation's repository",
    set((settings) => {
      settings.organisation = true;
      settings.runners = [];
    }),
    [
      [
        "runners",
        "unknown",
        "none of this repository's own has the labels self-hosted, linux, quorate; one of the organisation is not listed here",
        NEW_RUNNER,
      ],
    ],
  ],
  [
    "a runner with other labels",
    set((settings) => {
      settings.runners = [{ name: "lan-1", labels: ["self-hosted", "Linux"], status: "online" }];
    }),
    [["runners", "fail", "none has the labels self-hosted, linux, quorate", NEW_RUNNER]],
  ],
  [
    "a runner that is offline",
    set((settings) => {
      settings.runners = settings.runners.map((each) => ({ ...each, status: "offline" as const }));
    }),
    [
      [
        "runners",
        "warn",
        "offline: lan-1; jobs wait for it, and fail after 24 hours",
        "switch that machine on, and start its service there: sudo ./svc.sh start",
      ],
    ],
  ],
  [
    "a token that may not ask for everything",
    (fake) => {
      for (const operation of [
        "actions/get-github-actions-permissions-repository",
        "actions/get-github-actions-default-workflow-permissions-repository",
        "actions/get-private-repo-fork-pr-workflows-settings-repository",
        "actions/list-self-hosted-runners-for-repo",
        "actions/list-repo-secrets",
      ])
        fake.fault(operation, DENIED);
      fake.fault("repos/get-environment", DENIED, { times: 2 });
      fake.fault("repos/get-branch-rules", DENIED);
      fake.fault("repos/get-branch-protection", DENIED);
    },
    [
      ["plan", "unknown", "GitHub does not tell it to this token", "Settings, Billing of the owner shows it"],
      ["branch-rules", "unknown", NO, permission("Metadata")],
      ["state-branch", "unknown", NO, permission("Metadata")],
      ["environment/cluster", "unknown", NO, permission("Actions")],
      ["secrets/cluster", "unknown", NO, permission("Environments")],
      ["environment/cluster-drift", "unknown", NO, permission("Actions")],
      ["secrets/cluster-drift", "unknown", NO, permission("Environments")],
      ["actions-policy", "unknown", NO, permission("Administration")],
      ["default-permissions", "unknown", NO, permission("Administration")],
      ["fork-approval", "unknown", NO, permission("Administration")],
      ["runners", "unknown", NO, permission("Administration")],
    ],
  ],
  [
    "GitHub gives no answer to one question",
    (fake) => fake.fault("actions/list-self-hosted-runners-for-repo", "lost-before", { times: 9 }),
    [
      [
        "runners",
        "unknown",
        "GitHub gave no answer: other side closed",
        "look at https://www.githubstatus.com, then ask again",
      ],
    ],
  ],
] as const satisfies readonly (readonly [
  string,
  (fake: FakeGithub) => unknown,
  readonly (readonly string[])[],
  Wish?,
])[]) {
  test(`GitHub: ${what}`, async (t) => {
    assert.deepEqual(
      ill((await ask(t, change, wish)).lines),
      expected.map((line) => [...line]),
    );
  });
}

test("a repository that the token does not see: every line says so", async (t) => {
  const { lines, controls } = await ask(t, (fake) =>
    fake.fault("repos/get", { status: 404, message: "Not Found" }),
  );
  assert.ok(lines.length >= 10);
  for (const { result, seen } of lines)
    assert.deepEqual([result, seen], ["unknown", "GitHub shows no somebody/cluster to this token"]);
  assert.deepEqual(controls, []);
});

test("what is enforced by plan: free leaves only the hook; a plan that is told decides the rest", async (t) => {
  const free = await ask(
    t,
    set((settings) => {
      settings.plan = "free";
    }),
    { hook: true },
  );
  assert.deepEqual(of(free, "enforced"), ["runner hook"]);
  assert.equal(of(free, "not available on this plan").length, 5);
  const pro = await ask(
    t,
    set((settings) => {
      settings.tellsPlan = true;
    }),
    { hook: false },
  );
  assert.deepEqual(of(pro, "not available on this plan"), ["required reviewers", "execution policies"]);
  assert.deepEqual(of(pro, "not set"), ["runner hook"]);
  const enterprise = await ask(
    t,
    set((settings) => {
      settings.organisation = true;
      settings.tellsPlan = true;
      settings.plan = "enterprise";
      for (const [name, each] of settings.environments)
        settings.environments.set(name, { ...each, reviewers: true });
    }),
  );
  assert.deepEqual(of(enterprise, "not available on this plan"), []);
  assert.ok(of(enterprise, "enforced").includes("required reviewers"));
  assert.deepEqual(of(enterprise, "unknown"), ["execution policies", "runner hook"]);
});

test("which plan has what, where it is private", () => {
  const has = (tier: string | null) =>
    (
      [
        "branch rules",
        "environment secrets",
        "required reviewers",
        "execution policies",
        "runner hook",
      ] as const
    ).map((control) => isOffered(control, "private", tier));
  assert.deepEqual(has("free"), [false, false, false, false, true]);
  assert.deepEqual(has("pro"), [true, true, false, false, true]);
  assert.deepEqual(has("team"), [true, true, false, true, true]);
  assert.deepEqual(has("enterprise"), [true, true, true, true, true]);
  assert.deepEqual(has("paid"), [true, true, null, null, true]);
  assert.deepEqual(has(null), [null, null, null, null, true]);
  assert.equal(isOffered("required reviewers", "public", "free"), true);
  assert.equal(isOffered("required reviewers", "internal", null), true);
});

test("the verb: without a token it says which one it takes; with one it asks, and never shows it", async (t) => {
  const place = await planPlace(t);
  place.git("remote", "add", "origin", "https://somebody:hunter2@github.com/somebody/cluster.git");
  const fake = fakeGithub(join(scratch(t), "git"));
  fake.state.settings.visibility = "public";
  const served = await serveGithub(fake);
  t.after(() => served.close());
  const doctor = async (more: Readonly<Record<string, string>>) => {
    // The remote is not asked: there is no such place in a test.
    const environment = {
      PATH: process.env["PATH"],
      GITHUB_API_URL: served.url,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "protocol.allow",
      GIT_CONFIG_VALUE_0: "never",
      ...more,
    };
    const { exit, stdout, stderr } = await run(
      ["doctor", "--config", place.config, "--json"],
      environment,
      false,
      NO_SESSION,
    );
    const { lines } = JSON.parse(stdout) as { readonly lines: readonly Line[] };
    return { exit, all: stdout + stderr, line: (id: string) => lines.find((line) => line.id === id) };
  };
  const without = await doctor({});
  assert.equal(without.line("visibility")?.seen, "there is no token to ask with (GITHUB_TOKEN or GH_TOKEN)");
  assert.match(
    without.line("visibility")?.next ?? "",
    /^GH_TOKEN=\$\(gh auth token\) npx quorate doctor; or a fine-grained token .* somebody\/cluster: Read-only for Actions, Administration, Environments, Secrets$/,
  );
  assert.equal(fake.log.length, 0);
  for (const name of ["GITHUB_TOKEN", "GH_TOKEN"]) {
    const asked = await doctor({ [name]: BOT_TOKEN });
    assert.equal(asked.line("visibility")?.seen, "public, without a runner of its own");
    assert.ok(!asked.all.includes(BOT_TOKEN.slice(0, 12)) && !asked.all.includes("hunter2"));
  }
  assert.deepEqual(fake.violations, []);
  const refused = await doctor({ GH_TOKEN: "wrong" });
  assert.equal(refused.line("visibility")?.seen, "GitHub shows no somebody/cluster to this token");
});
