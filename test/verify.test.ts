// verify: from what the machines say to its lines, each cause with its own; the forms of the table; what the script may say.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem, RemoteResult } from "../generator/apply/remote.ts";
import type { Cluster } from "../generator/model/cluster.ts";
import { type Check, isVerified } from "../generator/verify/check.ts";
import { checksJson, formatChecks } from "../generator/verify/format.ts";
import { askMachine } from "../generator/verify/machine.ts";
import { machineChecks, machinesNotAsked } from "../generator/verify/machine-checks.ts";
import { parseScriptAnswer } from "../generator/verify/script-answer.ts";
import { makeCluster } from "./support/clusters.ts";
import { statusText } from "./support/says.ts";

const CLUSTER = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });
const NOW = 1_800_000_000;

interface Said {
  readonly clock?: string;
  readonly k3s?: string;
  readonly etcd?: string;
  readonly status?: Readonly<Record<string, unknown>> | string;
}

/** What a machine answers; healthy, apart from what is said. */
function answer(name: string, said: Said = {}): RemoteResult {
  const holds = name === "lb-1" || name === "server-1";
  const {
    clock = `${NOW} yes`,
    k3s = "v1.36.4+k3s1",
    etcd = '{"health":"true","reason":""}',
    status = {},
  } = said;
  const own = typeof status === "string" ? status : statusText(name, { vip: holds, ...status });
  const lines = [`clock ${clock}`, `k3s ${k3s}`, `etcd ${etcd}`, "kubeconfig ", own, ""];
  return { finished: true, exit: 0, stdout: lines.join("\n"), stderr: "" };
}

function lost(problem: Problem): RemoteResult {
  return { finished: false, problem, mayHaveRun: false, message: `it is ${problem}`, next: "look" };
}

/** The lines of a cluster in which these machines answer so, and all others are well. */
async function lines(
  answers: Readonly<Record<string, RemoteResult>>,
  cluster: Cluster = CLUSTER,
): Promise<readonly Check[]> {
  const remote = {
    run: async (name: string) => answers[name] ?? answer(name),
    close: async () => {},
  };
  const asked = cluster.nodes.map((node) => askMachine(remote, cluster, node, () => NOW * 1000));
  return machineChecks(cluster, await Promise.all(asked));
}

const failing = (checks: readonly Check[]) =>
  checks.flatMap(({ id, result, seen, cause, next }) => (result === "fail" ? [[id, seen, cause, next]] : []));

test("everything is well: every line passes, in the order of the config", async () => {
  const checks = await lines({});
  assert.deepEqual(
    checks.map(({ id, result, seen }) => `${id} ${result} ${seen}`),
    [
      "quorum pass 3 of 3 vote",
      "holders pass lb-1 does",
      ...["server-1", "server-2", "server-3"].flatMap((name) => [
        `status/${name} pass ready`,
        `clock/${name} pass synchronised`,
        `k3s/${name} pass v1.36.4+k3s1`,
        `etcd/${name} pass healthy`,
      ]),
      "status/agent-1 pass ready",
      "clock/agent-1 pass synchronised",
      "k3s/agent-1 pass v1.36.4+k3s1",
      ...["lb-1", "lb-2"].flatMap((name) => [`status/${name} pass ready`, `clock/${name} pass synchronised`]),
    ],
  );
  assert.ok(isVerified(checks));
  for (const { expected, cause, next } of checks) assert.ok(expected !== "" && cause === "" && next === "");
});

const ssh = (name: string, command: string) => `npx quorate ssh ${name} -- ${command}`;
const keepalived = (name: string) => ssh(name, "sudo journalctl -u keepalived -n 50");
const timedatectl = ssh("server-2", "timedatectl");
const TIME = "it does not reach a time server (UDP 123)";
const VOTES = ["quorum", "2 of 3 vote", "server-2 has no vote", "npx quorate status"] as const;

for (const [what, answers, expected] of [
  [
    "two load balancers hold the vip",
    { "lb-2": answer("lb-2", { status: { vip: true } }) },
    [
      [
        "holders",
        "lb-1 and lb-2 do",
        "they do not hear each other: something between them drops VRRP (IP protocol 112)",
        keepalived("lb-1"),
      ],
    ],
  ],
  [
    "no load balancer holds the vip",
    { "lb-1": answer("lb-1", { status: { vip: false } }) },
    [
      [
        "holders",
        "none does",
        "keepalived does not run, or HAProxy answers on none of them",
        keepalived("lb-1"),
      ],
    ],
  ],
  [
    "etcd has no leader",
    { "server-2": answer("server-2", { etcd: '{"health":"false","reason":"RAFT NO LEADER"}' }) },
    [
      [
        "etcd/server-2",
        '{"health":"false","reason":"RAFT NO LEADER"}',
        "it has no leader: it does not reach a majority of the servers",
        ssh("server-2", "sudo journalctl -u k3s -n 50"),
      ],
    ],
  ],
  [
    "etcd does not run",
    { "server-2": answer("server-2", { etcd: "" }) },
    [
      [
        "etcd/server-2",
        "it does not answer",
        "K3s does not run there, or is about to start",
        ssh("server-2", "sudo journalctl -u k3s -n 50"),
      ],
    ],
  ],
  [
    "another K3s is installed",
    { "agent-1": answer("agent-1", { k3s: "v1.36.3+k3s1" }) },
    [
      [
        "k3s/agent-1",
        "v1.36.3+k3s1",
        "the config was changed and not applied, or somebody installed it",
        "npx quorate plan",
      ],
    ],
  ],
  [
    "no K3s is installed",
    { "agent-1": answer("agent-1", { k3s: "" }) },
    [
      [
        "k3s/agent-1",
        "there is no K3s",
        "it was not installed yet",
        ssh("agent-1", "sudo quorate-node status"),
      ],
    ],
  ],
  [
    "a clock is an hour behind, and not synchronised",
    { "server-2": answer("server-2", { clock: `${NOW - 3600} no` }) },
    [["clock/server-2", "3600 s behind", TIME, timedatectl]],
  ],
  [
    "a clock is ahead, and says that it is synchronised",
    { "server-2": answer("server-2", { clock: `${NOW + 60} yes` }) },
    [["clock/server-2", "60 s ahead", "this computer's clock is wrong, or its", timedatectl]],
  ],
  [
    "a clock runs free",
    { "server-2": answer("server-2", { clock: `${NOW} no` }) },
    [["clock/server-2", "not synchronised", TIME, timedatectl]],
  ],
  [
    "a machine says nothing of its clock",
    { "server-2": answer("server-2", { clock: "" }) },
    [["clock/server-2", "it does not say", "another program answers for quorate-node", timedatectl]],
  ],
  ["a server has no vote", { "server-2": answer("server-2", { status: { voter: false } }) }, [VOTES]],
  [
    "the servers count different members",
    { "server-2": answer("server-2", { status: { members: 1 } }) },
    [
      [
        "quorum",
        "the servers do not agree on the number of members: server-1 counts 3, server-2 counts 1 and server-3 counts 3",
        "a server was added, removed or cut off",
        "ask again in a minute; if it stays so, there may be two clusters: change nothing and look at npx quorate status --bundle FILE",
      ],
    ],
  ],
  [
    "a machine waits",
    { "agent-1": answer("agent-1", { status: { state: "waiting", step: "k3s", waitingFor: "a server" } }) },
    [
      [
        "status/agent-1",
        "waiting: k3s: a server",
        "it goes on by itself when that is there",
        ssh("agent-1", "sudo quorate-node status"),
      ],
    ],
  ],
  [
    "a machine failed",
    {
      "lb-2": answer("lb-2", {
        status: { state: "failed", step: "haproxy", error: "HAProxy does not start", next: "look there" },
      }),
    },
    [["status/lb-2", "failed: HAProxy does not start", "a step failed, and is tried again", "look there"]],
  ],
  [
    "a machine is another",
    { "agent-1": answer("agent-1", { status: { name: "agent-7" } }) },
    [
      [
        "status/agent-1",
        "failed: it says that it is agent-7 of cluster test",
        "a step failed, and is tried again",
        "give agent-1 its own address in the config, or write its card again",
      ],
    ],
  ],
  [
    "a server is off",
    { "server-2": lost("unreachable") },
    [["status/server-2", "it is unreachable", "it is off, unplugged, or not at that address", "look"]],
  ],
  [
    "a load balancer has another host key",
    { "lb-2": lost("host-key") },
    [
      [
        "status/lb-2",
        "it is host-key",
        "another machine has its address, or its card was written with another secret",
        "look",
      ],
    ],
  ],
] as const) {
  test(`${what}: that line fails, and says why`, async () => {
    assert.deepEqual(
      failing(await lines(answers)),
      expected.map((line) => [...line]),
    );
  });
}

test("everything is off: each machine is a line, and the rest points there", async () => {
  const checks = await lines(Object.fromEntries(CLUSTER.nodes.map(({ name }) => [name, lost("no-answer")])));
  assert.deepEqual(
    failing(checks).map(([id]) => id),
    CLUSTER.nodes.map(({ name }) => `status/${name}`),
  );
  const skips = new Map(checks.flatMap(({ id, result, seen }) => (result === "skip" ? [[id, seen]] : [])));
  assert.equal(skips.get("quorum"), "see status/server-1, status/server-2, status/server-3");
  assert.equal(skips.get("holders"), "see status/lb-1, status/lb-2");
  assert.equal(skips.get("etcd/server-3"), "see status/server-3");
});

test("without a load balancer nobody holds a vip; with one its address is its network's affair", async () => {
  const without = await lines({}, makeCluster({ loadBalancers: 0 }));
  assert.deepEqual(failing(without), []);
  assert.ok(without.every(({ id }) => id !== "holders"));
  const single = makeCluster({ loadBalancers: 1 });
  const [line] = failing(await lines({ "lb-1": answer("lb-1", { status: { vip: false } }) }, single));
  assert.deepEqual(line, [
    "holders",
    "none does",
    "its network is not as in the config",
    ssh("lb-1", "ip address show"),
  ]);
});

test("a machine that answers with nonsense is shown as text, and a message of control characters is made harmless", async () => {
  const checks = await lines({
    "server-2": answer("server-2", { etcd: "\u001b[2J{}", status: "\u001b[2J" }),
  });
  const seen = checks.find(({ id }) => id === "etcd/server-2")?.seen;
  assert.equal(seen, String.raw`\u001b[2J{}`);
  assert.ok(!JSON.stringify(checks).includes("\u001b"));
});

test("where nobody can log in the same lines are there, and none of them passes", async () => {
  const asked = await lines({});
  const checks = machinesNotAsked(CLUSTER, "needs the cluster's secret");
  assert.deepEqual(
    checks.map(({ id }) => id),
    asked.map(({ id }) => id),
  );
  assert.ok(checks.every(({ result, seen }) => result === "skip" && seen === "needs the cluster's secret"));
  assert.equal(isVerified([...asked, ...checks]), false);
});

const [PASS, FAIL, SKIP]: readonly Check[] = [
  { id: "ca", result: "pass", expected: "one", seen: "one #1", cause: "", next: "" },
  { id: "nodes", result: "fail", expected: "all", seen: 'a "b" # c', cause: "d", next: String.raw`e \f` },
  { id: "http/lb-1", result: "skip", expected: "", seen: "see backends/lb-1", cause: "", next: "" },
];

test("the table for people, for TAP, for cron and for tools", () => {
  assert.ok(PASS && FAIL && SKIP);
  const checks = [PASS, FAIL, SKIP];
  const failed = `FAIL  nodes                    a "b" # c
      expected: all
      cause:    d
      next:     e \\f
`;
  assert.equal(
    formatChecks("home", checks, "text"),
    `ok    ca                       one #1
${failed}-     http/lb-1                not asked: see backends/lb-1
home: 1 ok, 1 failed, 1 not asked
`,
  );
  assert.equal(formatChecks("home", checks, "quiet"), failed);
  assert.equal(
    formatChecks("home", checks, "tap"),
    String.raw`TAP version 13
ok 1 - ca - one \#1
not ok 2 - nodes - a "b" \# c
  ---
  expected: "all"
  seen: "a \"b\" # c"
  cause: "d"
  next: "e \\f"
  ...
ok 3 - http/lb-1 # SKIP see backends/lb-1
1..3
`,
  );
  assert.deepEqual(JSON.parse(checksJson("home", checks)), {
    cluster: "home",
    checks,
    passed: 1,
    failed: 1,
    skipped: 1,
  });
});

test("what the script says is read, and nothing else", () => {
  assert.deepEqual(parseScriptAnswer(checksJson("home", [PASS as Check, FAIL as Check])), [PASS, FAIL]);
  const escape = JSON.stringify({ checks: [{ ...FAIL, seen: "\u001b[2J" }] });
  assert.equal(parseScriptAnswer(escape)?.[0]?.seen, String.raw`\u001b[2J`);
  for (const text of [
    "",
    "null",
    "[]",
    "{}",
    '{"checks": 1}',
    '{"checks": [null]}',
    '{"checks": [{"id": "a"}]}',
  ])
    assert.equal(parseScriptAnswer(text), null, text);
  assert.equal(parseScriptAnswer(JSON.stringify({ checks: [{ ...FAIL, result: "maybe" }] })), null);
});
