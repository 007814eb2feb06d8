// What a client saw during one failure, request by request, and what that says: how many failed, and for how long it was felt.

/** One request. Moments are in milliseconds since 1970. */
export interface Sample {
  readonly target: string;
  readonly at: number;
  /** With its retries, where it is made again. */
  readonly took: number;
  /** Of the first try. Null: a good answer. Else why not: a code such as ECONNREFUSED, "timeout", or "status 503". */
  readonly reason: string | null;
  /** Of the last try. */
  readonly left: string | null;
}

export interface Felt {
  readonly target: string;
  readonly sent: number;
  readonly failed: number;
  /**
   * For how long new requests failed, at a time, in milliseconds: from the beginning of the first one to that of the last one, with
   * no `CALM_MS` between them in which all went well. One that hangs does so until its client gives up, which no cluster promises
   * anything about.
   */
  readonly lasted: number;
  /** The longest time without the end of a good answer. */
  readonly longestGap: number;
  /** Of the good answers: half, and 99 of 100, were there within so many milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Why, with how often, the most frequent first. */
  readonly reasons: readonly (readonly [string, number])[];
}

/** Longer than two looks of a health check: what fails afterwards is another time, as when a machine comes back. */
const CALM_MS = 2000;

/** What was felt at one target. `from` and `to`: when the client began and stopped. */
export function feltAt(target: string, samples: readonly Sample[], from: number, to: number): Felt {
  const own = samples
    .filter((sample) => sample.target === target)
    .toSorted((one, other) => one.at - other.at);
  const bad = own.filter(({ reason }) => reason !== null);
  const good = own.filter(({ reason }) => reason === null);
  const answers = good.map(({ at, took }) => at + took).toSorted((one, other) => one - other);
  const moments = [from, ...answers.filter((at) => at < to), to];
  const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? at));
  const times = good.map(({ took }) => took).toSorted((one, other) => one - other);
  const counts = new Map<string, number>();
  for (const { reason } of bad) if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return {
    target,
    sent: own.length,
    failed: bad.length,
    lasted: Math.round(longestTime(bad)),
    longestGap: Math.round(Math.max(0, ...gaps)),
    p50: Math.round(times[Math.floor(times.length / 2)] ?? 0),
    p99: Math.round(times[Math.floor(times.length * 0.99)] ?? 0),
    reasons: [...counts].toSorted(([, one], [, other]) => other - one),
  };
}

/** Of requests in the order in which they were sent. */
function longestTime(bad: readonly Sample[]): number {
  let longest = 0;
  let first = 0;
  for (const [index, { at }] of bad.entries()) {
    const before = bad[index - 1]?.at;
    if (before === undefined || at - before > CALM_MS) first = at;
    longest = Math.max(longest, at - first);
  }
  return longest;
}
