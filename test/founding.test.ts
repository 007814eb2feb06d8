// The founding table, over every situation: what must never happen, said apart from the table.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decide,
  FOUNDING,
  foundersNeeded,
  type Outcome,
  OUTCOMES,
  SITUATION,
  type Situation,
} from "../generator/model/founding.ts";
import { everySituation } from "./support/situations.ts";

const ALL = everySituation().map((situation) => ({ situation, outcome: decide(situation) }));

/** Every situation with one of these outcomes has to pass; there is at least one. */
function whenever(outcomes: readonly Outcome[], holds: (situation: Situation) => boolean): void {
  const chosen = ALL.filter(({ outcome }) => outcomes.includes(outcome));
  assert.ok(chosen.length > 0);
  for (const { situation, outcome } of chosen) {
    assert.ok(holds(situation), `${outcome} in ${JSON.stringify(situation)}`);
  }
}

/** Every situation that is so has to have one of these outcomes. */
function always(so: (situation: Situation) => boolean, outcomes: readonly Outcome[]): void {
  const chosen = ALL.filter(({ situation }) => so(situation));
  assert.ok(chosen.length > 0);
  for (const { situation, outcome } of chosen) {
    assert.ok(outcomes.includes(outcome), `${outcome} in ${JSON.stringify(situation)}`);
  }
}

const blank = ({ disk, data }: Situation) => disk === "there" && data === "none";
const silent = ({ registration, peers }: Situation) => registration === "silent" && peers === "silent";
const heard = ({ registration, peers }: Situation, answer: string) =>
  registration === answer || peers === answer;

test("every combination has one outcome, and every outcome is some combination's", () => {
  const combinations = Object.values(SITUATION).reduce((count, values) => count * values.length, 1);
  assert.equal(ALL.length, combinations);
  assert.equal(new Set(ALL.map(({ situation }) => JSON.stringify(situation))).size, combinations);
  assert.deepEqual(new Set(ALL.map(({ outcome }) => outcome)), new Set(Object.keys(OUTCOMES)));
});

test("every row of the table decides something", () => {
  for (const row of FOUNDING) {
    const without = FOUNDING.filter((other) => other !== row);
    const differs = ALL.some(({ situation, outcome }) => {
      const left = without.find(({ when }) =>
        Object.entries(when).every(([key, value]) => situation[key as keyof Situation] === value),
      );
      return left?.outcome !== outcome;
    });
    assert.ok(differs, `nothing changes without ${JSON.stringify(row)}`);
  }
});

test("never two: founding needs an empty disk, the card's word, silence and the promises of a majority", () => {
  whenever(
    ["found"],
    (situation) =>
      blank(situation) &&
      silent(situation) &&
      situation.marker === "never" &&
      situation.mayFound === "majority" &&
      situation.census === "enough",
  );
});

test("told to found alone, a server still does not where somebody has a cluster or it was a member itself", () => {
  whenever(
    ["found-alone"],
    (situation) =>
      blank(situation) &&
      silent(situation) &&
      situation.mayFound === "alone" &&
      situation.marker === "never" &&
      situation.census !== "contradicted",
  );
});

test("a server with etcd's data starts, whatever the others say, unless its disk is missing", () => {
  always(({ disk, data }) => disk === "there" && data === "etcd", ["start"]);
  whenever(["start"], ({ disk, data }) => disk === "there" && data === "etcd");
  always(({ disk }) => disk === "missing", ["wait-for-disk"]);
});

test("a server joins only where a cluster took its token, nobody contradicts, and it is no member", () => {
  whenever(
    ["join", "join-peer"],
    (situation) =>
      blank(situation) &&
      heard(situation, "cluster") &&
      !heard(situation, "refused") &&
      !heard(situation, "foreign") &&
      (situation.membership === "absent" || situation.membership === "unstarted"),
  );
  whenever(["join"], ({ registration }) => registration === "cluster");
  whenever(["join-peer"], ({ registration, peers }) => registration !== "cluster" && peers === "cluster");
});

test("a member of the same name is never joined over: with a vote it is replaced, without one it is waited out", () => {
  const asked = (situation: Situation) =>
    blank(situation) &&
    situation.clock === "synchronised" &&
    heard(situation, "cluster") &&
    !heard(situation, "refused") &&
    !heard(situation, "foreign");
  always((situation) => asked(situation) && situation.membership === "voter", ["wait-for-replace"]);
  always((situation) => asked(situation) && situation.membership === "learner", ["wait-for-eviction"]);
});

test("no server founds or joins before its clock is synchronised, and one with data does not wait for it", () => {
  whenever(["found", "found-alone", "join", "join-peer"], ({ clock }) => clock === "synchronised");
  always((situation) => blank(situation) && situation.clock === "unsynchronised", ["wait-for-clock"]);
});

test("another cluster or another token stops it, and says which", () => {
  const asked = (situation: Situation) => blank(situation) && situation.clock === "synchronised";
  always((situation) => asked(situation) && heard(situation, "foreign"), ["stop-foreign"]);
  always(
    (situation) => asked(situation) && heard(situation, "refused") && !heard(situation, "foreign"),
    ["stop-token"],
  );
});

test("an answer that says nothing is waited for, never founded over", () => {
  always(
    (situation) =>
      blank(situation) &&
      situation.clock === "synchronised" &&
      heard(situation, "busy") &&
      ["busy", "silent"].includes(situation.registration) &&
      ["busy", "silent"].includes(situation.peers),
    ["wait-for-answer"],
  );
});

test("each outcome says what a person does, in words that fit into a shell's double quotes", () => {
  for (const [name, { text, next }] of Object.entries(OUTCOMES)) {
    assert.ok(next.length > 10, name);
    assert.doesNotMatch(
      text.replaceAll(/\$(detail|name)\b/g, "") + next.replaceAll("$name", ""),
      /["$`\\]/,
      name,
    );
  }
});

test("never two: whatever servers a lost founder's cluster had, those that did not promise are no majority of it", () => {
  for (let servers = 1; servers <= 9; servers++) {
    const promised = foundersNeeded(servers);
    assert.ok(promised <= servers && promised > servers / 2);
    // The founder was flashed again, so it is among those that promise; the old cluster had it and any of the others.
    for (let members = 1; members <= servers; members++) {
      const left = Math.min(members - 1, servers - promised);
      assert.ok(left < Math.floor(members / 2) + 1, `${left} of ${members} members, ${servers} servers`);
    }
  }
  assert.deepEqual([1, 2, 3, 4, 5, 7].map(foundersNeeded), [1, 2, 2, 3, 4, 6]);
});
