// A client of the cluster: asks every way into it at a fixed rate, whatever comes back, each time over a new connection.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Sample } from "./sample.ts";

export interface Target {
  readonly name: string;
  /** http or https; whoever answers is believed: no secret is sent. */
  readonly url: string;
  /** Whether that status is a good answer. */
  readonly good: (status: number) => boolean;
}

export interface ClientOptions {
  /** Asked in turn. */
  readonly targets: readonly Target[];
  /** Requests a second, of all targets together. */
  readonly rate: number;
  /** Milliseconds, for one request from the connection to the last byte. */
  readonly limit: number;
  /** How often a failed request is made once more, at once and over a new connection; never unless said. */
  readonly retries?: number;
}

/** By how many milliseconds requests left too late: what is shorter may be this computer's fault, not the cluster's. */
export interface Drift {
  readonly p99: number;
  readonly worst: number;
  /** When that was, in milliseconds since 1970. */
  readonly worstAt: number;
}

export interface Client {
  /** What was seen so far, without what is under way. */
  readonly seen: () => readonly Sample[];
  /** Sends no more, and resolves with all when what is under way has ended. */
  readonly stop: () => Promise<{
    readonly samples: readonly Sample[];
    readonly from: number;
    readonly to: number;
    readonly drift: Drift;
  }>;
}

/** Begins at once. An open loop: a request that waits holds up none after it, so that a stall is seen at its full length. */
export function startClient({ targets, rate, limit, retries = 0 }: ClientOptions): Client {
  const clock = () => performance.timeOrigin + performance.now();
  const samples: Sample[] = [];
  const open = new Set<Promise<void>>();
  const from = clock();
  const drifts: number[] = [];
  let timer: NodeJS.Timeout;
  const nextDue = () => from + (drifts.length / rate) * 1000;
  const watch = async (target: Target) => {
    const at = clock();
    const reason = await ask(target, limit);
    let left = reason;
    for (let tries = retries; left !== null && tries > 0; tries--) left = await ask(target, limit);
    samples.push({ target: target.name, at, took: clock() - at, reason, left });
  };
  // One that is late goes out all the same: what a stall of this computer holds up is not left out.
  const send = () => {
    for (let due = nextDue(); due <= clock(); due = nextDue()) {
      const target = targets[drifts.length % targets.length];
      drifts.push(clock() - due);
      if (!target) continue;
      const asking = watch(target).finally(() => open.delete(asking));
      open.add(asking);
    }
    timer = setTimeout(send, Math.max(1, nextDue() - clock()));
  };
  send();
  return {
    seen: () => samples,
    stop: async () => {
      clearTimeout(timer);
      const to = clock();
      await Promise.all(open);
      return { samples, from, to, drift: driftOf(drifts, from, rate) };
    },
  };
}

function driftOf(drifts: readonly number[], from: number, rate: number): Drift {
  const worst = drifts.reduce((most, one) => Math.max(most, one), 0);
  const sorted = drifts.toSorted((one, other) => one - other);
  return {
    p99: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
    worst: Math.round(worst),
    worstAt: Math.round(from + (Math.max(0, drifts.indexOf(worst)) / rate) * 1000),
  };
}

/** Why it failed, or null. */
function ask({ url, good }: Target, limit: number): Promise<string | null> {
  return new Promise((resolve) => {
    const request = url.startsWith("https:") ? requestHttps : requestHttp;
    const done = (reason: string | null) => {
      clearTimeout(late);
      resolve(reason);
    };
    const failed = (error: NodeJS.ErrnoException) => done(error.code ?? error.message);
    const sent = request(url, { agent: false, rejectUnauthorized: false }, (response) => {
      const { statusCode = 0 } = response;
      response
        .on("error", failed)
        .on("end", () => done(good(statusCode) ? null : `status ${statusCode}`))
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
