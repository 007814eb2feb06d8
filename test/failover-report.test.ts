// What the comparison of load balancers calls reached: at the limit, not beyond it, and never where nothing was measured.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Measured, numbers } from "./bench/failover/measure.ts";
import { targetLines } from "./bench/failover/report.ts";
import { type Scenario, SCENARIOS, type Target } from "./bench/failover/scenario.ts";
import { OURS, SAMPLE } from "./bench/failover/side.ts";

const GOOD: Measured = {
  requests: 1600,
  lost: 0,
  lostFrom: Infinity,
  lostTo: -Infinity,
  late: 0,
  silence: 300,
  released: [],
  gap: 30,
  p50: 5,
  p99: 10,
  shares: new Map(),
  disturbed: false,
};

/** The line behind the title, and whether it is reached. */
function lines(target: Target, ours: readonly Partial<Measured>[], sample: Partial<Measured> = {}) {
  const [first] = SCENARIOS;
  assert.ok(first);
  const scenario: Scenario = { ...first, title: "it", target };
  const measured = new Map([
    [OURS, ours.map((one) => ({ ...GOOD, ...one }))],
    [SAMPLE, [{ ...GOOD, ...sample }]],
  ]);
  return targetLines({ scenario, measured }).map(
    ({ what, measured, reached }) => `${what} ${measured} ${reached}`,
  );
}

test("every round has to keep the limit of what may be lost, and of how long the vip is away", () => {
  const target = { lost: 2, back: 2500 };
  assert.deepEqual(lines(target, [{ lost: 2, gap: 2499 }]), [
    "it: lost of 1,600 2 true",
    "it: vip answers again 2.5 s true",
    "it: p99 10.0 ms true",
  ]);
  assert.deepEqual(lines(target, [{ lost: 0 }, { lost: 3, gap: 2500 }, { lost: 1 }]).slice(0, 2), [
    "it: lost of 1,600 1 (3) false",
    "it: vip answers again 0.0 s (2.5 s) false",
  ]);
});

test("streams are judged by their median and by their last, and one that stays is never released", () => {
  const target = { released: { median: 4000, worst: 5000 } };
  const judged = (released: readonly number[]) => lines(target, [{ released }]).slice(0, 2);
  assert.deepEqual(judged([3000, 4000, 5000]), [
    "it: 3 streams released, median 4.0 s true",
    "it: the last of them, computed worst 5.0 s true",
  ]);
  assert.deepEqual(judged([4100, 4100, Infinity]), [
    "it: 3 streams released, median 4.1 s false",
    "it: the last of them, computed worst never false",
  ]);
  assert.deepEqual(judged([]), [
    "it: 0 streams released, median never false",
    "it: the last of them, computed worst never false",
  ]);
});

test("a p99 is compared by the median of the rounds, and what two runs of one config differ by is no difference", () => {
  assert.deepEqual(lines({}, [{ p99: 12 }, { p99: 900 }, { p99: 11 }], { p99: 10 }), [
    "it: p99 12.0 ms true",
  ]);
  assert.deepEqual(lines({}, [{ p99: 12.1 }], { p99: 10 }), ["it: p99 12.1 ms false"]);
});

test("an address that never answers again, or never did, is a gap to the last request", () => {
  const asked = (answers: (at: number) => boolean) =>
    Array.from({ length: 10 }, (_, index) => ({
      at: index * 1000,
      took: answers(index * 1000) ? 5 : 10_000,
      ok: answers(index * 1000),
      server: "s",
    }));
  const gap = (answers: (at: number) => boolean) =>
    numbers({ requests: asked(answers), streams: [] }, 3000, "s").gap;
  assert.equal(
    gap((at) => at < 3000),
    6995,
  );
  assert.equal(
    gap(() => false),
    9000,
  );
  assert.equal(
    gap((at) => at < 3000 || at > 5000),
    4000,
  );
});
