// doctor: from answers to lines, each thing wrong for its own cause; what is printed; the questions to files, git and the hook.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { askRepository, placeOf, workflowSum } from "../../generator/doctor/ask/repository.ts";
import { askRunner, tryHook } from "../../generator/doctor/ask/runner.ts";
import { type ComputerAnswers, computerLines } from "../../generator/doctor/computer.ts";
import { formatLines, linesJson } from "../../generator/doctor/format.ts";
import { isWell, type Line, lineOf } from "../../generator/doctor/line.ts";
import { type RepositoryAnswers, repositoryLines } from "../../generator/doctor/repository.ts";
import { hookWorks, type RunnerAnswers, runnerLines, trialsFor } from "../../generator/doctor/runner.ts";
import { readWorkflow } from "../../generator/doctor/workflow.ts";
import { runnerHook } from "../../generator/github/runner-hook.ts";
import { programs } from "../../generator/program.ts";
import { deriveSecret, rootCheck } from "../../generator/secrets/derive.ts";
import { NO_SESSION, run } from "../../generator/verbs.ts";
import { applyPlace } from "../support/apply-place.ts";
import { clusterOf, TEMPLATES } from "../support/fixtures.ts";
import { scratch } from "../support/scratch.ts";

/** What is not well, as it is said: id, result, what is seen, what to do. */
const ill = (lines: readonly Line[]) =>
  lines.flatMap(({ id, result, seen, next }) => (result === "ok" ? [] : [[id, result, seen, next]]));

const COMPUTER: ComputerAnswers = {
  node: { version: "20.20.2", wanted: ">=20.19" },
  git: "git version 2.39.5 (Apple Git-154)",
  ssh: "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19",
  record: { readable: true, machines: 2, problem: null },
  secret: { usable: true, check: "0123456789abcdef", fits: true, exported: "2026-11-22", days: 90 },
  machines: ["server-1", "server-2", "lb-1"].map((name) => ({ name, problem: null, ahead: 0 })),
  checkout: { repository: true, changed: [], upstream: "origin/main", behind: 0, ahead: 0 },
  out: [],
};
const EXPORT = "npx quorate secret export FILE, and keep FILE outside of git and of this computer";
const secret = (more: object) => ({ secret: { ...COMPUTER.secret, ...more } as ComputerAnswers["secret"] });
const ahead = (...seconds: readonly (number | null)[]) => ({
  machines: seconds.map((each, index) => ({ name: `server-${index + 1}`, problem: null, ahead: each })),
});
const checkout = (more: object) => ({
  checkout: { ...COMPUTER.checkout, ...more } as ComputerAnswers["checkout"],
});
const NOTHING = { readable: true, machines: null, problem: null } as const;
const OFF = {
  name: "server-2",
  problem: { message: "it does not answer", next: "switch it on" },
  ahead: null,
};
const MISSING = { usable: false, missing: true, why: "there is none", next: "import it" } as const;

test("a computer where all is well: each line is ok, in one order", () => {
  assert.deepEqual(
    computerLines(COMPUTER).map(({ id, result, seen }) => `${id} ${result} ${seen}`),
    [
      "node ok Node 20.20.2",
      "git ok git 2.39.5",
      "ssh ok OpenSSH 9.2",
      "record ok 2 machines recorded",
      "secret ok check value 0123456789abcdef, the recorded cluster's",
      "backup ok exported or imported here on 2026-11-22",
      "machines ok 3 machines answered",
      "clock ok within 5 s of 3 machines",
      "checkout ok clean, as origin/main",
      "out ok in step with the config",
    ],
  );
  assert.ok(isWell(computerLines(COMPUTER)));
  for (const { what } of computerLines(COMPUTER)) assert.notEqual(what, "");
});

for (const [what, change, expected] of [
  [
    "an old Node",
    { node: { version: "20.18.3", wanted: ">=20.19" } },
    [["node", "fail", "Node 20.18.3", "install Node 20.19 or newer, then npm ci"]],
  ],
  [
    "a Node of an older line",
    { node: { version: "18.99.0", wanted: ">=20.19" } },
    [["node", "fail", "Node 18.99.0", "install Node 20.19 or newer, then npm ci"]],
  ],
  ["no git", { git: null }, [["git", "fail", "there is no git on this computer", "install git"]]],
  [
    "no ssh",
    { ssh: null },
    [["ssh", "fail", "there is no ssh on this computer", "install the OpenSSH client (openssh-client)"]],
  ],
  [
    "another ssh",
    { ssh: "Dropbear v2022.83" },
    [
      [
        "ssh",
        "fail",
        "it calls itself Dropbear v2022.83",
        "put OpenSSH's client first in PATH: ssh -V shows which it is",
      ],
    ],
  ],
  [
    "an ancient ssh",
    { ssh: "OpenSSH_6.7p1 Debian-5" },
    [["ssh", "fail", "OpenSSH 6.7", "install a newer OpenSSH client"]],
  ],
  [
    "a record that cannot be read",
    { record: { readable: false, why: "it is no record", next: "git checkout it" } },
    [["record", "fail", "it is no record", "git checkout it"]],
  ],
  [
    "the shared branch cannot be reached",
    { record: { readable: true, machines: 2, problem: "git fetch failed: no route" } },
    [
      [
        "record",
        "warn",
        "2 machines recorded, here; the shared branch could not be looked at (git fetch failed: no route)",
        "git fetch shows what is wrong",
      ],
    ],
  ],
  [
    "no secret, of a recorded cluster",
    { secret: MISSING },
    [
      ["secret", "fail", "there is none", "import it"],
      ["backup", "unknown", "see secret", ""],
    ],
  ],
  [
    "no secret, and nothing is recorded",
    { secret: MISSING, record: NOTHING },
    [
      [
        "secret",
        "warn",
        "there is none",
        "npx quorate card makes it with the first card; or npx quorate secret new",
      ],
      ["backup", "unknown", "see secret", ""],
    ],
  ],
  [
    "a secret that others can read, and nothing is recorded",
    { secret: { usable: false, missing: false, why: "it is open", next: "chmod" }, record: NOTHING },
    [
      ["secret", "fail", "it is open", "chmod"],
      ["backup", "unknown", "see secret", ""],
    ],
  ],
  [
    "a new secret that was never exported",
    secret({ exported: null, days: 1 }),
    [["backup", "warn", "it is 1 day old, and was not exported here yet", EXPORT]],
  ],
  [
    "an old secret of which nothing is known",
    secret({ exported: null, days: 30 }),
    [["backup", "unknown", "nothing here tells whether it was ever exported", EXPORT]],
  ],
  ["a secret from the environment", secret({ exported: null, days: null }), []],
  [
    "a machine is off",
    { machines: [{ name: "server-1", problem: null, ahead: 0 }, OFF] },
    [["machine/server-2", "fail", "it does not answer", "switch it on"]],
  ],
  [
    "a machine is off, and nothing was applied",
    { machines: [{ name: "server-1", problem: null, ahead: 0 }, OFF], record: NOTHING },
    [["machine/server-2", "warn", "it does not answer; nothing is recorded yet", "switch it on"]],
  ],
  [
    "nobody asked the machines",
    { machines: { why: "--offline", next: "" } },
    [
      ["machines", "unknown", "--offline", ""],
      ["clock", "unknown", "no machine told its time", ""],
    ],
  ],
  [
    "this computer's clock is behind",
    ahead(3600, 3601, 3599),
    [
      [
        "clock",
        "fail",
        "3600 s behind all 3 machines",
        "let this computer ask a time server: timedatectl set-ntp true",
      ],
    ],
  ],
  [
    "this computer's clock is ahead",
    ahead(-6, -7, null),
    [
      [
        "clock",
        "fail",
        "6 s ahead of all 2 machines",
        "let this computer ask a time server: timedatectl set-ntp true",
      ],
    ],
  ],
  [
    "one machine's clock is wrong",
    ahead(0, -60, 5),
    [["clock", "warn", "server-2 is 60 s behind", "npx quorate verify says which clock is not synchronised"]],
  ],
  [
    "all clocks differ from each other",
    ahead(60, -60),
    [
      [
        "clock",
        "warn",
        "server-1 is 60 s ahead and server-2 is 60 s behind",
        "npx quorate verify says which clock is not synchronised",
      ],
    ],
  ],
  [
    "no repository",
    { checkout: { repository: false, why: "the config is in no git repository" } },
    [
      [
        "checkout",
        "warn",
        "the config is in no git repository",
        "git init, commit everything, and push it to a private repository",
      ],
    ],
  ],
  [
    "a checkout with changes",
    checkout({ changed: ["a", "b", "c", "d"] }),
    [
      [
        "checkout",
        "warn",
        "not committed: a, b, c and 1 more",
        "git status, then commit, or git restore what is not meant",
      ],
    ],
  ],
  [
    "a branch that follows none",
    checkout({ upstream: null }),
    [["checkout", "warn", "this branch follows none on a server", "git push --set-upstream origin HEAD"]],
  ],
  [
    "a checkout that is behind",
    checkout({ behind: 2 }),
    [["checkout", "warn", "2 commits of origin/main are not here", "git pull"]],
  ],
  ["a checkout that is ahead", checkout({ ahead: 1 }), []],
  [
    "out/ that was edited",
    { out: ["haproxy.cfg"] },
    [
      [
        "out",
        "fail",
        "1 file not as render makes it: haproxy.cfg",
        "npm run render, then commit out/ together with the config",
      ],
    ],
  ],
  [
    "out/ that cannot be compared",
    { out: { why: "a link is in the way", next: "move it away" } },
    [["out", "fail", "a link is in the way", "move it away"]],
  ],
] as const satisfies readonly (readonly [
  string,
  Partial<ComputerAnswers>,
  readonly (readonly string[])[],
])[]) {
  test(`this computer: ${what}`, () => {
    assert.deepEqual(
      ill(computerLines({ ...COMPUTER, ...change })),
      expected.map((line) => [...line]),
    );
  });
}

const SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1";
const VALIDATE = `name: validate
on: { pull_request: { branches: [main] } }
jobs:
  plan:
    runs-on: ubuntu-24.04
    steps: [{ uses: "actions/checkout@${SHA}" }, { run: echo }]
`;
const APPLY = `name: apply
on: { push: { branches: [main] }, workflow_dispatch: null }
jobs:
  build: { uses: $/.github/workflows/build.yml }
  apply:
    runs-on: [self-hosted, linux, quorate]
    environment: { name: cluster }
    steps:
      - uses: actions/checkout@${SHA}
      - { run: echo, env: { A: "\${{ secrets.QUORATE_SSH_KEY }}", B: "\${{ secrets.GITHUB_TOKEN }}" } }
`;
const fileOf = (file: string, text: string) => ({
  file,
  sum: workflowSum(text),
  workflow: readWorkflow(file, text),
});
const PLACE = { host: "github.com", owner: "me", repo: "home" };
const REPOSITORY: RepositoryAnswers = {
  remote: "https://github.com/me/home.git",
  place: PLACE,
  workflows: [fileOf("apply.yml", APPLY), fileOf("validate.yml", VALIDATE)],
  shipped: { "apply.yml": workflowSum(APPLY), "validate.yml": workflowSum(VALIDATE) },
  ignored: true,
  below: [],
  once: null,
  holding: [],
};
/** The repository with another text of a workflow, as shipped or not. */
const edited = (file: string, text: string, isShipped = true): Partial<RepositoryAnswers> => ({
  workflows: [...REPOSITORY.workflows.filter((each) => each.file !== file), fileOf(file, text)],
  ...(isShipped && { shipped: { ...REPOSITORY.shipped, [file]: workflowSum(text) } }),
});
const TAKE_OUT = "take that out of .github/workflows/: the workflows of Quorate need none of it";
const PIN = "write the commit in place of the tag, and the tag behind it as a comment";
const ANEW =
  "everybody with the repository has it: take it out of git, and out of its history, and treat the cluster's secret as known";

test("a workflow is read: what starts it, its runners, environment, secrets and actions", () => {
  assert.deepEqual(readWorkflow("apply.yml", APPLY), {
    file: "apply.yml",
    events: ["push", "workflow_dispatch"],
    jobs: [
      { name: "build", labels: [], environment: null, secrets: [] },
      {
        name: "apply",
        labels: ["self-hosted", "linux", "quorate"],
        environment: "cluster",
        secrets: ["QUORATE_SSH_KEY"],
      },
    ],
    uses: [`actions/checkout@${SHA}`],
  });
  const other = readWorkflow("a.yml", "on: push\njobs: {a: {runs-on: {labels: lan}, environment: b}}");
  assert.deepEqual(other?.jobs, [{ name: "a", labels: ["lan"], environment: "b", secrets: [] }]);
  const late = readWorkflow("a.yml", "on: [push]\njobs: {a: {runs-on: macos-15, environment: '${{ x }}'}}");
  assert.deepEqual(late?.jobs, [{ name: "a", labels: [], environment: null, secrets: [] }]);
  for (const text of ["", "on: push", "jobs: {}", "a: [", "[]"])
    assert.equal(readWorkflow("a.yml", text), null, text);
});

test("a repository where all is well", () => {
  assert.deepEqual(
    repositoryLines(REPOSITORY).map(({ id, result, seen }) => `${id} ${result} ${seen}`),
    [
      "remote ok me/home on github.com",
      "workflows ok apply.yml and validate.yml as shipped",
      "triggers ok none",
      "pinned ok 1 actions",
      "secrets-ignored ok it does",
      "no-secret ok none, in any encoding",
    ],
  );
});

for (const [what, change, expected] of [
  [
    "no remote",
    { remote: null, place: null },
    [
      [
        "remote",
        "warn",
        "there is no remote: pull requests and the pipeline need one; all else works without",
        "make a private repository and push: gh repo create --private --source . --push",
      ],
    ],
  ],
  [
    "a remote elsewhere",
    { remote: "https://gitlab.com/me/home", place: null },
    [
      [
        "remote",
        "warn",
        "https://gitlab.com/me/home is not on GitHub: there is no pipeline",
        "keep a copy on GitHub, or run npx quorate apply by hand",
      ],
    ],
  ],
  [
    "no workflows at all",
    { workflows: [] },
    [
      [
        "workflows",
        "fail",
        "there is none",
        "take .github/workflows/ from the project's template again, and commit it",
      ],
    ],
  ],
  [
    "a workflow is missing",
    { workflows: REPOSITORY.workflows.slice(0, 1) },
    [
      [
        "workflows",
        "fail",
        "not there: validate.yml",
        "git log -- .github/workflows/validate.yml shows who changed that; take them from the project's template again",
      ],
    ],
  ],
  [
    "a workflow was edited",
    edited("apply.yml", `${APPLY}# more\n`, false),
    [
      [
        "workflows",
        "warn",
        "not as this Quorate ships them: apply.yml",
        "git log -- .github/workflows/apply.yml shows who changed that; where it is meant so: npm run generate",
      ],
    ],
  ],
  [
    "a workflow that is none",
    edited("apply.yml", "jobs: [", true),
    [
      [
        "workflows",
        "fail",
        "no workflow: apply.yml",
        "git log -- .github/workflows/apply.yml shows who changed that",
      ],
    ],
  ],
  [
    "a workflow with a trigger of strangers",
    edited("validate.yml", VALIDATE.replace("pull_request:", "pull_request_target:")),
    [["triggers", "fail", "validate.yml runs on pull_request_target", TAKE_OUT]],
  ],
  [
    "a pull request that runs in the LAN",
    edited("apply.yml", APPLY.replace("push:", "pull_request:")),
    [["triggers", "fail", "apply.yml: job apply runs on your runner for pull requests", TAKE_OUT]],
  ],
  [
    "an action by its tag",
    edited("validate.yml", VALIDATE.replace(SHA, "v7")),
    [["pinned", "fail", "actions/checkout@v7 in validate.yml", PIN]],
  ],
  [
    "an action by a short commit",
    edited("validate.yml", VALIDATE.replace(SHA, SHA.slice(0, 39))),
    [["pinned", "fail", `actions/checkout@${SHA.slice(0, 39)} in validate.yml`, PIN]],
  ],
  [
    ".secrets/ is not ignored",
    { ignored: false },
    [
      [
        "secrets-ignored",
        "fail",
        "it would be committed with the next git add",
        "echo .secrets/ >>.gitignore, and commit that",
      ],
    ],
  ],
  ["git cannot be asked", { ignored: null }, [["secrets-ignored", "unknown", "git could not be asked", ""]]],
  [
    "a file of .secrets/ is committed",
    { below: [".secrets/cluster-secret"], once: "abc1234" },
    [
      [
        "no-secret",
        "fail",
        "committed: .secrets/cluster-secret",
        `git rm --cached .secrets/cluster-secret; ${ANEW}`,
      ],
    ],
  ],
  [
    "a file of .secrets/ was committed once",
    { once: "abc1234" },
    [["no-secret", "fail", "commit abc1234 had a file below .secrets/", ANEW]],
  ],
  [
    "a secret stands in a committed file",
    { holding: ["notes.txt"] },
    [["no-secret", "fail", "a secret of this cluster stands in notes.txt", ANEW]],
  ],
  [
    "the secret is not known here",
    { holding: null },
    [
      [
        "no-secret",
        "unknown",
        "no file of .secrets/ is committed; whether another holds the secret is known only where the secret is",
        "",
      ],
    ],
  ],
] as const satisfies readonly (readonly [
  string,
  Partial<RepositoryAnswers>,
  readonly (readonly string[])[],
])[]) {
  test(`this repository: ${what}`, () => {
    assert.deepEqual(
      ill(repositoryLines({ ...REPOSITORY, ...change })),
      expected.map((line) => [...line]),
    );
  });
}

for (const [remote, server, expected] of [
  ["https://github.com/me/home.git", undefined, "github.com me home"],
  ["git@github.com:me/home.git", undefined, "github.com me home"],
  ["ssh://git@ssh.github.com:443/me/home", undefined, "github.com me home"],
  ["https://firm.ghe.com/me/home", undefined, "firm.ghe.com me home"],
  ["https://git.example.org/me/home", "https://git.example.org", "git.example.org me home"],
  ["https://git.example.org/me/home", undefined, null],
  ["https://github.com.example.org/me/home", undefined, null],
  ["https://gitlab.com/me/home", undefined, null],
  ["/srv/git/home.git", undefined, null],
] as const) {
  test(`the remote ${remote}${server ? ` of ${server}` : ""}`, () => {
    const place = placeOf(remote, server);
    assert.equal(place && `${place.host} ${place.owner} ${place.repo}`, expected);
  });
}

const ROOTS = [
  { path: "/opt/quorate/job-started.sh", owner: 0, mode: 0o100755 },
  { path: "/opt/quorate", owner: 0, mode: 0o40755 },
  { path: "/", owner: 0, mode: 0o40755 },
];
const TRIALS = trialsFor(PLACE, "main");
const RUNNER: RunnerAnswers = {
  folder: "/srv/runner",
  registered: "https://github.com/me/home",
  env: { path: "/srv/runner/.env", owner: 0, mode: 0o100644 },
  hook: "/opt/quorate/job-started.sh",
  secret: { path: "/srv/secret", found: { path: "/srv/secret", owner: 999, mode: 0o100600 } },
  bare: false,
  chain: ROOTS,
  trials: TRIALS.map((trial) => ({ ...trial, was: trial.wanted })),
};
const was = (what: string, result: "accepted" | "refused") => ({
  trials: RUNNER.trials.map((trial) => (trial.what === what ? { ...trial, was: result } : trial)),
});
const loose = (at: number, more: object) => ({
  chain: ROOTS.map((each, index) => (index === at ? { ...each, ...more } : each)),
  trials: [],
});
const INSTALL = "npx quorate runner-hook prints it and how to install it";
const NOT_RUN = ["hook-refuses", "unknown", "not run: others could have changed it; see hook-owner", ""];

test("a runner whose hook is root's and refuses every forged job", () => {
  assert.deepEqual(
    runnerLines(RUNNER, PLACE).map(({ id, result, seen }) => `${id} ${result} ${seen}`),
    [
      "runner-for ok https://github.com/me/home",
      "runner-hook ok /opt/quorate/job-started.sh",
      "hook-owner ok root's alone",
      "hook-env ok /srv/runner/.env is root's",
      "runner-secret ok /srv/secret, mode 0600",
      "hook-refuses ok enforced: refused 13 of 13 forged jobs, a pull request's first",
    ],
  );
  assert.equal(hookWorks(RUNNER), true);
});

for (const [what, change, expected, works] of [
  [
    "no runner's folder",
    { registered: null },
    [
      [
        "runner-hook",
        "fail",
        "/srv/runner is no runner's folder: it has no file .runner",
        "name the folder with run.sh: --runner DIR",
      ],
    ],
    true,
  ],
  [
    "no hook is set",
    { hook: null, chain: [], trials: [] },
    [["runner-hook", "fail", "ACTIONS_RUNNER_HOOK_JOB_STARTED is not set in /srv/runner/.env", INSTALL]],
    false,
  ],
  [
    "the hook's file is missing",
    { chain: [], trials: [] },
    [["runner-hook", "fail", "there is no /opt/quorate/job-started.sh: the runner fails every job", INSTALL]],
    false,
  ],
  [
    "a runner of another repository",
    { registered: "https://github.com/me/other" },
    [
      [
        "runner-for",
        "fail",
        "it serves https://github.com/me/other",
        "take it out there, and register it for me/home: Settings, Actions, Runners, New self-hosted runner",
      ],
    ],
    true,
  ],
  [
    "a runner of the whole organisation",
    { registered: "https://github.com/me" },
    [
      [
        "runner-for",
        "warn",
        "it serves all of https://github.com/me: only the hook keeps the others out",
        "take it out there, and register it for me/home: Settings, Actions, Runners, New self-hosted runner",
      ],
    ],
    true,
  ],
  [
    "the hook belongs to the runner's user",
    loose(0, { owner: 999 }),
    [
      [
        "hook-owner",
        "fail",
        "others can change /opt/quorate/job-started.sh (owner 999, mode 0755)",
        "sudo chown root /opt/quorate/job-started.sh; sudo chmod go-w /opt/quorate/job-started.sh",
      ],
      NOT_RUN,
    ],
    false,
  ],
  [
    "others can write the hook",
    loose(0, { mode: 0o100775 }),
    [
      [
        "hook-owner",
        "fail",
        "others can change /opt/quorate/job-started.sh (owner 0, mode 0775)",
        "sudo chown root /opt/quorate/job-started.sh; sudo chmod go-w /opt/quorate/job-started.sh",
      ],
      NOT_RUN,
    ],
    false,
  ],
  [
    "others can write its folder",
    loose(1, { mode: 0o40777 }),
    [
      [
        "hook-owner",
        "fail",
        "others can change /opt/quorate (owner 0, mode 0777)",
        "sudo chown root /opt/quorate; sudo chmod go-w /opt/quorate",
      ],
      NOT_RUN,
    ],
    false,
  ],
  [
    "the runner's user can edit .env",
    { env: { path: "/srv/runner/.env", owner: 999, mode: 0o100644 } },
    [
      [
        "hook-env",
        "warn",
        "/srv/runner/.env is not root's alone: a job that was let in once could take the hook out",
        "sudo chown root /srv/runner/.env; sudo chmod 0644 /srv/runner/.env",
      ],
    ],
    true,
  ],
  [
    "others can read the runner's secret",
    { secret: { path: "/srv/secret", found: { path: "/srv/secret", owner: 999, mode: 0o100644 } } },
    [["runner-secret", "fail", "/srv/secret is open to others (mode 0644)", "sudo chmod 0600 /srv/secret"]],
    true,
  ],
  [
    "the runner's secret is missing",
    { secret: { path: "/srv/secret", found: null } },
    [
      [
        "runner-secret",
        "fail",
        "there is no /srv/secret, which /srv/runner/.env names",
        "npx quorate secret export /srv/secret, for the runner's user",
      ],
    ],
    true,
  ],
  [
    "the secret stands in .env",
    { bare: true },
    [
      [
        "runner-secret",
        "fail",
        "the secret stands in /srv/runner/.env, which every job is given",
        "move it into a file of its own: QUORATE_CLUSTER_SECRET_FILE=FILE in /srv/runner/.env, FILE with mode 0600",
      ],
    ],
    true,
  ],
  [
    "the hook lets a pull request in",
    was("a pull request", "accepted"),
    [["hook-refuses", "fail", "it lets in a pull request", INSTALL]],
    false,
  ],
  [
    "the hook refuses a merge",
    was("a merge", "refused"),
    [["hook-refuses", "fail", "it refuses a merge", INSTALL]],
    false,
  ],
] as const satisfies readonly (readonly [
  string,
  Partial<RunnerAnswers>,
  readonly (readonly string[])[],
  boolean,
])[]) {
  test(`the runner: ${what}`, () => {
    const answers = { ...RUNNER, ...change };
    assert.deepEqual(
      ill(runnerLines(answers, PLACE)),
      expected.map((line) => [...line]),
    );
    assert.equal(hookWorks(answers), works);
  });
}

test("a folder like /tmp, in which nobody can replace what is root's, is no way to the hook", () => {
  const chain = ROOTS.map((each) => ({ ...each, mode: each.path === "/" ? 0o41777 : each.mode }));
  assert.deepEqual(ill(runnerLines({ ...RUNNER, chain }, PLACE)), []);
});

test("without a remote on GitHub nobody knows which jobs are the runner's own", () => {
  assert.deepEqual(
    ill(runnerLines({ ...RUNNER, trials: [] }, null)).map(([id, result]) => [id, result]),
    [
      ["runner-for", "unknown"],
      ["hook-refuses", "unknown"],
    ],
  );
  assert.equal(hookWorks({ why: "", next: "" }), null);
});

const plain = programs({ PATH: process.env["PATH"] });
const OUR_HOOK = runnerHook(TEMPLATES, { repository: "me/home", branch: "main" });

function hookFile(t: TestContext, text: string): string {
  const file = join(scratch(t), "job-started.sh");
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

/** Which jobs it did not treat as it should. */
async function wrong(t: TestContext, text: string): Promise<readonly string[]> {
  const tried = await tryHook(plain, hookFile(t, text), TRIALS);
  return tried.flatMap(({ what, wanted, was: done }) => (wanted === done ? [] : [`${what}: ${done}`]));
}

test("the hook that Quorate prints takes its own jobs and refuses every forged one, when it is run", async (t) => {
  assert.deepEqual(await wrong(t, OUR_HOOK), []);
});

test("a hook that does not look is found out, for each thing that it does not look at", async (t) => {
  const forged = TRIALS.filter(({ wanted }) => wanted === "refused").map(({ what }) => `${what}: accepted`);
  assert.deepEqual(await wrong(t, "exit 0\n"), forged);
  assert.deepEqual(await wrong(t, "exit 1\n"), [
    "a merge: refused",
    "an apply by hand: refused",
    "the drift check: refused",
  ]);
  const lines = OUR_HOOK.split("\n");
  const without = (part: string) => lines.map((line) => line.replace(part, "true ||")).join("\n");
  assert.deepEqual(await wrong(t, without('[ "${GITHUB_REF-}" = "refs/heads/$branch" ] ||')), [
    "a pull request's ref: accepted",
    "a tag of the branch's name: accepted",
  ]);
  const anyEvent = OUR_HOOK.replace('if [ "${GITHUB_EVENT_NAME-}" = "$event" ]', "if true");
  assert.deepEqual(await wrong(t, anyEvent), [
    "a pull request's event: accepted",
    "pull_request_target: accepted",
    "a comment: accepted",
    "workflow_run: accepted",
  ]);
  const anyWorkflow = OUR_HOOK.replace('"$repository/.github/workflows/apply.yml@refs/heads/$branch")', "*)");
  assert.deepEqual(
    await wrong(
      t,
      anyWorkflow.replace('events="push workflow_dispatch"', 'events="push workflow_dispatch schedule"'),
    ),
    [
      "another workflow: accepted",
      "another branch's workflow: accepted",
      "another repository's workflow: accepted",
    ],
  );
});

test("a runner's folder is read: where it is registered, its hook, its secret; links lead to the file itself", async (t) => {
  const folder = scratch(t);
  const ask = () => askRunner(folder, { run: plain, place: PLACE, branch: "main" });
  assert.deepEqual(await ask(), {
    folder,
    registered: null,
    env: null,
    hook: null,
    secret: null,
    bare: false,
    chain: [],
    trials: [],
  });
  const hook = hookFile(t, OUR_HOOK);
  writeFileSync(join(folder, ".runner"), '\uFEFF{"gitHubUrl": "https://github.com/me/home"}');
  const settings = [
    "ACTIONS_RUNNER_HOOK_JOB_STARTED=/somewhere/else",
    `ACTIONS_RUNNER_HOOK_JOB_STARTED=${hook}`,
    `QUORATE_CLUSTER_SECRET_FILE=${hook}`,
    "QUORATE_CLUSTER_SECRET=x",
  ];
  writeFileSync(join(folder, ".env"), `${settings.join("\n")}\n`);
  const answers = await ask();
  assert.equal(answers.registered, "https://github.com/me/home");
  assert.equal(answers.hook, hook);
  assert.equal(answers.secret?.found?.mode, 0o100755);
  assert.ok(answers.bare);
  assert.equal(answers.chain[0]?.path, hook);
  assert.equal(answers.chain.at(-1)?.path, "/");
  // As somebody else than root the file is not root's, and is not run.
  assert.equal(answers.trials.length, process.getuid?.() === 0 ? TRIALS.length : 0);
  chmodSync(hook, 0o777);
  assert.deepEqual((await ask()).trials, []);
  rmSync(hook);
  assert.deepEqual((await ask()).chain, []);
});

test("the text: by group, below each line what has to hold and what to do; what is unknown alike is one entry", () => {
  const [node, remote, visible, plan] = [
    lineOf("this computer", "node", "Node >=20.19").ok("Node 20.20.2"),
    lineOf("this repository", "remote", "a remote on GitHub").fail("none", "make one"),
    lineOf("GitHub", "visibility", "private").unknown("no token", "take one"),
    lineOf("GitHub", "plan", "a plan").unknown("no token", "take one"),
  ];
  assert.ok(node && remote && visible && plan);
  const lines = [remote, node, visible, plan];
  const controls = [
    { name: "branch rules", state: "not available on this plan" },
    { name: "required reviewers", state: "not available on this plan" },
    { name: "runner hook", state: "unknown" },
  ] as const;
  assert.equal(
    formatLines(lines, controls),
    `this computer
  ok    node                       Node 20.20.2

this repository
  FAIL  remote                     none
        needed: a remote on GitHub
        next:   make one

GitHub
  ?     visibility and plan
        no token
        next:   take one

what is enforced here, of 3 controls
  nothing that GitHub does: the runner hook is the only guard
  not on plan  branch rules, required reviewers
  not known    runner hook

doctor: 1 ok, 2 not known, 1 failed
`,
  );
  assert.deepEqual(JSON.parse(linesJson(lines, controls)), {
    lines,
    controls,
    ok: 1,
    warn: 0,
    fail: 1,
    unknown: 2,
  });
  assert.equal(isWell(lines), false);
  assert.equal(isWell([node, visible]), true);
});

/** What askRepository says about secrets in a real repository. */
async function committed(
  place: { readonly config: string },
  root: Uint8Array | null,
): Promise<Pick<RepositoryAnswers, "ignored" | "below" | "once" | "holding">> {
  const cluster = clusterOf(readFileSync(place.config, "utf8"));
  const { ignored, below, once, holding } = await askRepository({
    config: place.config,
    cluster,
    run: programs(process.env),
    root,
    shipped: {},
    server: undefined,
  });
  return { ignored, below, once, holding };
}

const ROOT = new Uint8Array(32).fill(3);

test("a committed secret is found in every encoding, in any file; one that was taken out again too", async (t) => {
  const place = await applyPlace(t);
  const clean = { ignored: false, below: [], once: null, holding: [] };
  assert.deepEqual(await committed(place, ROOT), clean);
  writeFileSync(join(place.folder, ".gitignore"), ".secrets/\n");
  assert.deepEqual(await committed(place, ROOT), { ...clean, ignored: true });
  assert.deepEqual(await committed(place, null), { ...clean, ignored: true, holding: null });
  const token = deriveSecret(ROOT, { secret: "server-token", generation: 1 });
  const key = deriveSecret(ROOT, { secret: "ssh-host-key/server-2", generation: 1 });
  for (const text of [
    Buffer.from(ROOT).toString("hex"),
    token.toUpperCase(),
    `x${Buffer.from(ROOT).toString("base64")}`,
    `token: ${token}`,
    Buffer.from(`a${token}`).toString("base64"),
    key,
  ]) {
    writeFileSync(join(place.folder, "notes.bin"), Buffer.concat([Buffer.from([0, 255]), Buffer.from(text)]));
    place.git("add", "notes.bin");
    assert.deepEqual((await committed(place, ROOT)).holding, ["notes.bin"], text);
  }
  // The same kind of key with another seed, and the name of a machine, are no alarm.
  writeFileSync(
    join(place.folder, "notes.bin"),
    deriveSecret(new Uint8Array(32), { secret: "ssh-host-key/server-2", generation: 1 }),
  );
  assert.deepEqual((await committed(place, ROOT)).holding, []);
  place.git("add", "--force", ".secrets/cluster-secret");
  const found = await committed(place, ROOT);
  assert.deepEqual([found.below, found.holding], [[".secrets/cluster-secret"], [".secrets/cluster-secret"]]);
  place.git("commit", "-qm", "oh");
  place.git("rm", "-q", "--cached", ".secrets/cluster-secret");
  place.git("commit", "-qm", "oh no");
  const later = await committed(place, ROOT);
  assert.deepEqual([later.below, later.holding], [[], []]);
  assert.equal(later.once, place.git("rev-parse", "--short", "HEAD"));
});

interface Told {
  readonly exit: number;
  readonly lines: ReadonlyMap<string, Line>;
  readonly text: string;
  readonly document: string;
}

/** The verb, at a place with a program in ssh's place. */
async function tell(
  place: { readonly config: string; readonly playFile: (name: string) => string },
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const environment = {
    PATH: `${place.playFile("bin")}:${process.env["PATH"]}`,
    PLAY: place.playFile(""),
    HOME: place.playFile(""),
    ...more,
  };
  const session = { ...NO_SESSION, runtime: "Node.js v20.20.2 on linux x64" };
  const argv = ["doctor", "--config", place.config, "--json", ...args];
  const { exit, stdout, stderr } = await run(argv, environment, false, session);
  const { lines } = JSON.parse(stdout) as { readonly lines: readonly Line[] };
  return { exit, lines: new Map(lines.map((line) => [line.id, line])), text: stderr, document: stdout };
}

test("the verb: machines asked, git, out/, the secret and its export; what fails makes exit 1, and no secret is shown", async (t) => {
  const place = await applyPlace(t);
  place.recordIt();
  const seen = ({ lines }: Told, id: string) => `${lines.get(id)?.result}: ${lines.get(id)?.seen}`;
  const first = await tell(place);
  assert.equal(seen(first, "node"), "ok: Node 20.20.2");
  assert.match(seen(first, "git"), /^ok: git \d/);
  assert.equal(seen(first, "ssh"), "ok: OpenSSH 9.2");
  const machines = place.cluster().nodes.length;
  assert.equal(
    seen(first, "record"),
    `warn: ${machines} machines recorded, here; the shared branch could not be looked at (this git branch follows none on a server)`,
  );
  assert.equal(seen(first, "secret"), `ok: check value ${rootCheck(ROOT)}, the recorded cluster's`);
  assert.equal(seen(first, "backup"), "warn: it is 0 days old, and was not exported here yet");
  assert.equal(seen(first, "machines"), `ok: ${machines} machines answered`);
  assert.equal(seen(first, "out"), "ok: in step with the config");
  assert.match(seen(first, "checkout"), /^warn: not committed: /);
  assert.equal(seen(first, "visibility"), "unknown: there is no repository on GitHub: see remote");
  // No workflows here, and nobody ignores .secrets/.
  assert.equal(first.exit, 1);
  const hex = Buffer.from(ROOT).toString("hex");
  assert.ok(!(first.text + first.document).includes(hex.slice(0, 12)));

  place.machine("server-2", null);
  const off = await tell(place);
  assert.match(seen(off, "machine/server-2"), /^fail: .*192\.168/);
  assert.equal(off.lines.get("machines"), undefined);
  const offline = await tell(place, ["--offline"]);
  assert.equal(seen(offline, "machines"), "unknown: nobody asked: --offline");
  assert.equal(offline.lines.get("record")?.result, "ok");

  const exported = await run(
    ["secret", "export", join(scratch(t), "backup"), "--config", place.config],
    { PATH: process.env["PATH"] },
    false,
  );
  assert.equal(exported.exit, 0, exported.stderr);
  assert.match(seen(await tell(place, ["--offline"]), "backup"), /^ok: exported or imported here on \d{4}-/);
  // The note is of that secret only.
  writeFileSync(join(place.folder, ".secrets/exported"), `${"0".repeat(16)} 2026-11-22\n`);
  utimesSync(join(place.folder, ".secrets/cluster-secret"), 0, 0);
  assert.equal(
    seen(await tell(place, ["--offline"]), "backup"),
    "unknown: nothing here tells whether it was ever exported",
  );

  writeFileSync(join(place.folder, "out/haproxy.cfg"), "edited\n");
  assert.equal(
    seen(await tell(place, ["--offline"]), "out"),
    "fail: 1 file not as render makes it: haproxy.cfg",
  );
  chmodSync(join(place.folder, ".secrets"), 0o755);
  assert.match(seen(await tell(place, ["--offline"]), "secret"), /^fail: .*open to other users/);
  chmodSync(join(place.folder, ".secrets"), 0o700);
  writeFileSync(join(place.folder, ".secrets/cluster-secret"), `${"0".repeat(64)}\n`);
  assert.match(seen(await tell(place, ["--offline"]), "secret"), /^fail: .*not the secret of the recorded/);
  const given = await tell(place, ["--offline"], { QUORATE_CLUSTER_SECRET: hex });
  assert.equal(seen(given, "backup"), "ok: it comes from the environment, and lies where that has it from");
  assert.ok(!(given.text + given.document).includes(hex.slice(0, 12)));
  rmSync(join(place.folder, ".secrets"), { recursive: true });
  assert.match(seen(await tell(place), "machines"), /^unknown: their host keys/);
});

test("the verb: the shared branch is fetched, and what is not here yet is said; the machines' clocks are read", async (t) => {
  const place = await applyPlace(t);
  const { git, folder } = place;
  writeFileSync(join(folder, ".gitignore"), ".secrets/\n");
  git("add", "-A");
  git("commit", "-qm", "two");
  const bare = join(scratch(t), "home.git");
  git("clone", "-q", "--bare", folder, bare);
  git("remote", "add", "origin", bare);
  git("fetch", "-q");
  git("branch", "-q", `--set-upstream-to=origin/${git("branch", "--show-current")}`);
  const seen = (told: Told, id: string) => `${told.lines.get(id)?.result}: ${told.lines.get(id)?.seen}`;
  const upstream = git("rev-parse", "--abbrev-ref", "@{upstream}");
  assert.equal(seen(await tell(place), "checkout"), `ok: clean, as ${upstream}`);
  git("commit", "-q", "--allow-empty", "-m", "three");
  assert.equal(seen(await tell(place), "checkout"), "ok: clean, 1 commit not pushed");
  git("push", "-q");
  git("reset", "-q", "--hard", "HEAD~1");
  assert.equal(seen(await tell(place), "checkout"), `warn: 1 commit of ${upstream} is not here`);
  git("mv", "out/README.md", "out/READ.md");
  assert.equal(seen(await tell(place), "checkout"), "warn: not committed: out/READ.md");
  assert.equal(seen(await tell(place), "remote"), `warn: ${bare} is not on GitHub: there is no pipeline`);
  const hourAgo = Math.floor(Date.now() / 1000) - 3600;
  for (const { name } of place.cluster().nodes) {
    const status = readFileSync(place.playFile(`${name}.status`), "utf8");
    writeFileSync(place.playFile(`${name}.verify`), `clock ${hourAgo} yes\n${status}`);
  }
  assert.match(seen(await tell(place), "clock"), /^fail: 36\d\d s ahead of all \d machines$/);
});

test("the verb: a bad config is exit 3; a folder that is no runner's is a line", async (t) => {
  const place = await applyPlace(t);
  const told = await tell(place, ["--offline", "--runner", place.folder]);
  assert.equal(told.lines.get("runner-hook")?.result, "fail");
  writeFileSync(place.config, "{}");
  const { exit, stderr } = await run(["doctor", "--config", place.config], {}, false);
  assert.equal(exit, 3);
  assert.match(stderr, /error\[/);
});
