// One scenario on one side: the load runs, the thing is done, and what the client saw becomes numbers.
import { setTimeout as sleep } from "node:timers/promises";
import { VIP } from "../../support/clusters.ts";
import type { LoadReport } from "../../support/load.ts";
import { startLoad } from "../../support/programs.ts";
import type { Place } from "./place.ts";
import { RATE, type Scenario } from "./scenario.ts";
import type { Side } from "./side.ts";

/** Milliseconds, counts, and shares from 0 to 1. */
export interface Measured {
  readonly requests: number;
  readonly lost: number;
  /** When the first and the last of them began, from the failure on. */
  readonly lostFrom: number;
  readonly lostTo: number;
  readonly late: number;
  /** The longest silence of any stream, opened anew as soon as it ended; null without streams. */
  readonly silence: number | null;
  /** From the failure to the end of each stream to the failed server; Infinity for one that was still open at the end. */
  readonly released: readonly number[];
  /** The longest time without an answer to a new connection. */
  readonly gap: number;
  readonly p50: number;
  readonly p99: number;
  /** Of the answers, by the name of the server. */
  readonly shares: ReadonlyMap<string, number>;
  /** A server that nobody touched was taken for down: this computer was too busy to answer the checks. */
  readonly disturbed: boolean;
}

/** Answered, but only after so long. */
const LATE = 300;
/** What a lost request counts as in the percentiles: as long as the client would have waited. */
const LIMIT = 10_000;
/** How long after the failure a silent stream is waited for: longer than any `timeout server` here. */
const PATIENCE = 62_000;

/** The checks have to be warm. Every time of a failure between two checks is as likely. */
export async function measure(place: Place, side: Side, scenario: Scenario): Promise<Measured> {
  const { port, seconds, streams } = scenario;
  await sleep(Math.random() * side.inter);
  const load = await startLoad(place.lan, {
    host: VIP,
    port,
    rate: RATE,
    requests: RATE * seconds,
    streams,
    reopen: true,
  });
  const end = performance.now() + seconds * 1000;
  const begun = await scenario.act(place, side);
  await sleep(Math.max(0, end - performance.now()));
  while ((await load.silent()) > 0 && Date.now() < begun + PATIENCE) await sleep(250);
  const disturbed = await wronglyDown(place);
  const report = await load.stop();
  return { ...numbers(report, begun, place.failing.address.replace(/:\d+$/, `:${port}`)), disturbed };
}

/** Of the workers that are there now: a reload begins to count anew, and a load balancer may be gone. */
async function wronglyDown({ balancers, failing }: Place): Promise<boolean> {
  const tables = await Promise.all(balancers.map(({ haproxy }) => haproxy.ask("show stat").catch(() => "")));
  return tables.some((text) => {
    const [head = [], ...rows] = text.split("\n").map((row) => row.replace(/^# /, "").split(","));
    const column = (name: string) => head.indexOf(name);
    const untouched = rows.filter((row) => !["BACKEND", "FRONTEND", failing.name].includes(row[1] ?? ""));
    return untouched.some((row) => Number(row[column("chkdown")] || 0) > 0);
  });
}

/** `begun`: milliseconds since 1970. `failed`: the server, as the load names it. */
export function numbers(
  { requests, streams }: LoadReport,
  begun: number,
  failed: string,
): Omit<Measured, "disturbed"> {
  const took = requests.map(({ ok, took }) => (ok ? took : LIMIT)).toSorted((one, other) => one - other);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  const answered = requests.filter(({ ok }) => ok);
  const lost = requests.filter(({ ok }) => !ok).map(({ at }) => at - begun);
  // From the first request to the beginning of the last: a vip that never comes back is a gap too.
  const asked = requests.map(({ at }) => at).toSorted((one, other) => one - other);
  const moments = [...answered.map(({ at, took }) => at + took), ...asked.slice(0, 1), ...asked.slice(-1)];
  const ends = moments.toSorted((one, other) => one - other);
  return {
    requests: requests.length,
    lost: lost.length,
    lostFrom: Math.min(...lost),
    lostTo: Math.max(...lost),
    late: answered.filter(({ took }) => took > LATE).length,
    silence: streams.length === 0 ? null : Math.max(...streams.map(({ silence }) => silence)),
    released: streams
      .filter(({ server }) => server === failed)
      .map(({ closed }) => (closed === null ? Infinity : closed - begun)),
    gap: Math.max(...ends.map((end, index) => end - (ends[index - 1] ?? end))),
    p50: at(0.5),
    p99: at(0.99),
    shares: new Map(
      [...new Set(answered.map(({ server }) => server))].toSorted().map((name) => {
        return [name, answered.filter(({ server }) => server === name).length / answered.length];
      }),
    ),
  };
}
