// What pipeline apply may do to machines: what was shown and merged, and no more. Where it stops, no machine was touched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PipelinePlace, pipelinePlace, type Ran, type Shown } from "../support/pipeline-place.ts";

const KEYS = "different 0644 YQo= /etc/quorate/authorized_keys";
const CONFIG = "different 0600 YQo= /etc/rancher/k3s/config.yaml";
const FROM = '"k3s": {';
const san = (name: string) => `"k3s": { "tlsSans": ["${name}.example.org"],`;

/** It stopped, said why and what accepts it, and nothing was done anywhere. */
function assertRefused(place: PipelinePlace, { exit, log }: Ran, why: RegExp, accept: string): void {
  assert.equal(exit, 1);
  assert.match(log, why);
  assert.match(log, new RegExp(`next: .*run the workflow apply by hand with accept: ${accept}$`, "m"));
  assert.match(log, /pipeline apply: stopped before the first machine, and nothing was changed/);
  assert.deepEqual(place.changes(), []);
  assert.ok(!place.log().some((line) => line.endsWith(" take")), "it is not even held");
  assert.deepEqual(place.deployments(), []);
}

test("what was shown is done; the next run has nothing left that was approved", async (t) => {
  const place = await pipelinePlace(t);
  const { number, sha } = place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.deepEqual(place.changes(), ["server-1 send", "server-1 start", "server-1 confirm"]);
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, sha);

  place.checkout(place.main());
  place.machine("server-1", [KEYS], []);
  const again = await place.pipelineApply();
  assert.equal(again.exit, 1, "of a machine that has it, what was shown is used up");
  assert.match(again.log, /server-1 would change \(none\), and no change of it was shown/);
  assert.equal(place.changes().length, 3);
  assert.equal(place.told(number).length, 1);
});

test("a worse class than was shown, and a machine that was not shown: refused, both named", async (t) => {
  const place = await pipelinePlace(t);
  const { number } = place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [CONFIG], []);
  place.machine("server-2", [KEYS], []);
  const ran = await place.pipelineApply();
  const why =
    /goes beyond what was approved, and nothing was changed: server-2 would change \(none\), and no change of it was shown and server-1 would change by restart, and what was shown is none|server-1 would change by restart, and what was shown is none and server-2 would change \(none\)/;
  assertRefused(place, ran, why, "server-1:restart,server-2:none");
  assert.match(place.told(number).join(), /stopped before the first machine/, "its people are told");
  assert.equal(place.recorded()?.machines.get("server-1")?.commit, place.git("rev-parse", "main~2"));

  const accepted = await place.pipelineApply({
    environment: { QUORATE_ACCEPT: "server-1:restart,server-2:none" },
  });
  assert.equal(accepted.exit, 0, accepted.log);
  assert.ok(place.changes().includes("server-1 start") && place.changes().includes("server-2 start"));
});

for (const [what, more, why] of [
  ["without a comment", { shown: null }, /#1: it has no comment that shows its plan/],
  ["from a fork, which gets none", { shown: null, fork: true }, /#1: it has no comment/],
  ["with a comment that somebody else wrote", { author: "mallory" }, /#1: it has no comment/],
  ["whose comment was too long", { truncated: true }, /#1: its comment was too long to show every machine/],
  [
    "whose comment shows another commit",
    { head: "0".repeat(40) },
    /#1: its comment shows the plan of another commit/,
  ],
] as readonly (readonly [string, Shown, RegExp])[]) {
  test(`a pull request ${what} approves nothing`, async (t) => {
    const place = await pipelinePlace(t);
    place.merge(FROM, san("a"), { shown: { "server-1": "none" }, ...more });
    place.machine("server-1", [KEYS], []);
    assertRefused(place, await place.pipelineApply(), why, "server-1:none");
  });
}

test("a push goes up to a restart, and our own commits of out/ are none", async (t) => {
  const place = await pipelinePlace(t);
  const bare = await place.pipelineApply();
  assert.equal(bare.exit, 0, bare.log);
  place.checkout(place.main());
  place.machine("server-1", [KEYS], []);
  assertRefused(place, await place.pipelineApply(), /no change of it was shown/, "server-1:none");
  place.push(FROM, san("a"));
  place.machine("server-1", [CONFIG], []);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.ok(place.changes().includes("server-1 start"));
});

test("nothing is recorded: it counts as pushed, and becomes the first record", async (t) => {
  const place = await pipelinePlace(t, { recorded: false });
  place.machine("server-1", [CONFIG], []);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 0, log);
  assert.equal(place.recorded()?.machines.size, 4);
});

test("a word in the input accept that is none: refused with what to write", async (t) => {
  const place = await pipelinePlace(t);
  const { exit, log } = await place.pipelineApply({ environment: { QUORATE_ACCEPT: "server-1:anything" } });
  assert.equal(exit, 1);
  assert.match(
    log,
    /accept: "server-1:anything" is no machine with an action%0Anext: write all, or machines/,
  );
  assert.deepEqual(place.log(), []);
});

test("a machine that cannot be asked is left out and said; the others are worked on", async (t) => {
  const place = await pipelinePlace(t);
  const { number } = place.merge(FROM, san("a"), { shown: { "lb-1": "none", "server-3": "restart" } });
  place.machine("lb-1", [KEYS], []);
  place.machine("server-3", null);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1, "not everything is as the config says");
  assert.deepEqual(place.changes(), ["lb-1 send", "lb-1 start", "lb-1 confirm"]);
  assert.match(log, /::warning title=apply::server-3 could not be asked, and is left out$/m);
  const [comment = ""] = place.told(number);
  assert.match(comment, /^### Apply: 1 machine changed, and server-3 was not reached$/m);
  assert.match(comment, /^- server-3 could not be asked, and is left out$/m);
  assert.deepEqual(place.deployments(), ["lb-1 in_progress,success"]);
  assert.equal(place.recorded()?.machines.get("lb-1")?.result, "applied");
});

test("only the machines that a person names; a name that none has is refused", async (t) => {
  const place = await pipelinePlace(t);
  place.merge(FROM, san("a"), { shown: { "server-1": "none", "lb-1": "none" } });
  for (const name of ["server-1", "lb-1"]) place.machine(name, [KEYS], []);
  const stray = await place.pipelineApply({ environment: { QUORATE_NODE: "server-9" } });
  assert.equal(stray.exit, 1);
  assert.match(stray.log, /--node server-9: neither the config nor the record has a machine/);
  assert.deepEqual(place.log(), []);
  const { exit, log } = await place.pipelineApply({ environment: { QUORATE_NODE: " lb-1 ," } });
  assert.equal(exit, 0, log);
  assert.deepEqual(place.changes(), ["lb-1 send", "lb-1 start", "lb-1 confirm"]);
});

test("what the machines need has changed since it was looked at: asked again while they are held", async (t) => {
  const place = await pipelinePlace(t);
  place.merge(FROM, san("a"), { shown: { "server-1": "none" } });
  place.machine("server-1", [KEYS], []);
  place.onTake(`[ "$machine" != server-2 ] || sed -i '1i ${KEYS}' "$PLAY/server-2.look"`);
  const { exit, log } = await place.pipelineApply();
  assert.equal(exit, 1);
  assert.match(log, /server-2 would change \(none\), and no change of it was shown/);
  assert.deepEqual(place.changes(), []);
  assert.ok(place.log().includes("server-1 drop"), "the hold is given back");
});
