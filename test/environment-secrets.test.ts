// Secrets that the environment gives, as a workflow's secrets do: taken from there, shown and passed on to nobody.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { reachRecorded } from "../generator/commands/reach.ts";
import { Failure } from "../generator/failure.ts";
import { programs } from "../generator/program.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { exportText } from "../generator/secrets/export-text.ts";
import { givesRootSecret, readRootSecret } from "../generator/secrets/root.ts";
import { sshKeyFile } from "../generator/secrets/ssh-key.ts";
import { NO_SESSION } from "../generator/verbs.ts";
import { makeCluster } from "./support/clusters.ts";
import { makeRecord } from "./support/record.ts";
import { scratch } from "./support/scratch.ts";

const ROOT = Uint8Array.from({ length: 32 }, (_, index) => 200 - index);
const OTHER = Uint8Array.from({ length: 32 }, (_, index) => index);
const HEX = Buffer.from(ROOT).toString("hex");
const LINE = exportText("home", ROOT).trim().split("\n").at(-1) ?? "";
const KEY = deriveSecret(ROOT, { secret: "ssh-host-key/runner", generation: 1 });

/** A config whose folder has another secret. */
function configWithSecret(t: TestContext): string {
  const folder = scratch(t);
  mkdirSync(join(folder, ".secrets"), { mode: 0o700 });
  writeFileSync(join(folder, ".secrets/cluster-secret"), `${Buffer.from(OTHER).toString("hex")}\n`, {
    mode: 0o600,
  });
  return join(folder, "cluster.config.json");
}

const bytes = (config: string, environment: Readonly<Record<string, string>>) =>
  Uint8Array.from(readRootSecret(config, environment));

for (const [what, text] of [
  ["what secret export prints", exportText("home", ROOT)],
  ["its one line", LINE],
  ["that line with a blank behind it", `${LINE} \r\n`],
  ["the 64 hex digits", HEX],
] as const) {
  test(`the root secret from the environment, or a file that it names: ${what}`, (t) => {
    const config = configWithSecret(t);
    assert.deepEqual(bytes(config, { QUORATE_CLUSTER_SECRET: text }), ROOT);
    const file = join(scratch(t), "secret");
    writeFileSync(file, text, { mode: 0o600 });
    assert.deepEqual(bytes(config, { QUORATE_CLUSTER_SECRET_FILE: file }), ROOT);
    assert.deepEqual(
      bytes(config, { QUORATE_CLUSTER_SECRET: text, QUORATE_CLUSTER_SECRET_FILE: "/nowhere" }),
      ROOT,
    );
  });
}

test("an empty variable, which a workflow makes of a secret that is not set, is none", (t) => {
  const empty = { QUORATE_CLUSTER_SECRET: "", QUORATE_CLUSTER_SECRET_FILE: "" };
  assert.deepEqual(bytes(configWithSecret(t), empty), OTHER);
  assert.equal(givesRootSecret(empty), false);
  assert.equal(givesRootSecret({ QUORATE_CLUSTER_SECRET_FILE: "x" }), true);
});

/** Runs what must fail, and holds what it says: no part of a secret is in it. */
function failure(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    const said = `${error.message} ${error.hint} ${error.stack}`;
    assert.ok(!said.includes(HEX.slice(0, 16)) && !said.includes(KEY.slice(60, 80)), said);
    return error;
  }
  return assert.fail("it was taken");
}

test("a root secret that is none is refused, and not shown", (t) => {
  const config = configWithSecret(t);
  const bad = failure(() => readRootSecret(config, { QUORATE_CLUSTER_SECRET: HEX.slice(0, 62) }));
  assert.match(
    bad.message,
    /^QUORATE_CLUSTER_SECRET does not hold a cluster secret: it is no exported secret/,
  );
  assert.match(bad.hint, /secret export -/);
  const changed = LINE.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  const spoilt = failure(() => readRootSecret(config, { QUORATE_CLUSTER_SECRET: changed }));
  assert.match(spoilt.message, /it was changed on its way/);
  const file = join(scratch(t), "secret");
  const named = { QUORATE_CLUSTER_SECRET_FILE: file };
  assert.match(failure(() => readRootSecret(config, named)).message, /^there is no .*\/secret/);
  writeFileSync(file, HEX);
  chmodSync(file, 0o640);
  const open = failure(() => readRootSecret(config, named));
  assert.match(open.message, /open to other users .*0640/);
  assert.match(open.hint, /^chmod 600 /);
});

test("without one, a job is told where it belongs", (t) => {
  const config = join(scratch(t), "cluster.config.json");
  const { hint } = failure(() => readRootSecret(config, { GITHUB_ACTIONS: "true" }));
  assert.match(
    hint,
    /QUORATE_CLUSTER_SECRET of this job's environment, .* QUORATE_CLUSTER_SECRET_FILE names/,
  );
});

test("the SSH key becomes a file of this user's alone, where the runner clears up, and goes again", (t) => {
  const temp = scratch(t);
  for (const given of [KEY, KEY.trim(), `\n${KEY.replaceAll("\n", "\r\n")}\n\n`]) {
    const file = sshKeyFile({ QUORATE_SSH_KEY: given, RUNNER_TEMP: temp });
    assert.ok(file);
    assert.equal(dirname(dirname(file.path)), temp);
    assert.equal(readFileSync(file.path, "utf8"), `${KEY.trim()}\n`);
    assert.deepEqual(
      [statSync(file.path).mode & 0o777, statSync(dirname(file.path)).mode & 0o777],
      [0o600, 0o700],
    );
    file.remove();
    assert.deepEqual(readdirSync(temp), []);
  }
  for (const none of ["", " \n"])
    assert.equal(sshKeyFile({ QUORATE_SSH_KEY: none, RUNNER_TEMP: temp }), null);
  assert.equal(sshKeyFile({ RUNNER_TEMP: temp }), null);
});

for (const [what, text] of [
  ["a public one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQk4XJiTw2GFsPvUzFIjSpTdx runner"],
  ["cut off", KEY.slice(0, -20)],
  ["on one line", KEY.replaceAll("\n", " ")],
  ["two", `${KEY}\n$(id)\n${KEY}`],
] as const) {
  test(`an SSH key that is ${what} is refused, and not shown`, (t) => {
    const temp = scratch(t);
    const refused = failure(() => sshKeyFile({ QUORATE_SSH_KEY: text, RUNNER_TEMP: temp }));
    assert.equal(refused.message, "QUORATE_SSH_KEY does not hold a private key");
    assert.deepEqual(readdirSync(temp), []);
  });
}

/** A program named ssh that writes down how it was called, with what key, and what it was told. */
const SSH = `#!/bin/sh
env >"$SEEN/environment"
printf '%s\\n' "$@" >"$SEEN/arguments"
cat "$2" >"$SEEN/config"
key=$(sed -n 's/^ *IdentityFile "\\(.*\\)"$/\\1/p' "$2")
[ -z "$key" ] || cat "$key" >"$SEEN/key"
exit 255
`;

for (const [how, flags] of [
  ["the key of the environment", {}],
  ["the key that a flag names", { identity: "own" }],
] as const) {
  test(`ssh is given ${how}, and no secret in its environment or its arguments`, async (t) => {
    const [seen, temp, bin] = [scratch(t), scratch(t), scratch(t)];
    writeFileSync(join(bin, "ssh"), SSH, { mode: 0o755 });
    const own = join(seen, "own");
    writeFileSync(own, "of the flag\n");
    const environment = {
      PATH: `${bin}:${process.env["PATH"]}`,
      SEEN: seen,
      RUNNER_TEMP: temp,
      QUORATE_SSH_KEY: KEY,
      QUORATE_CLUSTER_SECRET: LINE,
      GITHUB_TOKEN: "ghs_0123456789",
    };
    const remote = reachRecorded(makeCluster({ servers: 1 }), makeRecord({ name: "home" }, ["server-1"]), {
      config: "cluster.config.json",
      json: false,
      colour: false,
      flags: "identity" in flags ? { identity: own } : {},
      words: [],
      rest: [],
      environment,
      session: NO_SESSION,
    });
    await remote.run("server-1", "true", { limit: 5000 });
    assert.equal(readdirSync(temp).length, "identity" in flags ? 0 : 1);
    await remote.close();
    assert.deepEqual(readdirSync(temp), []);
    const read = (name: string) => readFileSync(join(seen, name), "utf8");
    assert.equal(read("key"), "identity" in flags ? "of the flag\n" : `${KEY.trim()}\n`);
    assert.match(read("config"), /IdentitiesOnly yes/);
    for (const name of ["environment", "arguments", "config"]) {
      assert.doesNotMatch(read(name), /PRIVATE KEY|quorate-secret|ghs_/, name);
      assert.ok(!read(name).includes(HEX.slice(0, 16)), name);
    }
    assert.ok(existsSync(own));
  });
}

test("no other program is given a secret", async () => {
  const run = programs({
    ...process.env,
    QUORATE_CLUSTER_SECRET: LINE,
    QUORATE_SSH_KEY: KEY,
    GITHUB_TOKEN: "ghs_1",
    KEPT: "yes",
  });
  const { stdout } = await run("env", []);
  assert.match(stdout.toString(), /^KEPT=yes$/m);
  assert.doesNotMatch(stdout.toString(), /QUORATE_CLUSTER_SECRET|QUORATE_SSH_KEY|GITHUB_TOKEN|PRIVATE KEY/);
});
