// `npx quorate status` and `ssh` as a person runs them: machines of Linux namespaces, real sshd and sudo, a stand-in for the
// machine's own program.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { type Machine, openLan, openMachine, requireNamespaces, until } from "../support/namespace.ts";
import { scratch } from "../support/scratch.ts";
import { makeKey, requireSshd } from "../support/sshd.ts";
import { runTool } from "../support/tools.ts";

const skip = requireSshd() || requireNamespaces();
const CLI = fileURLToPath(new URL("../../generator/cli.ts", import.meta.url));
const ROOT = Buffer.alloc(32, 0x33);
const NAMES = ["server-1", "server-2", "server-3"] as const;

interface Play {
  readonly folder: string;
  readonly lan: Machine;
  /** The command line of Quorate in the folder of the config, with a key that the machines take. */
  readonly commandLine: (verb: string, ...rest: readonly string[]) => readonly string[];
  /** Runs it on the LAN. */
  readonly quorate: (verb: string, ...rest: readonly string[]) => ReturnType<Machine["run"]>;
  /** What the machine of that name answers to `quorate-node status --json`; a text that is no object is said as it is. */
  readonly answer: (name: string, changes: Readonly<Record<string, unknown>> | string) => void;
}

/** A config of three servers, of which those named are there. */
async function openPlay(t: TestContext, present: readonly string[]): Promise<Play> {
  const folder = scratch(t);
  // sshd reads the authorized keys as the one who logs in.
  chmodSync(folder, 0o755);
  const identity = makeKey(folder, "id");
  const nodes = NAMES.map((name, index) => ({ name, role: "server", address: `10.0.0.${11 + index}` }));
  writeFileSync(
    join(folder, "cluster.config.json"),
    JSON.stringify({
      version: 1,
      cluster: { name: "test" },
      network: { subnet: "10.0.0.0/16", gateway: "10.0.0.1" },
      access: { user: "ops", authorizedKeys: [readFileSync(`${identity}.pub`, "utf8").trim()] },
      k3s: { version: "v1.36.4+k3s1" },
      nodes,
    }),
  );
  mkdirSync(join(folder, ".secrets"), { mode: 0o700 });
  writeFileSync(join(folder, ".secrets/cluster-secret"), `${ROOT.toString("hex")}\n`, { mode: 0o600 });
  const answer: Play["answer"] = (name, changes) => {
    const status = {
      format: 1,
      name,
      role: "server",
      cluster: "test",
      state: "ready",
      step: "done",
      since: 1_763_840_000,
      waitingFor: "",
      error: "",
      next: "",
      now: 1_763_840_012,
      boot: "b",
      k3s: "v1.36.4+k3s1",
      applied: "",
      voter: true,
      voters: 3,
      members: 3,
      vip: false,
    };
    const text = typeof changes === "string" ? changes : JSON.stringify({ ...status, ...changes });
    writeFileSync(join(folder, `${name}.json`), text);
  };
  const lan = await openLan(t, ["10.0.0.200/16"]);
  for (const { name, address } of nodes.filter((node) => present.includes(node.name))) {
    answer(name, {});
    const machine = await openMachine(t, name);
    await machine.plug(lan, "eth0", [`${address}/16`]);
    await startMachine(machine, name, folder, identity);
  }
  const commandLine: Play["commandLine"] = (verb, ...rest) => {
    const tsx = fileURLToPath(import.meta.resolve("tsx/esm"));
    const program = [process.execPath, "--import", tsx, CLI, verb, "--identity", identity, ...rest];
    return ["env", "-C", folder, ...program];
  };
  const quorate: Play["quorate"] = (...args) => lan.run(commandLine(...args));
  return { folder, lan, commandLine, quorate, answer };
}

// The machine's own user, its right to be root, and its program: in its mount namespace only.
const SET_UP = (program: string) => `mkdir -p /run/sshd /run/etc
for file in passwd shadow; do cp -p "/etc/$file" "/run/etc/$file"; done
echo 'ops:x:4242:4242::/:/bin/sh' >>/run/etc/passwd
echo 'ops:*:19000:0:99999:7:::' >>/run/etc/shadow
for file in passwd shadow; do mount --bind "/run/etc/$file" "/etc/$file"; done
mount -t tmpfs -o mode=755 tmpfs /etc/sudoers.d
echo 'ops ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/ops
chmod 440 /etc/sudoers.d/ops
mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
cp ${program} /usr/local/sbin/quorate-node
`;

/** sshd on port 22 with the derived host key, and a quorate-node that prints a file. */
async function startMachine(machine: Machine, name: string, folder: string, identity: string): Promise<void> {
  const key = join(folder, `${name}.key`);
  writeFileSync(key, `${deriveSecret(ROOT, { secret: `ssh-host-key/${name}`, generation: 1 })}\n`, {
    mode: 0o600,
  });
  const config = join(folder, `${name}.sshd`);
  writeFileSync(
    config,
    `HostKey ${key}\nAuthorizedKeysFile ${identity}.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nMaxStartups 100\n`,
  );
  const program = join(folder, `${name}.sh`);
  writeFileSync(program, `#!/bin/sh\ncat ${folder}/${name}.json\n`);
  chmodSync(program, 0o755);
  await machine.must(["sh", "-e"], SET_UP(program));
  await machine.start(["/usr/sbin/sshd", "-D", "-e", "-f", config]);
  const listens = async () =>
    (await machine.run(["ss", "-Htln", "sport = :22"])).stdout === "" ? undefined : true;
  await until("sshd", 10_000, listens);
}

test("status, watch, ssh and the bundle against three machines", { skip }, async (t) => {
  const { folder, lan, commandLine, quorate, answer } = await openPlay(t, NAMES);
  const ready = await quorate("status");
  assert.equal(ready.status, 0, ready.stderr);
  assert.match(ready.stdout, /^server-1 {2}server {2}10\.0\.0\.11 {2}ready\n[^]*\nquorate: 3 of 3 voters\n$/);

  answer("server-2", { state: "working", step: "join", voter: false, members: 0 });
  answer("server-3", "Killed");
  const busy = await quorate("status", "--json");
  assert.equal(busy.status, 1);
  const document = JSON.parse(busy.stdout) as {
    readonly machines: readonly { readonly state: string }[];
    readonly voters: number;
  };
  assert.deepEqual(
    document.machines.map(({ state }) => state),
    ["ready", "working", "failed"],
  );
  assert.equal(document.voters, 1);
  assert.match(busy.stderr, /server-2 .* working: join for 12s\n[^]*not quorate: 1 of 3 voters/);

  const watching = await lan.start(commandLine("status", "--watch"));
  const says = (words: RegExp) => async () => (words.test(watching.output()) ? true : undefined);
  await until("the first answers", 20_000, says(/working: join[^]*not quorate: 1 of 3 voters/));
  answer("server-2", {});
  answer("server-3", {});
  assert.equal(await watching.exited, 0, watching.output());
  assert.match(watching.output(), /\nquorate: 3 of 3 voters, (\d+m)?\d+s\n$/);

  const passed = await quorate("ssh", "server-2", "--", "sh", "-c", 'echo "$0 $1"; exit 7', "a  b", "it's");
  assert.deepEqual([passed.status, passed.stdout], [7, "a  b it's\n"], passed.stderr);
  const line = await quorate("ssh", "server-2", "--", "hostname | tr a-z A-Z");
  assert.deepEqual([line.status, line.stdout], [0, "SERVER-2\n"], line.stderr);

  const token = deriveSecret(ROOT, { secret: "server-token", generation: 1 });
  answer("server-1", { error: Buffer.from(token).toString("base64"), next: token });
  const bundled = await quorate("status", "--bundle", "report.txt");
  assert.equal(bundled.status, 0, bundled.stderr);
  const bundle = readFileSync(join(folder, "report.txt"), "utf8");
  assert.match(
    bundle,
    /===== machine server-1\n[^]*--- uname -a\nLinux[^]*--- \/usr\/local\/sbin\/quorate-node status --json\n\{[^]*\[redacted\]/,
  );
  assert.match(bundle, /===== versions\nQuorate \d+\.\d+\.\d+, Node\.js v/);
  assert.ok(!bundle.includes(token) && !bundle.includes(ROOT.toString("hex")));
  writeFileSync(join(folder, "mine.txt"), "mine");
  const refused = await quorate("status", "--bundle", "mine.txt");
  assert.deepEqual([refused.status, readFileSync(join(folder, "mine.txt"), "utf8")], [1, "mine"]);
});

test(
  "machines that are off do not hold up the others, and Ctrl-C leaves nothing behind",
  { skip },
  async (t) => {
    const { folder, lan, commandLine, quorate } = await openPlay(t, ["server-1"]);
    const started = performance.now();
    const { status, stdout } = await quorate("status");
    assert.equal(status, 1);
    assert.match(stdout, /server-1 .* ready\n/);
    assert.match(stdout, /server-2 .* no answer \(10\.0\.0\.12 does not answer\)\n {10}next: is it on/);
    assert.match(stdout, /not quorate: 1 of 3 voters\n$/);
    assert.ok(performance.now() - started < 20_000);

    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    const watching = await lan.start(["env", `TMPDIR=${temporary}`, ...commandLine("status", "--watch")]);
    const inside = () => runTool("find", [temporary, "-name", "known_hosts"]).stdout.trim();
    await until("the first question", 10_000, async () => (inside() === "" ? undefined : true));
    await watching.signal("INT");
    assert.equal(await watching.exited, 130, watching.output());
    assert.equal(inside(), "");
  },
);
