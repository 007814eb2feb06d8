// A program: the client of a drill in a process of its own, so that a busy test does not delay it. It says all that it saw when
// standard input ends.
import { type Drift, startClient } from "../../generator/drill/client.ts";
import type { Sample } from "../../generator/drill/sample.ts";

export interface Target {
  readonly name: string;
  /** http or https; whoever answers is believed. */
  readonly url: string;
  /** The status codes of a good answer. */
  readonly expect: readonly number[];
}

export interface ClientPlan {
  /** Asked in turn. */
  readonly targets: readonly Target[];
  /** Requests a second, of all targets together. */
  readonly rate: number;
  /** How often a failed request is made once more, at once and over a new connection. */
  readonly retries: number;
  /** Milliseconds, for one request from the connection to the last byte. */
  readonly limit: number;
}

/** Of one target. Times are in milliseconds, moments since 1970. */
export interface Seen {
  readonly name: string;
  readonly sent: number;
  /** At the first try, and still after the retries. */
  readonly failed: number;
  readonly failedAfterRetry: number;
  /** The longest time without the end of a good answer, from the start to the stop of the client. */
  readonly longestGap: { readonly from: number; readonly took: number };
  /** The longest that a good answer took, from its first try on. */
  readonly slowest: number;
}

export interface Failure {
  readonly target: string;
  readonly at: number;
  readonly took: number;
  /** Of the first try: a code such as ECONNREFUSED, "timeout", or "status 503". */
  readonly reason: string;
  /** Of the last retry; null where that was answered well, or there was none. */
  readonly again: string | null;
}

export interface Report {
  readonly targets: readonly Seen[];
  /** The first ones, at most FAILURES of them. */
  readonly failures: readonly Failure[];
  readonly drift: Drift;
}

const FAILURES = 1000;

const plan: ClientPlan = JSON.parse(process.argv[2] ?? "");
const client = startClient({
  ...plan,
  targets: plan.targets.map(({ expect, ...target }) => ({
    ...target,
    good: (status) => expect.includes(status),
  })),
});

async function report(): Promise<Report> {
  const { samples, from, to, drift } = await client.stop();
  return {
    targets: plan.targets.map(({ name }) => seenAt(name, samples, from, to)),
    failures: samples
      .flatMap(({ target, at, took, reason, left }) =>
        reason === null
          ? []
          : [
              {
                target,
                at: Math.round(at),
                took: Math.round(took),
                reason,
                again: plan.retries > 0 ? left : null,
              },
            ],
      )
      .slice(0, FAILURES)
      .toSorted((one, other) => one.at - other.at),
    drift,
  };
}

function seenAt(name: string, samples: readonly Sample[], from: number, stop: number): Seen {
  const own = samples.filter(({ target }) => target === name);
  const good = own.filter(({ left }) => left === null);
  const ends = good.map(({ at, took }) => at + took).toSorted((one, other) => one - other);
  return {
    name,
    sent: own.length,
    failed: own.filter(({ reason }) => reason !== null).length,
    failedAfterRetry: own.length - good.length,
    slowest: Math.round(good.reduce((most, { took }) => Math.max(most, took), 0)),
    // What was still under way may have been answered after the stop.
    longestGap: longestGap([from, ...ends, Math.max(stop, ...ends.slice(-1))]),
  };
}

function longestGap(sorted: readonly number[]): Seen["longestGap"] {
  let longest = { from: sorted[0] ?? 0, took: 0 };
  for (const [index, at] of sorted.entries()) {
    const from = sorted[index - 1] ?? at;
    if (at - from > longest.took) longest = { from, took: at - from };
  }
  return { from: Math.round(longest.from), took: Math.round(longest.took) };
}

process.stdin.resume().on("end", () => {
  void report().then((seen) => process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit(0)));
});
process.stdout.write("ready\n");
