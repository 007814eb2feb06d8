// pipeline apply as its step runs it: the machines, then verify, then the commit, then what people see.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pipelinePlace } from "../support/pipeline-place.ts";

const KEYS = "different 0644 YQo= /etc/quorate/authorized_keys";
const FROM = '"k3s": {';
const san = (name: string) => `"k3s": { "tlsSans": ["${name}.example.org"],`;

/** Waits until it holds, or nothing is running any more. */
async function until(running: Promise<unknown>, holds: () => boolean): Promise<void> {
  const over = running.then(() => true);
  while (!holds()) if (await Promise.race([over, sleep(20, false)])) return;
}

test("applied, verified, committed with the record and out/, told on the pull request and in the summary", async (t) => {
  const place = await pipelinePlace(t);
  const { number, sha } = place.merge(FROM, san("a"), { shown: { "server-1": "none" }, rendered: true });
  place.machine("server-1", [KEYS], []);
  const { exit, log, stdout } = await place.pipelineApply();
  assert.deepEqual([exit, stdout], [0, ""], log);

  const { git } = place.fake.state;
  const { parents, message, author } = git.one(place.main());
  assert.deepEqual(parents, [sha]);
  assert.match(message, /^Record what runs on home\n\nSource: [0-9a-f]{40}\nRun: https:\/\/github\.test\//);
  assert.equal(author.name, "github-actions[bot]");
  assert.deepEqual(
    git.changes(place.main()).map(({ path }) => path),
    ["out/applied.json"],
    "the person has rendered, so only the record is new",
  );
  const record = place.recorded();
  assert.equal(record?.machines.size, 4);
  for (const name of ["server-1", "server-2", "server-3"]) {
    const machine = record?.machines.get(name);
    assert.deepEqual([machine?.commit, machine?.result], [sha, "applied"]);
    assert.equal(git.find(`main:out/nodes/${name}`, "tree"), machine?.tree, "what it names is in git");
  }

  const [comment = "", ...more] = place.told(number);
  assert.deepEqual(more, []);
  assert.match(comment, new RegExp(`^<!-- quorate:applied {"v":1,"source":"${sha}","done":true} -->\n`));
  assert.match(comment, /^### Apply: 1 machine changed; cluster home is as the config says$/m);
  assert.match(comment, /^\| `server-1` \| new files \| applied \| [\d.]+ s \| {2}\|$/m);
  assert.match(comment, /^3 machines had nothing to change\.$/m);
  assert.match(comment, /^Verified: (\d+) of \1 lines pass\.$/m);
  assert.match(
    comment,
    new RegExp(`recorded in \\[${place.main().slice(0, 12)}\\]\\(https://github\\.test/`),
  );
  assert.match(comment, new RegExp(`^Commit \`${sha.slice(0, 12)}\`, \\[the run\\]\\(https://`, "m"));
  assert.equal(place.summary(), comment);
  assert.deepEqual(place.deployments(), ["server-1 in_progress,success"]);
  const steps = [" take", " send", " start", " drop", " verify"].map((end) =>
    place.log().findIndex((line) => line.startsWith("server-1") && line.endsWith(end)),
  );
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
});

test("the person has not rendered: out/ becomes what render makes of the config", async (t) => {
  const place = await pipelinePlace(t);
  const { sha } = place.merge(FROM, san("a"));
  const path = "out/nodes/server-1/files/etc/rancher/k3s/config.yaml";
  assert.doesNotMatch(place.fake.read(sha, path) ?? "", /a\.example\.org/);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.match(place.fake.read("main", path) ?? "", /a\.example\.org/);
  const tree = place.fake.state.git.find("main:out/nodes/server-1", "tree");
  assert.equal(tree, place.recorded()?.machines.get("server-1")?.tree);
});

test("invariant 4, silent second time: no hold, no commit, and what is told stays as it is", async (t) => {
  const place = await pipelinePlace(t);
  const { number } = place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  assert.equal((await place.pipelineApply()).exit, 0);
  const [before, asked, told] = [place.main(), place.log().length, place.told(number)];
  place.checkout(before);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.match(log, /pipeline apply: nothing had to be changed; cluster home is as the config says/);
  assert.equal(place.main(), before);
  assert.deepEqual(
    place
      .log()
      .slice(asked)
      .filter((line) => !/ (look|verify)$/.test(line)),
    [],
  );
  assert.deepEqual(place.told(number), told, "told of its own commit, and done");
});

test("nothing was applied yet, and no machine is there: nothing to record, nothing to commit", async (t) => {
  const place = await pipelinePlace(t, { recorded: false });
  for (const { name } of place.cluster().nodes) place.machine(name, null);
  const before = place.main();
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.equal(place.main(), before);
  assert.equal(place.recorded(), null);
  assert.match(log, /lb-1, server-1, server-2 and server-3 could not be asked, and are left out/);
  assert.deepEqual(place.fake.asked("git/update-ref"), []);
});

test("verify fails: exit 1, and the record of what was done is committed all the same", async (t) => {
  const place = await pipelinePlace(t);
  const { number, sha } = place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  place.works("fail");
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /^FAIL {2}api +none$/m);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  const [comment = ""] = place.told(number);
  assert.match(comment, /"done":false/);
  assert.match(comment, /^### Apply: 1 machine changed, but verify fails in 1 line$/m);
  assert.match(comment, /^- `api`: expected an answer, seen none; likely it is off; next: look$/m);

  place.works("pass");
  place.checkout(place.main());
  assert.equal((await place.pipelineApply()).exit, 0);
  assert.match(
    place.told(number).join(),
    /"done":true.*\n### Apply: nothing had to be changed; cluster home is/,
  );
});

test("verify is asked again for a while: not everything rests with the last machine", async (t) => {
  const place = await pipelinePlace(t);
  place.works("fail");
  const running = place.pipelineApply({ options: { settle: 60_000, again: 20 } });
  const asked = () => place.log().filter((line) => line === "runner verify").length;
  await until(running, () => asked() >= 2);
  place.works("pass");
  const { exit, log } = await running;
  assert.equal(exit, 0, log);
});

test("verify could not ask something: that is no success, and is said", async (t) => {
  const place = await pipelinePlace(t);
  const { number } = place.merge(FROM, san("a"));
  place.works("skip");
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /pipeline apply: nothing had to be changed, but verify could not ask 1 line/);
  assert.match(place.told(number).join(), /^- `api` was not asked: nobody could$/m);
});

for (const [what, script, boom, said] of [
  [
    "says why",
    "echo 'error: it cannot run' >&2; echo '  next: look' >&2",
    null,
    /not come to its end: it cannot/,
  ],
  ["is a mistake of ours", "", /^ok {4}api /, /a mistake in Quorate: Error: boom%0Anext: report it/],
] as const) {
  test(`verify itself fails, and that ${what}: committed all the same, told, and exit 1`, async (t) => {
    const place = await pipelinePlace(t);
    const { number, sha } = place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
    place.machine("server-1", [KEYS], []);
    if (script !== "") place.onVerify(script);
    const { exit, log } = await place.pipelineApply({
      seen: (text) => {
        if (boom?.test(text)) throw new Error("boom");
      },
    });
    assert.equal(exit, 1);
    assert.match(log, said);
    assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
    assert.match(
      place.told(number).join(),
      /^### Apply: 1 machine changed, but it did not come to its end$/m,
    );
  });
}

test("a mistake of ours in the midst of the machines: what runs where is committed, and told as that", async (t) => {
  const place = await pipelinePlace(t);
  const shown = { "server-1": "none", "server-2": "none" } as const;
  const { number, sha } = place.merge(FROM, san("a"), { shown });
  for (const name of ["server-1", "server-2"]) place.machine(name, [KEYS], []);
  const { exit, log } = await place.pipelineApply({
    seen: (text) => {
      if (/ server-2 .*put them in force/.test(text)) throw new Error("boom");
    },
  });
  assert.equal(exit, 1);
  assert.match(log, /a mistake in Quorate: Error: boom/);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  assert.match(
    place.told(number).join(),
    /^### Apply: stopped in the midst of the machines; the record says what/m,
  );
});

test("a machine fails: exit 1, recorded and told as it is, and the others are not begun", async (t) => {
  const place = await pipelinePlace(t);
  const shown = { "server-1": "none", "server-2": "none" } as const;
  const { number } = place.merge(FROM, san("a"), { shown });
  for (const name of ["server-1", "server-2"]) place.machine(name, [KEYS], []);
  place.onSend("echo 'tar: it broke' >&2; exit 1");
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /server-1: tar: it broke/);
  const [comment = ""] = place.told(number);
  assert.match(comment, /^### Apply: server-1 was left failed and server-2 was not begun$/m);
  assert.match(comment, /\| \*\*failed\*\* \| .* \| server-1: tar: it broke; next: .* \|$/m);
  assert.deepEqual(place.deployments(), ["server-1 in_progress,failure"]);
});

test("interrupted between two machines: put back, recorded, committed and told; exit 130", async (t) => {
  const place = await pipelinePlace(t);
  const shown = { "server-1": "none", "server-2": "none" } as const;
  const { number, sha } = place.merge(FROM, san("a"), { shown });
  for (const name of ["server-1", "server-2"]) place.machine(name, [KEYS], []);
  const interruption = new AbortController();
  const { exit, log } = await place.pipelineApply({
    session: { interrupted: interruption.signal },
    seen: (text) => {
      if (/Z server-1 +applied\n/.test(text)) interruption.abort();
    },
  });
  assert.equal(exit, 130, log);
  assert.deepEqual(place.changes(), ["server-1 send", "server-1 start", "server-1 confirm"]);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  assert.match(place.told(number).join(), /^### Apply: 1 machine changed, and server-2 was not begun$/m);
  assert.deepEqual(place.deployments(), ["server-1 in_progress,success"]);
  assert.ok(!place.log().includes("runner verify"), "there is no time for that");
  assert.ok(place.log().includes("server-3 drop"), "the holds are given back");
});

test("interrupted while it is verified: what was done is committed, and nobody says that it works", async (t) => {
  const place = await pipelinePlace(t);
  const { number, sha } = place.merge(FROM, san("a"));
  place.works("fail");
  const interruption = new AbortController();
  const session = { interrupted: interruption.signal };
  const running = place.pipelineApply({ session, options: { settle: 60_000, again: 60_000 } });
  await until(running, () => place.log().includes("runner verify"));
  interruption.abort();
  const { exit, log } = await running;
  assert.equal(exit, 130, log);
  assert.match(
    log,
    /::error title=apply::it was interrupted before it was verified%0Anext: npx quorate verify$/m,
  );
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);
  assert.match(place.told(number).join(), /"done":false/);
});

test("a config with errors and a missing secret: exit 1, what to do, and nobody is asked", async (t) => {
  const place = await pipelinePlace(t);
  const lacking = await place
    .pipelineApply({ environment: { QUORATE_CLUSTER_SECRET: "" } })
    .catch((error: Error) => error);
  assert.ok(lacking instanceof Error);
  assert.match(
    String((lacking as Error & { hint?: string }).hint),
    /the secret QUORATE_CLUSTER_SECRET of this job's environment/,
  );
  place.edit("cluster.config.json", "192.168.1.12", "192.168.1.11");
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /address-duplicate/);
  assert.match(
    log,
    /::error title=apply::the config has errors: nothing was changed%0Anext: npx quorate check$/m,
  );
  assert.deepEqual(place.log(), []);
  rmSync(join(place.folder, "cluster.config.json"));
  writeFileSync(join(place.folder, "cluster.config.json"), "{");
  assert.equal((await place.pipelineApply()).exit, 1);
});
