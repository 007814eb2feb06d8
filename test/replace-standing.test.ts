// A machine that is to be replaced: whether the cluster has to forget the one that it knows, and when nobody may touch it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askNode } from "../generator/apply/ask-node.ts";
import { type Standing, standingOf } from "../generator/apply/older.ts";
import { Failure } from "../generator/failure.ts";
import type { Cluster } from "../generator/model/cluster.ts";
import { type ApplyPlay, applyPlay, finished, type Meddle, type Played } from "./support/apply-play.ts";
import { makeCluster } from "./support/clusters.ts";
import { nodeOf, SIX } from "./support/plan-play.ts";

type Changes = Readonly<Record<string, Partial<Played>>>;
const OFF: Partial<Played> = { status: null };
/** A new machine with its card: no data, and it waits until it may join. */
const NEW: Partial<Played> = { status: { state: "waiting", step: "server", voter: false }, data: false };

function playing(changes: Changes, cluster: Cluster = SIX, meddle?: Meddle): ApplyPlay {
  const play = applyPlay(cluster, meddle);
  for (const [name, change] of Object.entries(changes)) Object.assign(play.of(name), change);
  return play;
}

async function standing(play: ApplyPlay, name: string): Promise<Standing> {
  const ask = play.cluster.nodes.map((node) => askNode(play.job.remote, play.cluster, node));
  const result = await standingOf(play.job, nodeOf(name, play.cluster), await Promise.all(ask));
  assert.deepEqual(play.done, [], "it only asks");
  return result;
}

for (const [what, name, changes, expected] of [
  ["a dead server that the cluster counts", "server-2", { "server-2": OFF }, "older"],
  ["the first server, like any other", "server-1", { "server-1": OFF }, "older"],
  [
    "a dead server that an earlier run has made the cluster forget",
    "server-2",
    {
      "server-1": { status: { members: 2 } },
      "server-2": { ...OFF, known: false },
      "server-3": { status: { members: 2 } },
    },
    "new",
  ],
  [
    "one that was cut off while it joined, before it had a vote",
    "server-2",
    { "server-2": { ...OFF, known: false, learner: true } },
    "new",
  ],
  ["a new board that waits for the older one to be forgotten", "server-2", { "server-2": NEW }, "older"],
  [
    "a new board of which nothing older is counted",
    "server-2",
    { "server-2": { ...NEW, known: false } },
    "new",
  ],
  [
    "a member that is on its way",
    "server-2",
    { "server-2": { status: { state: "waiting", step: "k3s" } } },
    "new",
  ],
  ["a dead agent", "agent-1", { "agent-1": OFF }, "older"],
  ["a dead agent that is forgotten already", "agent-1", { "agent-1": { ...OFF, known: false } }, "new"],
  [
    "an agent that answers: its password is the same",
    "agent-1",
    { "agent-1": { status: { state: "failed", error: "x", next: "y" } } },
    "new",
  ],
] as const satisfies readonly (readonly [string, string, Changes, Standing])[]) {
  test(`${what}: ${expected}`, async () => {
    assert.equal(await standing(playing(changes), name), expected);
  });
}

test("a dead load balancer: new, and nobody is asked anything of the cluster, though no server is ready", async () => {
  const play = playing({ "lb-1": OFF, "server-1": OFF, "server-2": OFF, "server-3": OFF });
  assert.equal(await standing(play, "lb-1"), "new");
  assert.deepEqual(new Set(play.asked.map((line) => line.split(" ")[1])), new Set(["?status"]));
});

function refuses(message: RegExp, next: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.match(error.message, message);
    assert.match(error.hint, next);
    return true;
  };
}

for (const [what, name, changes, message, next] of [
  [
    "one that works, where another one is silent",
    "server-2",
    { "server-3": OFF, "agent-1": OFF },
    /^server-2 answers and works: there is nothing to replace$/,
    /^server-3 does not answer: npx quorate replace server-3; if server-2 is the new one, it has joined: npx quorate apply records it$/,
  ],
  [
    "one that works",
    "server-2",
    {},
    /^server-2 answers and works/,
    /npx quorate apply records it; .*switch server-2 off first/,
  ],
  [
    "a load balancer that works",
    "lb-1",
    { "lb-2": OFF, "server-1": OFF },
    /^lb-1 answers and works/,
    /^lb-2 does not answer: npx quorate replace lb-2; if lb-1 is the new one, it has joined: npx quorate apply records it$/,
  ],
  [
    "a server with a silent sshd, where K3s still runs",
    "server-2",
    { "server-2": { ...OFF, lives: true } },
    /^K3s runs on server-2 \(server-1 reaches it at \S+:6443\), though SSH does not answer$/,
    /switch it off, then the same command again$/,
  ],
  [
    "an agent with a silent sshd, where its pods still run",
    "agent-1",
    { "agent-1": { ...OFF, lives: true } },
    /^K3s runs on agent-1 \(server-1 reaches it at \S+:10250\)/,
    /switch it off/,
  ],
  [
    "a member with its data that fails",
    "server-2",
    { "server-2": { status: { state: "failed", error: "the disk is full", next: "x", voter: false } } },
    /^server-2 answers, and has the data of a member \(failed: the disk is full\)$/,
    /npx quorate ssh server-2; to give it up: switch it off for good, then the same command again$/,
  ],
  [
    "one of two dead servers of three",
    "server-2",
    { "server-2": OFF, "server-3": OFF },
    /^server-2 is left as it is: without it 1 voter of 2 members would be left/,
    /^bring the other servers back first/,
  ],
  [
    "one of two dead servers of three, and the third has noticed",
    "server-2",
    { "server-1": { status: { state: "waiting" } }, "server-2": OFF, "server-3": OFF },
    /^server-2 is left as it is: no other server is ready \(server-1: waiting, server-2: no answer and server-3: no answer\)$/,
    /^switch server-3 on, .*then npx quorate replace server-2 again; if they are gone for good: docs\/operations\.md#no-majority$/,
  ],
  [
    "an agent, while no server is ready",
    "agent-1",
    {
      "agent-1": OFF,
      "server-1": { status: { state: "waiting" } },
      "server-2": OFF,
      "server-3": OFF,
    },
    /^agent-1 is left as it is: no other server is ready/,
    /^switch server-2 or server-3 on, /,
  ],
] as const satisfies readonly (readonly [string, string, Changes, RegExp, RegExp])[]) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(standing(playing(changes), name), refuses(message, next));
  });
}

test("refused: the only server, for nothing is left that a new one could join", async () => {
  const one = makeCluster({ servers: 1, loadBalancers: 1 });
  await assert.rejects(
    standing(playing({ "server-1": OFF }, one), "server-1"),
    refuses(/^server-1 is the only server/, /^if its disk is whole, put it into the new machine/),
  );
});

test("refused: nobody lists etcd's members, so nobody knows", async () => {
  const play = playing({ "server-2": OFF }, SIX, (_, verb) =>
    verb === "?members" ? finished("etcd is not there\n") : undefined,
  );
  await assert.rejects(
    standing(play, "server-2"),
    refuses(/^server-1 does not list etcd's members/, /npx quorate status/),
  );
});
