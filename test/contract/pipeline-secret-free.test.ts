// Invariant 2 over the whole pipeline: two clusters that differ in nothing but their random root secret leave the same bytes
// everywhere that others can read.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { writeComment } from "../../generator/commands/pipeline-comment.ts";
import { openGithub } from "../../generator/github/client.ts";
import { readContext } from "../../generator/github/context.ts";
import { readReport } from "../../generator/github/report.ts";
import { knownSecrets } from "../../generator/secrets/known.ts";
import { holdsSecret } from "../../generator/secrets/redact.ts";
import { run } from "../../generator/verbs.ts";
import { BOT_TOKEN } from "../support/github/fake.ts";
import { API } from "../support/github/play.ts";
import { type PipelinePlace, pipelinePlace, SSH_KEY } from "../support/pipeline-place.ts";
import { scratch } from "../support/scratch.ts";

// A commit's id is of its date too.
for (const name of ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"]) process.env[name] = "2026-01-01T00:00:00Z";

/** Every program that this process starts, as it was started. */
const started: { readonly spawnargs: readonly string[] }[] = [];
subscribe("child_process", (message) => {
  started.push((message as { readonly process: { readonly spawnargs: readonly string[] } }).process);
});

const KEYS = "different 0644 YQo= /etc/quorate/authorized_keys";
const FROM = '"k3s": {';
const TO = '"k3s": { "tlsSans": ["a.example.org"],';
const base64 = (text: string) => Buffer.from(text).toString("base64");

const REQUESTS = "every request";

/** What others can read, by what it is. */
type Public = Readonly<Record<string, string>>;

interface Whole {
  readonly place: PipelinePlace;
  readonly texts: Public;
  readonly secrets: readonly (string | Uint8Array)[];
}

/** A pull request is shown, merged, applied and recorded; then somebody changes a machine, and drift is told. */
async function wholeStory(t: TestContext, root: Uint8Array): Promise<Whole> {
  const place = await pipelinePlace(t, { root });
  const { fake, git } = place;
  const away = scratch(t);
  const secret = Buffer.from(root).toString("hex");
  // Also where the secret lies beside the config, as on a person's computer.
  mkdirSync(join(place.folder, ".secrets"), { mode: 0o700 });
  writeFileSync(join(place.folder, ".secrets/cluster-secret"), `${secret}\n`, { mode: 0o600 });
  git("config", "core.excludesFile", join(away, "ignored"));
  writeFileSync(join(away, "ignored"), ".secrets/\n");

  const branch = "topic";
  const text = (fake.read("main", "cluster.config.json") ?? "").replace(FROM, TO);
  const head = fake.push(branch, { "cluster.config.json": text }, { from: "main" });
  const { number } = fake.openPull(branch, "Another name");
  git("fetch", "-q", "origin");
  git("checkout", "-q", "--detach", "origin/main");
  git("merge", "-q", "--no-ff", "-m", "A trial", head);
  const [event, summary, out] = [join(away, "event.json"), join(away, "summary.md"), join(away, "plan")];
  const repo = { full_name: "somebody/cluster" };
  const pull = { number, head: { sha: head, repo }, base: { sha: place.main() } };
  writeFileSync(event, JSON.stringify({ pull_request: pull }));
  const environment = {
    ...place.environment,
    QUORATE_CLUSTER_SECRET: secret,
    QUORATE_SSH_KEY: SSH_KEY,
    GITHUB_EVENT_PATH: event,
    GITHUB_EVENT_NAME: "pull_request",
    GITHUB_REPOSITORY: "somebody/cluster",
    GITHUB_REF: `refs/pull/${number}/merge`,
    GITHUB_SHA: git("rev-parse", "HEAD"),
    GITHUB_RUN_ID: "42",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_API_URL: API,
    GITHUB_SERVER_URL: "https://github.test",
    GITHUB_STEP_SUMMARY: summary,
  };
  const rendered = await run(
    ["render", "--config", place.config, "--out", join(away, "out")],
    environment,
    false,
  );
  const plan = await run(["pipeline", "plan", "--out", out, "--config", place.config], environment, false);
  assert.equal(plan.exit, 0, plan.stdout + plan.stderr);
  const report = readFileSync(join(out, "report.json"), "utf8");
  const context = readContext(environment, (path) => readFileSync(path, "utf8"));
  const github = openGithub({ token: BOT_TOKEN, api: API, fetch: fake.fetch, hurried: true });
  await writeComment(github, context, readReport(report), BOT_TOKEN);

  place.checkout(fake.merge(number, "merge"));
  for (const name of ["server-1", "lb-1"]) place.machine(name, name === "lb-1" ? [] : [KEYS], []);
  place.onTake('env >"$PLAY/environment-of-ssh"');
  place.onVerify('env >"$PLAY/environment-of-sh"; cat "$PLAY/verify.json"; exit 0');
  const apply = await place.pipelineApply();
  assert.equal(apply.exit, 0, apply.log);
  assert.ok(place.changes().includes("server-1 start"));

  place.checkout(place.main());
  place.asRecorded((name, answer) =>
    name === "lb-1"
      ? answer.replace(
          /end\n$/,
          `file changed 0644 0644 ${base64("mine\n")} /etc/quorate/authorized_keys\nend\n`,
        )
      : answer,
  );
  const drift = await place.pipelineDrift();
  assert.equal(drift.exit, 0, drift.log);
  const issue = [...fake.state.issues.values()].find((each) => !each.pull);
  assert.match(issue?.body ?? "", /lb-1/);

  const files = fake.state.git
    .files("main")
    .map(({ path, mode }) => `${mode} ${path}\n${fake.read("main", path)}`);
  const texts = {
    "what render says": rendered.stdout + rendered.stderr,
    "the log of plan": plan.stdout + plan.stderr,
    "its report": report,
    "its summary": readFileSync(summary, "utf8"),
    "the log of apply": apply.log,
    "the log of drift": drift.log,
    "the summaries of both": place.summary(),
    "the comments": [...fake.state.comments.values()].map(({ body }) => body).join("\n"),
    "the issue": `${issue?.title}\n${issue?.body}`,
    "the deployments": JSON.stringify([...fake.state.deployments.values()]),
    "the commits": fake.state.git.git(["log", "--format=%H %P%n%T%n%an <%ae>%n%B", "main"]),
    "the files on main": files.join("\n"),
    [REQUESTS]: fake.log
      .map(({ operation, path, body }) => `${operation} ${path} ${JSON.stringify(body)}`)
      .join("\n"),
  };
  return { place, texts, secrets: [...knownSecrets(root, place.cluster()), BOT_TOKEN, SSH_KEY] };
}

/** What may differ between two secrets, because it is public by design, and why; by what takes its place. */
function publicOf({ fake, recorded }: PipelinePlace): ReadonlyMap<string, string> {
  const record = recorded();
  assert.ok(record);
  const known = new Map<string, string>();
  // By their public host keys the machines are known without the secret: to drift, and to every other computer.
  for (const [name, { hostKey }] of record.machines) known.set(hostKey, `<host key of ${name}>`);
  // The one-way check value tells a wrong secret from the right one before anything is done with it.
  known.set(record.cluster.secretCheck, "<check value>");
  // The record holds both, so git's own names of it, and of what holds it, are others. Those of all else must be the same.
  const { git } = fake.state;
  const holders = git.list("--all", "--reverse", "--topo-order").flatMap(({ sha, tree }) => {
    const blob = git.find(`${sha}:out/applied.json`, "blob");
    return blob === null ? [] : [blob, git.find(`${sha}:out`, "tree") ?? "", tree, sha];
  });
  for (const id of new Set(holders)) known.set(id, "<id>");
  // Trees on the way to a commit that never came onto a branch have no name that git.list finds: none of them holds a secret
  // that the requests, which are compared too, do not show.
  return known;
}

/** What differs from run to run, whatever the secret is: the time, temporary folders, the random word by which commands are stopped. */
const RUNS: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<time>"],
  [/(?<![\w.])\d+(?:\.\d+)? s\b/g, "<seconds>"],
  [/\/tmp\/quorate-\w+/g, "<folder>"],
  [/::(stop-commands::)?[0-9a-f]{32}(::)?$/gm, "<stop>"],
];

function masked(text: string, known: ReadonlyMap<string, string>): string {
  let all = text;
  for (const [value, name] of known) {
    all = all.replaceAll(value, name);
    // A commit is shown by its first digits too.
    if (name === "<id>") for (const digits of [12, 7]) all = all.replaceAll(value.slice(0, digits), name);
  }
  return RUNS.reduce((whole, [pattern, name]) => whole.replace(pattern, name), all);
}

test("invariant 2: two random root secrets, byte-equal public output", async (t) => {
  const one = await wholeStory(t, randomBytes(32));
  const other = await wholeStory(t, randomBytes(32));
  const [first, second] = [one, other].map(({ place, texts }) => {
    const known = publicOf(place);
    return Object.entries(texts).map(([what, text]) => {
      const shown = masked(text, known);
      // Deployments are told beside all else, whenever there is time.
      return [what, what === REQUESTS ? shown.split("\n").toSorted().join("\n") : shown] as const;
    });
  });
  assert.ok(first && second);
  for (const [index, [what, text]] of first.entries()) {
    assert.ok(text.length > 40, `${what}: the test compares nothing`);
    assert.equal(text, second[index]?.[1], what);
  }
  const ids = [one, other].map(({ place }) => place.recorded()?.cluster.secretCheck);
  assert.notEqual(ids[0], ids[1], "the two secrets are two");
});

test("invariant 2: the secret, the token and the SSH key are in no output, in no encoding, and in no argument", async (t) => {
  started.splice(0);
  const { place, texts, secrets } = await wholeStory(t, randomBytes(32));
  for (const [what, text] of Object.entries(texts)) {
    assert.ok(!holdsSecret(text, secrets), what);
    assert.ok(!holdsSecret(text.replaceAll("\\", ""), secrets), `${what}, without Markdown's backslashes`);
  }
  const programs = started.map(({ spawnargs }) => spawnargs);
  for (const name of ["git", "sh"])
    assert.ok(
      programs.some(([program]) => program === name),
      name,
    );
  assert.ok(
    programs.some((args) => args.join(" ").includes("ssh -F ")),
    "ssh",
  );
  assert.ok(!holdsSecret(programs.map((args) => args.join("\0")).join("\n"), secrets));
  for (const name of ["environment-of-ssh", "environment-of-sh"]) {
    assert.ok(existsSync(place.playFile(name)), name);
    assert.ok(!holdsSecret(readFileSync(place.playFile(name), "utf8"), secrets), name);
  }
});
