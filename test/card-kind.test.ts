// Which kind of card a machine gets, what stops it before anything is written, and the tokens that it then carries.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Remote, RemoteResult } from "../generator/apply/remote.ts";
import { cardKind, type Known } from "../generator/cards/kind.ts";
import {
  askMembers,
  knownOf,
  refuseNewSecret,
  refuseOther,
  refuseOtherSecret,
  type Seen,
} from "../generator/cards/known.ts";
import type { Answer } from "../generator/cards/look.ts";
import { revealOn } from "../generator/cards/reveal.ts";
import { Failure } from "../generator/failure.ts";
import type { Node } from "../generator/model/cluster.ts";
import { parseRecord, recordText } from "../generator/model/record.ts";
import { deriveSecret, rootCheck } from "../generator/secrets/derive.ts";
import { makeCluster } from "./support/clusters.ts";
import { makeRecord, recordedMachine } from "./support/record.ts";

const cluster = makeCluster({ servers: 3, agents: 1, loadBalancers: 1 });
const node = (name: string) => cluster.nodes.find((each) => each.name === name) as Node;
const ROOT = new Uint8Array(32).fill(7);
const HASH = "a".repeat(64);
const record = makeRecord({ name: cluster.name, caHash: HASH, secretCheck: rootCheck(ROOT) }, [
  "server-1",
  "agent-1",
]);
const nothing: Known = { record: null, answers: [], busy: [], blind: null, member: null };
const answer = (address: string, said: Answer["said"], caHash: string | null = null): Answer => ({
  name: address,
  address,
  said,
  caHash,
});

for (const [what, name, known, kind, why, mayFound] of [
  [
    "the first server, nobody there",
    "server-1",
    {},
    "first",
    /together with the other servers.*none is recorded and none answers/,
    true,
  ],
  [
    "the first server, nobody looked",
    "server-1",
    { blind: "nobody looked" },
    "first",
    /none is recorded, and nobody looked/,
    true,
  ],
  [
    "the first server, a cluster answers",
    "server-1",
    { answers: ["10.0.0.12"] },
    "joining",
    /stands: it answers at 10\.0\.0\.12; no running server could be asked/,
    false,
  ],
  [
    "the first server, the cluster does not list it",
    "server-1",
    { answers: ["10.0.0.12"], member: false },
    "joining",
    /stands: it answers at 10\.0\.0\.12$/,
    false,
  ],
  [
    "the first server, a server lists it",
    "server-1",
    { answers: ["10.0.0.12"], member: true },
    "replacement",
    /a running server lists this machine/,
    false,
  ],
  [
    "the first server, recorded, nobody there",
    "server-1",
    { record },
    "replacement",
    /the record names this machine/,
    false,
  ],
  [
    "the first server, the record has others only",
    "server-1",
    { record: makeRecord(record.cluster, ["server-2"]) },
    "joining",
    /recorded in out\/applied\.json/,
    false,
  ],
  [
    "another server, nobody there",
    "server-2",
    {},
    "joining",
    /never founds a cluster, it joins the one that server-1 founds/,
    false,
  ],
  [
    "another server, a cluster recorded",
    "server-2",
    { record },
    "joining",
    /the cluster stands: it is recorded/,
    false,
  ],
  ["an agent", "agent-1", {}, "joining", /joins through any server/, false],
  ["a recorded agent", "agent-1", { record }, "replacement", /the record names this machine/, false],
  ["a load balancer", "lb-1", {}, "load balancer", /needs no server/, false],
] as const) {
  test(`kind: ${what}`, () => {
    const card = cardKind(cluster, node(name), { ...nothing, ...known });
    assert.equal(card.kind, kind);
    assert.match(card.why, why);
    assert.equal(card.mayFound, mayFound);
    assert.equal(card.next !== null, kind === "replacement");
    // An agent comes back by itself; a server has to be forgotten first.
    if (card.next) assert.equal(/npx quorate replace /.test(card.next), name !== "agent-1");
  });
}

test("a server that takes connections and says nothing may be a cluster that starts: nobody founds", () => {
  const card = cardKind(cluster, node("server-1"), { ...nothing, busy: ["10.0.0.12"] });
  assert.deepEqual([card.kind, card.mayFound], ["joining", false]);
  assert.match(
    card.why,
    /^a cluster may stand: something takes connections on the API's port of 10\.0\.0\.12/,
  );
});

test("a single server founds alone, and the card says so", () => {
  const single = makeCluster({ servers: 1, loadBalancers: 0 });
  const card = cardKind(single, single.nodes[0] as Node, nothing);
  assert.match(card.why, /^it founds the cluster \(/);
  assert.equal(card.mayFound, true);
});

const seen = (more: Partial<Seen>): Seen => ({ record: null, answers: [], blind: null, ...more });

test("a cluster of another name, or one that answers with other certificates, stops everything", () => {
  refuseOther(
    cluster,
    seen({ record, answers: [answer("10.0.0.11", "cluster", HASH), answer("10.0.0.12", "silent")] }),
  );
  refuseOther(cluster, seen({ answers: [answer("10.0.0.11", "cluster", HASH)] }));
  const renamed = { ...record, cluster: { ...record.cluster, name: "old" } };
  assert.throws(() => refuseOther(cluster, seen({ record: renamed })), /records the cluster old/);
  assert.throws(
    () => refuseOther(cluster, seen({ record, answers: [answer("10.0.0.11", "cluster", "b".repeat(64))] })),
    /another cluster answers at 10\.0\.0\.11/,
  );
});

test("a new secret is made only where no cluster is recorded and nobody answers", () => {
  refuseNewSecret(seen({ answers: [answer("10.0.0.10", "silent")] }));
  assert.throws(() => refuseNewSecret(seen({ record })), Failure);
  for (const [said, message] of [
    ["cluster", /a cluster answers at 10\.0\.0\.12 already/],
    ["busy", /something takes connections on the API's port of 10\.0\.0\.12/],
  ] as const)
    assert.throws(() => refuseNewSecret(seen({ answers: [answer("10.0.0.12", said)] })), message);
});

test("a secret that is not the recorded cluster's is refused, without a part of it", () => {
  refuseOtherSecret(ROOT, seen({ record }));
  refuseOtherSecret(new Uint8Array(32), seen({}));
  assert.throws(
    () => refuseOtherSecret(new Uint8Array(32), seen({ record })),
    (error: unknown) =>
      error instanceof Failure && /check value/.test(error.message) && !/0{20}/.test(error.message),
  );
});

const remote = (answers: Readonly<Record<string, RemoteResult>>) => {
  const asked: string[] = [];
  const fake: Remote = {
    run: async (machine) => {
      asked.push(machine);
      return (
        answers[machine] ?? {
          finished: false,
          problem: "no-answer",
          mayHaveRun: false,
          message: "silent",
          next: "",
        }
      );
    },
    close: async () => {},
  };
  return { fake, asked };
};
const all = ["10.0.0.11", "10.0.0.12", "10.0.0.13"].map((address) => answer(address, "cluster"));

test("the servers that answer are asked for the nodes, until one says them", async () => {
  const good = { finished: true, exit: 0, stdout: "node/server-2\nnode/server-3\n", stderr: "" } as const;
  const { fake, asked } = remote({ "server-2": good });
  const members = await askMembers(cluster, all, fake);
  assert.deepEqual(asked, ["server-1", "server-2"]);
  assert.deepEqual([...(members.nodes ?? [])], ["server-2", "server-3"]);
  const sight = seen({ answers: all });
  assert.equal(knownOf(sight, members, "server-2").member, true);
  assert.equal(knownOf(sight, members, "server-1").member, false);
});

test("nobody can be asked: why; a machine of another secret: refused", async () => {
  const failing = { finished: true, exit: 1, stdout: "", stderr: "x" } as const;
  const { nodes, problem } = await askMembers(cluster, all, remote({ "server-1": failing }).fake);
  assert.deepEqual([nodes, problem], [null, "server-1 lists no nodes"]);
  assert.equal(knownOf(seen({ answers: all }), { nodes, problem }, "server-1").member, null);
  const foreign = { finished: false, problem: "host-key", mayHaveRun: false, message: "", next: "" } as const;
  await assert.rejects(askMembers(cluster, all, remote({ "server-1": foreign }).fake), /another host key/);
});

test("a recorded cluster's tokens name its certificates, where a machine joins with them", () => {
  const ref = (secret: string) => ({ secret, generation: 1 });
  const plain = (secret: string) => deriveSecret(ROOT, ref(secret));
  const [server, agent] = ["server-token", "agent-token"];
  assert.equal(revealOn(node("server-1"), ROOT, null)(ref(server)), plain(server));
  assert.equal(revealOn(node("server-1"), ROOT, record)(ref(server)), `K10${HASH}::server:${plain(server)}`);
  assert.equal(revealOn(node("server-1"), ROOT, record)(ref(agent)), plain(agent), "it gives that one out");
  assert.equal(revealOn(node("agent-1"), ROOT, record)(ref(agent)), `K10${HASH}::node:${plain(agent)}`);
  const key = "ssh-host-key/server-1";
  assert.equal(revealOn(node("server-1"), ROOT, record)(ref(key)), plain(key));
});

test("a record is read, and one that is not whole or from another time is not", () => {
  const text = JSON.stringify(JSON.parse(recordText(record)));
  assert.deepEqual(parseRecord(text), { ok: true, record });
  const newer = JSON.parse(text) as { cluster: object };
  assert.deepEqual(
    parseRecord(JSON.stringify({ ...newer, more: 1, cluster: { ...newer.cluster, more: 1 } })),
    {
      ok: true,
      record,
    },
  );
  for (const [bad, reason] of [
    ["", /no JSON/],
    ["[]", /no JSON object/],
    [text.replace('"format":1', '"format":2'), /format/],
    [text.replace(HASH, "A"), /caHash/],
    [text.replace(rootCheck(ROOT), ""), /secretCheck/],
    [text.replace('"name":"test"', '"name":""'), /name/],
    ['{"format":1,"cluster":{}}', /machines/],
    [text.replace('"name":"test"', '"name":"a\\u001b[2J"'), /name/],
    [text.replace('"uid":null', '"uid":1'), /uid/],
    [text.replace('"uid":null', '"uid":"::error::"'), /uid/],
    [text.replace('"fixed":{}', '"fixed":{"a":"1\\n::error::x"}'), /fixed/],
    [text.replace('"address":"10.0.0.11"', '"address":"..."'), /address/],
    [text.replace('"fixed":{}', '"fixed":{"a":1}'), /fixed/],
    [text.replace('"role":"server"', '"role":"king"'), /machines\.agent-1: role/],
    [text.replace('"address":"10.0.0.11"', '"address":""'), /address/],
    [text.replace("1".repeat(40), "1"), /tree/],
    [text.replace("2".repeat(64), "2"), /digest/],
    [text.replace('"action":"none"', '"action":"dance"'), /action/],
    [text.replace('"result":"applied"', '"result":"maybe"'), /result/],
    [text.replace('"k3s":"v', '"k3s":"$v'), /k3s/],
    [text.replace(`"commit":"${"3".repeat(40)}"`, '"commit":"HEAD"'), /commit/],
    [text.replace("ssh-ed25519", "ssh-rsa"), /hostKey/],
  ] as const) {
    const read = parseRecord(bad);
    assert.ok(!read.ok);
    assert.match(read.reason, reason);
  }
});

test("a record's text is the same for the same record, in whatever order its machines came", () => {
  const one = recordedMachine({ address: "10.0.0.1" });
  const other = recordedMachine({ address: "10.0.0.2", commit: null });
  const forth = recordText({
    ...record,
    machines: new Map([
      ["a", one],
      ["b", other],
    ]),
  });
  const back = recordText({
    ...record,
    machines: new Map([
      ["b", other],
      ["a", one],
    ]),
  });
  assert.equal(forth, back);
  assert.match(forth, /^\{\n {2}"format": 1,\n[^]*\}\n$/);
});
