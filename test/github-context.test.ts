// What a run says about itself: read from the environment and the event's file, and refused where it has another form.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../generator/failure.ts";
import { readContext } from "../generator/github/context.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const OTHER = SHA.replaceAll("0", "f");
const ENVIRONMENT = {
  GITHUB_REPOSITORY: "Somebody/home.cluster",
  GITHUB_EVENT_NAME: "push",
  GITHUB_REF: "refs/heads/main",
  GITHUB_SHA: SHA,
  GITHUB_RUN_ID: "17",
  GITHUB_RUN_ATTEMPT: "2",
  GITHUB_API_URL: "https://api.github.com/",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_EVENT_PATH: "/tmp/event.json",
};
const pull = (repo: { readonly full_name: string } | null) => ({
  pull_request: { number: 7, head: { sha: OTHER, repo }, base: { sha: SHA } },
});
const read = (event: unknown, more: Readonly<Record<string, string | undefined>> = {}) =>
  readContext({ ...ENVIRONMENT, ...more }, (path) => {
    assert.equal(path, "/tmp/event.json");
    return typeof event === "string" ? event : JSON.stringify(event);
  });

test("a push", () => {
  assert.deepEqual(read({ ref: "refs/heads/main" }), {
    repository: { owner: "Somebody", repo: "home.cluster" },
    event: "push",
    ref: "refs/heads/main",
    sha: SHA,
    run: { id: 17, attempt: 2, url: "https://github.com/Somebody/home.cluster/actions/runs/17/attempts/2" },
    api: "https://api.github.com",
    server: "https://github.com",
    isPublic: null,
    pull: null,
  });
});

test("whether anybody may read the repository, where the event says so", () => {
  assert.equal(read({ repository: { private: false, full_name: "Somebody/home.cluster" } }).isPublic, true);
  assert.equal(read({ repository: { private: true } }).isPublic, false);
  assert.equal(read({ schedule: "43 4 * * *" }).isPublic, null);
  assert.throws(() => read({ repository: { private: "no" } }), /look at repository\.private/);
});

test("a pull request of the same repository, of a fork, and of a fork that is gone", () => {
  const fork = (repo: { readonly full_name: string } | null) => read(pull(repo)).pull?.fork;
  assert.deepEqual(read(pull({ full_name: "somebody/Home.Cluster" })).pull, {
    number: 7,
    head: OTHER,
    base: SHA,
    fork: false,
  });
  assert.equal(fork({ full_name: "mallory/home.cluster" }), true);
  assert.equal(fork(null), true);
});

for (const name of Object.keys(ENVIRONMENT)) {
  test(`without ${name} it is no step of a workflow`, () => {
    assert.throws(
      () => read({}, { [name]: undefined }),
      (error: Failure) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.message, `${name} is not set`);
        assert.match(error.hint, /step of a GitHub workflow/);
        return true;
      },
    );
  });
}

test("a value of another form is refused, and not repeated", () => {
  const odd: Readonly<Record<string, string>> = {
    GITHUB_REPOSITORY: "a/b/c",
    GITHUB_SHA: "HEAD",
    GITHUB_RUN_ID: "1; rm",
    GITHUB_RUN_ATTEMPT: "-1",
    GITHUB_API_URL: "file:///etc",
    GITHUB_REF: "refs/heads/a b",
  };
  for (const [name, value] of Object.entries(odd))
    assert.throws(() => read({}, { [name]: value }), new RegExp(`^Failure: ${name} does not have the form`));
});

test("an event's file that is none is a failure that says where to look", () => {
  assert.throws(() => read("{"), /event's file \/tmp\/event.json cannot be read: /);
  assert.throws(() => read("[]"), /it is no object/);
  const sha = { ...pull(null).pull_request, base: { sha: "main" } };
  assert.throws(() => read({ pull_request: sha }), /look at pull_request\.base\.sha/);
});
