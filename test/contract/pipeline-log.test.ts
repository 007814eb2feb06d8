// What the two jobs on the LAN runner print and send: nothing that a machine says becomes a command, Markdown, or a leak; and whom they serve.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { holdsSecret } from "../../generator/secrets/redact.ts";
import { run } from "../../generator/verbs.ts";
import { ROOT } from "../support/apply-place.ts";
import { BOT, BOT_TOKEN } from "../support/github/fake.ts";
import { type PipelinePlace, pipelinePlace, SSH_KEY } from "../support/pipeline-place.ts";
import { commandsIn } from "../support/workflow-log.ts";

const FROM = '"k3s": {';
const TO = '"k3s": { "tlsSans": ["a.example.org"],';
const KEYS = "/etc/quorate/authorized_keys";
const base64 = (text: string) => Buffer.from(text).toString("base64");
/** Every way in which a line could be one of the runner's. */
const COMMANDS = [
  "::set-env name=PATH::/evil",
  "##[add-path]/evil",
  "::error title=x::pwned",
  "::stop-commands::mine",
  "::mine::",
];

/** server-1 has a file with that text in the place of its keys, and its ssh says the last line of it. */
function saying(place: PipelinePlace, lines: readonly string[]) {
  const merged = place.merge(FROM, TO, { shown: { "server-1": "none" } });
  place.machine("server-1", [`different 0644 ${base64(`${lines.join("\n")}\n`)} ${KEYS}`], []);
  const said = `${lines.join("\n")}\n`;
  writeFileSync(place.playFile("said"), said);
  place.onSend('cat "$PLAY/said" >&2; exit 1');
  return merged;
}

test("no line of a machine is a command, in apply's log; our own annotations are", async (t) => {
  const place = await pipelinePlace(t);
  saying(place, COMMANDS);
  const { exit, log, stdout } = await place.pipelineApply();
  assert.deepEqual([exit, stdout], [1, ""]);
  for (const line of COMMANDS) assert.ok(log.includes(line), `the test says nothing: ${line}`);
  assert.deepEqual(commandsIn(log), []);
});

test("no line of a machine is a command, in drift's log", async (t) => {
  const place = await pipelinePlace(t);
  const seen = `file changed 0644 0644 ${base64(`${COMMANDS.join("\n")}\n`)} ${KEYS}\nend\n`;
  place.asRecorded((_, answer) => answer.replace(/end\n$/, seen));
  const { exit, log, stdout } = await place.pipelineDrift();
  assert.deepEqual([exit, stdout], [0, ""]);
  assert.ok(log.includes("+::set-env name=PATH::/evil"));
  const [warning = "", ...more] = commandsIn(log);
  assert.deepEqual(more, []);
  assert.match(warning, /^warning title=drift::the machines have drifted: https:/);
});

test("a failure is an annotation within the same stream, and afterwards commands work again", async (t) => {
  const place = await pipelinePlace(t);
  const { log, stdout } = await place.pipelineApply({ environment: { QUORATE_NODE: "server-9" } });
  assert.equal(stdout, "");
  assert.equal(commandsIn(log).length, 1);
  assert.deepEqual(commandsIn(`${log}\n::notice::later`).at(-1), "notice::later");
});

test("a machine's words are words in the comment: no heading, no mention, no link, no table of their own", async (t) => {
  const place = await pipelinePlace(t);
  const { number } = saying(place, ["x | y @everybody #1 <img src=x> **b** [l](http://e) `c`"]);
  await place.pipelineApply();
  const [comment = ""] = place.told(number);
  const row = comment.split("\n").find((line) => line.startsWith("| `server-1`")) ?? "";
  assert.match(
    row,
    /@&#8203;everybody #&#8203;1 &lt;img src=x&gt; \\\*\\\*b\\\*\\\* \\\[l\\\]\(http:&#8203;\/\/e\)/,
  );
  assert.equal(row.match(/(?<!\\)\|/g)?.length, 6);
});

const SECRETS: Readonly<Record<string, string>> = {
  "the root secret": Buffer.from(ROOT).toString("hex"),
  "the root secret in base64": Buffer.from(ROOT).toString("base64"),
  "the server's token": deriveSecret(ROOT, { secret: "server-token", generation: 1 }),
  "a host key's last line": deriveSecret(ROOT, { secret: "ssh-host-key/server-1", generation: 1 })
    .trim()
    .split("\n")
    .at(-2) as string,
  "the job's token": BOT_TOKEN,
  "the job's token in hex": Buffer.from(BOT_TOKEN).toString("hex"),
  "a line of the SSH key": SSH_KEY.trim().split("\n").at(-2) as string,
};
const KNOWN = [
  ROOT,
  BOT_TOKEN,
  SSH_KEY,
  deriveSecret(ROOT, { secret: "server-token", generation: 1 }),
  deriveSecret(ROOT, { secret: "ssh-host-key/server-1", generation: 1 }),
];
const everything = ({ fake, summary }: PipelinePlace, log: string) =>
  [log, summary(), ...fake.log.map(({ body }) => JSON.stringify(body ?? ""))].join("\n");

for (const [what, secret] of Object.entries(SECRETS)) {
  test(`a machine says ${what}: it is taken out before it becomes Markdown, and the rest is told`, async (t) => {
    const place = await pipelinePlace(t);
    const { number } = saying(place, [`it said ${secret} at the end`]);
    const { exit, log } = await place.pipelineApply();
    assert.equal(exit, 1);
    const all = everything(place, log);
    assert.ok(!holdsSecret(all, KNOWN));
    // Markdown's escapes in it: `ghs\_`, and a look at the whole text finds nothing any more.
    assert.ok(!holdsSecret(all.replaceAll("\\", ""), KNOWN));
    const [comment = ""] = place.told(number);
    assert.match(comment, /server-1: it said .* at the end/);
    assert.deepEqual(place.deployments(), ["server-1 in_progress,failure"]);
    assert.ok(log.includes("[redacted]") || log.includes("•••"));
  });
}

test("a token of another form, which nothing but the list of secrets knows: Markdown's backslash does not save it", async (t) => {
  const place = await pipelinePlace(t);
  const token = "odd_one_of_some_enterprise_server";
  place.fake.state.logins.set(token, BOT);
  const { number } = saying(place, [`it said ${token} at the end`]);
  const { log } = await place.pipelineApply({ environment: { GITHUB_TOKEN: token } });
  const all = everything(place, log);
  assert.ok(!all.includes(token) && !all.replaceAll("\\", "").includes(token));
  assert.match(place.told(number).join(), /server-1: it said \\\[redacted\\\] at the end/);
  assert.match(log, /server-1: it said \[redacted\] at the end/);
});

test("a machine says the token, or the SSH key, and drift shows it: taken out, and the rest is told", async (t) => {
  const place = await pipelinePlace(t);
  const lines = [`one ${BOT_TOKEN}`, `two ${SECRETS["a line of the SSH key"]}`, "three"];
  const seen = `file changed 0644 0644 ${base64(`${lines.join("\n")}\n`)} ${KEYS}\nend\n`;
  place.asRecorded((_, answer) => answer.replace(/end\n$/, seen));
  const { exit, log } = await place.pipelineDrift();
  assert.equal(exit, 0, log);
  const all = everything(place, log);
  assert.ok(!holdsSecret(all, [BOT_TOKEN, SSH_KEY]));
  assert.ok(!holdsSecret(all.replaceAll("\\", ""), [BOT_TOKEN, SSH_KEY]));
  assert.match([...place.fake.state.issues.values()][0]?.body ?? "", /^ {6}\+three$/m);
});

for (const word of ["apply", "drift"] as const) {
  test(`a public repository is refused by pipeline ${word}: nobody is asked, with what to do`, async (t) => {
    const place = await pipelinePlace(t);
    place.event({ repository: { private: false, full_name: "somebody/cluster" } });
    const environment = {
      ...place.environment,
      GITHUB_TOKEN: BOT_TOKEN,
      GITHUB_REPOSITORY: "somebody/cluster",
      GITHUB_EVENT_NAME: "push",
      GITHUB_EVENT_PATH: place.eventFile,
      GITHUB_REF: "refs/heads/main",
      GITHUB_SHA: place.main(),
      GITHUB_RUN_ID: "1",
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_API_URL: "http://127.0.0.1:9",
      GITHUB_SERVER_URL: "http://127.0.0.1:9",
    };
    // Neither is looked for before that: no secret is read for a stranger.
    const { exit, stdout, stderr } = await run(
      ["pipeline", word, "--config", place.config],
      environment,
      false,
    );
    assert.deepEqual([exit, stderr], [1, ""]);
    assert.deepEqual(commandsIn(stdout).length, 1);
    assert.match(
      stdout,
      /^::error title=pipeline (?:apply|drift)::somebody\/cluster is a public repository, .*: nothing was done%0Anext: make it private, /,
    );
    assert.deepEqual([place.log(), place.fake.log], [[], []]);
  });

  test(`pipeline ${word} serves a private repository, and one of which the event says nothing`, async (t) => {
    const place = await pipelinePlace(t);
    place.asRecorded();
    const go = word === "apply" ? place.pipelineApply : place.pipelineDrift;
    for (const payload of [{ repository: { private: true } }, { schedule: "43 4 * * *" }]) {
      place.event(payload);
      assert.equal((await go()).exit, 0);
    }
  });

  test(`pipeline ${word} is for a branch, and needs the token`, async (t) => {
    const place = await pipelinePlace(t);
    const go = word === "apply" ? place.pipelineApply : place.pipelineDrift;
    await assert.rejects(
      go({ environment: { GITHUB_REF: "refs/pull/7/merge" } }),
      /this run is about refs\/pull\/7\/merge, and only a branch is applied/,
    );
    await assert.rejects(go({ environment: { GITHUB_TOKEN: "" } }), /GITHUB_TOKEN is not set/);
    assert.deepEqual([place.log(), place.fake.log], [[], []]);
  });
}

test("a summary that cannot be written is said, and fails nothing", async (t) => {
  const place = await pipelinePlace(t);
  const { exit, log } = await place.pipelineApply({ environment: { GITHUB_STEP_SUMMARY: place.folder } });
  assert.equal(exit, 0, log);
  assert.match(
    commandsIn(log).join("\n"),
    /warning title=apply::the summary of this run was not written: EISDIR/,
  );
});
