// A small cluster of namespaces for one measurement: three servers, one or two load balancers, and a client's place.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { type Cluster, ofRole } from "../../../generator/model/cluster.ts";
import { masterDown } from "../../../generator/tolerance/interruption.ts";
import { makeCluster, VIP } from "../../support/clusters.ts";
import { type Machine, openLan, openMachine, until } from "../../support/namespace.ts";
import {
  makeCertificate,
  type RunningHaproxy,
  type RunningStandIn,
  startProxy,
  startStandIn,
} from "../../support/programs.ts";
import type { Keeper } from "../../support/scratch.ts";
import type { Behaviour } from "../../support/stand-in.ts";
import type { Side } from "./side.ts";

export interface Place {
  readonly lan: Machine;
  readonly balancers: readonly Balancer[];
  /** The server that fails, in a machine of its own; the two others are in `lan`. */
  readonly failing: Failing;
  /** When its checks began: milliseconds of performance.now(). */
  readonly opened: number;
}

export interface Balancer {
  readonly machine: Machine;
  readonly haproxy: RunningHaproxy;
}

export interface Failing {
  readonly name: string;
  /** ADDRESS:PORT of its API, as its streams call it. */
  readonly address: string;
  readonly machine: Machine;
  readonly standIn: () => RunningStandIn;
  readonly start: () => Promise<void>;
}

/** A stream says something so often, milliseconds. */
const TICK = 250;
const PORTS = [6443, 80];

/** Returns when every HAProxy answers and, where there are two, the first of them holds the vip. */
export async function openPlace(t: Keeper, side: Side, balancerCount: number): Promise<Place> {
  const cluster = makeCluster({ loadBalancers: balancerCount });
  const servers = ofRole(cluster, "server");
  const last = servers[servers.length - 1];
  if (!last) throw new Error("no server");
  const rest = servers.filter((server) => server !== last);
  const lan = await openLan(t, ["10.0.0.200/16", ...rest.map(({ address }) => `${address}/32`)]);
  const own = await openMachine(t, last.name);
  await own.plug(lan, "eth0", [`${last.address}/16`]);
  const pem = makeCertificate(t);
  const play = (machine: Machine, played: readonly { name: string; address: string }[]) =>
    startStandIn(machine, { pem, tick: TICK, at: Object.fromEntries(played.flatMap(placesOf)) });
  await play(lan, rest);
  let standIn = await play(own, [last]);
  const balancers: Balancer[] = [];
  for (const node of ofRole(cluster, "loadbalancer")) {
    const machine = await openMachine(t, node.name);
    const addresses = [`${node.address}/16`, ...(balancerCount === 1 ? [`${VIP}/32`] : [])];
    await machine.plug(lan, "eth0", addresses);
    const through = await spread(machine);
    const proxy = {
      config: side.haproxy(cluster),
      before: side.before(cluster),
      through,
      restarted: balancerCount > 1,
    };
    balancers.push({ machine, haproxy: await startProxy(machine, proxy) });
  }
  const opened = performance.now();
  if (balancerCount > 1) await startKeepalived(side, cluster, balancers);
  return {
    lan,
    balancers,
    opened,
    failing: {
      name: last.name,
      address: `${last.address}:6443`,
      machine: own,
      standIn: () => standIn,
      start: async () => void (standIn = await play(own, [last])),
    },
  };
}

function placesOf({ name, address }: { name: string; address: string }): [string, Behaviour][] {
  const behaviour: Behaviour = { "/readyz": { status: 401, body: name }, "/": { status: 404, body: name } };
  return PORTS.map((port) => [`${address}:${port}`, behaviour]);
}

/**
 * HAProxy on one processor, what arrives for it on another. On one, a closed port's refusal is there before connect()
 * has returned, which no LAN does, and HAProxy takes that for another kind of failure.
 */
async function spread(machine: Machine): Promise<readonly string[]> {
  if (availableParallelism() < 2) return [];
  await machine.must([
    "sh",
    "-ec",
    "mount -t sysfs sysfs /sys; echo 2 >/sys/class/net/eth0/queues/rx-0/rps_cpus",
  ]);
  return ["taskset", "-c", "0"];
}

/** One after the other, so that it is the first that holds the vip whatever their config says about the first. */
async function startKeepalived(side: Side, cluster: Cluster, balancers: readonly Balancer[]): Promise<void> {
  for (const [index, { machine }] of balancers.entries()) {
    const node = ofRole(cluster, "loadbalancer")[index];
    if (!node) continue;
    writeFileSync(join(machine.root, "run/keepalived.conf"), side.keepalived(cluster, node));
    await machine.start(["keepalived", "-n", "-l", "-f", "/run/keepalived.conf"]);
    if (index > 0) continue;
    await until(`the vip at ${node.name}`, 10_000 + masterDown(100), async () => {
      const { stdout } = await machine.run(["ip", "-4", "address", "show", "dev", "eth0"]);
      return stdout.includes(` ${VIP}/`) || undefined;
    });
  }
}
