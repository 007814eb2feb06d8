// What is done to the load balancers and the servers behind them while a client asks, and what of it has to be reached.
import { setTimeout as sleep } from "node:timers/promises";
import { API_CHECK } from "../../../generator/model/timing.ts";
import { detection, type FailureMode } from "../../../generator/tolerance/interruption.ts";
import { until } from "../../support/namespace.ts";
import type { Place } from "./place.ts";
import type { Side } from "./side.ts";

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly port: 6443 | 80;
  readonly balancers: 1 | 2;
  readonly streams: number;
  /** New connections are made for so long, whatever comes back. */
  readonly seconds: number;
  /** Already while the checks warm up. */
  readonly before?: (place: Place) => Promise<void>;
  /** Returns when it begins: milliseconds since 1970. */
  readonly act: (place: Place, side: Side) => Promise<number>;
  readonly target: Target;
}

/** What ours has to reach, in every round; the medians over all rounds. Milliseconds and counts; p99 always. */
export interface Target {
  readonly lost?: number;
  /** How long a stream to the failed server hangs. */
  readonly released?: { readonly median: number; readonly worst: number };
  /** Longest time without an answer at the vip. */
  readonly back?: number;
}

/** New TLS connections a second. */
export const RATE = 40;
const STREAMS = 30;
/** Of calm, before something is done. Milliseconds. */
const CALM = 2000;
/** A server that is restarted is away for so long. */
const AWAY = 8000;
const RELOADS = 5;

/** The cable is cut first: a machine without power says no good-bye. */
async function cut({ lan }: Place, machine: string): Promise<void> {
  await lan.must(["ip", "link", "set", machine, "down"]);
}

const kill = ({ failing }: Place) => failing.standIn().program.signal("KILL");
const freeze = ({ failing }: Place) => failing.standIn().program.signal("STOP");

function failure(what: (place: Place) => Promise<void>): Scenario["act"] {
  return async (place) => {
    await sleep(CALM);
    const begun = Date.now();
    await what(place);
    return begun;
  };
}

async function restart(place: Place, side: Side): Promise<number> {
  await sleep(CALM);
  const begun = Date.now();
  for (const { haproxy } of place.balancers) await side.takeOut(haproxy, place.failing.name);
  await kill(place);
  await sleep(AWAY);
  await place.failing.start();
  for (const { haproxy } of place.balancers) await side.takeBack(haproxy, place.failing.name);
  return begun;
}

async function reload(place: Place, side: Side): Promise<number> {
  await sleep(CALM);
  const begun = Date.now();
  for (let count = 0; count < RELOADS; count++) {
    for (const { machine, haproxy } of place.balancers) await side.reload(machine, haproxy);
    await sleep(2500);
  }
  return begun;
}

function released(mode: FailureMode, median: number): Target["released"] & object {
  return { median, worst: detection(API_CHECK, mode).worst };
}

const API = { port: 6443, balancers: 1, streams: STREAMS } as const;

/** Those that need a long warm-up of what follows are spread out: it is warmed up meanwhile. */
export const SCENARIOS: readonly Scenario[] = [
  {
    ...API,
    name: "killed",
    title: "API server killed: its port is closed",
    seconds: 40,
    act: failure(kill),
    target: { lost: 0 },
  },
  {
    ...API,
    name: "blackholed",
    title: "API server gone: nothing answers",
    seconds: 40,
    act: failure((place) => cut(place, place.failing.name)),
    target: { lost: 2, released: released("unreachable", 4000) },
  },
  {
    ...API,
    name: "hung",
    title: "API server hangs: accepts, never answers",
    seconds: 40,
    act: failure(freeze),
    target: { lost: 3, released: released("hung", 5500) },
  },
  {
    ...API,
    name: "ingress",
    title: "ingress hangs",
    port: 80,
    seconds: 40,
    act: failure(freeze),
    target: { lost: 25 },
  },
  {
    ...API,
    name: "restart",
    title: "server restarted on purpose",
    seconds: 24,
    act: restart,
    target: { lost: 0 },
  },
  { ...API, name: "reload", title: `${RELOADS} reloads`, seconds: 20, act: reload, target: { lost: 0 } },
  {
    ...API,
    name: "reload-down",
    title: `${RELOADS} reloads, a server down`,
    seconds: 20,
    async before(place) {
      await kill(place);
      await until("the server is down", 60_000, async () => {
        const states = await Promise.all(place.balancers.map(({ haproxy }) => haproxy.states()));
        const down = states.every((all) => all.get(`be_api/${place.failing.name}`)?.startsWith("DOWN"));
        return down || undefined;
      });
    },
    act: reload,
    target: { lost: 0 },
  },
  {
    ...API,
    name: "vip-host",
    title: "load balancer loses power",
    balancers: 2,
    // A client that only listens would learn of it from timers of its own: these are not what is compared.
    streams: 0,
    seconds: 15,
    act: failure(async (place) => {
      const machine = place.balancers[0]?.machine;
      if (!machine) return;
      await cut(place, machine.name);
      await machine.powerOff();
    }),
    target: { back: 2500 },
  },
  {
    ...API,
    name: "vip-haproxy",
    title: "HAProxy killed, systemd restarts it",
    balancers: 2,
    seconds: 12,
    act: failure(async ({ balancers }) => balancers[0]?.haproxy.kill()),
    target: { back: 1000 },
  },
];
