// pipeline drift as its step runs it: one issue, opened, changed, closed and opened again; without the cluster's secret.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type PipelinePlace, pipelinePlace } from "../support/pipeline-place.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const KEYS = "/etc/quorate/authorized_keys";

/** Somebody has put a line at the end of lb-1's keys. */
function tamper(place: PipelinePlace, line: string): void {
  const text = `${place.git("show", `HEAD:./out/nodes/lb-1/files${KEYS}`)}\n${line}\n`;
  const seen = `file changed 0644 0644 ${base64(text)} ${KEYS}\nend`;
  place.asRecorded((name, answer) => (name === "lb-1" ? answer.replace(/end\n$/, `${seen}\n`) : answer));
}

const issues = ({ fake }: PipelinePlace) => [...fake.state.issues.values()].filter(({ pull }) => !pull);

test("drift opens an issue, another one changes it, none closes it, and a new one opens it again", async (t) => {
  const place = await pipelinePlace(t);
  place.asRecorded();
  const calm = await place.pipelineDrift();
  assert.equal(calm.exit, 0, calm.log);
  assert.match(calm.log, /pipeline drift: everything is as it was applied; no issue is open/);
  assert.deepEqual(issues(place), []);

  tamper(place, "by hand");
  const opened = await place.pipelineDrift();
  assert.deepEqual([opened.exit, opened.stdout], [0, ""]);
  assert.match(opened.log, /::warning title=drift::the machines have drifted: https:\/\/github\.test\//);
  assert.match(opened.log, /the machines have drifted; an issue was opened \(https:/);
  const [issue, ...more] = issues(place);
  assert.ok(issue);
  assert.deepEqual([more, issue.open, issue.labels], [[], true, ["quorate-drift"]]);
  assert.equal(issue.title, "Drift on cluster home");
  assert.match(issue.body ?? "", /^<!-- quorate:drift \{"v":1\} -->\n/);
  assert.match(issue.body ?? "", /^1 difference between .*: `lb-1`\.$/m);
  assert.match(issue.body ?? "", /^ {6}\+by hand$/m);
  assert.match(place.summary(), /^ {6}\+by hand$/m);

  assert.match((await place.pipelineDrift({ id: 2 })).log, /the issue says so already/);
  tamper(place, "once more");
  assert.match((await place.pipelineDrift()).log, /the issue was changed/);
  assert.match(issues(place)[0]?.body ?? "", /\+once more/);
  place.asRecorded();
  assert.match((await place.pipelineDrift()).log, /everything is as it was applied; the issue was closed/);
  assert.deepEqual(
    issues(place).map(({ open }) => open),
    [false],
  );
  tamper(place, "again");
  assert.match((await place.pipelineDrift()).log, /the issue was opened again/);
  assert.deepEqual(
    issues(place).map(({ open }) => open),
    [true],
  );
  assert.deepEqual(place.changes(), [], "it only looks");
});

test("no secret of the cluster is there, and the machines are known by the recorded host keys", async (t) => {
  const place = await pipelinePlace(t);
  place.asRecorded();
  const { exit, log } = await place.pipelineDrift({ environment: { QUORATE_CLUSTER_SECRET: "" } });
  assert.equal(exit, 0, log);
  assert.deepEqual(place.log().toSorted(), [
    "lb-1 inspect",
    "server-1 inspect",
    "server-2 inspect",
    "server-3 inspect",
  ]);
});

test("a machine that cannot be asked: exit 1; an open issue is not closed for it, and other drift is told", async (t) => {
  const place = await pipelinePlace(t);
  tamper(place, "by hand");
  assert.equal((await place.pipelineDrift()).exit, 0);
  place.asRecorded();
  place.machine("lb-1", null);
  const silent = await place.pipelineDrift();
  assert.equal(silent.exit, 1);
  assert.match(silent.log, /::error title=drift::lb-1 could not be asked%0Anext: npx quorate status$/m);
  const [issue] = issues(place);
  assert.ok(issue?.open);
  assert.match(issue.body ?? "", /\+by hand/, "nobody knows whether that is gone");

  place.asRecorded((name, answer) =>
    name === "server-1" ? answer.replace("ActiveState=active", "ActiveState=failed") : answer,
  );
  const both = await place.pipelineDrift();
  assert.equal(both.exit, 1);
  assert.match(issues(place)[0]?.body ?? "", /`server-1`/);
  assert.match(issues(place)[0]?.body ?? "", /lb-1 .*could not be asked/);
});

test("nothing was applied yet: exit 0, and nobody is asked", async (t) => {
  const place = await pipelinePlace(t, { recorded: false });
  const { exit, log } = await place.pipelineDrift();
  assert.equal(exit, 0);
  assert.match(log, /::notice title=drift::nothing was applied yet, so nothing can have drifted$/m);
  assert.deepEqual([place.log(), place.fake.log], [[], []]);
});

test("the record on main counts, also where the checkout is older; what cannot be fetched is said", async (t) => {
  const place = await pipelinePlace(t);
  tamper(place, "by hand");
  place.git("remote", "set-url", "origin", "/nowhere");
  const { exit, log } = await place.pipelineDrift();
  assert.equal(exit, 0, log);
  assert.match(log, /note: the record on the shared branch could not be looked at \(git fetch failed: /);
  assert.match(issues(place)[0]?.body ?? "", /the record on the shared branch could not be looked at/);
});

test("GitHub does not take the issue: exit 1, what it said, and the log and the summary have it all the same", async (t) => {
  const place = await pipelinePlace(t);
  tamper(place, "by hand");
  place.fake.fault("issues/create", { status: 403, message: "Resource not accessible by integration" });
  const { exit, log } = await place.pipelineDrift();
  assert.equal(exit, 1);
  assert.match(log, /::error title=drift::GitHub answers 403 to POST .*issues: write/);
  assert.match(log, /^ {6}\+by hand$/m);
  assert.match(place.summary(), /\+by hand/);
});

test("an issue that is made, and the answer is lost: there is one", async (t) => {
  const place = await pipelinePlace(t);
  tamper(place, "by hand");
  place.fake.fault("issues/create", "lost-after");
  assert.equal((await place.pipelineDrift()).exit, 0);
  assert.equal(issues(place).length, 1);
});

test("very much drift is cut, and that is said", async (t) => {
  const place = await pipelinePlace(t);
  tamper(place, "x".repeat(70_000));
  const { exit, log } = await place.pipelineDrift();
  assert.equal(exit, 0, log);
  const body = issues(place)[0]?.body ?? "";
  assert.ok(body.length <= 60_000);
  assert.match(body, /^… cut here; the whole text is in the log of the run\.$/m);
  assert.match(body, /Last seen in \[this run\]/);
});

test("a config with errors: exit 1, what is wrong, and nobody is asked", async (t) => {
  const place = await pipelinePlace(t);
  place.edit("cluster.config.json", "192.168.1.12", "192.168.1.11");
  const { exit, log } = await place.pipelineDrift();
  assert.equal(exit, 1);
  assert.match(log, /address-duplicate/);
  assert.match(log, /::error title=drift::the config has errors: the machines cannot be reached%0Anext: npx/);
  rmSync(join(place.folder, "cluster.config.json"));
  writeFileSync(join(place.folder, "cluster.config.json"), "{");
  assert.equal((await place.pipelineDrift()).exit, 1);
  assert.deepEqual(place.log(), []);
});
