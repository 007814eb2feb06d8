// The command line: verbs, flags, exit codes; what goes to stdout and what to stderr.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../generator/verbs.ts";
import { fixturePath } from "./support/fixtures.ts";
import { scratch } from "./support/scratch.ts";

const SAMPLE = fixturePath("sample");
const call = (...argv: readonly string[]) => run(argv, {}, false);

test("help for all and for each verb, exit 0; no verb at all is a usage error", async () => {
  assert.match((await call("--help")).stdout, /^npx quorate VERB/);
  assert.match((await call("help", "render")).stdout, /--out DIR/);
  assert.match((await call("render", "--help")).stdout, /--check/);
  assert.deepEqual([(await call("--help")).exit, (await call("render", "--help")).exit], [0, 0]);
  const none = await call();
  assert.equal(none.exit, 3);
  assert.match(none.stderr, /npx quorate VERB/);
});

for (const [argv, message] of [
  [["rendre"], /no verb "rendre"/],
  [["constructor"], /no verb "constructor"/],
  [["render", "--frobnicate"], /Unknown option '--frobnicate'/],
  [["render", "extra"], /"extra" belongs to no flag/],
  [["render", "--out"], /argument missing|needs/i],
  [["render", "--out="], /--out needs a DIR/],
  [["check", "--config="], /--config needs a FILE/],
  [["render", "--check=yes"], /does not take an argument/],
  [["render", "--out", "a", "--out", "b"], /--out is there twice/],
  [["render", "--", "extra"], /"extra" belongs to no flag/],
  [["status", "server-1"], /"server-1" belongs to no flag/],
  [["status", "--watch", "--bundle", "x"], /--watch and --bundle do not go together/],
  [["ssh"], /ssh needs a NAME/],
  [["ssh", "--", "server-1"], /ssh needs a NAME/],
  [["ssh", "server-1", "uptime"], /"uptime" belongs to no flag/],
  [["ssh", "server-1", "--json"], /Unknown option '--json'/],
  [["ssh", "server-9", "--config", SAMPLE, "--", "a", "--", "--b"], /no machine "server-9"[^]*server-1/],
] as const) {
  test(`usage error: ${argv.join(" ")}`, async () => {
    const { exit, stdout, stderr } = await call(...argv);
    assert.equal(exit, 3);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /next: /);
  });
}

test("a flag that npm kept is refused before any effect", async (t) => {
  const folder = scratch(t);
  const npm = { npm_lifecycle_event: "render", npm_config_check: "true" };
  const { exit, stderr } = await run(
    ["render", "--config", SAMPLE, "--out", join(folder, "out")],
    npm,
    false,
  );
  assert.equal(exit, 3);
  assert.match(stderr, /npm kept --check .*\n {2}next: npx quorate render --check/);
  assert.equal(existsSync(join(folder, "out")), false);
  const npx = { npm_lifecycle_event: "npx", npm_config_check: "true" };
  assert.equal((await run(["check", "--config", SAMPLE], npx, false)).exit, 0);
});

test("render, again, edit, --check: written, no changes, 2 with the differing file", async (t) => {
  const folder = join(scratch(t), "out");
  const render = (...flags: readonly string[]) =>
    call("render", "--config", SAMPLE, "--out", folder, ...flags);
  assert.match((await render("--check")).stdout, /differs from what render makes .* missing/);
  assert.equal(existsSync(folder), false);
  assert.match((await render()).stdout, /\d+ written, 0 changed, 0 unchanged, 0 pruned/);
  assert.match((await render()).stdout, /no changes \(\d+ files\)/);
  assert.equal((await render("--check")).exit, 0);
  writeFileSync(join(folder, "haproxy.cfg"), "edited\n");
  const differs = await render("--check");
  assert.equal(differs.exit, 2);
  assert.match(differs.stdout, /~ haproxy\.cfg/);
  assert.equal(readFileSync(join(folder, "haproxy.cfg"), "utf8"), "edited\n");
  writeFileSync(join(folder, "stray"), "");
  assert.match((await render()).stdout, /\? stray/);
  assert.equal((await render("--check")).exit, 2);
});

test("a bad config: exit 3, the report on stderr, nothing written, an older render kept", async (t) => {
  const folder = scratch(t);
  const out = join(folder, "out");
  await call("render", "--config", SAMPLE, "--out", out);
  const before = readFileSync(join(out, "cluster.json"), "utf8");
  const config = join(folder, "bad.json");
  writeFileSync(config, readFileSync(SAMPLE, "utf8").replace('"192.168.1.12"', '"192.168.1.11"'));
  const { exit, stdout, stderr } = await call("render", "--config", config, "--out", out);
  assert.equal(exit, 3);
  assert.equal(stdout, "");
  assert.match(stderr, /error\[address-duplicate\][\s\S]*\^\^\^[\s\S]*nothing was written/);
  assert.equal(readFileSync(join(out, "cluster.json"), "utf8"), before);
});

test("--json: one document on stdout, text for people on stderr", async (t) => {
  const out = join(scratch(t), "out");
  const { stdout, stderr } = await call("render", "--config", SAMPLE, "--out", out, "--json");
  const document = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(document).toSorted(), [
    "added",
    "changed",
    "findings",
    "folder",
    "foreign",
    "next",
    "stale",
    "unchanged",
    "verdict",
  ]);
  assert.match(stderr, /fault tolerance: survives any one server/);
  const checked = JSON.parse((await call("check", "--config", SAMPLE, "--json")).stdout) as {
    findings: readonly Readonly<Record<string, unknown>>[];
  };
  const key = checked.findings.find((each) => each["code"] === "sample-ssh-key");
  assert.equal(key?.["path"], "access.authorizedKeys[0]");
  assert.equal(typeof key?.["line"], "number");
});

test("verbs that talk to machines: without the cluster's secret nothing is tried, exit 1 and the next action", async () => {
  for (const argv of [["status"], ["ssh", "server-1"]]) {
    const { exit, stdout, stderr } = await call(...argv, "--config", SAMPLE);
    assert.deepEqual([exit, stdout], [1, ""]);
    assert.match(
      stderr,
      /^error: there is no .*\.secrets\/cluster-secret.*\n {2}next: on the computer where the cards were written/,
    );
  }
  const npm = { npm_lifecycle_event: "status", npm_config_watch: "true" };
  assert.match(
    (await run(["status"], npm, false)).stderr,
    /npm kept --watch .*\n {2}next: npx quorate status --watch/,
  );
});

test("a folder that cannot be written: exit 1, what and what to do", async (t) => {
  const file = join(scratch(t), "file");
  writeFileSync(file, "");
  const { exit, stderr } = await call("render", "--config", SAMPLE, "--out", file);
  assert.equal(exit, 1);
  assert.match(stderr, /^error: cannot write .*\n {2}next: /);
});
