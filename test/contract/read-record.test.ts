// Where the record is found: on a branch of its own, as it was fetched or last seen, or beside the config.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { recordText } from "../../generator/model/record.ts";
import { programs } from "../../generator/program.ts";
import { readRecord } from "../../generator/read-record.ts";
import { planPlace } from "../support/plan-place.ts";
import { makeRecord } from "../support/record.ts";
import { scratch } from "../support/scratch.ts";

const RUN = programs({ PATH: process.env["PATH"] });
/** A record that is told from others by its machine. */
const recordOf = (name: string) => recordText(makeRecord({ name: "home" }, [name]));

/** A clone, and a server whose branch state is written as the pipeline does. */
async function withStateBranch(t: TestContext) {
  const place = await planPlace(t);
  const server = join(scratch(t), "server.git");
  place.git("init", "-q", "--bare", server);
  place.git("remote", "add", "origin", server);
  const path = join(place.folder, "out/applied.json");
  const here = (name: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, recordOf(name));
  };
  /** One commit more on the server's branch, which this clone has not seen. */
  const push = (name: string) => {
    const blob = join(scratch(t), "blob");
    writeFileSync(blob, recordOf(name));
    const id = place.git("hash-object", "-w", "--", blob);
    const index = { GIT_INDEX_FILE: join(scratch(t), "index") };
    const add = ["update-index", "--add", "--cacheinfo", `100644,${id},out/applied.json`];
    place.gitWith(index, ...add);
    const tree = place.gitWith(index, "write-tree");
    const known = place.git("ls-remote", server, "refs/heads/state").split("\t")[0] ?? "";
    const parent = known === "" ? [] : ["-p", known];
    const commit = place.git("commit-tree", tree, ...parent, "-m", name);
    place.git("push", "-q", server, `${commit}:refs/heads/state`);
  };
  const found = async (fetches: boolean) => {
    const { record, problem } = await readRecord(place.config, RUN, { branch: "state", fetches });
    return { machines: record && [...record.machines.keys()], problem };
  };
  return { ...place, server, here, push, found };
}

test("on a branch of its own: fetched, and without a network as it was last seen", async (t) => {
  const place = await withStateBranch(t);
  assert.deepEqual(await place.found(true), { machines: null, problem: null }, "the first apply makes it");
  place.push("one");
  assert.deepEqual(await place.found(false), { machines: null, problem: "nobody looked" });
  assert.deepEqual(await place.found(true), { machines: ["one"], problem: null });
  place.push("two");
  assert.deepEqual((await place.found(false)).machines, ["one"]);
  assert.deepEqual((await place.found(true)).machines, ["two"]);
  place.git("remote", "set-url", "origin", join(place.folder, "gone.git"));
  const gone = await place.found(true);
  assert.deepEqual(gone.machines, ["two"]);
  assert.match(gone.problem ?? "", /^git fetch failed: .*gone\.git/);
});

test("a branch that is new: until an apply writes it, what was recorded beside the config counts", async (t) => {
  const place = await withStateBranch(t);
  place.here("old");
  place.git("add", "-A");
  place.git("commit", "-qm", "the record is still here");
  assert.deepEqual((await place.found(true)).machines, ["old"]);
  place.push("new");
  assert.deepEqual((await place.found(true)).machines, ["new"], "the committed one is older");
});

test("an apply here that nobody has pushed knows more than the branch; a copy of an older commit of it does not", async (t) => {
  const place = await withStateBranch(t);
  place.push("one");
  place.here("here");
  assert.deepEqual((await place.found(true)).machines, ["here"]);
  writeFileSync(join(place.folder, ".gitignore"), "out/applied.json\n");
  assert.deepEqual((await place.found(true)).machines, ["here"], "an ignored file is no less new");
  place.push("here");
  place.push("two");
  assert.deepEqual((await place.found(true)).machines, ["two"]);
});

test("without a repository the record beside the config counts, and it is said", async (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, "out"));
  writeFileSync(join(folder, "out/applied.json"), recordOf("here"));
  const at = { branch: "state", fetches: true };
  const { record, problem } = await readRecord(join(folder, "cluster.config.json"), RUN, at);
  assert.deepEqual([...(record?.machines.keys() ?? [])], ["here"]);
  assert.equal(problem, "the config is in no git repository");
});
