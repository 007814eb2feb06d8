// How long the times of a cron line are apart: known answers, and a calendar walked minute by minute.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { longestPause } from "../generator/render/schedule.ts";

const HOUR = 60;
const DAY = 24 * HOUR;

for (const [schedule, minutes] of [
  ["0 */12 * * *", 12 * HOUR],
  ["0 */6 * * *", 6 * HOUR],
  ["*/15 * * * *", 15],
  ["* * * * *", 1],
  ["30 3 * * *", DAY],
  ["0 2,3 * * *", 23 * HOUR],
  ["0 8-18/2 * * *", 14 * HOUR],
  ["0 3 * * 0", 7 * DAY],
  ["0 3 * * 1-5", 3 * DAY],
  ["0 3 1 * *", 31 * DAY],
  ["0 3 29 2 *", (4 * 365 + 1) * DAY],
  // Both limited: either counts. A step above one is a limit, * and */1 are none.
  ["0 3 1 * 0", 7 * DAY],
  ["0 3 1 * */2", 2 * DAY],
  ["0 3 1 * */1", 31 * DAY],
  ["0 5/12 * * *", 12 * HOUR],
  ["0 3 30 2 *", Infinity],
] as const) {
  test(`the times of "${schedule}" are at most ${minutes / HOUR} hours apart`, () => {
    assert.equal(longestPause(schedule), minutes);
  });
}

test("a walk through two months of any minutes and hours finds the same pause", () => {
  const numbers = (most: number) =>
    fc.uniqueArray(fc.integer({ min: 0, max: most }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(numbers(59), numbers(23), numbers(6), (minutes, hours, weekdays) => {
      let [longest, last] = [0, -1];
      for (let at = 0; at < 60 * DAY; at++) {
        const weekday = new Date(Date.UTC(2024, 0, 1, 0, at)).getUTCDay();
        if (!minutes.includes(at % 60) || !hours.includes(Math.floor(at / 60) % 24)) continue;
        if (!weekdays.includes(weekday)) continue;
        if (last >= 0) longest = Math.max(longest, at - last);
        last = at;
      }
      assert.equal(longestPause(`${minutes} ${hours} * * ${weekdays}`), longest);
    }),
    { numRuns: 20 },
  );
});
