// `npx quorate verify` as a person runs it, on a LAN whose machines nobody can log in to: what it can ask it asks, and what it
// could not ask is no success.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { parseConfig } from "../../generator/config/parse.ts";
import { requireNamespaces } from "../support/namespace.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool } from "../support/tools.ts";
import { play } from "../support/verify-play.ts";

const skip =
  requireTool("curl", "apt-get install curl") ||
  requireTool("openssl", "apt-get install openssl") ||
  requireTool("ssh", "apt-get install openssh-client") ||
  requireNamespaces();
const CLI = fileURLToPath(new URL("../../generator/cli.ts", import.meta.url));
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHfYFZ4n5rXq2l0yYk1o3H8m7Qp9s6VtB2cD4eF5gH6J ops@example";
const CONFIG = {
  version: 1,
  cluster: { name: "test" },
  network: { subnet: "10.0.0.0/16", gateway: "10.0.0.1" },
  access: { user: "ops", authorizedKeys: [KEY] },
  ingress: { kind: "none" },
  k3s: { version: "v1.36.4+k3s1" },
  nodes: [1, 2, 3].map((number) => ({
    name: `server-${number}`,
    role: "server",
    address: `10.0.0.1${number}`,
  })),
};

/** A healthy cluster, and the command in the folder of its config. */
async function openPlay(t: TestContext) {
  const folder = scratch(t);
  writeFileSync(join(folder, "cluster.config.json"), JSON.stringify(CONFIG));
  const { cluster } = parseConfig(JSON.stringify(CONFIG));
  assert.ok(cluster);
  const lan = await play(t, cluster);
  const tsx = fileURLToPath(import.meta.resolve("tsx/esm"));
  const quorate = async (environment: readonly string[], ...flags: readonly string[]) => {
    const program = [process.execPath, "--import", tsx, CLI, "verify", ...flags];
    const run = await lan.lan.run([
      "env",
      "-C",
      folder,
      "-u",
      "KUBECONFIG",
      "TMPDIR=/run/tmp",
      ...environment,
      ...program,
    ]);
    // Of tsx are other folders.
    const left = lan.temporary().filter((name) => name.startsWith("quorate-") || name.startsWith("tmp."));
    return { ...run, left };
  };
  return { folder, lan, quorate };
}

const NOT_ASKED = ["quorum", "status/server-1", "clock/server-1", "k3s/server-1", "etcd/server-1"];

test(
  "without the secret it asks the rest, says what it could not ask, and that this is no success",
  { skip },
  async (t) => {
    const { lan, quorate } = await openPlay(t);
    const { status, stdout, stderr, left } = await quorate([`KUBECONFIG=${lan.kubeconfig}`]);
    assert.deepEqual([status, left], [1, []]);
    const lines = stdout.split("\n");
    const script = (await lan.verify([lan.kubeconfig])).lines;
    assert.deepEqual(lines.slice(0, script.length - 1), script.slice(0, -1));
    for (const id of NOT_ASKED)
      assert.ok(lines.includes(`-     ${id.padEnd(24)} not asked: needs the cluster's secret`), id);
    assert.equal(lines.at(-2), "test: 18 ok, 0 failed, 13 not asked");
    assert.match(
      stderr,
      /^the machines were not asked, so this is no success: there is no \.secrets\/cluster-secret.*\n {2}next: on the computer/,
    );
    const quiet = await quorate([`KUBECONFIG=${lan.kubeconfig}`], "--quiet");
    assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [1, "", stderr]);
    const json = await quorate([], "--json");
    const { checks, ...sums } = JSON.parse(json.stdout);
    assert.deepEqual(sums, { cluster: "test", passed: 11, failed: 0, skipped: 20 });
    assert.equal(checks.length, 31);
    assert.match(json.stderr, /^ok {4}server\/server-1 /);
    const tap = await quorate([], "--tap");
    assert.match(tap.stdout, /^TAP version 13\nok 1 - server\/server-1 - up[^]*\n1\.\.31\n$/);
  },
);

test(
  "with the secret, and nobody to let it in: each machine is a line that fails, the rest is asked",
  { skip },
  async (t) => {
    const { folder, quorate } = await openPlay(t);
    mkdirSync(join(folder, ".secrets"), { mode: 0o700 });
    writeFileSync(join(folder, ".secrets/cluster-secret"), `${"33".repeat(32)}\n`, { mode: 0o600 });
    const { status, stdout, stderr, left } = await quorate([]);
    assert.deepEqual([status, stderr, left], [1, "", []]);
    const failed = stdout.split("\n").flatMap((line) => /^FAIL {2}(\S+)/.exec(line)?.[1] ?? []);
    assert.deepEqual(failed, ["status/server-1", "status/server-2", "status/server-3"]);
    assert.match(stdout, /^ok {4}server\/server-3 /m);
    assert.match(stdout, /^- {5}nodes +not asked: no server hands out a kubeconfig$/m);
    assert.match(
      stdout,
      /^FAIL {2}status\/server-2 +connection refused by 10\.0\.0\.12 port 22\n {6}expected: ready\n {6}cause: {4}its sshd does not run\n {6}next: {5}\S/m,
    );
  },
);

test("where the script cannot run it says so: no curl, no sh", { skip }, async (t) => {
  const { folder, lan, quorate } = await openPlay(t);
  const tools = join(folder, "tools");
  mkdirSync(tools);
  chmodSync(tools, 0o755);
  const without = await quorate([`PATH=${tools}`]);
  assert.equal(without.status, 1);
  assert.match(
    without.stderr,
    /^error: there is no sh on this computer\n {2}next: run it where there is one/,
  );
  for (const name of ["sh", "awk", "openssl"]) {
    const path = (await lan.lan.must(["sh", "-c", `command -v ${name}`])).trim();
    await lan.lan.must(["ln", "-s", path, join(tools, name)]);
  }
  const { status, stdout, stderr, left } = await quorate([`PATH=${tools}`]);
  assert.deepEqual([status, stdout, left], [1, "", []]);
  assert.match(
    stderr,
    /^error: verify\.sh did not come to its end: curl is not installed here\n {2}next: install it\n$/,
  );
  assert.deepEqual(readdirSync(tools), ["awk", "openssl", "sh"]);
});

test("two forms at once are a usage error", { skip }, async (t) => {
  const { quorate } = await openPlay(t);
  const { status, stdout, stderr } = await quorate([], "--tap", "--json");
  assert.deepEqual([status, stdout], [3, ""]);
  assert.match(stderr, /--tap and --json do not go together\n {2}next: npx quorate verify --tap/);
});
