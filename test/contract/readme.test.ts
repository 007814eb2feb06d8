// The README's commands, run as they stand in a fresh checkout; nothing else is in its code blocks.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { tmpdir } from "node:os";
import { requireNamespaces } from "../support/namespace.ts";
import { TEST_FOLDER } from "../support/golden.ts";

const ROOT = join(TEST_FOLDER, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const BLOCKS = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text.trim());
const MAIN_COMMAND = "npm ci && npm run render";
const TEST_COMMAND = "npm ci && npm run setup && npm test && npm run lab";

const clone = mkdtempSync(join(tmpdir(), "quorate-clone-"));
process.on("exit", () => rmSync(clone, { recursive: true, force: true }));

function sh(command: string) {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: clone, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

before(() => {
  const listed = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  assert.equal(listed.status, 0, listed.stderr);
  for (const path of listed.stdout.split("\0").filter((each) => each !== "" && !each.startsWith("out/"))) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    cpSync(join(ROOT, path), join(clone, path));
  }
});

test("the README has these commands and no others, and CI calls the second", () => {
  assert.deepEqual(BLOCKS, [MAIN_COMMAND, TEST_COMMAND]);
  assert.ok(readFileSync(join(ROOT, ".ci/run"), "utf8").includes(`\n${TEST_COMMAND}\n`));
  const inline = [...README.matchAll(/`(np[mx] [^`]+)`/g)].map(([, text]) => text);
  assert.deepEqual([...new Set(inline)].toSorted(), [
    "npm run check",
    "npm run render",
    "npx quorate apply",
    "npx quorate card NAME TARGET",
    "npx quorate doctor",
    "npx quorate drift",
    "npx quorate drill",
    "npx quorate drill --dry-run",
    "npx quorate kubeconfig --merge",
    "npx quorate new",
    "npx quorate plan",
    "npx quorate plan --offline",
    "npx quorate render --check",
    "npx quorate render --config FILE --out DIR",
    "npx quorate replace NAME TARGET",
    "npx quorate runner-hook",
    "npx quorate snapshot list",
    "npx quorate ssh NAME",
    "npx quorate status",
    "npx quorate verify",
  ]);
});

test(MAIN_COMMAND, () => {
  const { status, stdout, stderr } = sh(MAIN_COMMAND);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /out\/: \d+ written, 0 changed/);
  assert.match(stdout, /fault tolerance: survives any one server/);
  assert.ok(statSync(join(clone, "out/nodes/server-1/user-data")).isFile());
});

test("npx quorate new: nobody is asked without a terminal, and the sample stays", () => {
  const before = readFileSync(join(clone, "cluster.config.json"), "utf8");
  const { status, stdout, stderr } = sh("npx quorate new </dev/null");
  assert.equal(status, 3, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /\n {2}next: [^\n]*--/);
  assert.equal(readFileSync(join(clone, "cluster.config.json"), "utf8"), before);
});

test("npx quorate card NAME TARGET: with the sample's key it says why not, and makes no secret", () => {
  const { status, stderr } = sh("mkdir card && npx quorate card server-1 card");
  assert.equal(status, 1, stderr);
  assert.match(stderr, /the sample's SSH key.*would lock everybody out\n {2}next: /);
  assert.equal(sh("ls card .secrets").stdout, "card:\n");
});

test("npx quorate plan --offline: on a fresh clone it says that nothing has been applied yet, and what to do", () => {
  const { status, stdout, stderr } = sh("npx quorate plan --offline");
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    /^server-1 .* add: nothing has been applied yet\n.*\n.*\n {2}next: npx quorate card server-1$/m,
  );
});

test("npx quorate drift: on a fresh clone it says that nothing has been applied yet, and what to do", () => {
  const { status, stdout, stderr } = sh("npx quorate drift");
  assert.equal(status, 1, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^error: nothing has been applied yet: .*\n {2}next: npx quorate apply /);
});

test("npx quorate plan, apply, replace, uninstall, snapshot list, kubeconfig --merge: without the cluster's secret they say where it is", () => {
  for (const command of [
    "npx quorate plan",
    "npx quorate apply",
    "npx quorate replace server-2 --yes",
    "npx quorate uninstall server-2",
    "npx quorate snapshot list",
    "HOME=$PWD npx quorate kubeconfig --merge",
  ]) {
    const { status, stderr } = sh(command);
    assert.equal(status, 1, stderr);
    assert.match(
      stderr,
      /there is no .*cluster-secret.*\n {2}next: on the computer where the cards were written/,
    );
  }
  assert.equal(sh("ls .kube").stdout, "");
});

test(
  "npx quorate verify: where no machine is it says so of each, and that it had no secret",
  { skip: requireNamespaces() },
  () => {
    // Never on the network of whoever runs the tests: the sample's addresses may be somebody's.
    const { status, stdout, stderr } = sh("unshare -n npx quorate verify");
    assert.equal(status, 1, stderr);
    assert.match(stdout, /^FAIL {2}address .*\n {6}expected: .*\n {6}cause: .*\n {6}next: /m);
    assert.match(stdout, /^home: 0 ok, \d+ failed, \d+ not asked$/m);
    assert.match(stderr, /so this is no success: there is no .*cluster-secret.*\n {2}next: /);
  },
);

test(
  "npx quorate doctor: where no machine and no GitHub is, each line that is not well says what to do",
  { skip: requireNamespaces() },
  () => {
    const { stdout, stderr } = sh("unshare -n npx quorate doctor");
    assert.equal(stderr, "");
    assert.match(stdout, /^this computer\n {2}ok {4}node .*\n/);
    assert.match(stdout, /^ {2}warn {2}remote .*\n {8}needed: .*\n {8}next: .*gh repo create --private/m);
    assert.match(stdout, /^doctor: \d+ ok, .*$/m);
  },
);

test("npx quorate drill --dry-run lists the failures; npx quorate drill asks nobody where there is nobody", () => {
  const listed = sh("npx quorate drill --dry-run");
  assert.equal(listed.status, 0, listed.stderr);
  assert.match(listed.stdout, /^server-1\/hung +server-1 has .* felt: at most 10 s$/m);
  assert.match(listed.stdout, /^lb-1\/stopped +left out: /m);
  const drill = sh("npx quorate drill");
  assert.equal(drill.status, 1);
  assert.match(drill.stderr, /^error: .*\n {2}next: /m);
});

test("npx quorate runner-hook: without a remote it says which repository to name", () => {
  const { status, stdout, stderr } = sh("npx quorate runner-hook");
  assert.equal(status, 1, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /git has no remote named origin.*\n {2}next: npx quorate runner-hook --repository/);
});

test("npm run render again: no changes; npm run check: valid, with the sample's warnings", () => {
  assert.match(sh("npm run render").stdout, /out\/: no changes/);
  const { status, stdout, stderr } = sh("npm run check");
  assert.equal(status, 0);
  assert.match(stdout, /cluster\.config\.json is valid/);
  assert.match(stderr, /warning\[sample-ssh-key\][\s\S]*\^\^\^/);
});

test("npx quorate needs no registry: render --check before and after an edit, --config and --out", () => {
  const offline = "npm_config_registry=http://127.0.0.1:9 npx quorate";
  assert.equal(sh(`${offline} render --check`).status, 0);
  writeFileSync(join(clone, "out/haproxy.cfg"), "edited\n");
  assert.equal(sh(`${offline} render --check`).status, 2);
  const { status, stderr } = sh(`${offline} render --config cluster.config.json --out elsewhere/out`);
  assert.equal(status, 0, stderr);
  assert.ok(statSync(join(clone, "elsewhere/out/cluster.json")).isFile());
});

test("npm run render --check: npm keeps the flag, so nothing is done and the right command is named", () => {
  const { status, stderr } = sh("npm run render --check");
  assert.equal(status, 3);
  assert.match(stderr, /npm kept --check[\s\S]*npx quorate render --check/);
});

test("npm run render --out x: npm hands over a stray word, which is refused", () => {
  const { status, stderr } = sh("npm run render --out x");
  assert.equal(status, 3);
  assert.match(stderr, /npm kept --out|"x" belongs to no flag/);
});

test("npx quorate status, npx quorate ssh NAME: without the cluster's secret they say where it is", () => {
  for (const command of ["npx quorate status", "npx quorate ssh server-1"]) {
    const { status, stderr } = sh(command);
    assert.notEqual(status, 0);
    assert.match(stderr, /error: there is no \.secrets\/cluster-secret[^]*next: /);
  }
});
