// The verb drift as it is typed, with a program in ssh's place: exit codes, both outputs, and no secret anywhere near.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Drift } from "../../generator/drift/drift.ts";
import { type ClusterRecord, parseRecord } from "../../generator/model/record.ts";
import { NODE_PATHS } from "../../generator/render/node-paths.ts";
import { run } from "../../generator/verbs.ts";
import { driftAnswer } from "../support/drift-answer.ts";
import { clusterOf } from "../support/fixtures.ts";
import { planPlace, type PlanPlace } from "../support/plan-place.ts";
import { scratch } from "../support/scratch.ts";

const here = { skip: process.platform === "linux" ? false : "a shell script stands for ssh" };
const base64 = (text: string) => Buffer.from(text).toString("base64");

interface Play {
  readonly place: PlanPlace;
  readonly drift: (...args: readonly string[]) => ReturnType<typeof run>;
  /** Changes what a machine answers; null: ssh does not come through, for that reason. */
  readonly answer: (name: string, change: (lines: string) => string, failure?: string) => void;
  /** What was written into the files that ssh was started with. */
  readonly sshFiles: () => string;
}

// Called as `ssh -F FILE [-o OPTION] NAME COMMAND`, or to end a connection.
const SSH = `#!/bin/sh
cat "$2" "\${2%/*}/known_hosts" >"$PLACE/files"
case $* in *" -O "*) exit 0 ;; esac
name=$3
cat >"$PLACE/$name.input"
if [ -e "$PLACE/$name.failure" ]; then cat "$PLACE/$name.failure" >&2; exit 255; fi
cat "$PLACE/$name"
`;

async function play(t: TestContext): Promise<Play> {
  const place = await planPlace(t);
  place.record();
  const folder = scratch(t);
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/ssh"), SSH);
  chmodSync(join(folder, "bin/ssh"), 0o755);
  const { nodes, name: cluster } = clusterOf(readFileSync(place.config, "utf8"));
  const texts = new Map(nodes.map(({ name, role }) => [name, driftAnswer({ cluster, name, role })]));
  for (const [name, text] of texts) writeFileSync(join(folder, name), text);
  return {
    place,
    drift: (...args) =>
      run(
        ["drift", "--config", place.config, ...args],
        { PATH: `${folder}/bin:${process.env["PATH"]}`, PLACE: folder },
        false,
      ),
    answer: (name, change, failure) => {
      writeFileSync(join(folder, name), change(texts.get(name) ?? ""));
      rmSync(join(folder, `${name}.failure`), { force: true });
      if (failure !== undefined) writeFileSync(join(folder, `${name}.failure`), `${failure}\n`);
    },
    sshFiles: () => readFileSync(join(folder, "files"), "utf8"),
  };
}

test(
  "all as recorded: exit 0, without a secret on the computer, by the recorded host keys",
  here,
  async (t) => {
    const { place, drift, sshFiles } = await play(t);
    const { exit, stdout, stderr } = await drift();
    assert.equal(exit, 0, stdout + stderr);
    assert.match(stdout, /^server-1 +server +192\.168\.1\.11 +as recorded$/m);
    assert.match(stdout, /\ndrift: 4 of 4 machines as recorded\n$/);
    assert.equal(stderr, "");
    assert.equal(existsSync(join(place.folder, ".secrets")), false);
    assert.match(sshFiles(), /^server-1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA$/m);
    assert.match(sshFiles(), /^Host lb-1\n {2}HostName 192\.168\.1\.\d+\n {2}Port 22\n {2}User ops$/m);
  },
);

test("something has drifted: exit 2, a diff from git, one JSON document", here, async (t) => {
  const { place, drift, answer } = await play(t);
  const path = NODE_PATHS.authorizedKeys;
  const text = `${place.git("show", `HEAD:./out/nodes/lb-1/files${path}`)}\nby hand\n`;
  answer("lb-1", (lines) => lines.replace("end", `file changed 0644 0644 ${base64(text)} ${path}\nend`));
  const { exit, stdout, stderr } = await drift("--json");
  assert.equal(exit, 2, stderr);
  const made = JSON.parse(stdout) as Drift;
  const [found] = made.machines.find(({ name }) => name === "lb-1")?.differences ?? [];
  assert.equal(found?.what, path);
  assert.equal(found?.diff?.at(-1), "+by hand");
  assert.match(stderr, /^ {6}\+by hand$/m);
  assert.match(stderr, /\ndrift: 1 difference, 3 of 4 machines as recorded\n$/);
});

test(
  "where git does not have the recorded tree it says that something differs, and how to see what",
  here,
  async (t) => {
    const { place, drift, answer } = await play(t);
    place.record((record) => ({
      ...record,
      machines: new Map(
        [...record.machines].map(([name, machine]) => [name, { ...machine, tree: "9".repeat(40) }]),
      ),
    }));
    answer("lb-1", (lines) => lines.replace("end", `file changed 0644 0644 - ${NODE_PATHS.haproxy}\nend`));
    const { exit, stdout } = await drift();
    assert.equal(exit, 2);
    assert.match(stdout, /^ {4}seen {6}another content, changed by hand$/m);
    assert.match(stdout, /^note: what was put there cannot be compared .* to see it: git fetch --all$/m);
  },
);

test("a machine that cannot be asked: exit 1; another host key is another machine", here, async (t) => {
  const { drift, answer } = await play(t);
  answer("lb-1", (lines) => lines, "Host key verification failed.");
  answer("server-2", (lines) => lines.replace("ActiveState=active", "ActiveState=failed"));
  const { exit, stdout } = await drift();
  assert.equal(exit, 1);
  assert.match(
    stdout,
    /^lb-1 .* could not be asked: the machine at [\d.]+ has another ssh host key than the recorded one of lb-1: it may be another machine\n {2}next: find out /m,
  );
  assert.match(stdout, /^drift: 1 difference, 1 machine could not be asked, 2 of 4 machines as recorded$/m);
});

test("no record, a bad config, a record that is none: exit 1, 3, 1, and what to do", here, async (t) => {
  const { place, drift } = await play(t);
  const record = join(place.folder, "out/applied.json");
  writeFileSync(record, "{");
  const broken = await drift();
  assert.deepEqual([broken.exit, broken.stdout], [1, ""]);
  assert.match(broken.stderr, /is not a record that this Quorate reads/);
  rmSync(record);
  const none = await drift("--json");
  assert.deepEqual([none.exit, none.stdout], [1, ""]);
  assert.match(none.stderr, /^error: nothing has been applied yet: .*\n {2}next: npx quorate apply /);
  place.edit("cluster.config.json", /"192\.168\.1\.12"/, '"192.168.1.11"');
  const bad = await drift("--json");
  assert.equal(bad.exit, 3);
  assert.deepEqual(Object.keys(JSON.parse(bad.stdout) as object), ["findings"]);
  assert.match(bad.stderr, /address-duplicate/);
});

test("a record names machines and nothing else: what would be an option or a line of ssh's is refused", () => {
  const record = (name: string) => {
    const cluster: ClusterRecord["cluster"] = {
      name: "test",
      caHash: "c".repeat(64),
      secretCheck: "0".repeat(16),
      uid: null,
      fixed: {},
    };
    return parseRecord(JSON.stringify({ format: 1, cluster, machines: { [name]: {} } }));
  };
  for (const name of ["-oProxyCommand=x", "a\n  ProxyCommand x", "a b", "", "*", "A", "../x"]) {
    const read = record(name);
    assert.ok(!read.ok && read.reason.endsWith("is no machine's name"), name);
  }
  const plain = record("server-1");
  assert.ok(!plain.ok && plain.reason === "machines.server-1: role is missing");
});
