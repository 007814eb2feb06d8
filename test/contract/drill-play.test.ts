// How a drill makes its failures and ends them, with machines that are played: what is left when something goes wrong.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TakenOver } from "../../generator/apply/job.ts";
import { Interrupted } from "../../generator/dialogue.ts";
import { actsOf } from "../../generator/drill/acts.ts";
import { playAll } from "../../generator/drill/play-all.ts";
import { NotMade, play } from "../../generator/drill/play.ts";
import { holdVip } from "../../generator/drill/vip.ts";
import { refuseIll } from "../../generator/drill/well.ts";
import { Failure } from "../../generator/failure.ts";
import type { Node } from "../../generator/model/cluster.ts";
import { drillPlay, FENCE } from "../support/drill-play.ts";

const TAKEN = { exit: 75, stdout: "40 ann@laptop\n" };

// They mostly wait.
describe("a failure of a drill, on machines that are played", { concurrency: true }, () => {
  test("what was made by half is well again before the next failure is made", async (t) => {
    const asked: string[] = [];
    const place = await drillPlay(t, { power: async (name, to) => void asked.push(`${name} ${to}`) });
    place.next("restart k3s", { exit: 1, stderr: "timed out\n" });
    place.ill("server-1", 2);
    const { measured, notMade, ended } = await playAll(place.drill, [
      place.scenario("server-1/restart", { seconds: 0 }),
      place.scenario("server-2/power", { seconds: 0, noticed: "none" }),
    ]);
    assert.deepEqual([measured.map(({ id }) => id), ended], [["server-2/power"], null]);
    assert.match(notMade[0]?.why ?? "", /^server-1: timed out;/);
    assert.deepEqual(asked, ["server-2 off", "server-2 on"]);

    const gone = new AbortController();
    place.next("restart k3s", () => gone.abort());
    place.ill("server-1", 3);
    // Of one that does not get well the drill ends: here because nobody waits any more.
    const drill = { ...place.drill, interrupted: gone.signal };
    await assert.rejects(play(drill, place.scenario("server-1/restart")), (error: Failure) => {
      assert.ok(!(error instanceof NotMade));
      assert.match(error.message, /^interrupted; then: interrupted; not well yet: server-1 is working/);
      return true;
    });
  });

  test("where another one has taken over the drill ends, and leaves to it what lies on the machine", async (t) => {
    const asked: string[] = [];
    const place = await drillPlay(t, { power: async (name, to) => void asked.push(`${name} ${to}`) });
    place.next("lease take", TAKEN);
    const all = [place.scenario("server-1/power"), place.scenario("server-2/power")];
    const { notMade, ended } = await playAll(place.drill, all);
    assert.deepEqual(notMade, []);
    assert.match(ended ?? "", /^server-1\/power: another apply or drill works on server-1: ann@laptop;/);
    assert.deepEqual(asked, []);

    const acts = actsOf(place.drill, place.scenario("server-1/stopped"));
    place.next("lease take", TAKEN);
    await assert.rejects(acts.make(), TakenOver);
    const before = place.ran.length;
    await acts.heal();
    assert.equal(place.ran.length, before);
  });

  test("every script of a failure ends at the fence, and a machine's own healing is taken from it only when it is healed", async (t) => {
    const place = await drillPlay(t);
    const acts = actsOf(place.drill, place.scenario("server-1/stopped"));
    await acts.make();
    await acts.renew();
    place.next("start --no-block k3s; }", { exit: 1, stderr: "no\n" });
    await assert.rejects(acts.heal(), /^Failure: server-1: no$|no/);
    await acts.heal();
    assert.equal(place.ran.length, 4);
    for (const line of place.ran) assert.ok(line.startsWith(`server-1: ${FENCE}\n`), line);
    assert.match(
      place.ran[3] ?? "",
      /\n\{ systemctl start --no-block k3s; \} \|\| exit 1\nsystemctl stop quorate-drill/,
    );
    assert.match(place.ran[0] ?? "", / later quorate-drill [^]*systemctl stop k3s/);
  });

  test("what a machine says is shown without what moves a cursor, and without what looks like a secret", async (t) => {
    const place = await drillPlay(t);
    const token = "K10deadbeef".padEnd(70, "0");
    place.next("restart k3s", { exit: 1, stderr: `first\n\u001b[2Jno ${token}::server:abc\n` });
    await assert.rejects(actsOf(place.drill, place.scenario("server-1/restart")).make(), (error: Failure) => {
      assert.match(error.message, /^server-1: .*no /);
      assert.ok(!error.message.includes("\u001b"), error.message);
      assert.ok(!error.message.includes(token), error.message);
      return true;
    });
  });

  test("a machine that may be cut off is not believed to be well before it has healed itself", async (t) => {
    const place = await drillPlay(t);
    const acts = actsOf(place.drill, place.scenario("server-1/cut", { seconds: 0.5 }));
    await acts.make();
    const healed = async () => {
      const begun = performance.now();
      await acts.heal();
      return performance.now() - begun;
    };
    assert.ok((await healed()) < 400);
    place.next("ip link set", { finished: false, message: "no answer in time", next: "" });
    await assert.rejects(acts.make(), /no answer in time/);
    assert.ok((await healed()) > 900);
  });

  test("a machine is told at once that we are there: to make the failure may have taken most of its time", async (t) => {
    const place = await drillPlay(t);
    await play(place.drill, place.scenario("server-1/hung", { seconds: 0.3, noticed: "none" }));
    const words = place.ran.map((line) =>
      line.includes("--signal=STOP k3s") ? "make" : line.includes("{ systemctl kill") ? "heal" : "renew",
    );
    assert.deepEqual(words, ["make", "renew", "heal"]);
  });

  test("after Ctrl-C no failure is made any more, also where it was about to be", async (t) => {
    const asked: string[] = [];
    const gone = new AbortController();
    const power = async (name: string, to: string) => void asked.push(`${name} ${to}`);
    const place = await drillPlay(t, { power, interrupted: gone.signal });
    setTimeout(() => gone.abort(), 200);
    await assert.rejects(play(place.drill, place.scenario("server-1/power")), /^[^]*interrupted/);
    assert.deepEqual(asked, []);
  });

  test("a switch that fails may have switched: the power is brought back, and where that fails it is said", async (t) => {
    const asked: string[] = [];
    const power = async (name: string, to: string) => {
      asked.push(`${name} ${to}`);
      throw new Failure(`no ${to}`, "try it");
    };
    const place = await drillPlay(t, { power });
    await assert.rejects(play(place.drill, place.scenario("server-1/power")), NotMade);
    assert.deepEqual(asked, ["server-1 off", "server-1 on"]);
    assert.match(
      place.said.at(-1) ?? "",
      /^server-1 may still be as the failure left it: no on; look at it:/,
    );
  });

  test("a person who leaves the question ends the drill, is asked for the plug, and keeps what was measured", async (t) => {
    const asked: string[] = [];
    const power = async (name: string, to: string) => {
      asked.push(`${name} ${to}`);
      if (name === "server-2" && to === "off") throw new Interrupted("the person did not answer");
    };
    const place = await drillPlay(t, { power });
    const short = { seconds: 0, noticed: "none" } as const;
    const all = ["server-1/power", "server-2/power", "server-3/power"].map((id) => place.scenario(id, short));
    const { measured, ended } = await playAll(place.drill, all);
    assert.deepEqual([measured.map(({ id }) => id), ended], [["server-1/power"], "interrupted"]);
    assert.deepEqual(asked, ["server-1 off", "server-1 on", "server-2 off", "server-2 on"]);
  });

  test("a registration address that nobody of the cluster holds: not well", async (t) => {
    const place = await drillPlay(t);
    await refuseIll(place.drill);
    for (const holder of [null, "lb-of-another"]) {
      place.holds(holder);
      await assert.rejects(
        refuseIll(place.drill),
        /no load balancer of this cluster answers at the registration/,
      );
    }
  });

  test("the address is brought to the one load balancer of three: the others step back, and come again whatever happens", async (t) => {
    const place = await drillPlay(t, {}, 3);
    const third = place.cluster.nodes.find(({ name }) => name === "lb-3") as Node;
    const yielded = new Set<string>();
    place.next(" yield ", (name) => {
      yielded.add(name);
      place.holds(yielded.size === 2 ? "lb-3" : "lb-2");
    });
    await holdVip(place.drill, third);
    const words = () =>
      place.ran.map((line) => `${line.slice(0, 4)} ${line.includes(" yield ") ? "away" : "back"}`);
    assert.deepEqual(words(), ["lb-1 away", "lb-2 away", "lb-1 back", "lb-2 back"]);
    await holdVip(place.drill, third);
    assert.equal(place.ran.length, 4, "it holds it already");

    const gone = new AbortController();
    gone.abort();
    place.holds(null);
    place.next(" yield ", {});
    await assert.rejects(holdVip({ ...place.drill, interrupted: gone.signal }, third), /does not take/);
    assert.deepEqual(words().slice(4), ["lb-1 away", "lb-2 away", "lb-1 back", "lb-2 back"]);
  });
});
