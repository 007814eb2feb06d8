// Where the machines go in the subnet: like the sample where that is free, else the same a little further, else closer together.
import { isIpv4 } from "../config/formats.ts";
import { contains, type Cidr, parseCidr } from "../config/network.ts";
import { addressAt, places } from "./address.ts";

/** How many machines of each role need an address, and whether a vip does. */
export interface Wanted {
  readonly servers: number;
  readonly loadBalancers: number;
  readonly agents: number;
  readonly vip: boolean;
}

export interface Layout {
  readonly servers: readonly string[];
  readonly loadBalancers: readonly string[];
  readonly agents: readonly string[];
  readonly vip?: string;
}

/** The sample's last numbers. Agents, which it has not, come behind. */
const SAMPLE = { loadBalancers: 5, vip: 10, servers: 11, agents: 21 } as const;
/** The next place that looks like it: .25, .30, .31. */
const STEP = 20;
const TRIES = 4;
/** So many addresses are worth a look, where the machines themselves are not more. */
const LOOKED_AT = 64;
/** Of a larger subnet only so many addresses are thought about: more machines are named by hand. */
const MOST = 1024;
/** People know their machines by the last number, so a larger subnet is filled from the gateway's /24 on. */
const BLOCK = 24;

/** The addresses whose owner must be known before `layOut` can choose, those that it likes best first. */
export function candidates(subnet: Cidr, gateway: string, wanted: Wanted): readonly string[] {
  const liked = shapes(subnet, gateway, wanted).flatMap(inOrder);
  const all = [...new Set([...liked, ...usable(subnet, gateway)])];
  return all.slice(0, Math.max(LOOKED_AT, TRIES * sizeOf(wanted)));
}

/** Undefined where there are not enough free addresses. */
export function layOut(
  subnet: Cidr,
  gateway: string,
  wanted: Wanted,
  isFree: (address: string) => boolean,
): Layout | undefined {
  const liked = shapes(subnet, gateway, wanted).find((shape) => inOrder(shape).every(isFree));
  if (liked) return liked;
  const free = usable(subnet, gateway).filter(isFree);
  const size = sizeOf(wanted);
  if (free.length < size) return undefined;
  const isRun = (at: number) => places(free[at] ?? "", free[at + size - 1] ?? "") === size - 1;
  const starts = free.slice(0, free.length - size + 1).map((_, at) => at);
  const start = starts.find(isRun) ?? 0;
  return shapeOf(wanted, free.slice(start, start + size));
}

/** How many addresses the machines wanted take. */
export function sizeOf({ servers, loadBalancers, agents, vip }: Wanted): number {
  return servers + loadBalancers + agents + (vip ? 1 : 0);
}

/** Machines and vip that the subnet has room for, beside the gateway. */
export function roomIn(subnet: Cidr): number {
  return Math.max(0, 2 ** (32 - subnet.prefix) - 3);
}

/** The sample's shape and the same a little further, as far as the subnet goes. */
function shapes(subnet: Cidr, gateway: string, wanted: Wanted): readonly Layout[] {
  const { loadBalancers, agents, servers, vip } = wanted;
  const vipAt = Math.max(SAMPLE.vip, SAMPLE.loadBalancers + loadBalancers);
  const serversAt = vipAt + (SAMPLE.servers - SAMPLE.vip);
  const agentsAt = Math.max(SAMPLE.agents, serversAt + servers);
  const from = firstOf(subnet, gateway);
  const isUsable = usableIn(subnet, gateway);
  return Array.from({ length: TRIES }, (_, index): Layout => {
    const run = (at: number, count: number) =>
      Array.from({ length: count }, (_, next) => addressAt(from, at + next + index * STEP));
    return {
      servers: run(serversAt, servers),
      loadBalancers: run(SAMPLE.loadBalancers, loadBalancers),
      agents: run(agentsAt, agents),
      ...(vip && { vip: addressAt(from, vipAt + index * STEP) }),
    };
  }).filter((shape) => inOrder(shape).every(isUsable));
}

function shapeOf({ loadBalancers, vip, servers }: Wanted, addresses: readonly string[]): Layout {
  const behind = loadBalancers + (vip ? 1 : 0);
  const [address] = addresses.slice(loadBalancers, behind);
  return {
    loadBalancers: addresses.slice(0, loadBalancers),
    servers: addresses.slice(behind, behind + servers),
    agents: addresses.slice(behind + servers),
    ...(address !== undefined && { vip: address }),
  };
}

function inOrder({ loadBalancers, vip, servers, agents }: Layout): readonly string[] {
  return [...loadBalancers, ...(vip === undefined ? [] : [vip]), ...servers, ...agents];
}

function firstOf(subnet: Cidr, gateway: string): string {
  const inside = isIpv4(gateway) && contains(subnet, gateway) ? gateway : subnet.first;
  return parseCidr(`${inside}/${Math.max(subnet.prefix, BLOCK)}`)?.first ?? subnet.first;
}

// In a larger subnet .0 and .255 are addresses like any other, but some devices think otherwise.
function usableIn(subnet: Cidr, gateway: string): (address: string) => boolean {
  return (address) =>
    places(subnet.first, address) > 0 &&
    places(address, subnet.last) > 0 &&
    address !== gateway &&
    !/\.(0|255)$/.test(address);
}

/** Usable addresses from the gateway's block on, as many as could ever be asked about. */
function usable(subnet: Cidr, gateway: string): readonly string[] {
  const from = firstOf(subnet, gateway);
  const count = Math.min(places(from, subnet.last), MOST);
  return Array.from({ length: count }, (_, at) => addressAt(from, at)).filter(usableIn(subnet, gateway));
}
