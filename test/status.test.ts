// From the answers of machines to what people and tools read: lines, exit status, JSON; and the bundle for a bug report.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Problem, RemoteResult } from "../generator/apply/remote.ts";
import { lost, offeredKeys, problemBeforeLogin, problemOfShell } from "../generator/apply/ssh-problem.ts";
import { knownHosts, sshConfig } from "../generator/apply/ssh-config.ts";
import { Failure } from "../generator/failure.ts";
import type { Cluster } from "../generator/model/cluster.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { knownSecrets } from "../generator/secrets/known.ts";
import { ASK_SCRIPT, machineState } from "../generator/status/ask.ts";
import { BUNDLE_SCRIPT, bundleText } from "../generator/status/bundle.ts";
import { type ClusterState, clusterState } from "../generator/status/cluster-state.ts";
import { duration, formatStatus, statusJson, withoutTimes } from "../generator/status/format.ts";
import { guardBundle, writeBundle } from "../generator/status/write-bundle.ts";
import { makeCluster } from "./support/clusters.ts";
import { statusText } from "./support/says.ts";
import { scratch } from "./support/scratch.ts";

const CLUSTER = makeCluster({ servers: 3, agents: 0, loadBalancers: 1 });
const MACHINE = {
  name: "server-1",
  address: "10.0.0.11",
  port: 22,
  user: "ops",
  hostKey: "ssh-ed25519 AAAA",
};

const done = (exit: number, stdout = "", stderr = ""): RemoteResult => ({
  finished: true,
  exit,
  stdout,
  stderr,
});

const says = (name: string, changes: Readonly<Record<string, unknown>> = {}) =>
  done(0, statusText(name, changes));

/** The cluster's state where every machine that is not named is ready. */
function stateOf(answers: Readonly<Record<string, RemoteResult>>, cluster: Cluster = CLUSTER): ClusterState {
  return clusterState(
    cluster,
    cluster.nodes.map((node) => machineState(node, cluster.name, answers[node.name] ?? says(node.name))),
  );
}

const lineOf = (state: ClusterState, name: string) =>
  formatStatus(state)
    .split("\n")
    .find((line) => line.startsWith(name)) ?? "";

test("all ready: one line each, the quorum last, exit 0", () => {
  const state = stateOf({});
  assert.equal(
    formatStatus(state),
    [
      "server-1  server         10.0.0.11  ready",
      "server-2  server         10.0.0.12  ready",
      "server-3  server         10.0.0.13  ready",
      "lb-1      load balancer  10.0.0.21  ready",
      "quorate: 3 of 3 voters",
      "",
    ].join("\n"),
  );
  assert.deepEqual([state.ready, state.quorate], [true, true]);
  assert.match(formatStatus(state, 100.9), /\nquorate: 3 of 3 voters, 1m40s\n$/);
});

const TIMED = { since: 1_763_840_000, now: 1_763_840_100 };

/** What server-2 answers, its line behind the address, and what stands below it. */
const ANSWERS: readonly [what: string, answer: RemoteResult, line: string, next?: RegExp][] = [
  [
    "working",
    says("server-2", { state: "working", step: "join", now: 1_763_840_012 }),
    "working: join for 12s",
  ],
  [
    "waiting",
    says("server-2", {
      state: "waiting",
      step: "join",
      waitingFor: "server-1 or server-3",
      next: "switch one on",
      ...TIMED,
    }),
    "waiting: join: server-1 or server-3 for 1m40s",
    /^switch one on$/,
  ],
  [
    "waiting for itself",
    says("server-2", {
      state: "waiting",
      step: "clock",
      waitingFor: "time",
      next: "nothing; it goes on by itself",
      ...TIMED,
    }),
    "waiting: clock: time for 1m40s",
  ],
  [
    "waiting since before its clock was set",
    says("server-2", { state: "waiting", step: "clock", waitingFor: "time", since: 12, now: 1_763_840_000 }),
    "waiting: clock: time",
  ],
  [
    "its clock set back",
    says("server-2", { state: "working", step: "k3s", since: 1_763_840_100, now: 1_763_840_000 }),
    "working: k3s",
  ],
  [
    "failed",
    says("server-2", {
      state: "failed",
      step: "k3s",
      error: "checksum is wrong",
      next: "look at the mirror",
    }),
    "failed: checksum is wrong",
    /^look at the mirror$/,
  ],
  ["booting", done(81), "booting"],
  ["no quorate-node", done(82), "failed: it booted without quorate-node", /^write its card again$/],
  [
    "quorate-node broken",
    done(1, "", "sh: 3: Syntax error\n"),
    "failed: quorate-node status ended with 1: sh: 3: Syntax error",
    /npx quorate ssh server-2 -- sudo journalctl/,
  ],
  [
    "not JSON",
    done(0, "Segmentation fault\n"),
    "failed: the answer of quorate-node is not JSON",
    /npx quorate ssh server-2/,
  ],
  ["nothing", done(0, ""), "failed: the answer of quorate-node is not JSON", /npx quorate ssh/],
  ["a list", done(0, "[1]"), "failed: the answer of quorate-node is not JSON", /npx quorate ssh/],
  ["null", done(0, "null"), "failed: the answer of quorate-node is not JSON", /npx quorate ssh/],
  ["no format", done(0, "{}"), "failed: the answer of quorate-node has no format 1", /npx quorate ssh/],
  [
    "a newer format",
    done(0, '{"format": 2, "name": 7}'),
    "failed: its answer has format 2, and this Quorate knows 1",
    /^update Quorate on this computer/,
  ],
  [
    "a missing flag",
    says("server-2", { voter: undefined }),
    'failed: the answer of quorate-node has no proper "voter"',
    /npx quorate ssh/,
  ],
  [
    "a number as text",
    says("server-2", { members: "3" }),
    'failed: the answer of quorate-node has no proper "members"',
    /npx quorate ssh/,
  ],
  [
    "an unknown state",
    says("server-2", { state: "dreaming" }),
    'failed: the answer of quorate-node has an unknown "state"',
    /npx quorate ssh/,
  ],
  [
    "the wrong machine",
    says("server-2", { name: "server-3" }),
    "failed: it says that it is server-3 of cluster test",
    /^give server-2 its own address/,
  ],
  [
    "the wrong cluster",
    says("server-2", { cluster: "office" }),
    "failed: it says that it is server-2 of cluster office",
    /write its card again/,
  ],
  [
    "escape sequences and a token",
    says("server-2", { state: "failed", error: `\u001b[2Jtoken ${"ab".repeat(32)}`, next: "a\nb" }),
    `failed: \\u001b[2Jtoken ${"•".repeat(64)}`,
    /^a\\u000ab$/,
  ],
  ["a novel", says("server-2", { state: "failed", error: "x".repeat(5000) }), `failed: ${"x".repeat(300)}…`],
];

for (const [what, answer, line, next] of ANSWERS) {
  test(`one machine says: ${what}`, () => {
    const state = stateOf({ "server-2": answer });
    assert.equal(lineOf(state, "server-2"), `server-2  server         10.0.0.12  ${line}`);
    const below = /^server-2 .*\n {10}next: (.*)$/m.exec(formatStatus(state))?.[1];
    if (next) assert.match(below ?? "", next);
    else assert.equal(below, undefined);
    assert.equal(state.ready, false);
  });
}

const PROBLEMS: readonly [problem: Problem, message: RegExp, next: RegExp, mayHaveRun: boolean][] = [
  ["refused", /connection refused by 10\.0\.0\.11 port 22/, /wait a minute/, false],
  ["no-answer", /10\.0\.0\.11 does not answer/, /is it on, is its cable in/, false],
  ["unreachable", /cannot be reached \(DETAIL\)/, /same network/, false],
  ["no-ssh-server", /no ssh server answers at 10\.0\.0\.11 port 22/, /which machine has 10\.0\.0\.11/, false],
  [
    "host-key",
    /this machine has another host key than this cluster's secret gives/,
    /it is another machine/,
    false,
  ],
  ["denied", /takes none of your keys for the user ops \(offered: DETAIL\)/, /access\.authorizedKeys/, false],
  ["sudo", /ops is not root through sudo there \(DETAIL\)/, /write its card again/, false],
  ["no-ssh-client", /no program ssh on this computer/, /openssh-client/, false],
  ["too-long", /no result within DETAIL/, /npx quorate ssh server-1/, true],
  ["too-much", /sent more than DETAIL/, /npx quorate ssh server-1/, true],
  ["interrupted", /interrupted/, /again/, true],
  ["cut", /ended early \(DETAIL\)/, /npx quorate ssh server-1/, true],
];

for (const [problem, message, next, mayHaveRun] of PROBLEMS) {
  test(`no answer: ${problem}, with what and the next action`, () => {
    const result = lost(problem, MACHINE, "DETAIL");
    assert.match(result.message, message);
    assert.match(result.next, next);
    assert.equal(result.mayHaveRun, mayHaveRun);
    const text = formatStatus(stateOf({ "server-1": result }));
    assert.ok(
      text.includes(
        `server-1  server         10.0.0.11  no answer (${result.message})\n          next: ${result.next}\n`,
      ),
    );
  });
}

for (const [words, problem] of [
  ["ssh: connect to host 10.0.0.11 port 22: Connection refused\r\n", "refused"],
  ["ssh: connect to host 10.0.0.11 port 22: Connection timed out\r\n", "no-answer"],
  ["ssh: connect to host 10.0.0.11 port 22: Operation timed out\r\n", "no-answer"],
  [
    "Connection timed out during banner exchange\r\nConnection to 10.0.0.11 port 22 timed out\r\n",
    "no-answer",
  ],
  ["ssh: connect to host 10.0.0.11 port 22: No route to host\r\n", "no-answer"],
  ["ssh: connect to host 10.0.0.11 port 22: Network is unreachable\r\n", "unreachable"],
  ["No ED25519 host key is known for server-1\r\nHost key verification failed.\r\n", "host-key"],
  [
    "Unable to negotiate with 10.0.0.11 port 22: no matching host key type found. Their offer: ssh-rsa\r\n",
    "host-key",
  ],
  ["ops@10.0.0.11: Permission denied (publickey).\r\n", "denied"],
  ["kex_exchange_identification: Connection closed by remote host\r\n", "no-ssh-server"],
  ["client_loop: send disconnect: Broken pipe\r\n", undefined],
  ["", undefined],
  // a script's own words are not at the beginning of a line of ssh's
  ["curl: (7) Connection refused\n", undefined],
  ["mkdir: cannot create directory: Permission denied\n", undefined],
] as const) {
  test(`ssh says ${JSON.stringify(words)}: ${problem ?? "unknown"}`, () => {
    assert.equal(problemBeforeLogin(words), problem);
  });
}

test("sudo and ssh that are missing are told apart from a script's own exit status", () => {
  assert.equal(problemOfShell(1, "sudo: a password is required\n"), "sudo");
  assert.equal(problemOfShell(127, "bash: line 1: sudo: command not found\n"), "sudo");
  assert.equal(problemOfShell(127, "/bin/sh: 1: exec: ssh: not found\n"), "no-ssh-client");
  assert.equal(problemOfShell(127, "sh: line 1: exec: ssh: not found\n"), "no-ssh-client");
  assert.equal(problemOfShell(1, "nothing of the kind\n"), undefined);
  assert.equal(problemOfShell(7, "sudo: a password is required\n"), undefined);
});

test("the keys that ssh offered are read from its own words", () => {
  const verbose = [
    "debug1: Offering public key: /home/a b/.ssh/id_ed25519 ED25519 SHA256:abc/def explicit",
    "debug1: Offering public key: work RSA SHA256:xyz agent",
    "debug1: Offering public key: work RSA SHA256:xyz agent",
  ].join("\r\n");
  assert.deepEqual(offeredKeys(verbose), ["/home/a b/.ssh/id_ed25519 SHA256:abc/def", "work SHA256:xyz"]);
});

const AWAY = lost("no-answer", MACHINE);

/** What the servers say, the last line, and what is noted. */
const QUORUMS: readonly [
  what: string,
  answers: Readonly<Record<string, RemoteResult>>,
  line: string,
  note?: RegExp,
][] = [
  ["one is off", { "server-3": AWAY }, "quorate: 2 of 3 voters"],
  ["two are off", { "server-2": AWAY, "server-3": AWAY }, "not quorate: 1 of 3 voters"],
  ["all are off", { "server-1": AWAY, "server-2": AWAY, "server-3": AWAY }, "not quorate: 0 of 3 voters"],
  ["one still learns", { "server-3": says("server-3", { voter: false }) }, "quorate: 2 of 3 voters"],
  [
    "founded, others blank",
    {
      "server-1": says("server-1", { members: 1 }),
      "server-2": says("server-2", { voter: false, members: 0 }),
      "server-3": says("server-3", { voter: false, members: 0 }),
    },
    "not quorate: 1 of 3 voters",
  ],
  [
    "two clusters",
    {
      "server-1": says("server-1", { members: 1 }),
      "server-2": says("server-2", { members: 2 }),
      "server-3": says("server-3", { members: 2 }),
    },
    "not quorate: 3 of 3 voters",
    /^the servers do not agree on the number of members: server-1 counts 1, server-2 counts 2 and server-3 counts 2$/m,
  ],
  [
    "three clusters of one",
    Object.fromEntries(
      ["server-1", "server-2", "server-3"].map((name) => [name, says(name, { members: 1 })]),
    ),
    "not quorate: 3 of 3 voters",
    /^3 servers vote, but each counts 1 member: they are not in one cluster$/m,
  ],
  [
    "a member too many",
    Object.fromEntries(
      ["server-1", "server-2", "server-3"].map((name) => [name, says(name, { members: 4 })]),
    ),
    "quorate: 3 of 3 voters",
    /^the cluster has 4 members, and the config has 3 servers\n {2}next: .*npx quorate apply takes out; one that came back with an old disk: switch it off for good/m,
  ],
];

for (const [what, answers, line, note] of QUORUMS) {
  test(`the quorum: ${what}`, () => {
    const state = stateOf(answers);
    const text = formatStatus(state);
    assert.ok(text.endsWith(`\n${line}\n`), text);
    if (note) assert.match(text, note);
    assert.equal(state.notes.length, note ? 1 : 0);
    assert.equal(state.ready, false);
  });
}

test("a silent machine: while the others have a majority it is said how a dead one is replaced", () => {
  const text = (answers: Parameters<typeof stateOf>[0]) => formatStatus(stateOf(answers));
  assert.match(
    text({ "server-3": AWAY }),
    /^one that is dead for good, not only off: npx quorate replace server-3 \(docs\/operations\.md\)$/m,
  );
  assert.match(text({ "server-3": AWAY, "lb-1": AWAY }), /not only off: npx quorate replace NAME /);
  const two = text({ "server-2": AWAY, "server-3": AWAY });
  assert.doesNotMatch(two, /npx quorate replace/);
  assert.match(
    two,
    /^no majority votes: switch the silent servers on; .*\(docs\/operations\.md#no-majority\)$/m,
  );
  assert.doesNotMatch(text({}), /replace|majority/);
});

test("one server alone, and a load balancer's own claim to vote does not count", () => {
  const alone = makeCluster({ servers: 1, loadBalancers: 1 });
  const state = stateOf({ "server-1": says("server-1", { members: 1 }) }, alone);
  assert.match(formatStatus(state), /\nquorate: 1 of 1 voter\n$/);
  assert.equal(state.ready, true);
  const claimed = stateOf({
    "server-2": AWAY,
    "server-3": AWAY,
    "lb-1": says("lb-1", { voter: true, members: 3 }),
  });
  assert.equal(claimed.voters, 1);
});

test("a machine that is not ready keeps the exit from 0, whatever its role", () => {
  const state = stateOf({ "lb-1": says("lb-1", { state: "working", step: "haproxy" }) });
  assert.deepEqual([state.quorate, state.ready], [true, false]);
});

test("durations", () => {
  const texts = [0, 12.9, 59, 60, 100, 3599, 3600, 7500, 360_000].map(duration);
  assert.deepEqual(texts, ["0s", "12s", "59s", "1m00s", "1m40s", "59m59s", "1h00m", "2h05m", "100h00m"]);
});

test("only time passed: nothing new to show", () => {
  const at = (now: number, step: string) =>
    withoutTimes(stateOf({ "server-1": says("server-1", { state: "working", step, now }) }));
  assert.equal(at(1_763_840_005, "join"), at(1_763_840_009, "join"));
  assert.notEqual(at(1_763_840_005, "join"), at(1_763_840_005, "k3s"));
});

test("--json holds the same facts", () => {
  const state = stateOf({ "server-3": AWAY, "server-2": says("server-2", { vip: true }) });
  const document = JSON.parse(statusJson(state, 61.5)) as ClusterState & { readonly seconds: number };
  const { ready, quorate, voters, servers, seconds } = document;
  assert.deepEqual(
    { ready, quorate, voters, servers, seconds },
    { ready: false, quorate: true, voters: 2, servers: 3, seconds: 61 },
  );
  assert.deepEqual(
    document.machines.map(({ name, state }) => [name, state]),
    [
      ["server-1", "ready"],
      ["server-2", "ready"],
      ["server-3", "no answer"],
      ["lb-1", "ready"],
    ],
  );
  assert.equal(document.machines[1]?.status?.vip, true);
  assert.equal(document.machines[0]?.status?.applied, "ab".repeat(32));
  assert.equal((JSON.parse(statusJson(state)) as { seconds: unknown }).seconds, null);
});

test("the scripts that travel hold no secret and no name", () => {
  for (const script of [ASK_SCRIPT, BUNDLE_SCRIPT])
    assert.doesNotMatch(script, /@@quorate|token|secret|undefined/i);
});

test("ssh's own files: strict, no other host key, nothing of the person's; a socket only where its path is short", () => {
  const machines = [MACHINE, { ...MACHINE, name: "lb-1", address: "10.0.0.21" }];
  const text = sshConfig(machines, { folder: "/t/100% sure", identity: "/home/a b/key" });
  for (const line of [
    "Host server-1",
    "  HostName 10.0.0.11",
    "  HostKeyAlias server-1",
    "  StrictHostKeyChecking yes",
    '  UserKnownHostsFile "/t/100%% sure/known_hosts"',
    "  GlobalKnownHostsFile /dev/null",
    "  HostKeyAlgorithms ssh-ed25519",
    "  UpdateHostKeys no",
    "  BatchMode yes",
    "  ConnectTimeout 5",
    "  ForwardAgent no",
    "  ForwardX11 no",
    '  ControlPath "/t/100%% sure/1"',
    '  IdentityFile "/home/a b/key"',
    "  IdentitiesOnly yes",
  ])
    assert.ok(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
  assert.doesNotMatch(sshConfig(machines, { folder: "/t" }), /Identit/);
  const long = sshConfig(machines, { folder: `/${"d".repeat(84)}` });
  assert.match(long, /ControlPath none/);
  assert.doesNotMatch(long, /ControlMaster/);
  assert.match(sshConfig(machines, { folder: `/${"d".repeat(83)}` }), /ControlMaster auto/);
  assert.equal(knownHosts(machines), "server-1 ssh-ed25519 AAAA\nlb-1 ssh-ed25519 AAAA\n");
  for (const identity of ['/a"b', "/a\nProxyCommand x", "/${HOME}/x"])
    assert.throws(() => sshConfig(machines, { folder: "/t", identity }), Failure);
});

const ROOT = new Uint8Array(32).fill(77);

test("the bundle: every section, no secret, nothing that moves a cursor", () => {
  const token = deriveSecret(ROOT, { secret: "server-token", generation: 1 });
  const key = deriveSecret(ROOT, { secret: "ssh-host-key/lb-1", generation: 1 });
  const journal = `2026-11-22T20:14:22+0000 server-1 k3s[9]: K3S_TOKEN=${token}\n\ttab \u001b[31mred\n${Buffer.from(key).toString("base64")}`;
  const text = bundleText(
    {
      sections: [
        ["config", `{"token": "${token}"}`],
        ["broken", "-----BEGIN PRIVATE KEY-----\nabc"],
        ["summary", "quorate: 3 of 3 voters"],
      ],
      machines: [
        ["server-1", done(0, journal, "warning")],
        ["lb-1", AWAY],
      ],
    },
    knownSecrets(ROOT, CLUSTER),
  );
  assert.match(text, /^# A bundle made by `npx quorate status --bundle`/);
  for (const title of ["config", "broken", "summary", "machine server-1", "machine lb-1"])
    assert.ok(text.includes(`\n===== ${title}\n`), title);
  assert.match(text, /quorate: 3 of 3 voters/);
  assert.match(text, /\ttab \\u001b\[31mred\n\[redacted\]/);
  assert.match(text, /--- standard error\nwarning/);
  assert.match(text, /no answer \(10\.0\.0\.11 does not answer/);
  assert.ok(!text.includes(token) && !text.includes("\u001b") && !text.includes("abc"));
});

test("a bundle is written over an older bundle and over nothing else", (t) => {
  const folder = scratch(t);
  const path = join(folder, "report.txt");
  const text = (line: string) => bundleText({ sections: [["x", line]], machines: [] }, []);
  writeBundle(path, text("one"));
  writeBundle(path, text("two"));
  assert.match(readFileSync(path, "utf8"), /two\n$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const foreign = join(folder, "thesis.txt");
  writeFileSync(foreign, "# A thesis\n");
  symlinkSync(path, join(folder, "link"));
  for (const taken of [foreign, folder, join(folder, "link")]) {
    assert.throws(() => guardBundle(taken), /is there and is not a bundle/);
    assert.throws(() => writeBundle(taken, text("three")), Failure);
  }
  assert.equal(readFileSync(foreign, "utf8"), "# A thesis\n");
  assert.throws(() => writeBundle(join(folder, "no", "where"), text("x")), /cannot write/);
  assert.equal(existsSync(`${foreign}.quorate-new`), false);
});
