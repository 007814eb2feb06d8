// setInterval for a test that will not wait: what was set is done when the test says so.
import type { TestContext } from "node:test";

export interface Intervals {
  /** Milliseconds of each that runs. */
  readonly running: () => readonly number[];
  /** Each that runs is done once. */
  readonly tick: () => void;
}

export function playIntervals(t: TestContext): Intervals {
  const all = new Map<object, { readonly work: () => void; readonly every: number }>();
  t.mock.method(globalThis, "setInterval", (work: () => void, every: number) => {
    const timer = { unref: () => timer };
    all.set(timer, { work, every });
    return timer;
  });
  t.mock.method(globalThis, "clearInterval", (timer: object) => void all.delete(timer));
  return {
    running: () => [...all.values()].map(({ every }) => every),
    tick: () => [...all.values()].forEach(({ work }) => work()),
  };
}
