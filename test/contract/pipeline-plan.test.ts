// pipeline plan in a real repository: what a pull request changes, held against what was applied before it.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../generator/verbs.ts";
import { type PullPlace, pullPlace } from "../support/pull-place.ts";
import { scratch } from "../support/scratch.ts";

const FLAG = ['"k3s": {', '"k3s": { "tlsSans": ["a.example.org"],'] as const;
const editConfig = (place: PullPlace) => place.edit("cluster.config.json", ...FLAG);
const render = (place: PullPlace) =>
  run(["render", "--config", place.config, "--out", join(place.folder, "out")], {}, false);

test("an edit of the config alone: green, with report, summary and annotations; out/ of before is not stale", async (t) => {
  const place = await pullPlace(t);
  await place.propose(() => editConfig(place));
  const { exit, stdout, stderr } = await place.pipelinePlan();
  assert.deepEqual([exit, stderr], [0, ""]);
  const report = place.report();
  assert.equal(report.head, place.head());
  assert.equal(report.config, "cluster.config.json");
  assert.deepEqual(report.outStale, []);
  assert.deepEqual(
    report.machines.map(({ name, state, action }) => [name, state, action]),
    [
      ["lb-1", "unchanged", "none"],
      ["server-1", "changes", "restart"],
      ["server-2", "changes", "restart"],
      ["server-3", "changes", "restart"],
    ],
  );
  assert.equal(report.machines[1]?.why, "the config");
  assert.deepEqual(
    [report.tolerance.before?.commit, report.tolerance.before?.runs],
    [place.git("rev-parse", "main^"), true],
  );
  assert.match(place.summary(), /^### ✅ K3s restarts on 3 servers/m);
  assert.match(
    stdout,
    /^::warning file=cluster\.config\.json,line=\d+,col=\d+,title=single-load-balancer::/m,
  );
  const [, token] = /^::stop-commands::([0-9a-f]{32})$/m.exec(stdout) ?? [];
  assert.ok(token && stdout.indexOf("plan (against the record") < stdout.indexOf(`\n::${token}::\n`));
  assert.ok(stdout.startsWith("::stop-commands::"));
});

test("a pull request that touches out/: its own render is fine, anything else is stale and red", async (t) => {
  const place = await pullPlace(t);
  await place.propose(async () => {
    editConfig(place);
    await render(place);
  });
  assert.equal((await place.pipelinePlan()).exit, 0);
  assert.deepEqual(place.report().outStale, []);

  const hand = await pullPlace(t);
  await hand.propose(() => hand.edit("out/haproxy.cfg", "maxconn", "maxcon"));
  const { exit, stdout } = await hand.pipelinePlan();
  assert.equal(exit, 1);
  assert.deepEqual(hand.report().outStale, ["out/haproxy.cfg"]);
  assert.match(stdout, /^::error file=out\/haproxy\.cfg,line=1,title=out-stale::.*npm run render/m);
  assert.match(hand.summary(), /^### ⛔ out\/ is not what render makes of this config/m);
});

test("the record that a pull request brings is not believed, and is called stale", async (t) => {
  const place = await pullPlace(t);
  await place.propose(async () => {
    editConfig(place);
    await render(place);
    place.git("add", "-A");
    place.git("commit", "-qm", "the files");
    // As if that were applied already.
    place.record();
  });
  assert.equal((await place.pipelinePlan()).exit, 1);
  const { outStale, machines } = place.report();
  assert.deepEqual(outStale, ["out/applied.json"]);
  assert.equal(machines.filter(({ state }) => state === "changes").length, 3);
});

test("a removed record is no first apply either", async (t) => {
  const place = await pullPlace(t);
  await place.propose(() => rmSync(join(place.folder, "out/applied.json")));
  assert.equal((await place.pipelinePlan()).exit, 1);
  assert.deepEqual([place.report().recorded, place.report().outStale], [true, ["out/applied.json"]]);
});

test("the record on a branch of its own is read as it was last seen", async (t) => {
  const place = await pullPlace(t);
  place.git("update-ref", "refs/remotes/origin/state", place.git("rev-parse", "main"));
  place.git("rm", "-q", "out/applied.json");
  place.git("commit", "-qm", "it lives on state");
  await place.propose(() => {
    editConfig(place);
    place.edit("cluster.config.json", '"nodes"', '"state": { "branch": "state" }, "nodes"');
  });
  assert.equal((await place.pipelinePlan()).exit, 0);
  assert.equal(place.report().recorded, true);
  place.git("update-ref", "-d", "refs/remotes/origin/state");
  await place.pipelinePlan();
  assert.equal(place.report().recorded, false);
});

test("errors and refusals: red, and the report is written all the same", async (t) => {
  const bad = await pullPlace(t);
  await bad.propose(() => bad.edit("cluster.config.json", '"role": "server"', '"role": "sever"'));
  const errors = await bad.pipelinePlan();
  assert.equal(errors.exit, 1);
  assert.equal(bad.report().cluster, null);
  assert.match(errors.stdout, /^::error file=cluster\.config\.json,line=\d+,col=\d+,title=wrong-value::/m);

  const refused = await pullPlace(t);
  await refused.propose(() =>
    refused.edit("cluster.config.json", '"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",'),
  );
  const { exit, stdout } = await refused.pipelinePlan();
  assert.equal(exit, 1);
  assert.match(
    stdout,
    /^::error file=cluster\.config\.json,line=\d+,col=\d+,title=refused%3A k3s\.clusterCidr::/m,
  );
  const [refusal] = refused.report().refusals;
  const line = readFileSync(refused.config, "utf8").split("\n")[(refusal?.line ?? 0) - 1] ?? "";
  assert.match(line, /clusterCidr/);
});

test("nothing applied yet: everything is new, and it is green", async (t) => {
  const place = await pullPlace(t, "sample", false);
  await place.propose(() => editConfig(place));
  assert.equal((await place.pipelinePlan()).exit, 0);
  const { recorded, machines } = place.report();
  assert.deepEqual([recorded, new Set(machines.map(({ action }) => action))], [false, new Set(["add"])]);
});

test("what main does meanwhile is not the pull request's: also where its own branch is checked out", async (t) => {
  const place = await pullPlace(t);
  await place.propose(() => editConfig(place));
  place.git("checkout", "-q", "main");
  place.edit("out/haproxy.cfg", "maxconn", "maxcon");
  place.git("commit", "-qam", "meanwhile");
  place.git("checkout", "-q", "topic");
  place.again();
  await place.pipelinePlan();
  assert.deepEqual(place.report().outStale, []);
});

test("text of the config speaks no command: every line that is one is ours", async (t) => {
  const place = await pullPlace(t);
  const hostile = "x\\n::error::y##[error]z%0A::warning::w";
  await place.propose(() => place.edit("cluster.config.json", '"role": "server"', `"role": "${hostile}"`));
  const { stdout } = await place.pipelinePlan();
  const [, token = "?"] = /^::stop-commands::(.*)$/m.exec(stdout) ?? [];
  const outside = stdout.slice(stdout.indexOf(`::${token}::\n`) + token.length + 5);
  assert.ok(
    outside.split("\n").every((line) => line === "" || /^::(error|warning|notice) (file|title)=/.test(line)),
  );
  assert.ok(!place.report().findings.some(({ message }) => message.includes("\n")));
});

test("a clone without the base is refused with what to do; so is a folder that is missing, and a word", async (t) => {
  const place = await pullPlace(t);
  await place.propose(() => editConfig(place));
  const shallow = join(scratch(t), "shallow");
  place.git("clone", "-q", "--depth", "1", `file://${place.folder}`, shallow);
  const command = ["pipeline", "plan", "--out", place.out, "--config", join(shallow, "cluster.config.json")];
  const { exit, stdout } = await run(command, place.environment, false);
  assert.equal(exit, 1);
  assert.match(stdout, /^::error title=pipeline plan::this clone does not have .*fetch-depth: 0$/m);
  assert.match(
    (await run(["pipeline", "plan"], {}, false)).stdout,
    /^::error title=pipeline plan::.*--out DIR$/m,
  );
  assert.equal((await run(["pipeline", "constructor"], {}, false)).exit, 3);
});

test("outside of GitHub: a plan with no pull request, and --json on a clean stdout", async (t) => {
  const place = await pullPlace(t);
  editConfig(place);
  const command = ["pipeline", "plan", "--json", "--out", place.out, "--config", place.config];
  const { exit, stdout, stderr } = await run(command, { PATH: process.env["PATH"] }, false);
  assert.deepEqual([exit, stderr], [0, ""]);
  const report = JSON.parse(stdout) as { head: unknown; machines: readonly unknown[] };
  assert.deepEqual([report.head, report.machines.length], [null, 4]);
  writeFileSync(join(place.folder, "out/applied.json"), "{}");
  const broken = await run(command, { PATH: process.env["PATH"] }, false);
  assert.deepEqual([broken.exit, broken.stdout], [1, ""]);
  assert.match(broken.stderr, /^::error title=pipeline plan::.*is not a record that this Quorate reads/);
});

test("a skipped minor of K3s: refused at its line, and the comment says which version comes first", async (t) => {
  const place = await pullPlace(t);
  await place.propose(() =>
    place.edit("cluster.config.json", /"version": "v1[^"]*"/, '"version": "v1.38.0+k3s1"'),
  );
  const { exit, stdout } = await place.pipelinePlan();
  assert.equal(exit, 1);
  assert.match(
    stdout,
    /^::error file=cluster\.config\.json,line=\d+,col=\d+,title=refused%3A k3s\.version::/m,
  );
  const [refusal] = place.report().refusals;
  const line = readFileSync(place.config, "utf8").split("\n")[(refusal?.line ?? 0) - 1] ?? "";
  assert.match(line, /"version": "v1\.38\.0\+k3s1"/);
  assert.match(refusal?.next ?? "", /^first the newest release of v1\.37 /);
});
