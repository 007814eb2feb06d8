// The hook of the LAN runner: our jobs pass, every other one ends there; and the verb that prints it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fullNameOf, isBranch, isFullName } from "../generator/github/repository.ts";
import { run } from "../generator/verbs.ts";
import { BRANCH, FORGED, HOOK, OURS, REPOSITORY, work } from "./support/runner-hook.ts";
import { scratch } from "./support/scratch.ts";

for (const [what, variables] of Object.entries(OURS)) {
  test(`the runner takes ${what}`, (t) => {
    const { status, said, wentOn } = work(t, "sh", variables);
    assert.deepEqual([status, wentOn], [0, true], said);
    assert.match(said, /^this runner takes the job: \w+ of jane\/Home\.cluster, branch main\n$/);
  });
}

for (const [what, [variables, message]] of Object.entries(FORGED)) {
  test(`the runner refuses ${what}, and no step of that job is run`, (t) => {
    const { status, said, wentOn } = work(t, "sh", variables);
    assert.deepEqual([status, wentOn], ["SIGKILL", false], said);
    assert.match(said, message);
    assert.match(said, /^::error title=Refused by this runner::[^\n]*\n$/);
  });
}

test("called by hand it refuses and lets the shell live", (t) => {
  const { status, said, wentOn } = work(t, "sh", {});
  assert.deepEqual([status, wentOn], [1, true]);
  assert.match(said, /it serves jane\/Home\.cluster, and the job is of none/);
});

const call = (...argv: readonly string[]) =>
  run(["runner-hook", ...argv], { PATH: process.env["PATH"] }, false);

test("runner-hook: the hook on stdout, how to install it on stderr", async () => {
  const { exit, stdout, stderr } = await call("--repository", REPOSITORY, "--branch", BRANCH);
  assert.deepEqual([exit, stdout], [0, HOOK]);
  assert.match(stderr, /install -D -o root -g root -m 0755 job-started\.sh \/opt\/quorate\/job-started\.sh/);
  assert.match(
    stderr,
    /ACTIONS_RUNNER_HOOK_JOB_STARTED=\/opt\/quorate\/job-started\.sh \| sudo tee -a \.env/,
  );
  assert.match(stderr, /svc\.sh stop && sudo \.\/svc\.sh start/);
  const json = JSON.parse(
    (await call("--repository", REPOSITORY, "--branch", BRANCH, "--json")).stdout,
  ) as unknown;
  const path = "/opt/quorate/job-started.sh";
  assert.deepEqual(json, { repository: REPOSITORY, branch: BRANCH, path, hook: HOOK });
});

test("runner-hook: the repository and its default branch come from git", async (t) => {
  const folder = scratch(t);
  const git = (...args: readonly string[]) => execFileSync("git", ["-C", folder, ...args], { stdio: "pipe" });
  const config = ["--config", join(folder, "cluster.config.json")];
  git("init", "-q");
  const none = await call(...config);
  assert.equal(none.exit, 1);
  assert.match(
    none.stderr,
    /no remote named origin.*\n {2}next: npx quorate runner-hook --repository OWNER\/NAME/,
  );
  git("remote", "add", "origin", `https://jane:ghp_secret@github.com/${REPOSITORY}.git`);
  assert.equal((await call(...config)).stdout, HOOK);
  git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
  assert.match((await call(...config)).stdout, /^branch='trunk'$/m);
  git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/it's");
  assert.match((await call(...config)).stderr, /^error: the default branch has a name .* it's\n/);
  git("remote", "set-url", "origin", "https://jane:ghp_secret@github.com/not-a-repository");
  const odd = await call(...config);
  assert.deepEqual([odd.exit, odd.stdout], [1, ""]);
  assert.match(
    odd.stderr,
    /^error: the remote origin is no repository on GitHub: https:\/\/github\.com\/not/,
  );
});

for (const [flag, value] of [
  ["--repository", "jane"],
  ["--repository", "jane/home/cluster"],
  ["--repository", "jane/$(id)"],
  ["--repository", "jane/.."],
  ["--branch", "a b"],
  ["--branch", "a..b"],
  ["--branch", "main'"],
  ["--branch", "a\nb"],
] as const) {
  test(`runner-hook refuses ${flag} ${JSON.stringify(value)}`, async () => {
    const { exit, stdout, stderr } = await call(
      ...(flag === "--branch" ? ["--repository", REPOSITORY] : []),
      flag,
      value,
    );
    assert.deepEqual([exit, stdout], [3, ""]);
    assert.match(stderr, /^error: .*\n {2}next: npx quorate runner-hook/);
  });
}

test("names: what GitHub and git allow and a shell cannot misread", () => {
  for (const name of ["a/b", "jane-1/x.y_z-1", "short_code/repo", `${"a".repeat(39)}/${"b".repeat(100)}`])
    assert.ok(isFullName(name), name);
  for (const name of ["", "/", "a/", "/b", "-a/b", "a b/c", "a/b c", "a/b\n", `${"a".repeat(40)}/b`, "a/."])
    assert.ok(!isFullName(name), name);
  for (const name of ["main", "release/1.2", "feature_x", "v1.0"]) assert.ok(isBranch(name), name);
  for (const name of ["", "a..b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "a~1", "a\n"])
    assert.ok(!isBranch(name), name);
  for (const [address, name] of [
    ["https://github.com/jane/home.git", "jane/home"],
    ["https://github.example.org/jane/home/", "jane/home"],
    ["ssh://git@github.com:22/jane/home.git", "jane/home"],
    ["git@github.com:jane/home.git", "jane/home"],
    ["github.com:jane/home", "jane/home"],
    ["/srv/git/home.git", null],
    ["file:///srv/jane/home", null],
    ["../jane/home", null],
    ["https://github.com/jane", null],
    ["https://github.com/jane/home/tree/main", null],
  ] as const)
    assert.equal(fullNameOf(address), name, address);
});
