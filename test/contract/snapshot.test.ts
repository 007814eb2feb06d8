// Snapshots of etcd: how one is taken and how they are listed, by K3s' own command in a real shell; and the verb.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Remote } from "../../generator/apply/remote.ts";
import { saveSnapshot, snapshotsOn } from "../../generator/apply/snapshots.ts";
import { Failure } from "../../generator/failure.ts";
import { formatSnapshots, size } from "../../generator/snapshot/format.ts";
import { inOrder, parseSnapshots, snapshotFile } from "../../generator/snapshot/snapshots.ts";
import { applyPlace } from "../support/apply-place.ts";
import { finished, lostTo } from "../support/apply-play.ts";
import { SIX } from "../support/plan-play.ts";
import { scratch } from "../support/scratch.ts";
import { type ListedSnapshot, snapshotList } from "../support/snapshot-list.ts";

const here = { skip: process.platform === "linux" ? false : "a shell script stands for k3s" };
const TOKEN = "0123456789abcdef".repeat(4);
const FOLDER = "/var/lib/rancher/k3s/server/db/snapshots";
const seconds = 1_764_147_600;

const parse = (...listed: readonly ListedSnapshot[]) => parseSnapshots(snapshotList(listed), "server-1");

test("a list is read: name, server, place, time, and a size as Kubernetes writes it", () => {
  assert.deepEqual(parse({ name: "on-demand-server-1-1" }), [
    {
      name: "on-demand-server-1-1",
      on: "server-1",
      place: `${FOLDER}/on-demand-server-1-1`,
      bytes: 4_128_800,
      created: "2026-11-26T09:00:00Z",
      fault: null,
    },
  ]);
  for (const [text, bytes] of [
    ["0", 0],
    ["4128k", 4_128_000],
    ["33M", 33_000_000],
    ["2G", 2_000_000_000],
    ["4Ki", 4096],
    ["32Mi", 33_554_432],
    ["much", null],
    ["", null],
    ["1e6", null],
  ] as const)
    assert.equal(parse({ name: "a", size: text })?.[0]?.bytes, bytes, text);
  assert.equal(parse({ name: "a", error: "no space left" })?.[0]?.fault, "no space left");
  assert.equal(parse({ name: "a", created: "yesterday" })?.[0]?.created, "");
  for (const where of [{ node: "s3" }, { s3: true }] as const) {
    const [far] = parse({ name: "a", location: "s3://bucket/folder/a", ...where }) ?? [];
    assert.deepEqual([far?.on, far?.place], ["s3", "s3://bucket/folder/a"]);
  }
  assert.equal(parse({ name: "a.part" })?.[0]?.fault, "it is not written to its end");
});

test("what is no list is none, and one without snapshots is empty", () => {
  for (const text of ["", "x", "[]", '"a"', '{"items":{}}', '{"items":[{}]}', '{"items":[{"spec":{}}]}'])
    assert.equal(parseSnapshots(text, "server-1"), null, text);
  assert.deepEqual(parseSnapshots('{"metadata":{},"items":null}', "server-1"), []);
  assert.deepEqual(parse(), []);
  assert.equal(snapshotFile("12 x /a", "server-1"), null);
  assert.deepEqual(snapshotFile(`12 ${seconds} /folder/with blank`, "server-2"), {
    name: "with blank",
    on: "server-2",
    place: "/folder/with blank",
    bytes: 12,
    created: "2025-11-26T09:00:00Z",
    fault: null,
  });
});

test("nothing that a server says moves the cursor or shows a secret", () => {
  const [seen] = parse({ name: `a\u001b[2J${TOKEN}`, error: `K10${TOKEN}::server:${TOKEN}` }) ?? [];
  assert.ok(seen);
  assert.ok(!JSON.stringify(seen).includes(TOKEN), JSON.stringify(seen));
  assert.ok(!seen.name.includes("\u001b"));
});

test("the newest comes first, and one in a bucket once", () => {
  const all = ["server-1", "server-2"].flatMap(
    (server) =>
      parseSnapshots(
        snapshotList([
          { name: `old-${server}`, created: "2026-11-25T00:00:00Z" },
          { name: "far", node: "s3", location: "s3://bucket/far", created: "2026-11-26T00:00:00Z" },
        ]),
        server,
      ) ?? [],
  );
  assert.deepEqual(
    inOrder(all).map(({ name, on }) => `${on} ${name}`),
    ["s3 far", "server-1 old-server-1", "server-2 old-server-2"],
  );
});

test("people see time, size and place, what is of no use, and who did not tell", () => {
  assert.equal(
    formatSnapshots(
      inOrder(
        parse({ name: "a" }, { name: "b", size: "98k", created: "2026-11-25T00:00:00Z", error: "full" }) ??
          [],
      ),
      [{ server: "server-2", message: "10.0.0.12 does not answer", next: "is it on?" }],
    ),
    `2026-11-26T09:00:00Z   4.1 MB  server-1  ${FOLDER}/a
2026-11-25T00:00:00Z  98.0 kB  server-1  ${FOLDER}/b (cannot be restored: full)
error: server-2: 10.0.0.12 does not answer
  next: is it on?
snapshots: 1 snapshot on server-1, the newest of 2026-11-26T09:00:00Z
`,
  );
  assert.match(
    formatSnapshots([], []),
    /^snapshots: none that could be restored; take one: npx quorate snapshot now$/m,
  );
  assert.deepEqual([null, 999, 1_500_000, 2_340_000_000].map(size), ["?", "1.0 kB", "1.5 MB", "2.3 GB"]);
});

/** A machine whose scripts are run here, with a program of that text in k3s' place, and folders of its own. */
function machineWith(t: TestContext, k3s: string) {
  const root = scratch(t);
  writeFileSync(join(root, "k3s"), `#!/bin/sh\nroot='${root}'\n${k3s}\n`, { mode: 0o755 });
  const scripts: string[] = [];
  const remote: Remote = {
    run: async (_, script) => {
      scripts.push(script);
      const text = script
        .replaceAll("/usr/local/bin/k3s", join(root, "k3s"))
        .replaceAll("$(date +%s)", String(Date.parse("2026-11-26T09:00:00Z") / 1000))
        .replaceAll("/var/lib", `${root}/var/lib`);
      const { status, stdout, stderr } = spawnSync("sh", ["-c", text], { encoding: "utf8" });
      return finished(stdout, status ?? 255, stderr);
    },
    close: async () => {},
  };
  return { root, remote, scripts };
}

/** K3s ends with 0 also where it could not write one. */
const NONE = /^server-1 says that the snapshot is taken, and has none of now$/;
const LOG = `echo 'time="2026-11-26T09:00:00Z" level=warning msg="Unknown flag --server found in config.yaml, skipping"' >&2`;
const SAVES = `
${LOG}
case "$1 $2" in
  'etcd-snapshot save')
    [ "$3 $4 $#" = "--name before-v1.36.5-k3s1 4" ] || exit 9
    echo 'time="2026-11-26T09:00:00Z" level=info msg="Snapshot before-v1.36.5-k3s1-server-1-1764147600 saved."' >&2 ;;
  'etcd-snapshot ls')
    [ "$3 $4 $#" = "-o json 4" ] || exit 9
    cat "$root/list" ;;
esac`;

test("a snapshot is taken by K3s' command, and then looked for", here, async (t) => {
  const { root, remote, scripts } = machineWith(t, SAVES);
  const name = "before-v1.36.5-k3s1-server-1-1764147600";
  writeFileSync(
    join(root, "list"),
    snapshotList([{ name: "etcd-snapshot-server-1-1", size: "1" }, { name }]),
  );
  const saved = await saveSnapshot(remote, "server-1", "before-v1.36.5-k3s1");
  assert.deepEqual([saved.name, saved.bytes, saved.on], [name, 4_128_800, "server-1"]);
  assert.ok(
    scripts.every((script) => !/token|password/i.test(script)),
    "it needs none",
  );

  for (const [list, says] of [
    [snapshotList([{ name: "on-demand-server-1-1" }]), NONE],
    [snapshotList([{ name, created: "2026-11-25T09:00:00Z" }]), NONE],
    ["{}\n", NONE],
    [snapshotList([{ name, size: "0" }]), /^the snapshot on server-1 is of no use: it is empty$/],
    [snapshotList([{ name, error: "corrupt" }]), /^the snapshot on server-1 is of no use: corrupt$/],
    ["no list\n", /^server-1 does not say which snapshots it has$/],
  ] as const) {
    writeFileSync(join(root, "list"), list);
    await assert.rejects(saveSnapshot(remote, "server-1", "before-v1.36.5-k3s1"), (error: Failure) => {
      assert.match(error.message, says);
      assert.match(error.hint, /npx quorate ssh server-1 -- sudo (k3s etcd-snapshot ls|journalctl -u k3s)/);
      return true;
    });
  }
});

test("of several of that name the one of now is it, as another one is no proof", here, async (t) => {
  const { root, remote } = machineWith(t, SAVES);
  const listed = [
    { name: "before-v1.36.5-k3s1-server-1-1", created: "2026-11-25T09:00:00Z" },
    { name: "before-v1.36.5-k3s1-server-1-2", created: "2026-11-26T09:00:00Z" },
    { name: "on-demand-server-1-3", created: "2026-11-27T09:00:00Z" },
  ];
  writeFileSync(join(root, "list"), snapshotList(listed));
  const saved = await saveSnapshot(remote, "server-1", "before-v1.36.5-k3s1");
  assert.equal(saved.name, "before-v1.36.5-k3s1-server-1-2");
});

test("why K3s takes none is said in its words, without a token, and with what to do", here, async (t) => {
  const failing = (words: string) =>
    machineWith(t, `${LOG}\necho 'time="x" level=fatal msg="Error: ${words}"' >&2\necho later >&2\nexit 1`)
      .remote;
  for (const [words, says, hint] of [
    [
      "see server log for details: no space left on device",
      /^server-1 takes no snapshot: see server log .*no space/,
      /^free some space .*df -h/,
    ],
    [
      `token K10${TOKEN}::server:${TOKEN} is wrong`,
      /^server-1 takes no snapshot: token /,
      /journalctl -u k3s/,
    ],
  ] as const)
    await assert.rejects(saveSnapshot(failing(words), "server-1", "on-demand"), (error: Failure) => {
      assert.match(error.message, says);
      assert.match(error.hint, hint);
      assert.ok(!error.message.includes(TOKEN), error.message);
      return true;
    });
  await assert.rejects(saveSnapshot(failing(""), "server-1", "a; reboot"), /no name of a snapshot/);
});

test("what a server has: by its own word, else what lies in its folder", here, async (t) => {
  const { root, remote } = machineWith(t, '[ ! -e "$root/down" ] || exit 1; cat "$root/list"');
  writeFileSync(join(root, "list"), snapshotList([{ name: "a" }, { name: "b" }]));
  const told = await snapshotsOn(remote, SIX, "server-2");
  assert.deepEqual(
    [told.snapshots.map(({ name, on }) => `${on} ${name}`), told.problem],
    [["server-2 a", "server-2 b"], null],
  );

  writeFileSync(join(root, "down"), "");
  const folder = join(root, FOLDER);
  assert.deepEqual(await snapshotsOn(remote, SIX, "server-2"), { snapshots: [], problem: null }, "no folder");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "etcd-snapshot-server-2-1"), "12345");
  utimesSync(join(folder, "etcd-snapshot-server-2-1"), seconds, seconds);
  const files = await snapshotsOn(remote, SIX, "server-2");
  assert.deepEqual(
    files.snapshots.map(({ name, bytes, created }) => [name, bytes, created]),
    [["etcd-snapshot-server-2-1", 5, "2025-11-26T09:00:00Z"]],
  );
  // K3s is told another folder, and its name is no trap for the shell.
  const elsewhere = join(root, "other's $(touch trap)");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "one"), "1");
  const cluster = { ...SIX, k3s: { ...SIX.k3s, serverConfig: { "etcd-snapshot-dir": elsewhere } } };
  const other = await snapshotsOn(remote, cluster, "server-2");
  assert.deepEqual(
    other.snapshots.map(({ place }) => place),
    [join(elsewhere, "one")],
  );
});

test("a server that does not answer, or not to the end, or with an older K3s' list, is told", async () => {
  const on = (result: Awaited<ReturnType<Remote["run"]>>) =>
    snapshotsOn({ run: async () => result, close: async () => {} }, SIX, "server-1");
  assert.deepEqual((await on(lostTo("no-answer"))).problem, { message: "lost: no-answer", next: "look" });
  assert.match((await on(finished("snapshots abc\n"))).problem?.message ?? "", /not answer to the end/);
  const list = Buffer.from('[{"name":"a"}]').toString("base64");
  assert.match((await on(finished(`snapshots ${list}\nend\n`))).problem?.message ?? "", /before v1\.30/);
});

test(
  "snapshot now: on the first server that is ready and can, and it says where it lies",
  here,
  async (t) => {
    const place = await applyPlace(t);
    const { exit, stdout } = await place.verb("snapshot", ["now"]);
    assert.equal(exit, 0);
    assert.equal(
      stdout,
      `on-demand-server-1-1764147600: 4.1 MB, on server-1 in ${FOLDER}/on-demand-server-1-1764147600\n  next: it lies on that server's own disk; npx quorate snapshot list shows all\n`,
    );
    writeFileSync(place.playFile("server-1.full"), "");
    const json = await place.verb("snapshot", ["now", "--json"]);
    assert.equal(json.exit, 0, json.stderr);
    assert.equal(JSON.parse(json.stdout).snapshot.on, "server-2");
    for (const name of ["server-2", "server-3"]) writeFileSync(place.playFile(`${name}.full`), "");
    const none = await place.verb("snapshot", ["now"]);
    assert.equal(none.exit, 1);
    assert.match(
      none.stderr,
      /^error: server-1 takes no snapshot: no space left on device; server-2 takes .*; server-3 takes .*\n {2}next: free some space \(npx quorate ssh server-1 -- df -h/,
    );
    for (const name of ["server-1", "server-2", "server-3"]) place.machine(name, null);
    const off = await place.verb("snapshot", ["now"]);
    assert.match(
      off.stderr,
      /^error: no server is ready to take a snapshot \(server-1: no answer.*\n {2}next: npx quorate status/,
    );
  },
);

test(
  "snapshot list: every server is asked; one that does not answer is said, and is no success",
  here,
  async (t) => {
    const place = await applyPlace(t);
    const empty = await place.verb("snapshot", ["list"]);
    assert.equal(empty.exit, 0);
    assert.match(empty.stdout, /^snapshots: none that could be restored/m);
    writeFileSync(place.playFile("server-2.snapshots"), snapshotList([{ name: "a", node: "server-2" }]));
    place.machine("server-3", null);
    const some = await place.verb("snapshot", ["list"]);
    assert.equal(some.exit, 1);
    assert.match(some.stdout, /^2026-11-26T09:00:00Z {2}4\.1 MB {2}server-2 {2}\/var\/lib\/rancher\S+\/a$/m);
    assert.match(some.stdout, /^error: server-3: .*\n {2}next: /m);
    const { snapshots, untold } = JSON.parse((await place.verb("snapshot", ["list", "--json"])).stdout);
    assert.deepEqual([snapshots.length, untold[0].server], [1, "server-3"]);
  },
);

test("another word, none, and Ctrl-C", here, async (t) => {
  const place = await applyPlace(t);
  const other = await place.verb("snapshot", ["restore"]);
  assert.equal(other.exit, 3);
  assert.match(
    other.stderr,
    /^error: snapshot: there is no word "restore"; the words are now and list\n {2}next: npx quorate snapshot --help/,
  );
  assert.equal((await place.verb("snapshot", [])).exit, 3);
  const ended = await place.verb("snapshot", ["now"], { interrupted: AbortSignal.abort() });
  assert.equal(ended.exit, 130);
});
