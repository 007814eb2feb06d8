// The door to GitHub: what is sent, what is tried again and what is not, and what a failure tells a person to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import project from "../../package.json" with { type: "json" };
import { Failure } from "../../generator/failure.ts";
import type { Github } from "../../generator/github/client.ts";
import { GithubFailure, githubFailure } from "../../generator/github/failure.ts";
import { type Fault, type FaultOptions, type FakeGithub, BOT_TOKEN } from "../support/github/fake.ts";
import { API, playGithub } from "../support/github/play.ts";
import { openGithub } from "../../generator/github/client.ts";
import { serveGithub } from "../support/github/serve.ts";

const SECRET = "correct-horse/battery+staple";

/** One read, one write that may be sent twice, one that may not. */
const CALLS = {
  read: { operation: "issues/get", call: ({ rest }: Github, of: Of) => rest.issues.get(of) },
  change: {
    operation: "issues/update",
    call: ({ rest }: Github, of: Of) => rest.issues.update({ ...of, title: "new" }),
  },
  object: {
    operation: "git/create-tree",
    call: ({ rest }: Github, of: Of) => {
      const tree = [{ path: "a", mode: "100644", type: "blob", content: "a" } as const];
      return rest.git.createTree({ owner: of.owner, repo: of.repo, tree });
    },
  },
  post: {
    operation: "issues/create-comment",
    call: ({ rest }: Github, of: Of) => rest.issues.createComment({ ...of, body: "hello" }),
  },
} as const;

type Of = { readonly owner: string; readonly repo: string; readonly issue_number: number };

type Outcome = "done" | GithubFailure;

async function tried(
  { fake, github }: { readonly fake: FakeGithub; readonly github: Github },
  name: keyof typeof CALLS,
  fault: Fault,
  options: FaultOptions = {},
): Promise<{ readonly outcome: Outcome; readonly requests: number }> {
  const { operation, call } = CALLS[name];
  const { number } = fake.openIssue("somebody", "title", "body");
  fake.fault(operation, fault, options);
  let outcome: Outcome = "done";
  try {
    await call(github, { ...fake.repo, issue_number: number });
  } catch (error) {
    if (!(error instanceof GithubFailure)) throw error;
    outcome = error;
  }
  return { outcome, requests: fake.asked(operation).length };
}

test("it says who it is, which version of the API it speaks, and for whom it asks", async (t) => {
  const play = playGithub(t);
  await tried(play, "read", () => {});
  const headers = play.fake.log[0]?.headers ?? {};
  assert.match(headers["user-agent"] ?? "", new RegExp(`^quorate/${project.version} `));
  assert.equal(headers["x-github-api-version"], "2022-11-28");
  assert.equal(headers["authorization"], `token ${BOT_TOKEN}`);
});

for (const fault of ["lost-before", "lost-after", "torn", { status: 502, message: "Bad Gateway" }] as const) {
  const what = typeof fault === "string" ? fault : String(fault.status);
  test(`${what}: tried again where a second time does no harm, and only there`, async (t) => {
    for (const name of ["read", "change", "object"] as const)
      assert.deepEqual(await tried(playGithub(t), name, fault), { outcome: "done", requests: 2 }, name);
    const { outcome, requests } = await tried(playGithub(t), "post", fault);
    assert.equal(requests, 1);
    assert.ok(outcome instanceof GithubFailure && outcome.unsure);
  });
}

test("an answer that never comes ends after a while, and is tried again", async (t) => {
  const play = playGithub(t, { patience: 100 });
  assert.deepEqual(await tried(play, "read", "silent"), { outcome: "done", requests: 2 });
  const { outcome } = await tried(playGithub(t, { patience: 100 }), "read", "silent", { times: 9 });
  assert.ok(outcome instanceof GithubFailure);
  assert.equal(outcome.status, 0);
  assert.match(outcome.message, /^GitHub gives no answer to GET .*: nothing within 0.1 s$/);
});

test("an outage is tried four times, and then said", async (t) => {
  const play = playGithub(t);
  const { outcome, requests } = await tried(
    play,
    "read",
    { status: 503, message: "Unavailable" },
    { times: 9 },
  );
  assert.equal(requests, 4);
  assert.ok(outcome instanceof GithubFailure && outcome.unsure);
  assert.match(outcome.hint, /githubstatus\.com/);
});

test("a conflict needs another request: the same is not sent again", async (t) => {
  for (const status of [409, 422, 404, 403, 401]) {
    const { outcome, requests } = await tried(playGithub(t), "change", { status, message: "No" });
    assert.equal(requests, 1, String(status));
    assert.ok(outcome instanceof GithubFailure && !outcome.unsure);
  }
});

test("a limit is waited for as long as GitHub says, also by what must not be sent twice: it was not done", async (t) => {
  const message = "You have exceeded a secondary rate limit.";
  for (const status of [429, 403]) {
    for (const name of ["read", "post"] as const) {
      const fault = { status, message, headers: { "retry-after": "3" } };
      assert.deepEqual(await tried(playGithub(t), name, fault), { outcome: "done", requests: 2 });
    }
  }
  const always = { status: 429, message, headers: { "retry-after": "3" } };
  const { outcome, requests } = await tried(playGithub(t), "post", always, { times: 9 });
  assert.equal(requests, 3);
  assert.ok(outcome instanceof GithubFailure);
  assert.match(outcome.hint, /^run the job again in 1 minutes$/);
});

test("a limit that ends much later is said at once", async (t) => {
  const headers = {
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 3000),
  };
  const message = "API rate limit exceeded for installation.";
  const { outcome, requests } = await tried(playGithub(t), "read", { status: 403, message, headers });
  assert.equal(requests, 1);
  assert.ok(outcome instanceof GithubFailure);
  assert.equal(outcome.hint, "run the job again in an hour");
});

test("each failure says what to do about it", () => {
  const hint = (method: string, route: string, status: number, headers = {}) =>
    githubFailure({ method, route, status, said: "No", headers, cause: undefined }).hint;
  const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  assert.match(hint("POST", comments, 401), /GITHUB_TOKEN/);
  assert.match(hint("POST", comments, 403), /under permissions: issues: write$/);
  assert.match(
    hint("POST", comments, 403, { "x-accepted-github-permissions": "issues=write; pull_requests=write" }),
    /permissions: issues: write or pull-requests: write$/,
  );
  assert.match(hint("POST", comments, 403, { "x-accepted-github-permissions": "<b>" }), /issues: write$/);
  assert.match(hint("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", 403), /contents: write$/);
  assert.match(hint("POST", "/repos/{owner}/{repo}/deployments", 403), /deployments: write$/);
  assert.match(hint("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", 404), /pull-requests: read$/);
  assert.match(hint("POST", comments, 422), /run the job again/);
});

test("what GitHub says cannot do anything to a terminal or a workflow's log", () => {
  const said = `\u001B[31m::error::x\n::set-output name=a::b${"y".repeat(1000)}`;
  const answer = { method: "GET", route: "/user", status: 422, headers: {}, cause: undefined };
  const { message } = githubFailure({ ...answer, said });
  assert.match(message, /^[ -~]*$/);
  assert.ok(message.length < 400);
});

test("invariant 2, secret-free: a request that holds a secret, or the token, is never sent", async (t) => {
  const { fake, github, repo } = playGithub(t, { secrets: [SECRET] });
  const { number } = fake.openIssue("somebody", "title", "body");
  const forms = [
    SECRET,
    Buffer.from(`xx${SECRET}`).toString("base64"),
    encodeURIComponent(SECRET),
    BOT_TOKEN,
  ];
  for (const form of forms) {
    const refused = (error: Failure) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /holds a secret: it was not sent$/);
      assert.ok(![error.message, error.hint].some((text) => text.includes(form)));
      return true;
    };
    const body = `a text\nwith ${form} in it`;
    await assert.rejects(github.rest.issues.createComment({ ...repo, issue_number: number, body }), refused);
    const tree = [{ path: "a", mode: "100644", type: "blob", content: body } as const];
    await assert.rejects(github.rest.git.createTree({ ...repo, tree }), refused);
    const deployment = { ...repo, ref: "main", payload: { deep: [{ in: body }] } };
    await assert.rejects(github.rest.repos.createDeployment(deployment), refused);
  }
  assert.equal(fake.log.length, 0);
});

test("a failure repeats neither the token nor what was sent", async (t) => {
  const play = playGithub(t, { token: `ghs_${"unknown".repeat(6)}` });
  const { outcome } = await tried(play, "post", () => {});
  assert.ok(outcome instanceof GithubFailure);
  assert.equal(outcome.status, 401);
  assert.ok(!`${outcome.message} ${outcome.hint} ${outcome.stack}`.includes("ghs_unknown"));
});

test("over a real connection: lost, and half an answer", async (t) => {
  const { fake } = playGithub(t);
  const served = await serveGithub(fake);
  t.after(served.close);
  const github = openGithub({ token: BOT_TOKEN, api: served.url, hurried: true });
  for (const fault of ["lost-before", "lost-after", "torn"] as const) {
    const before = fake.log.length;
    const { outcome } = await tried({ fake, github }, "read", fault);
    assert.equal(outcome, "done");
    assert.equal(fake.log.length - before, 2);
  }
  const patient = openGithub({ token: BOT_TOKEN, api: served.url, hurried: true, patience: 300 });
  assert.equal((await tried({ fake, github: patient }, "read", "silent")).outcome, "done");
  const nowhere = openGithub({ token: BOT_TOKEN, api: "http://127.0.0.1:9", hurried: true });
  await assert.rejects(
    nowhere.rest.issues.get({ ...fake.repo, issue_number: 1 }),
    /no answer to GET .*(REFUSED|port)/,
  );
});

test("the stand-in is not kinder than GitHub", async (t) => {
  const { fake, repo } = playGithub(t);
  const token = { authorization: `token ${BOT_TOKEN}`, "content-type": "application/json" };
  const ask = async (method: string, path: string, body?: unknown) => {
    const url = `${API}/repos/${repo.owner}/${repo.repo}/${path}`;
    const answer = await fake.fetch(url, {
      method,
      headers: token,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answer.status;
  };
  const file = { path: "a", type: "blob", content: "a" };
  const wrong = [
    ["POST", "git/trees", { tree: [{ ...file, mode: "0644" }] }],
    ["POST", "git/trees", { trees: [] }],
    ["PATCH", "git/refs/heads%2Fmain", { force: false }],
    ["POST", "deployments/7/statuses", { state: "done" }],
    ["GET", "issues?per_pages=5"],
    ["GET", "issues/seven"],
    ["PUT", "issues/7"],
  ] as const;
  for (const [method, path, body] of wrong) {
    const before = fake.violations.length;
    assert.ok([404, 422].includes(await ask(method, path, body)), path);
    assert.ok(fake.violations.length > before, path);
  }
  (fake.violations as string[]).length = 0;
  assert.equal(await ask("POST", "deployments", { ref: "main" }), 422);
  const sha = fake.push("main", { a: "b" });
  assert.equal(await ask("POST", "deployments", { ref: sha, required_contexts: [] }), 409);
  assert.equal(await ask("POST", "deployments", { ref: sha, auto_merge: false }), 409);
});
