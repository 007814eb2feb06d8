// A program: a client of the cluster, in a process of its own so that a busy test does not delay it. It asks at a fixed rate
// whatever comes back, each time over a new connection, and says all that it saw when standard input ends.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

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
  /** By how much requests left too late: what is shorter than that may be this computer's fault, not the cluster's. */
  readonly drift: { readonly p99: number; readonly worst: number; readonly worstAt: number };
}

const FAILURES = 1000;

const { targets, rate, retries, limit }: ClientPlan = JSON.parse(process.argv[2] ?? "");
const clock = () => performance.timeOrigin + performance.now();
const all = targets.map((target) => ({
  target,
  sent: 0,
  failed: 0,
  failedAfterRetry: 0,
  slowest: 0,
  good: [] as number[],
}));
const failures: Failure[] = [];
const drifts: number[] = [];
const open = new Set<Promise<void>>();
const begin = clock();
const nextDue = () => begin + (drifts.length / rate) * 1000;
let timer: NodeJS.Timeout;

/** One that is late goes out all the same: what a stall of this computer holds up is not left out. */
function send(): void {
  for (let due = nextDue(); due <= clock(); due = nextDue()) {
    const one = all[drifts.length % all.length];
    drifts.push(clock() - due);
    if (!one) continue;
    const asking = watch(one).finally(() => open.delete(asking));
    open.add(asking);
  }
  timer = setTimeout(send, Math.max(1, nextDue() - clock()));
}

async function watch(one: (typeof all)[number]): Promise<void> {
  const at = clock();
  one.sent += 1;
  const reason = await ask(one.target);
  let last = reason;
  for (let left = retries; last !== null && left > 0; left--) last = await ask(one.target);
  const end = clock();
  if (last === null) {
    one.good.push(end);
    one.slowest = Math.max(one.slowest, end - at);
  } else one.failedAfterRetry += 1;
  if (reason === null) return;
  one.failed += 1;
  if (failures.length >= FAILURES) return;
  const again = retries > 0 ? last : null;
  failures.push({ target: one.target.name, at: Math.round(at), took: Math.round(end - at), reason, again });
}

/** Why it failed, or null. */
function ask({ url, expect }: Target): Promise<string | null> {
  return new Promise((resolve) => {
    const request = url.startsWith("https:") ? requestHttps : requestHttp;
    const done = (reason: string | null) => {
      clearTimeout(late);
      resolve(reason);
    };
    const failed = (error: NodeJS.ErrnoException) => done(error.code ?? error.message);
    const sent = request(url, { agent: false, rejectUnauthorized: false }, (response) => {
      const { statusCode = 0 } = response;
      const good = expect.includes(statusCode);
      response
        .on("error", failed)
        .on("end", () => done(good ? null : `status ${statusCode}`))
        .resume();
    });
    sent.on("error", failed).end();
    // Behind a stall of this process what has arrived meanwhile is read first.
    const late = setTimeout(() => {
      setImmediate(() => {
        done("timeout");
        sent.destroy();
      });
    }, limit);
  });
}

async function report(): Promise<Report> {
  clearTimeout(timer);
  const stop = clock();
  await Promise.all(open);
  const worst = drifts.reduce((most, one) => Math.max(most, one), 0);
  const worstAt = begin + (Math.max(0, drifts.indexOf(worst)) / rate) * 1000;
  drifts.sort((one, other) => one - other);
  return {
    targets: all.map(({ target, good, slowest, ...counts }) => {
      // What was still under way may have been answered after the stop.
      const end = Math.max(stop, ...good.slice(-1));
      const gap = longestGap([begin, ...good, end]);
      return { name: target.name, ...counts, slowest: Math.round(slowest), longestGap: gap };
    }),
    failures: failures.toSorted((one, other) => one.at - other.at),
    drift: {
      p99: Math.round(drifts[Math.floor(drifts.length * 0.99)] ?? 0),
      worst: Math.round(worst),
      worstAt: Math.round(worstAt),
    },
  };
}

function longestGap(moments: readonly number[]): Seen["longestGap"] {
  let longest = { from: begin, took: 0 };
  const sorted = moments.toSorted((one, other) => one - other);
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
send();
