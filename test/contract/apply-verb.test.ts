// The verb apply as it is typed, with a program in ssh's place: what it refuses before and after it holds the machines, and
// what it says at the end.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parseRecord } from "../../generator/model/record.ts";
import { digestOf } from "../../generator/render/node-program.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { NODE_PATHS } from "../../generator/render/node-paths.ts";
import { rootCheck } from "../../generator/secrets/derive.ts";
import { writeRootSecret } from "../../generator/secrets/root.ts";
import { run } from "../../generator/verbs.ts";
import { clusterOf, TEMPLATES } from "../support/fixtures.ts";
import { planPlace, type PlanPlace } from "../support/plan-place.ts";
import { statusText } from "../support/says.ts";
import { scratch } from "../support/scratch.ts";

const here = { skip: process.platform === "linux" ? false : "a shell script stands for ssh" };
const ROOT = new Uint8Array(32).fill(7);
const CA = "c".repeat(64);

// Called as `ssh -F FILE NAME COMMAND`, or to end a connection.
const SSH = `#!/bin/sh
case $* in *" -O "*) exit 0 ;; esac
name=$3
script=$(cat | tr -d '\\0')
case $script in
  *'status --json | base64'*) cat "$PLACE/$name" ;;
  *cacerts*) echo "${CA}  -"; echo '"uid": "00000000-0000-0000-0000-000000000001"' ;;
  *'lease take'*) [ ! -e "$PLACE/on-lease" ] || sh "$PLACE/on-lease" ;;
esac
`;

interface Play {
  readonly place: PlanPlace;
  /** With these arguments, or with another config. */
  readonly apply: (...args: readonly (string | { readonly config: string })[]) => ReturnType<typeof run>;
  /** Lines that a machine tells beside that it is ready. */
  readonly tells: (name: string, ...lines: readonly string[]) => void;
  /** Run as soon as a machine is held. */
  readonly onLease: (command: string) => void;
  readonly record: () => string | null;
}

async function play(t: TestContext, recorded = true): Promise<Play> {
  const place = await planPlace(t);
  writeRootSecret(place.config, ROOT);
  const cluster = clusterOf(readFileSync(place.config, "utf8"));
  if (recorded) {
    const check = rootCheck(ROOT);
    place.record((record) => ({ ...record, cluster: { ...record.cluster, caHash: CA, secretCheck: check } }));
  }
  const folder = scratch(t);
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/ssh"), SSH);
  chmodSync(join(folder, "bin/ssh"), 0o755);
  const tells: Play["tells"] = (name, ...lines) => {
    const node = cluster.nodes.find((each) => each.name === name);
    assert.ok(node, name);
    const applied = digestOf(nodeFiles(cluster, node, TEMPLATES));
    const status = statusText(name, { cluster: cluster.name, applied });
    writeFileSync(
      join(folder, name),
      [...lines, `status ${Buffer.from(status).toString("base64")}`, "end", ""].join("\n"),
    );
  };
  for (const { name } of cluster.nodes) tells(name);
  const record = join(place.folder, "out/applied.json");
  return {
    place,
    tells,
    apply: (...args) => {
      const words = args.filter((each) => typeof each === "string");
      const { config } = args.find((each) => typeof each !== "string") ?? place;
      const environment = { PATH: `${folder}/bin:${process.env["PATH"]}`, PLACE: folder, HOME: folder };
      return run(["apply", "--config", config, ...words], environment, false);
    },
    onLease: (command) => writeFileSync(join(folder, "on-lease"), `${command}\n`),
    record: () => (existsSync(record) ? readFileSync(record, "utf8") : null),
  };
}

const CHANGED = `missing ${NODE_PATHS.hostname}`;

test("all is as it should be: that is recorded, said, and silent the second time", here, async (t) => {
  const { apply, record } = await play(t, false);
  const first = await apply("--yes");
  assert.equal(first.exit, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /^apply: cluster \S+ is as the config says$/m);
  const text = record();
  assert.ok(text !== null && parseRecord(text).ok);
  assert.equal((await apply("--yes")).exit, 0);
  assert.equal(record(), text);
});

test(
  "a part of it: the cluster is not said to be as the config says where some are left alone",
  here,
  async (t) => {
    const { apply, tells } = await play(t);
    tells("server-1", CHANGED);
    const { exit, stdout } = await apply("--yes", "--node", "lb-1", "--node", "lb-1");
    assert.equal(exit, 0);
    assert.match(stdout, /^apply: what was asked for is done; not touched: server-1$/m);
  },
);

test(
  "another apply has written the record between look and hold: nothing is changed by what is older",
  here,
  async (t) => {
    const { apply, tells, onLease, record, place } = await play(t);
    tells("server-1", "cordoned");
    const before = record() ?? "";
    const other = before.replace(/"result": "applied"/, '"result": "failed"');
    writeFileSync(join(place.folder, "other.json"), other);
    onLease(`cp '${place.folder}/other.json' '${place.folder}/out/applied.json'`);
    const { exit, stderr } = await apply("--yes");
    assert.equal(exit, 1);
    assert.match(
      stderr,
      /^error: another apply has written the record .*nothing was changed\n {2}next: git pull; then run the same command again/,
    );
    assert.equal(record(), other, "what the other one wrote stays");
  },
);

test("a dry run of what is refused shows no steps, and is no success", here, async (t) => {
  const { apply, tells, place } = await play(t);
  tells("lb-1", CHANGED);
  assert.match((await apply("--dry-run", "--yes")).stdout, /^lb-1: check the others, send/m);
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",');
  const { exit, stdout } = await apply("--dry-run");
  assert.equal(exit, 1);
  assert.match(stdout, /refused: k3s\.clusterCidr/);
  assert.doesNotMatch(stdout, /check the others/);
});

test(
  "a clone that has only the newest commits cannot know what is older: the next action helps",
  here,
  async (t) => {
    const { apply, place } = await play(t);
    place.git("add", "-A");
    place.git("commit", "-qm", "two");
    const clone = join(scratch(t), "clone");
    execFileSync("git", ["clone", "-q", "--depth", "1", `file://${place.folder}`, clone]);
    const config = join(clone, "cluster.config.json");
    writeRootSecret(config, ROOT);
    const { exit, stderr } = await apply("--yes", { config });
    assert.equal(exit, 1);
    assert.match(
      stderr,
      /this clone has only the newest commits.*\n {2}next: git fetch --unshallow; then run apply again/,
    );
    execFileSync("git", ["-C", clone, "fetch", "-q", "--unshallow"]);
    assert.equal((await apply("--yes", { config })).exit, 0);
  },
);

test("a machine that the config does not name, and words that belong nowhere", here, async (t) => {
  const { apply } = await play(t);
  const stray = await apply("--node", "nobody");
  assert.deepEqual([stray.exit, stray.stdout], [1, ""]);
  assert.match(
    stray.stderr,
    /--node nobody: neither the config nor the record has a machine of that name\n {2}next: take server-1, /,
  );
  assert.equal((await apply("server-1")).exit, 3);
  assert.equal((await apply("--node", "")).exit, 3);
});
