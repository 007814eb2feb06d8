// The lab's stand-in for K3s: that it does what K3s does, fact by fact. Each test names the fact, and where a real
// v1.36.4+k3s1 was asked the same, its recorded answer is what is asserted.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createHash, X509Certificate } from "node:crypto";
import { parseSnapshots } from "../../generator/snapshot/snapshots.ts";
import { decide, type Start } from "../lab/k3s/decide.ts";
import { caHash } from "../lab/k3s/token.ts";
import { buildStandIn } from "../lab/k3s/bundle.ts";
import { type K3sMachine, openK3sLan, openK3sMachine, untilSaid, VERSION } from "../lab/k3s/machines.ts";
import type { Node } from "../lab/k3s/objects.ts";
import { type MirrorMood, startMirror } from "../lab/mirror.ts";
import { type Program, requireNamespaces, until } from "../support/namespace.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, type Run } from "../support/tools.ts";

const needsK3s = {
  skip:
    requireTool("etcd", "apt-get install etcd-server") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireTool("curl", "apt-get install curl") ||
    requireTool("setpriv", "apt-get install util-linux") ||
    requireNamespaces(),
};
const needsCurl = { skip: requireTool("curl", "apt-get install curl") };

const TOKEN = "0123456789abcdef0123456789abcdef";
const AGENT_TOKEN = "fedcba9876543210fedcba9876543210";
const READY = "k3s is up and running";

/** The config of a server; Quorate's has `server` or, to found, `cluster-init`. */
const config = (machine: K3sMachine, more: Readonly<Record<string, unknown>>) => ({
  token: TOKEN,
  "agent-token": AGENT_TOKEN,
  "node-name": machine.name,
  "node-ip": machine.address,
  "tls-san": ["10.0.0.10", "k3s.lan"],
  ...more,
});

interface Member {
  readonly name?: string;
  readonly isLearner?: boolean;
}

const membersOf = async (machine: K3sMachine): Promise<readonly Member[]> => {
  const { status, body } = await machine.ask("/db/info", { host: "127.0.0.1" });
  return status === 200 ? JSON.parse(body).members : [];
};

const dataFolder = (machine: K3sMachine) => join(machine.root, "var/lib/rancher/k3s/server");

interface Recording {
  readonly answers: Readonly<Record<string, readonly string[]>>;
}
const RECORDED = JSON.parse(readFileSync(new URL("k3s/answers.json", import.meta.url), "utf8")) as Recording;

/** Asks all that a real server was asked in that state, and compares the status and the message of what is refused. */
async function answersAsRecorded(machine: K3sMachine, state: string): Promise<void> {
  const rows = RECORDED.answers[state] ?? [];
  assert.ok(rows.length > 40, state);
  const users: Readonly<Record<string, string>> = {
    server: `server:${TOKEN}`,
    wrong: "server:wrong",
    agent: `node:${AGENT_TOKEN}`,
    "node:wrong": "node:wrong",
  };
  for (const row of rows) {
    const [path = "", credentials = "", from = "", status = "", ...message] = row.split(" ");
    const user = users[credentials];
    const host = from === "loopback" ? "127.0.0.1" : undefined;
    const asked = { ...(user !== undefined && { user }), ...(host !== undefined && { host }) };
    const answer = await machine.ask(path, asked);
    assert.equal(answer.status, Number(status), `${state}: ${row}: ${answer.body}`);
    const words = message.join(" ");
    if (words !== "")
      assert.ok(String(JSON.parse(answer.body).message).startsWith(words), `${row}: ${answer.body}`);
  }
}

interface KubectlRecording {
  readonly answers: Readonly<
    Record<
      string,
      readonly {
        readonly asked: string;
        readonly status: number;
        readonly stdout?: string;
        readonly stderr?: string;
      }[]
    >
  >;
}
const KUBECTL = JSON.parse(
  readFileSync(new URL("k3s/kubectl.json", import.meta.url), "utf8"),
) as KubectlRecording;

/** Asks all that a real kubectl was asked in that state, in its order, and compares every word. `words`: makes them fit. */
async function kubectlAsRecorded(
  machine: K3sMachine,
  program: string,
  state: string,
  words: (text: string) => string = String,
): Promise<void> {
  const rows = KUBECTL.answers[state] ?? [];
  assert.ok(rows.length > 1, state);
  for (const { asked, status, stdout = "", stderr = "" } of rows) {
    const args = words(asked).split(" ");
    const answer = await machine.run([process.execPath, program, "kubectl", ...args]);
    // k3s prints what its kubectl returns (k3s-io/k3s:pkg/kubectl/main.go); the recorded one's framework did it itself.
    const said = words(stderr).replace(/^Error: /, "error: ");
    assert.deepEqual([answer.status, answer.stdout, answer.stderr], [status, words(stdout), said], asked);
  }
}

/** A real server's words. */
const FORBIDDEN = `{
  "kind": "Status",
  "metadata": {},
  "status": "Failure",
  "message": "forbidden",
  "reason": "Forbidden",
  "code": 403
}`;
const UNAUTHORIZED = `{
  "kind": "Status",
  "apiVersion": "v1",
  "metadata": {},
  "status": "Failure",
  "message": "Unauthorized",
  "reason": "Unauthorized",
  "code": 401
}`;

/** Says each message and the command line of the process that the kernel says has sent it, as systemd sees it. */
const NOTIFY_LISTENER = `
import socket, struct
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
server.bind("/run/notify")
print("listening", flush=True)
while True:
    text, extra, _, _ = server.recvmsg(4096, 1024)
    for _, kind, data in extra:
        if kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("iii", data[:12])[0]
            line = open(f"/proc/{pid}/cmdline").read().replace(chr(0), " ")
            print(text.decode().strip(), pid, line, flush=True)
`;

/**
 * The exit status, or "still running" after 30 s, and what was said to the last word: a program has ended before its
 * output has been read.
 */
async function ended(
  program: Program,
): Promise<{ readonly status: number | string; readonly output: string }> {
  const status = await Promise.race([program.exited, sleep(30_000, "still running", { ref: false })]);
  await sleep(300);
  return { status, output: program.output() };
}

/** Not runTool: the mirror lives in this process and has to answer meanwhile. */
async function runInstaller(env: readonly string[], script: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile("env", [...env, "sh", script], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({
        status: typeof error?.code === "number" ? error.code : error ? "failed" : 0,
        stdout,
        stderr,
      });
    });
  });
}

describe("The stand-in for K3s", { concurrency: 4 }, () => {
  // k3s.md section 4, decision table.
  test("decides what to be as K3s does", () => {
    const table: [boolean, boolean, string, string, Start | "throws"][] = [];
    const no = "";
    const peer = "https://10.0.0.12:6443";
    for (const server of [no, peer]) {
      for (const token of [no, TOKEN]) {
        for (const clusterInit of [false, true]) table.push([true, clusterInit, server, token, "existing"]);
      }
    }
    table.push(
      [false, true, no, no, "new"],
      [false, true, no, TOKEN, "new"],
      [false, true, peer, TOKEN, "join"],
      [false, false, peer, TOKEN, "join"],
      [false, true, peer, no, "throws"],
      [false, false, peer, no, "sqlite"],
      [false, false, no, no, "sqlite"],
      [false, false, no, TOKEN, "sqlite"],
    );
    assert.equal(table.length, 16);
    for (const [initialized, clusterInit, server, token, start] of table) {
      const situation = { initialized, clusterInit, server, token };
      const label = JSON.stringify(situation);
      if (start === "throws")
        assert.throws(() => decide(situation), /token is required to join a cluster/, label);
      else assert.equal(decide(situation), start, label);
    }
  });

  // Sections 3 and 4: join order, learners one at a time, a wiped server, loss of quorum, cold start.
  test(
    "three servers: they join as learners, refuse a name twice, and come back from cold",
    needsK3s,
    async (t) => {
      const lan = await openK3sLan(t);
      const [one, two, three] = await Promise.all([
        openK3sMachine(t, lan, "server-1", 11),
        openK3sMachine(t, lan, "server-2", 12),
        openK3sMachine(t, lan, "server-3", 13),
      ]);
      const registration = `https://${one.address}:6443`;
      one.configure(
        config(one, { "cluster-init": true, "node-label": ["rack=a"], "node-taint": ["x=y:NoSchedule"] }),
      );
      for (const machine of [two, three])
        machine.configure(config(machine, { "cluster-init": true, server: registration }));
      // So that the test does not wait for the minute that it takes by default. An election of etcd takes up to 10 s.
      const hasty = ["env", "CATTLE_ELECTION_RENEW_DEADLINE=15s", process.execPath, lan.program, "server"];
      const first = await one.start(hasty);
      await until("etcd of the first", 20_000, async () => (await membersOf(one)).length === 1 || undefined);

      const joining = await Promise.all([two.k3s("server"), three.k3s("server")]);
      let mostLearners = 0;
      const voters = until("three voters", 70_000, async () => {
        const members = await membersOf(one);
        mostLearners = Math.max(mostLearners, members.filter(({ isLearner }) => isLearner).length);
        return (members.length === 3 && members.every(({ isLearner }) => !isLearner)) || undefined;
      });
      await until("a learner", 30_000, async () => mostLearners > 0 || undefined);
      await voters;
      assert.equal(mostLearners, 1);
      await Promise.all(joining.map((program) => untilSaid(program, READY, 30_000)));
      await until("three nodes", 20_000, async () => {
        const names = await one.kubectl("get", "nodes", "-o", "name");
        return names.trim().split("\n").length === 3 || undefined;
      });
      const said = joining.map((program) => program.output());
      assert.match(
        said.join(""),
        /Waiting for other members to finish joining etcd cluster: etcdserver: (too many|unhealthy)/,
      );
      assert.match(said.join(""), /this server has not yet been promoted from learner to voting member/);
      for (const { name = "" } of await membersOf(two)) assert.match(name, /^server-[123]-[0-9a-f]{8}$/);

      // Behind every server the same cluster.
      const uids = await Promise.all(
        [one, two, three].map(async (machine) => {
          const text = await machine.kubectl("get", "namespace", "kube-system", "-o", "json");
          return JSON.parse(text).metadata.uid;
        }),
      );
      assert.equal(new Set(uids).size, 1);
      assert.match(String(uids[0]), /^[0-9a-f-]{36}$/);
      const hashes = [one, two, three].map((machine) =>
        readFileSync(join(dataFolder(machine), "tls/server-ca.crt"), "utf8"),
      );
      assert.equal(new Set(hashes).size, 1);
      const node = JSON.parse(await three.kubectl("get", "node", "server-1", "-o", "json"));
      assert.equal(node.metadata.labels.rack, "a");
      assert.equal(node.metadata.labels["node-role.kubernetes.io/etcd"], "true");
      assert.deepEqual(node.spec.taints, [{ key: "x", value: "y", effect: "NoSchedule" }]);

      // What an apply leaves on a node stays there, whatever becomes of its server: it lives in etcd.
      await one.kubectl("drain", "server-1", "--ignore-daemonsets");
      await one.kubectl("annotate", "node", "server-1", "quorate.example/by=apply 7", "quorate.example/no=");

      // A wiped server whose old member is still listed: exit 0 and the name file gone, as recorded from a real one.
      await joining[1]?.signal("KILL");
      await joining[1]?.exited;
      rmSync(join(three.root, "var/lib/rancher"), { recursive: true });
      const wiped = await three.k3s("server");
      const second = await ended(wiped);
      assert.equal(second.status, 0, second.output);
      assert.match(
        second.output,
        /etcd cluster join failed: duplicate node name found, please use a unique name for this node/,
      );
      assert.equal(existsSync(join(dataFolder(three), "db/etcd/name")), false);

      // Deleting the node on a healthy server removes its member; etcd allows that while a quorum lives.
      await one.kubectl("delete", "node", "server-3");
      await until("two members", 10_000, async () => (await membersOf(one)).length === 2 || undefined);

      // One of two lost: no quorum. The elected server ends by itself; then it waits in phase 2.
      await joining[0]?.signal("KILL");
      const lost = Date.now();
      const end = await ended(first);
      assert.equal(end.status, 1, end.output);
      assert.ok(Date.now() - lost < 30_000, `exit after ${Date.now() - lost} ms`);
      assert.match(end.output, /leaderelection lost/);
      // `server` points to nobody who could answer, and founding is asked for: existing data go before both.
      one.configure(config(one, { "cluster-init": true, server: `https://${three.address}:6443` }));
      const began = Date.now();
      const again = await one.k3s("server");
      await until("phase 2", 15_000, async () =>
        (await one.ask("/ping")).status === 200 ? true : undefined,
      );
      assert.equal((await one.ask("/readyz")).status, 503);
      const info = await one.ask("/db/info", { host: "127.0.0.1" });
      assert.deepEqual([info.status, JSON.parse(info.body).code], [500, 500]);
      await answersAsRecorded(one, "restarted without a majority");
      assert.match(again.output(), /Unable to reconcile with remote datastore/);
      two.configure(config(two, { server: `https://${three.address}:6443` }));
      const back = await two.k3s("server");
      await Promise.all([again, back].map((program) => untilSaid(program, READY, 40_000)));
      assert.equal((await one.ask("/readyz")).status, 401);
      const uid = JSON.parse(await two.kubectl("get", "ns", "kube-system", "-o", "json")).metadata.uid;
      assert.equal(uid, uids[0]);
      const restarted = await until("server-1 registered again", 20_000, async () => {
        const node: Node = JSON.parse(await two.kubectl("get", "node", "server-1", "-o", "json"));
        const ready = node.status.conditions.find(({ type }) => type === "Ready");
        return Date.parse(ready?.lastHeartbeatTime ?? "") > began ? node : undefined;
      });
      assert.equal(restarted.spec.unschedulable, true);
      assert.equal(restarted.metadata.annotations["quorate.example/by"], "apply 7");
      assert.equal(restarted.metadata.annotations["quorate.example/no"], "");
      assert.equal(restarted.metadata.labels["rack"], "a");

      // A server whose Node is deleted while it lives: its etcd ends, and all else goes on until it is restarted.
      await one.kubectl("delete", "node", "server-2");
      await until("one member", 10_000, async () => (await membersOf(one)).length === 1 || undefined);
      await untilSaid(back, "This node has been removed from the cluster", 10_000);
      assert.equal((await two.ask("/readyz")).status, 401);
      assert.equal((await two.ask("/db/info", { host: "127.0.0.1" })).status, 500);
      await back.signal("KILL");
      await back.exited;
      two.configure(config(two, { "cluster-init": true }));
      const tombstone = await ended(await two.k3s("server"));
      assert.equal(tombstone.status, 1);
      assert.match(tombstone.output, /tombstone file has been detected but --server is empty/);
      two.configure(config(two, { server: registration }));
      const rejoining = await two.k3s("server");
      await untilSaid(rejoining, "Adding member server-2-", 15_000);
    },
  );

  // Section 4, "Endpoints on 6443" and the phases behind it; bodies as a real server sent them.
  test(
    "one server: phases, the table of endpoints, kubectl, READY and what stays in the end",
    needsK3s,
    async (t) => {
      const lan = await openK3sLan(t);
      const one = await openK3sMachine(t, lan, "server-1", 11);
      one.configure(config(one, { "cluster-init": true, "no-such-key": 1 }));
      const listener = await one.start(["/usr/bin/python3", "-c", NOTIFY_LISTENER]);
      assert.equal(await listener.nextLine(), "listening");
      assert.equal((await one.ask("/ping")).status, 0);
      const server = await one.start([
        "env",
        "NOTIFY_SOCKET=/run/notify",
        process.execPath,
        lan.program,
        "server",
      ]);

      await until("phase 1", 10_000, async () => (await one.ask("/ping")).status === 503 || undefined);
      const early = await one.ask("/db/info", { user: `server:${TOKEN}` });
      assert.deepEqual([early.status, JSON.parse(early.body).message], [401, "not authorized"]);

      const seen = new Set<string>();
      await until("phase 4", 30_000, async () => {
        const [ping, readyz, core, info] = await Promise.all([
          one.ask("/ping"),
          one.ask("/readyz"),
          one.ask("/v1-k3s/readyz", { user: `node:${AGENT_TOKEN}` }),
          one.ask("/db/info", { user: `server:${TOKEN}` }),
        ]);
        seen.add([ping, readyz, core, info].map(({ status }) => status).join(" "));
        return core.status === 200 || undefined;
      });
      const phases = [...seen];
      assert.equal(phases.includes("200 503 503 200"), true, phases.join(", "));
      assert.equal(phases.includes("200 401 503 200"), true, phases.join(", "));
      assert.equal(phases.at(-1), "200 401 200 200");
      assert.match(server.output(), /Unknown flag --no-such-key found in config.yaml, skipping/);
      // In the name of the main process: the unit needs no NotifyAccess (section 1).
      assert.match(await listener.nextLine(), /^READY=1 .*k3s server/);

      await answersAsRecorded(one, "running");
      assert.equal((await one.ask("/nowhere")).status, 401);
      assert.equal((await one.ask("/v1-k3s/readyz")).body, FORBIDDEN);
      assert.equal((await one.ask("/readyz")).body, UNAUTHORIZED);
      assert.equal((await one.ask("/ping")).body, "pong");
      const info = (await one.ask("/db/info", { host: "127.0.0.1" })).body;
      assert.match(
        info,
        /^{"members":\[{"ID":\d+,"name":"server-1-[0-9a-f]{8}","peerURLs":\["https:\/\/10\.0\.0\.11:2380"\],"clientURLs":\["https:\/\/10\.0\.0\.11:2379"\]}\]}\n$/,
      );
      const plain = await one.ask("/ping", { scheme: "http" });
      assert.deepEqual(
        [plain.status, plain.body],
        [400, "Client sent an HTTP request to an HTTPS server.\n"],
      );

      // Section 3: the token's hash is that of the bytes of /cacerts; the certificate has the names of tls-san.
      const ca = readFileSync(join(dataFolder(one), "tls/server-ca.crt"), "utf8");
      assert.equal((await one.ask("/cacerts")).body, ca);
      const token = readFileSync(join(dataFolder(one), "token"), "utf8");
      assert.equal(token, `K10${caHash(ca)}::server:${TOKEN}\n`);
      const agentToken = readFileSync(join(dataFolder(one), "agent-token"), "utf8");
      assert.equal(agentToken, `K10${caHash(ca)}::node:${AGENT_TOKEN}\n`);
      const certificate = new X509Certificate(readFileSync(join(dataFolder(one), "tls/dynamic-cert.crt")));
      for (const ip of ["127.0.0.1", one.address, "10.0.0.10"]) assert.ok(certificate.checkIP(ip), ip);
      for (const name of ["k3s.lan", "kubernetes", "localhost"]) assert.ok(certificate.checkHost(name), name);
      assert.equal(new X509Certificate(ca).ca, true);
      assert.equal(certificate.ca, false);

      const kubeconfig = join(one.root, "etc/rancher/k3s/k3s.yaml");
      assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);
      assert.equal(await one.kubectl("get", "nodes", "-o", "name"), "node/server-1\n");
      await one.kubectl("cordon", "server-1");
      assert.match(
        await one.kubectl("get", "nodes"),
        /^server-1 +Ready,SchedulingDisabled +control-plane,etcd/m,
      );
      await one.kubectl("uncordon", "server-1");
      assert.match(
        await one.kubectl("get", "nodes"),
        /^server-1 +Ready +control-plane,etcd .* v1\.36\.4\+k3s1$/m,
      );
      await kubectlAsRecorded(one, lan.program, "a node");
      assert.equal(await one.kubectl("get", "--raw", "/readyz"), "ok");
      const unknown = await one.run([process.execPath, lan.program, "kubectl", "get", "node", "x"]);
      assert.deepEqual(
        [unknown.status, unknown.stderr],
        [1, 'Error from server (NotFound): nodes "x" not found\n'],
      );
      assert.equal(await one.kubectl("get", "node", "x", "--ignore-not-found", "-o", "json"), "");

      // etcd ends with K3s, whatever ends K3s; what stands for pods stays (section 9, KillMode=process).
      const ports = [
        ["http", ":80/"],
        ["https", ":443/"],
      ] as const;
      for (const [scheme, path] of ports) assert.equal((await one.ask(path, { scheme })).status, 404, path);
      const health = () => one.ask(":2381/health", { host: "127.0.0.1", scheme: "http" });
      assert.match((await health()).body, /"health":"true"/);
      await server.signal("KILL");
      await server.exited;
      await until("etcd to end", 2000, async () => (await health()).status === 0 || undefined);
      for (const [scheme, path] of ports) assert.equal((await one.ask(path, { scheme })).status, 404, path);
    },
  );

  // Sections 2, 3 and 4: everything that must not join, and the trap of a server that is not told to.
  // Section 8, and k3s-io/k3s:pkg/etcd/snapshot_handler.go: not recorded from a real one.
  test("a snapshot is all of etcd's data, by this server's own token, and is listed", needsK3s, async (t) => {
    const lan = await openK3sLan(t);
    const one = await openK3sMachine(t, lan, "server-1", 11);
    one.configure(config(one, { "cluster-init": true }));
    const command = [process.execPath, lan.program, "etcd-snapshot"];
    const early = await one.run([...command, "save"]);
    assert.equal(early.status, 1, "no server, no token");
    const server = await one.k3s("server");
    await untilSaid(server, READY, 60_000);
    const saved = await one.run([...command, "save", "--name", "before-v1.36.5-k3s1"]);
    assert.equal(saved.status, 0, saved.stderr);
    assert.match(saved.stderr, /level=info msg="Snapshot before-v1\.36\.5-k3s1-server-1-\d+ saved\."/);
    const list = await one.run([...command, "ls", "-o", "json"]);
    const [snapshot, ...more] = parseSnapshots(list.stdout, "server-1") ?? [];
    assert.ok(snapshot && more.length === 0, list.stdout);
    assert.match(snapshot.name, /^before-v1\.36\.5-k3s1-server-1-\d+$/);
    assert.equal(snapshot.place, `/var/lib/rancher/k3s/server/db/snapshots/${snapshot.name}`);
    assert.ok(Math.abs(Date.parse(snapshot.created) - Date.now()) < 60_000, snapshot.created);
    const data = readFileSync(join(one.root, snapshot.place));
    assert.equal(snapshot.bytes, data.length);
    const sum = createHash("sha256").update(data.subarray(0, -32)).digest();
    assert.deepEqual(data.subarray(-32), sum, "as etcd ends a snapshot");
    assert.ok(data.includes("/registry/namespaces/kube-system"));

    const post = (user: readonly string[]) =>
      one.must([
        "curl",
        "-sk",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-d",
        "{}",
        ...user,
        "https://127.0.0.1:6443/db/snapshot",
      ]);
    assert.equal(await post([]), "403");
    assert.equal(await post(["-u", "server:wrong"]), "401");
    assert.equal(await post(["-u", `node:${AGENT_TOKEN}`]), "403");
    assert.equal((await one.ask("/db/snapshot", { user: `server:${TOKEN}` })).status, 405);

    // Where it cannot be written K3s ends well all the same, and has none more.
    await one.must(["mount", "-t", "tmpfs", "-o", "ro", "none", "/var/lib/rancher/k3s/server/db/snapshots"]);
    const full = await one.run([...command, "save"]);
    assert.equal(full.status, 0, full.stderr);
    assert.doesNotMatch(full.stderr, /saved/);
    await untilSaid(server, "Failed to take etcd snapshot", 5000);
  });

  test("a server that may not join ends; one without token or server is no etcd", needsK3s, async (t) => {
    const lan = await openK3sLan(t);
    const [one, two, three] = await Promise.all([
      openK3sMachine(t, lan, "server-1", 11),
      openK3sMachine(t, lan, "server-2", 12),
      openK3sMachine(t, lan, "server-3", 13),
    ]);
    const server = `https://${one.address}:6443`;
    one.configure(config(one, { "cluster-init": true }));
    const first = await one.k3s("server");
    // Meanwhile: section 4, "absent | false | unset".
    three.configure(config(three, {}));
    const alone = await three.k3s("server");

    // Nobody there: exit 1, no data, and no cluster of its own although it may found one.
    const refused = async (why: RegExp, more: Readonly<Record<string, unknown>>) => {
      two.configure(config(two, { server, "cluster-init": true, ...more }));
      const program = await two.k3s("server");
      const { status, output } = await ended(program);
      assert.equal(status, 1, output);
      assert.match(output, why);
      assert.equal(existsSync(join(dataFolder(two), "db/etcd/member")), false);
      assert.equal(existsSync(join(dataFolder(two), "db/state.db")), false);
    };
    const failed = "Error: preparing server: failed to bootstrap cluster data: ";
    const invalid = `${failed}failed to check if bootstrap data has been initialized: failed to validate token: `;
    await refused(new RegExp(`${invalid}failed to get CA certs: .*ECONNREFUSED`), {
      server: "https://10.0.0.200:6443",
    });
    await refused(/token is required to join a cluster/, { token: "" });

    await untilSaid(first, READY, 30_000);
    await refused(new RegExp(`${failed}not authorized`), { token: "f".repeat(32) });
    await refused(new RegExp(`${failed}not authorized`), { token: AGENT_TOKEN });
    await refused(
      new RegExp(
        `${invalid}token CA hash does not match the Cluster CA certificate hash: 0{64} != [0-9a-f]{64}`,
      ),
      {
        token: `K10${"0".repeat(64)}::server:${TOKEN}`,
      },
    );
    const mismatch =
      "failed to validate server configuration: critical configuration value mismatch between servers";
    await refused(new RegExp(failed + mismatch), { "flannel-backend": "host-gw" });
    await refused(/critical configuration mismatched: cluster-cidr/, { "cluster-cidr": "10.52.0.0/16" });
    assert.equal((await membersOf(one)).length, 1);

    // sqlite: it serves, as a cluster of its own.
    await untilSaid(alone, READY, 20_000);
    assert.equal(existsSync(join(dataFolder(three), "db/state.db")), true);
    assert.equal(existsSync(join(dataFolder(three), "db/etcd")), false);
    const info = await three.ask("/db/info", { host: "127.0.0.1" });
    assert.deepEqual([info.status, JSON.parse(info.body).message], [400, "etcd datastore disabled"]);
    const uid = async (machine: K3sMachine) =>
      JSON.parse(await machine.kubectl("get", "ns", "kube-system", "-o", "json")).metadata.uid;
    assert.notEqual(await uid(three), await uid(one));
    // The same with `server` and an empty token file, where founding is not asked for.
    writeFileSync(join(two.root, "etc/rancher/k3s/token"), "\n");
    two.configure(config(two, { token: "", "token-file": "/etc/rancher/k3s/token", server }));
    const tokenless = await two.k3s("server");
    await untilSaid(tokenless, READY, 20_000);
    assert.equal(existsSync(join(dataFolder(two), "db/state.db")), true);
  });

  // Section 1 "Blocking", section 4 "Node password", section 5 "Agent client LB".
  test("an agent waits for ever, registers, and is refused with another password", needsK3s, async (t) => {
    const lan = await openK3sLan(t);
    const [one, agent] = await Promise.all([
      openK3sMachine(t, lan, "server-1", 11),
      openK3sMachine(t, lan, "agent-1", 101),
    ]);
    const server = `https://${one.address}:6443`;
    const agentConfig = { server, "token-file": "/etc/rancher/k3s/token", "node-ip": agent.address };
    const write = (token: string) => writeFileSync(join(agent.root, "etc/rancher/k3s/token"), `${token}\n`);

    agent.configure({ ...agentConfig, "tls-san": ["x"] });
    const strict = await agent.k3s("agent");
    const { status, output } = await ended(strict);
    assert.equal(status, 1);
    assert.match(output, /flag provided but not defined: -tls-san/);

    write(AGENT_TOKEN);
    agent.configure({ ...agentConfig, "node-label": ["disk=ssd"] });
    const waiting = await agent.k3s("agent");
    await untilSaid(waiting, "Failed to validate connection to cluster at https://10.0.0.11:6443", 10_000);
    one.configure(config(one, { "cluster-init": true }));
    await one.k3s("server");
    await untilSaid(waiting, "k3s agent is up and running", 60_000);
    const node = JSON.parse(await one.kubectl("get", "node", "agent-1", "-o", "json"));
    assert.equal(node.metadata.labels.disk, "ssd");
    // The ingress is a process of its own, started when the agent is up: it answers a moment later, as Traefik's pods do.
    await until("the agent's ingress", 15_000, async () => {
      const { status } = await agent.ask(":80/", { scheme: "http" });
      assert.ok(status === 0 || status === 404, `answered ${status}`);
      return status === 404 || undefined;
    });
    const balancer = join(agent.root, "var/lib/rancher/k3s/agent/etc/k3s-agent-load-balancer.json");
    const learnt = await until("the learnt server", 15_000, async () => {
      const { ServerURL, ServerAddresses } = JSON.parse(readFileSync(balancer, "utf8"));
      return ServerAddresses.length ? { ServerURL, ServerAddresses } : undefined;
    });
    assert.deepEqual(learnt, { ServerURL: server, ServerAddresses: ["10.0.0.11:6443"] });

    // What may read nodes and not change them: kubectl says that it could not cordon, and ends with 0 all the same.
    const tls = "var/lib/rancher/k3s/agent/client-kubelet";
    const admin = readFileSync(join(one.root, "etc/rancher/k3s/k3s.yaml"), "utf8");
    const pem = (end: string) => readFileSync(join(agent.root, `${tls}.${end}`)).toString("base64");
    const own = admin
      .replace(/client-certificate-data: .*/, `client-certificate-data: ${pem("crt")}`)
      .replace(/client-key-data: .*/, `client-key-data: ${pem("key")}`);
    writeFileSync(join(one.root, "etc/rancher/k3s/k3s.yaml"), own);
    const refusal = 'forbidden: User "system:node:agent-1" cannot patch path "/api/v1/nodes/server-1"';
    await kubectlAsRecorded(one, lan.program, "a node that cannot be changed", (text) =>
      text.replaceAll("server-2", "server-1").replace(/Internal error .*/, refusal),
    );
    writeFileSync(join(one.root, "etc/rancher/k3s/k3s.yaml"), admin);

    // Restarted with the same `server`, it needs only a learnt one; with another `server` it forgets them.
    await waiting.signal("KILL");
    await waiting.exited;
    agent.configure({ ...agentConfig, server: "https://10.0.0.200:6443" });
    const elsewhere = await agent.k3s("agent");
    await untilSaid(elsewhere, "Failed to validate connection to cluster at https://10.0.0.200:6443", 10_000);
    assert.deepEqual(JSON.parse(readFileSync(balancer, "utf8")).ServerAddresses, []);
    await elsewhere.signal("KILL");

    // A re-flashed agent: the same name with another password. Then with its old one.
    const passwordFile = join(agent.root, "etc/rancher/node/password");
    const password = readFileSync(passwordFile, "utf8");
    assert.equal(statSync(passwordFile).mode & 0o777, 0o600);
    rmSync(join(agent.root, "var/lib/rancher"), { recursive: true });
    writeFileSync(passwordFile, "another\n");
    agent.configure(agentConfig);
    const stranger = await agent.k3s("agent");
    await untilSaid(
      stranger,
      "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry",
      15_000,
    );
    writeFileSync(passwordFile, password);
    await untilSaid(stranger, "k3s agent is up and running", 20_000);
    await stranger.signal("KILL");

    write("0".repeat(32));
    const wrong = await agent.k3s("agent");
    await untilSaid(wrong, "failed to retrieve configuration from server: not authorized", 15_000);
    assert.equal(await Promise.race([wrong.exited, sleep(500).then(() => "running")]), "running");
  });

  // Section 1: the release's files, the hash check, the units, and a second run.
  test("the installer and the mirror", needsCurl, async (t) => {
    const folder = scratch(t);
    await buildStandIn(folder, VERSION);
    assert.match(readFileSync(join(folder, "k3s"), "utf8"), /^#!\/usr\/local\/lib\/quorate-lab\/node\n/);
    const version = execFileSync(process.execPath, [join(folder, "k3s"), "--version"], { encoding: "utf8" });
    assert.equal(version, `k3s version ${VERSION} (standin0)\ngo version standin\n`);

    const root = scratch(t);
    const bin = join(root, "bin");
    mkdirSync(bin);
    // Stands for systemd: says what it is told.
    writeFileSync(join(bin, "systemctl"), '#!/bin/sh\necho "$*" >>"$0.log"\n', { mode: 0o755 });
    const port = 20_000 + (process.pid % 10_000);
    const mirror = await startMirror({ address: "127.0.0.1", port, folder });
    t.after(() => mirror.close());
    const run = (...args: readonly string[]) => {
      const all = {
        INSTALL_K3S_VERSION: VERSION,
        INSTALL_K3S_ARTIFACT_URL: `http://127.0.0.1:${port}/releases`,
        INSTALL_K3S_BIN_DIR: bin,
        INSTALL_K3S_SYSTEMD_DIR: root,
        PATH: `${bin}:${process.env["PATH"]}`,
      };
      const words = Object.entries(all).map(([name, value]) => `${name}=${value}`);
      return runInstaller([...words, ...args], join(folder, "install.sh"));
    };
    const installed = () => existsSync(join(bin, "k3s"));
    for (const mood of ["down", "fail", "corrupt"] satisfies MirrorMood[]) {
      await mirror.behave(mood);
      const { status, stderr } = await run();
      assert.equal(status, 1, mood);
      assert.match(stderr, mood === "corrupt" ? /Download sha256 does not match/ : /Download failed/);
      assert.equal(installed(), false, mood);
    }
    await mirror.behave("good");
    const before = mirror.requests().length;
    const { status, stderr } = await run("INSTALL_K3S_EXEC=server", "INSTALL_K3S_SKIP_START=true", "K3S_X=a");
    assert.deepEqual([status, stderr], [0, ""]);
    const told = () => readFileSync(join(bin, "systemctl.log"), "utf8");
    assert.match(told(), /^enable .*k3s\.service$/m);
    assert.doesNotMatch(told(), /restart/);
    assert.deepEqual(mirror.requests().slice(before), [
      "GET /releases/v1.36.4%2Bk3s1/sha256sum-amd64.txt 200",
      "GET /releases/v1.36.4%2Bk3s1/k3s 200",
    ]);
    const unit = readFileSync(join(root, "k3s.service"), "utf8");
    for (const line of [
      "Type=notify",
      "KillMode=process",
      "TimeoutStartSec=0",
      "Restart=always",
      "RestartSec=5s",
    ]) {
      assert.match(unit, new RegExp(`^${line}$`, "m"));
    }
    assert.equal(statSync(join(root, "k3s.service.env")).mode & 0o777, 0o600);
    assert.equal(
      readFileSync(join(root, "k3s.service.env"), "utf8")
        .split("\n")
        .filter((l) => l.startsWith("K3S_")).length,
      1,
    );

    // Only flags and a URL mean agent; the binary is there already; nothing is downloaded twice.
    const agent = await run("K3S_URL=https://10.0.0.10:6443", "K3S_TOKEN=t");
    assert.equal(agent.status, 0, agent.stderr);
    assert.match(told(), /^restart k3s-agent$/m);
    assert.match(readFileSync(join(root, "k3s-agent.service"), "utf8"), /k3s \\\n +agent\n/);
    assert.equal(mirror.requests().at(-1), "GET /releases/v1.36.4%2Bk3s1/sha256sum-amd64.txt 200");

    await mirror.behave("slow");
    const started = Date.now();
    const bytes = statSync(join(folder, "install.sh")).size;
    const body = await (await fetch(`http://127.0.0.1:${port}/install.sh`)).arrayBuffer();
    assert.equal(body.byteLength, bytes);
    // Its first part comes at once, and no pause is behind its last.
    assert.ok(Date.now() - started > ((bytes - 4096) / 25_000) * 1000, "slower than 25 kB/s");
  });
});
