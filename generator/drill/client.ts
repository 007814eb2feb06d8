// The client of a drill: asks every way into the cluster at a fixed rate, whatever comes back, each time over a new connection.
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
}

export interface Client {
  /** What was seen so far, without what is under way. */
  readonly seen: () => readonly Sample[];
  /** Sends no more, and resolves with all when what is under way has ended. */
  readonly stop: () => Promise<{
    readonly samples: readonly Sample[];
    readonly from: number;
    readonly to: number;
    /** By how much a request left too late at worst: what is shorter may be this computer's fault, not the cluster's. */
    readonly drift: number;
  }>;
}

/** Begins at once. An open loop: a request that waits holds up none after it, so that a stall is seen at its full length. */
export function startClient({ targets, rate, limit }: ClientOptions): Client {
  const clock = () => performance.timeOrigin + performance.now();
  const samples: Sample[] = [];
  const open = new Set<Promise<void>>();
  const from = clock();
  let sent = 0;
  let drift = 0;
  let timer: NodeJS.Timeout;
  const nextDue = () => from + (sent / rate) * 1000;
  const watch = async (target: Target) => {
    const at = clock();
    const reason = await ask(target, limit);
    samples.push({ target: target.name, at, took: clock() - at, reason });
  };
  const send = () => {
    for (let due = nextDue(); due <= clock(); due = nextDue()) {
      const target = targets[sent % targets.length];
      sent += 1;
      drift = Math.max(drift, clock() - due);
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
      return { samples, from, to, drift: Math.round(drift) };
    },
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
    const late = setTimeout(() => {
      // Behind a stall of this process what has arrived meanwhile is read first.
      setImmediate(() => {
        done("timeout");
        sent.destroy();
      });
    }, limit);
  });
}
