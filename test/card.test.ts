// The verb card on folders: what is written, what is refused, what is said. Nothing is asked on a network here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { rootCheck } from "../generator/secrets/derive.ts";
import { run } from "../generator/verbs.ts";
import { recordText } from "../generator/model/record.ts";
import { makeRecord } from "./support/record.ts";
import { READY, SCRUBBED } from "./support/boot-files.ts";
import { fixturePath } from "./support/fixtures.ts";
import { scratch } from "./support/scratch.ts";

interface Place {
  readonly folder: string;
  readonly config: string;
  readonly card: (...argv: readonly string[]) => ReturnType<typeof run>;
  readonly target: (name: string, files?: Readonly<Record<string, string>>) => string;
}

/** A folder with the config of the fixture agents-and-two-load-balancers, and folders to write cards in. */
function place(t: TestContext): Place {
  const folder = scratch(t);
  const config = join(folder, "cluster.config.json");
  writeFileSync(config, readFileSync(fixturePath("agents-and-two-load-balancers")));
  const target = (name: string, files: Readonly<Record<string, string>> = {}) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };
  const card = (...argv: readonly string[]) =>
    run(["card", ...argv, "--config", config, "--offline"], { PATH: process.env["PATH"] }, false);
  return { folder, config, card, target };
}

const read = (...path: readonly string[]) => readFileSync(join(...path), "utf8");
const secretOf = (folder: string) => read(folder, ".secrets", "cluster-secret").trim();

test("the first card makes the secret once, holds it in no output, and ends with: back this up now", async (t) => {
  const { folder, card, target } = place(t);
  const first = await card("server-1", target("a"));
  assert.equal(first.exit, 0, first.stderr);
  assert.match(first.stdout, /\nback this up now: npx quorate secret export FILE[^\n]*\n$/);
  const secret = secretOf(folder);
  assert.match(secret, /^[0-9a-f]{64}$/);
  assert.equal(statSync(join(folder, ".secrets")).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, ".secrets", "cluster-secret")).mode & 0o777, 0o600);
  assert.equal(read(folder, ".secrets", ".gitignore"), "*\n");
  assert.equal(statSync(join(folder, "a", "user-data")).mode & 0o777, 0o600);
  const second = await card("server-2", target("b"));
  assert.doesNotMatch(second.stdout, /back this up/);
  assert.equal(secretOf(folder), secret);
  for (const { stdout, stderr } of [first, second]) {
    assert.ok(!(stdout + stderr).includes(secret.slice(0, 12)));
    assert.doesNotMatch(stdout + stderr, /PRIVATE KEY/);
  }
});

test("only the first server's card may found, and every card is its machine's own", async (t) => {
  const { folder, card } = place(t);
  const { exit, stdout, stderr } = await card("--all", join(folder, "cards"));
  assert.equal(exit, 0, stderr);
  const names = readdirSync(join(folder, "cards"));
  assert.equal(names.length, 7);
  for (const name of names) {
    assert.match(stdout, new RegExp(`^${name} on `, "m"));
    assert.deepEqual(readdirSync(join(folder, "cards", name)).toSorted(), [
      "meta-data",
      "network-config",
      "user-data",
    ]);
    const user = read(folder, "cards", name, "user-data");
    assert.equal(/path: \/etc\/quorate\/may-found/.test(user), name === "server-1", name);
    assert.match(
      read(folder, "cards", name, "meta-data"),
      new RegExp(`^instance-id: quorate-${name}-[0-9a-f]{12}$`, "m"),
    );
    assert.equal(statSync(join(folder, "cards", name)).mode & 0o777, 0o700);
  }
  assert.match(stdout, /^ {2}card +first: it may found/m);
  assert.match(stdout, /^ {2}card +load balancer: /m);
});

test("the same command again writes nothing", async (t) => {
  const { card, target, folder } = place(t);
  const to = target("a");
  await card("server-1", to);
  const before = statSync(join(to, "user-data"));
  const again = await card("server-1", to);
  assert.match(again.stdout, /^ {2}written +nothing: all of it was there already$/m);
  const after = statSync(join(to, "user-data"));
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
  assert.equal(existsSync(join(folder, ".secrets", "backups")), false, "our own files can be made again");
});

const STOCK = {
  "issue.txt": "Raspberry Pi reference 2025-11-24\n",
  "config.txt": "",
  "cmdline.txt": "root=x rootwait ds=nocloud;i=rpi-imager-1764000000000",
  "user-data": "#cloud-config\nusers: [{name: me, passwd: $5$x}]\n",
  "meta-data": "instance-id: rpi-imager-1764000000000\n",
};

test("Imager's settings are replaced, said, and kept where only this person reads them", async (t) => {
  const { card, target, folder } = place(t);
  const to = target("a", STOCK);
  const { exit, stdout, stderr } = await card("server-1", to);
  assert.equal(exit, 0, stderr);
  assert.match(
    stdout,
    /^ {2}imager +Raspberry Pi Imager's own settings.*They are replaced; nothing to do\. Next time answer No/m,
  );
  assert.match(stdout, /removed ds=nocloud;i=rpi-imager-1764000000000/);
  assert.equal(read(to, "cmdline.txt"), "root=x rootwait cgroup_enable=memory cgroup_memory=1\n");
  const [backup = ""] = readdirSync(join(folder, ".secrets", "backups"));
  assert.match(backup, /^server-1-[0-9a-f]{8}$/);
  for (const file of ["cmdline.txt", "user-data", "meta-data"] as const) {
    assert.equal(read(folder, ".secrets", "backups", backup, file), STOCK[file]);
    assert.equal(statSync(join(folder, ".secrets", "backups", backup, file)).mode & 0o777, 0o600);
  }
  assert.ok(stdout.includes(join(".secrets", "backups", backup)));
});

for (const [what, name, files, message] of [
  [
    "another machine's card",
    "server-2",
    { ...STOCK, "meta-data": "instance-id: quorate-server-1-0123456789ab\n" },
    /this is the card of server-1, not of server-2/,
  ],
  [
    "a running machine's",
    "server-1",
    {
      ...STOCK,
      "meta-data": "instance-id: quorate-server-1-0123456789ab\n",
      "user-data": SCRUBBED,
      "quorate-status.txt": READY,
    },
    /belongs to a running cluster/,
  ],
  [
    "no cloud-init",
    "server-1",
    { "cmdline.txt": "x", "config.txt": "", "issue.txt": "Raspberry Pi reference 2024-11-19\n" },
    /this image has no cloud-init/,
  ],
  ["pictures", "server-1", { "a.jpg": "" }, /not empty: it holds a\.jpg/],
  ["an empty cmdline.txt", "server-1", { ...STOCK, "cmdline.txt": "\n" }, /no machine boots from this card/],
] as const) {
  test(`refused, and nothing is changed: ${what}`, async (t) => {
    const { card, target, folder } = place(t);
    const to = target("a", files);
    const { exit, stdout, stderr } = await card(name, to);
    assert.deepEqual([exit, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.match(stderr, /\n {2}next: ./);
    assert.deepEqual(readdirSync(to).toSorted(), Object.keys(files).toSorted());
    for (const [file, text] of Object.entries(files)) assert.equal(read(to, file), text);
    if (what !== "an empty cmdline.txt") assert.equal(existsSync(join(folder, ".secrets")), false);
  });
}

for (const [argv, exit, message] of [
  [[], 3, /needs a NAME and a TARGET/],
  [["server-1"], 3, /needs a TARGET for server-1/],
  [["server-1", "a", "b"], 3, /"b" belongs to no flag/],
  [["server-1", "--all", "x"], 3, /--all takes no more words/],
  [["--all", "x", "--list"], 3, /--list and --all do not go together/],
  [["server-9", "."], 1, /no machine "server-9"[^]*server-1, server-2/],
  [["server-1", "/nowhere/at/all"], 1, /there is no \/nowhere\/at\/all\n {2}next: npx quorate card --list/],
  [["server-1", "/"], 1, /on the disk that this computer runs from/],
  [["server-1", "/dev/null"], 1, /no folder and no image/],
  [["--diagnose", "/nowhere"], 1, /there is no \/nowhere/],
] as const) {
  test(`refused: card ${argv.join(" ")}`, async (t) => {
    const { card } = place(t);
    const result = await card(...argv);
    assert.deepEqual([result.exit, result.stdout], [exit, ""]);
    assert.match(result.stderr, message);
  });
}

test("the sample's key would lock everybody out: no card, no secret", async (t) => {
  const { card, config, target, folder } = place(t);
  writeFileSync(config, readFileSync(fixturePath("sample")));
  const to = target("a");
  const { exit, stderr } = await card("server-1", to);
  assert.equal(exit, 1);
  assert.match(stderr, /would lock everybody out\n {2}next: put your own public key/);
  assert.deepEqual(readdirSync(to), []);
  assert.equal(existsSync(join(folder, ".secrets")), false);
});

test("a bad config: its findings, exit 3, and no card", async (t) => {
  const { card, config, target } = place(t);
  writeFileSync(config, "{");
  const { exit, stderr } = await card("server-1", target("a"));
  assert.equal(exit, 3);
  assert.match(stderr, /no card was written\n$/);
});

test("a place that git would commit is refused; one that it ignores is not", async (t) => {
  const { card, target, folder } = place(t);
  execFileSync("git", ["-C", folder, "init", "-q"]);
  writeFileSync(join(folder, ".gitignore"), "ignored/\n");
  const refused = await card("server-1", target("a"));
  assert.equal(refused.exit, 1);
  assert.match(
    refused.stderr,
    /git repository that does not ignore it[^]*next: take a place outside, or .*\.secrets\/cards\/server-1/,
  );
  assert.equal(existsSync(join(folder, ".secrets")), false);
  assert.equal((await card("server-1", target("ignored"))).exit, 0);
  assert.equal((await card("--all", join(folder, ".secrets", "cards"))).exit, 0);
  const { stdout } = {
    stdout: execFileSync("git", ["-C", folder, "status", "--short"], { encoding: "utf8" }),
  };
  assert.doesNotMatch(stdout, /secret|ignored\//);
});

test("a recorded cluster: no new secret, no other one, and a card that joins with a token that names the cluster", async (t) => {
  const { card, target, folder } = place(t);
  await card("server-1", target("a"));
  const root = Buffer.from(secretOf(folder), "hex");
  const name = (
    JSON.parse(read(folder, "cluster.config.json")) as { readonly cluster: { readonly name: string } }
  ).cluster.name;
  const record = (secretCheck: string) => {
    mkdirSync(join(folder, "out"), { recursive: true });
    writeFileSync(
      join(folder, "out", "applied.json"),
      recordText(makeRecord({ name, secretCheck }, ["server-1"])),
    );
  };
  record(rootCheck(root));
  const again = await card("server-1", target("b"));
  assert.match(
    again.stdout,
    /^ {2}card +replacement: the cluster stands \(it is recorded in out\/applied\.json\), and the record names this machine/m,
  );
  assert.match(again.stdout, /^ {2}to do +switch the older server-1 off/m);
  assert.doesNotMatch(read(folder, "b", "user-data"), /path: \/etc\/quorate\/may-found/);
  assert.match(read(folder, "b", "user-data"), new RegExp(`K10${"c".repeat(64)}::server:[0-9a-f]{64}`));
  record("0".repeat(16));
  const other = await card("server-2", target("c"));
  assert.equal(other.exit, 1);
  assert.match(other.stderr, /is not the secret of the recorded cluster/);
  assert.deepEqual(readdirSync(join(folder, "c")), []);
  writeFileSync(join(folder, "out", "applied.json"), "{}");
  assert.match((await card("server-2", target("c"))).stderr, /is not a record that this Quorate reads/);
});

test("a recorded cluster whose secret is not here: import it, and none is made", async (t) => {
  const { card, target, folder } = place(t);
  const { cluster } = JSON.parse(read(folder, "cluster.config.json")) as {
    readonly cluster: { readonly name: string };
  };
  mkdirSync(join(folder, "out"));
  const known = { name: cluster.name, caHash: "c".repeat(64), secretCheck: "0".repeat(16) };
  writeFileSync(
    join(folder, "out", "applied.json"),
    JSON.stringify({ format: 1, cluster: known, machines: {} }),
  );
  const { exit, stderr } = await card("server-1", target("a"));
  assert.equal(exit, 1);
  assert.match(
    stderr,
    /is recorded.*its secret is not here\n {2}next: .*secret export FILE; here: npx quorate secret import FILE/,
  );
  assert.equal(existsSync(join(folder, ".secrets")), false);
});

test("--json: one document, what was done in it, text for people beside it", async (t) => {
  const { card, target, folder } = place(t);
  const { exit, stdout, stderr } = await card("server-1", target("a"), "--json");
  assert.equal(exit, 0);
  const { cards, newSecret, notes } = JSON.parse(stdout);
  assert.equal(cards.length, 1);
  assert.deepEqual(
    [cards[0].node, cards[0].kind, cards[0].mayFound, cards[0].changed],
    ["server-1", "first", true, ["network-config", "user-data", "meta-data"]],
  );
  assert.equal(newSecret, join(folder, ".secrets", "cluster-secret"));
  assert.deepEqual(notes, ["nobody looked whether one answers: --offline"]);
  assert.match(stderr, /back this up now/);
});

test("--diagnose reads back what the machine wrote, or says why there is nothing", async (t) => {
  const { card, target } = place(t);
  const booted = await card("--diagnose", target("a", { ...STOCK, "quorate-status.txt": READY }));
  assert.equal(booted.exit, 0);
  assert.match(booted.stdout, /^server-1, as it was when it last wrote on .*: ready\n/);
  assert.match(booted.stdout, /\nits last steps:\n {2}2026-11-25T20:00:00 seed: working\n/);
  const written = target("b");
  await card("lb-1", written);
  for (const [to, message] of [
    [written, /is the card of lb-1, and no machine has come as far/],
    [target("c", STOCK), /has an image, and no card was written on it/],
    [target("d"), /holds nothing of Quorate/],
    [target("e", { ...STOCK, "quorate-status.txt": "Written by" }), /is there and not whole/],
  ] as const) {
    const { exit, stderr } = await card("--diagnose", to);
    assert.equal(exit, 1);
    assert.match(stderr, message);
    assert.match(stderr, /\n {2}next: /);
  }
  const json = await card("--diagnose", join(target("a")), "--json");
  assert.equal(JSON.parse(json.stdout).status.state, "ready");
});
