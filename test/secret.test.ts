// The verb secret: made once, carried to a second computer, checked; and shown by one word only.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Session } from "../generator/commands/command.ts";
import { Interrupted, NOBODY } from "../generator/dialogue.ts";
import { rootCheck } from "../generator/secrets/derive.ts";
import { exportText, importText } from "../generator/secrets/export-text.ts";
import { NO_SESSION, run } from "../generator/verbs.ts";
import { fixturePath } from "./support/fixtures.ts";
import { scratch } from "./support/scratch.ts";

function place(t: TestContext) {
  const folder = scratch(t);
  const config = join(folder, "cluster.config.json");
  writeFileSync(config, readFileSync(fixturePath("five-servers")));
  const { cluster } = JSON.parse(readFileSync(config, "utf8")) as {
    readonly cluster: { readonly name: string };
  };
  const secret = (words: readonly string[], session: Partial<Session> = {}) =>
    run(["secret", ...words, "--config", config, "--offline"], { PATH: process.env["PATH"] }, false, {
      ...NO_SESSION,
      ...session,
    });
  return { folder, secret, name: cluster.name, path: join(folder, ".secrets", "cluster-secret") };
}

const ROOT = new Uint8Array(32).map((_, index) => index * 7);

test("what is exported is imported, and every changed character is noticed", () => {
  const text = exportText("home", ROOT);
  assert.deepEqual(importText(text), { ok: true, root: Buffer.from(ROOT), cluster: "home" });
  const line = text.split("\n").find((each) => !each.startsWith("#")) ?? "";
  assert.deepEqual(importText(`  ${line}\r\n`), { ok: true, root: Buffer.from(ROOT), cluster: "home" });
  assert.ok(importText(Buffer.from(ROOT).toString("hex")).ok, "the file .secrets/cluster-secret itself");
  const hexAt = line.indexOf(":", line.indexOf("home")) + 1;
  for (let at = hexAt; at < line.length; at += 1) {
    const other = line[at] === "0" ? "1" : "0";
    const changed = importText(line.slice(0, at) + other + line.slice(at + 1));
    assert.equal(changed.ok, false, `character ${at}`);
    assert.ok(!JSON.stringify(changed).includes(line.slice(hexAt, hexAt + 12)));
  }
  for (const bad of ["", "# only a comment\n", `${line}\n${line}`, line.slice(0, -1), "hello"])
    assert.equal(importText(bad).ok, false);
});

test("the check value tells secrets apart and is no part of them", () => {
  assert.match(rootCheck(ROOT), /^[0-9a-f]{16}$/);
  assert.notEqual(rootCheck(ROOT), rootCheck(new Uint8Array(32)));
  assert.ok(!Buffer.from(ROOT).toString("hex").includes(rootCheck(ROOT)));
  // Known answer: it can never change, the record holds it.
  assert.equal(rootCheck(new Uint8Array(32)), "522bddb868151c66");
});

test("new, once; export into a private file, once; import on a second computer; check on both", async (t) => {
  const one = place(t);
  const two = place(t);
  const made = await one.secret(["new"]);
  assert.equal(made.exit, 0, made.stderr);
  assert.match(made.stdout, /back this up now: npx quorate secret export FILE/);
  const hex = readFileSync(one.path, "utf8").trim();
  assert.match((await one.secret(["new"])).stderr, /is there already, and nothing was changed/);
  assert.equal(readFileSync(one.path, "utf8").trim(), hex);

  const file = join(one.folder, "backup.txt");
  const exported = await one.secret(["export", file]);
  assert.equal(exported.exit, 0, exported.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match((await one.secret(["export", file])).stderr, /is there already, and was not overwritten/);

  const imported = await two.secret(["import", file]);
  assert.equal(imported.exit, 0, imported.stderr);
  assert.equal(readFileSync(two.path, "utf8").trim(), hex);
  assert.equal(statSync(two.path).mode & 0o777, 0o600);
  assert.match((await two.secret(["import", file])).stdout, /holds this secret already/);
  const checks = await Promise.all([one, two].map(({ secret }) => secret(["check"])));
  const values = checks.map(({ stdout }) => /check value ([0-9a-f]{16})/.exec(stdout)?.[1]);
  assert.deepEqual(values, Array(2).fill(rootCheck(Buffer.from(hex, "hex"))));
  for (const { stdout, stderr } of [made, exported, imported, ...checks])
    assert.ok(!(stdout + stderr).includes(hex.slice(0, 12)));
});

test("export - writes it on standard output, and nothing else does, not even --json", async (t) => {
  const { secret, path } = place(t);
  await secret(["new"]);
  const hex = readFileSync(path, "utf8").trim();
  assert.ok((await secret(["export", "-"])).stdout.includes(hex));
  for (const word of ["check", "import"]) {
    const { stdout, stderr } = await secret([word, "--json"]);
    assert.ok(!(stdout + stderr).includes(hex.slice(0, 12)));
  }
  const { check } = JSON.parse((await secret(["check", "--json"])).stdout);
  assert.equal(check, rootCheck(Buffer.from(hex, "hex")));
});

test("import: from standard input, from a person who types it hidden; given up, nothing is changed", async (t) => {
  const input = place(t);
  const text = exportText(input.name, ROOT);
  assert.equal((await input.secret(["import", "-"], { readInput: async () => text })).exit, 0);
  const typed = place(t);
  const hidden = async () => text.split("\n")[2] ?? "";
  assert.equal((await typed.secret(["import"], { terminal: true, dialogue: { ...NOBODY, hidden } })).exit, 0);
  assert.equal(readFileSync(typed.path, "utf8"), readFileSync(input.path, "utf8"));
  const given = place(t);
  const giveUp = async () => {
    throw new Interrupted("");
  };
  const { exit } = await given.secret(["import"], {
    terminal: true,
    dialogue: { ...NOBODY, hidden: giveUp },
  });
  assert.equal(exit, 130);
  assert.equal(existsSync(given.path), false);
  assert.match(
    (await given.secret(["import"])).stderr,
    /nobody sits at a terminal.*\n {2}next: .*import FILE/,
  );
});

test("import refuses another cluster's secret, a broken one, and to overwrite", async (t) => {
  const { secret, folder, name, path } = place(t);
  const file = (text: string) => {
    writeFileSync(join(folder, "x.txt"), text);
    return join(folder, "x.txt");
  };
  assert.match(
    (await secret(["import", file(exportText("other", ROOT))])).stderr,
    /secret of the cluster other/,
  );
  assert.match((await secret(["import", file(exportText(name, ROOT).slice(0, -3))])).stderr, /is not taken/);
  assert.match((await secret(["import", join(folder, "none")])).stderr, /cannot read .*none/);
  assert.equal(existsSync(path), false);
  await secret(["new"]);
  const before = readFileSync(path, "utf8");
  const refused = await secret(["import", file(exportText(name, ROOT))]);
  assert.equal(refused.exit, 1);
  assert.match(refused.stderr, /is there already, and nothing was changed/);
  assert.equal(readFileSync(path, "utf8"), before);
});

test("a record decides: no new secret, the wrong one refused, the right one said to be right", async (t) => {
  const { secret, folder, name, path } = place(t);
  mkdirSync(join(folder, "out"));
  const cluster = { name, caHash: "a".repeat(64), secretCheck: rootCheck(ROOT) };
  writeFileSync(join(folder, "out", "applied.json"), JSON.stringify({ format: 1, cluster, machines: {} }));
  assert.match((await secret(["new"])).stderr, /is recorded.*its secret is not here/);
  const other = exportText(name, new Uint8Array(32));
  const refused = await secret(["import", "-"], { readInput: async () => other });
  assert.match(refused.stderr, /is not the secret of the recorded cluster/);
  assert.equal(existsSync(path), false);
  const right = await secret(["import", "-"], { readInput: async () => exportText(name, ROOT) });
  assert.match(right.stdout, /the recorded cluster's/);
  assert.match((await secret(["check"])).stdout, /it is the recorded cluster's/);
});

test("check: missing, open to others, not whole", async (t) => {
  const { secret, path } = place(t);
  assert.match((await secret(["check"])).stderr, /there is no .*cluster-secret/);
  await secret(["new"]);
  chmodSync(path, 0o644);
  assert.match((await secret(["check"])).stderr, /open to other users/);
  chmodSync(path, 0o600);
  writeFileSync(path, "abc\n");
  assert.match((await secret(["check"])).stderr, /does not hold a cluster secret/);
});

for (const [words, message] of [
  [[], /needs a WORD/],
  [["show"], /no "show"; it takes new, export, import, check/],
  [["export"], /export needs a FILE/],
  [["check", "x"], /check takes no file/],
] as const) {
  test(`usage: secret ${words.join(" ")}`, async (t) => {
    const { exit, stderr } = await place(t).secret(words);
    assert.equal(exit, 3);
    assert.match(stderr, message);
  });
}
