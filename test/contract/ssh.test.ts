// apply/ssh.ts against the real ssh and sshd: what runs, what is said where it cannot, and what nobody else may see.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Lost, RemoteMachine, RemoteResult } from "../../generator/apply/remote.ts";
import { openSsh, type Ssh, type SshOptions } from "../../generator/apply/ssh.ts";
import { requireNamespaces, until } from "../support/namespace.ts";
import { freePort, hostKeyOf, makeKey, requireSshd, startSshd } from "../support/sshd.ts";
import { runTool } from "../support/tools.ts";

const skip = requireSshd();
const LIMIT = { limit: 8000 };

/** Closed when the test ends, before sshd is. */
function open(t: TestContext, machine: RemoteMachine, options: Partial<SshOptions>): Ssh {
  const ssh = openSsh({ machines: [machine], environment: process.env, ...options });
  t.after(ssh.close);
  return ssh;
}

function assertLost<R extends RemoteResult>(result: R): asserts result is R & Lost {
  assert.equal(result.finished, false, JSON.stringify(result));
}

/** Asks from namespaces of their own, after a shell has set them up. */
function play(namespaces: readonly string[], setUp: string, machine: RemoteMachine) {
  const script = fileURLToPath(new URL("../support/ssh-play.ts", import.meta.url));
  const node = [process.execPath, "--import", "tsx", script, JSON.stringify(machine)];
  const run = runTool("unshare", [...namespaces, "sh", "-ec", `${setUp}; exec "$@"`, "sh", ...node]);
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as RemoteResult & { readonly milliseconds: number };
}

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("quorate-"));

test("a script runs as root, with its own input, exit status and both outputs", { skip }, async (t) => {
  const { machine, identity } = await startSshd(t);
  const ssh = open(t, machine, { identity });
  const script = 'echo "it\'s $(id -u)"\ncat\necho err >&2\n# a "quote" and \'another\' $HOME\nexit 7';
  const result = await ssh.run("server-1", script, { ...LIMIT, input: "input\nüber\n" });
  assert.deepEqual(result, { finished: true, exit: 7, stdout: "it's 0\ninput\nüber\n", stderr: "err\n" });
  assert.deepEqual(await ssh.run("server-1", "cat", LIMIT), {
    finished: true,
    exit: 0,
    stdout: "",
    stderr: "",
  });
});

test("a script longer than any pipe, and input with every byte, arrive whole", { skip }, async (t) => {
  const { machine, identity } = await startSshd(t);
  const ssh = open(t, machine, { identity });
  const input = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
  const script = `${": padding\n".repeat(20_000)}head -c 300001 | od -An -v -tu1 | awk '{for(i=1;i<=NF;i++){n++;s=(s*31+$i)%65521}}END{print n, s}'`;
  let sum = 0;
  for (const byte of input) sum = (sum * 31 + byte) % 65521;
  const result = await ssh.run("server-1", script, { ...LIMIT, input });
  assert.ok(result.finished);
  assert.equal(result.stdout, `300000 ${sum}\n`);
});

test("the second call uses the first one's connection; nothing is left after close", { skip }, async (t) => {
  const { machine, identity } = await startSshd(t);
  const before = folders();
  const ssh = openSsh({ machines: [machine], environment: process.env, identity });
  const connection = async () => {
    const result = await ssh.run("server-1", "echo $SSH_CONNECTION; ps -o ppid= -p $PPID", LIMIT);
    assert.ok(result.finished && result.exit === 0, JSON.stringify(result));
    return result.stdout;
  };
  const [made = "", ...others] = folders().filter((name) => !before.includes(name));
  assert.equal(others.length, 0);
  await connection();
  assert.ok(existsSync(join(tmpdir(), made, "0")), "the socket of the connection");
  const masters = () => processes().filter((line) => line.includes(made));
  assert.equal(masters().length, 1);
  await connection();
  assert.equal(masters().length, 1);
  await ssh.close();
  assert.ok(!existsSync(join(tmpdir(), made)));
  await until("the end of the connection", 2000, async () => (masters().length === 0 ? true : undefined));
});

/** The command line of every process of this computer. */
function processes(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
}

test("a secret in a script or its input is in no argument of any process", { skip }, async (t) => {
  const { machine, identity, folder } = await startSshd(t);
  const ssh = open(t, machine, { identity });
  const secret = ["c0ffee", "5ec2e7", "d00d"].join("");
  const script = `token=${secret}; read -r other; : > ${folder}/started; while [ ! -e ${folder}/go ]; do sleep 0.05; done; echo "$token $other"`;
  const running = ssh.run("server-1", script, { ...LIMIT, input: `${secret}2\n` });
  await until("the script", 5000, async () => (existsSync(join(folder, "started")) ? true : undefined));
  const seen = processes();
  runTool("touch", [join(folder, "go")]);
  const result = await running;
  assert.ok(result.finished);
  assert.equal(result.stdout, `${secret} ${secret}2\n`);
  assert.ok(
    seen.some((line) => line.includes("sudo -n sh -c")),
    "the script was running",
  );
  assert.deepEqual(
    seen.filter((line) => line.includes(secret)),
    [],
  );
});

test("another host key: told as another machine, nothing ran", { skip }, async (t) => {
  const { machine, identity, folder } = await startSshd(t);
  const ssh = open(t, { ...machine, hostKey: hostKeyOf("server-1", 2) }, { identity });
  const result = await ssh.run("server-1", `touch ${folder}/ran`, LIMIT);
  assertLost(result);
  assert.deepEqual([result.problem, result.mayHaveRun], ["host-key", false]);
  assert.match(result.message, /another host key than this cluster's secret gives/);
  assert.match(
    result.next,
    /another machine at 127\.0\.0\.1, or the card of server-1 was written with another/,
  );
  assert.ok(!existsSync(join(folder, "ran")));
});

test("no key accepted: told which were offered", { skip }, async (t) => {
  const { machine, folder } = await startSshd(t);
  const identity = makeKey(folder, "other");
  const [, fingerprint = ""] = runTool("ssh-keygen", ["-l", "-f", identity]).stdout.split(" ");
  const result = await open(t, machine, { identity }).run("server-1", "true", LIMIT);
  assertLost(result);
  assert.deepEqual([result.problem, result.mayHaveRun], ["denied", false]);
  assert.ok(result.message.includes(`${identity} ${fingerprint}`), result.message);
  assert.match(result.next, /--identity FILE.*access\.authorizedKeys/);
});

test("nothing listens: refused, at once", { skip }, async (t) => {
  const machine = { ...MACHINE, port: await freePort() };
  const result = await open(t, machine, {}).run("server-1", "x".repeat(1_000_000), LIMIT);
  assertLost(result);
  assert.deepEqual([result.problem, result.mayHaveRun], ["refused", false]);
  assert.match(result.message, new RegExp(`connection refused by 127\\.0\\.0\\.1 port ${machine.port}`));
});

const MACHINE: RemoteMachine = {
  name: "server-1",
  address: "127.0.0.1",
  port: 22,
  user: "ops",
  hostKey: hostKeyOf("server-1"),
};

for (const [what, says] of [
  ["noise", "\u0000\u0001\u0002 garbage \u001b[2J\r\n".repeat(20_000)],
  ["a web server's answer", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"],
  ["nothing, and hangs up", ""],
] as const) {
  test(`what answers is no ssh server: ${what}`, { skip }, async (t) => {
    const server = createServer((socket) => socket.on("error", () => {}).end(says)).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const result = await open(t, { ...MACHINE, port }, {}).run("server-1", "true", LIMIT);
    assertLost(result);
    assert.deepEqual([result.problem, result.mayHaveRun], ["no-ssh-server", false], result.message);
    assert.doesNotMatch(result.message, /\p{Cc}/u);
  });
}

test("an sshd that hangs: given up after the limit for a greeting", { skip }, async (t) => {
  const { machine, identity, process: sshd } = await startSshd(t);
  sshd.kill("SIGSTOP");
  const started = performance.now();
  const result = await open(t, machine, { identity }).run("server-1", "true", LIMIT);
  assertLost(result);
  assert.equal(result.problem, "no-answer", result.message);
  assert.ok(performance.now() - started < 7000);
});

test(
  "an address where nobody is: no answer within the limit; no way there at all: said at once",
  { skip: skip || requireNamespaces() },
  () => {
    const play = fileURLToPath(new URL("../support/ssh-play.ts", import.meta.url));
    const ask = (setUp: string) => {
      const machine = JSON.stringify({ ...MACHINE, address: "10.0.0.9" });
      const line = `${setUp}; exec "$@"`;
      const node = [process.execPath, "--import", "tsx", play, machine];
      const run = runTool("unshare", ["--net", "sh", "-ec", line, "sh", ...node]);
      assert.equal(run.status, 0, run.stderr);
      return JSON.parse(run.stdout) as Lost & { readonly milliseconds: number };
    };
    // A bridge without a cable, and a neighbour on it that is not there: what is sent is gone.
    const silent = ask(
      "ip link add b0 type bridge; ip address add 10.0.0.1/24 dev b0; ip link set b0 up; ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev b0",
    );
    assert.equal(silent.problem, "no-answer", silent.message);
    assert.ok(silent.milliseconds > 4000 && silent.milliseconds < 7000, `${silent.milliseconds}`);
    const nowhere = ask("true");
    assert.equal(nowhere.problem, "unreachable", nowhere.message);
    assert.match(nowhere.message, /Network is unreachable/);
    assert.ok(nowhere.milliseconds < 3000, `${nowhere.milliseconds}`);
  },
);

test(
  "a script that takes too long, is interrupted, or never stops talking: ended, and told that it may have run",
  { skip },
  async (t) => {
    const { machine, identity } = await startSshd(t);
    const ssh = open(t, machine, { identity });
    const long = await ssh.run("server-1", "sleep 5", { limit: 700 });
    assertLost(long);
    assert.deepEqual([long.problem, long.mayHaveRun], ["too-long", true]);
    assert.match(long.message, /0\.7 s/);
    const endless = await ssh.run("server-1", "yes | head -c 100000000", LIMIT);
    assertLost(endless);
    assert.deepEqual([endless.problem, endless.mayHaveRun], ["too-much", true]);
    const stop = new AbortController();
    const interruptible = open(t, machine, { identity, signal: stop.signal });
    setTimeout(() => stop.abort(), 400);
    const stopped = await interruptible.run("server-1", "sleep 5", LIMIT);
    assertLost(stopped);
    assert.deepEqual([stopped.problem, stopped.mayHaveRun], ["interrupted", true]);
  },
);

test(
  "invariant 9, exit 255 means unknown: a connection that is cut is no exit status",
  { skip },
  async (t) => {
    const { machine, identity, folder } = await startSshd(t);
    const ssh = open(t, machine, { identity });
    // The session's sshd is the grandparent of sudo's shell; killing it is what a power cut looks like.
    const script = `: > ${folder}/began; p=$PPID; while [ "$(cat /proc/$p/comm)" != sshd ]; do p=$(awk '/^PPid/{print $2}' /proc/$p/status); done; kill -9 $p; sleep 3`;
    const result = await ssh.run("server-1", script, LIMIT);
    assertLost(result);
    assert.deepEqual([result.problem, result.mayHaveRun], ["cut", true], result.message);
    assert.ok(existsSync(join(folder, "began")));
  },
);

test(
  "neither the person's nor the system's ssh config is read, but the usual identities are",
  { skip: skip || requireNamespaces() },
  async (t) => {
    const { machine, identity, folder } = await startSshd(t);
    const { homedir } = userInfo();
    // A mount namespace of its own, with another ~/.ssh and another system config in it.
    writeFileSync(join(folder, "config"), "Host *\n  ProxyCommand false\n  HostKeyAlias other\n");
    const home = `mkdir -p ${homedir}/.ssh; mount -t tmpfs -o mode=700 tmpfs ${homedir}/.ssh; cp ${folder}/config ${homedir}/.ssh/config`;
    const system = `mount --bind ${folder}/config /etc/ssh/ssh_config`;
    const ask = (setUp: string) => play(["--mount"], `${home}; ${system}; ${setUp}`, machine);
    assert.equal(ask(`cp ${identity} ${homedir}/.ssh/id_ed25519`).finished, true);
    const without = ask("true");
    assert.equal(without.finished === false && without.problem, "denied");
  },
);
