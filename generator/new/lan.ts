// From what was observed to the LAN: which of this computer's networks the machines will stand in, its gateway and DNS.
import { contains, parseCidr, rangeOf } from "../config/network.ts";
import { addressAt } from "./address.ts";
import type { Card, Observed } from "./observed.ts";

/** Tunnels: what is behind them is no LAN, whoever has the default route. */
const TUNNEL = /^(tun|tap|utun|wg|tailscale|zt|ppp|ipsec|gpd|nordlynx|proton|cscotun)/;
/** Networks inside this computer, of containers and virtual machines. A bridge of one's own (br0) is none of them. */
const INSIDE =
  /^(docker|br-|veth|virbr|vboxnet|vmnet|vmenet|lxc|lxdbr|podman|cni|flannel|cali|kube|bridge1\d\d|vEthernet)/;
// A /31 has room for two machines; a /32 says nothing about who else is there.
const SMALLEST = 30;

/** The networks that may be the LAN, best first: of the default route's card, then of other cards with a cable or radio. */
export function lans({ cards, routes }: Observed): readonly string[] {
  const rank = ({ name }: Card): number => {
    const at = routes.findIndex(({ card }) => card === name);
    if (at >= 0) return at;
    return routes.length + (INSIDE.test(name) ? 1 : 0);
  };
  const usable = cards.filter(
    ({ name, address, prefix }) => prefix <= SMALLEST && rangeOf(address) === "private" && !TUNNEL.test(name),
  );
  const found = usable
    .filter((card) => rank(card) <= routes.length)
    .toSorted((left, right) => rank(left) - rank(right));
  return [...new Set(found.map(networkOf))];
}

/** The default route's gateway where it is in the network. */
export function gatewayIn(subnet: string, { routes }: Observed): string | undefined {
  const network = parseCidr(subnet);
  const gateways = routes.flatMap(({ gateway }) => (gateway === null ? [] : [gateway]));
  return network && gateways.find((gateway) => contains(network, gateway));
}

/** The network's first address, which most routers have; its last where this computer itself has the first. */
export function likelyGateway(subnet: string, observed: Observed): string | undefined {
  const network = parseCidr(subnet);
  if (!network || network.prefix > SMALLEST) return undefined;
  const own = ownAddresses(observed);
  return [addressAt(network.first, 1), addressAt(network.last, -1)].find((address) => !own.includes(address));
}

// More than three are ignored by the C library (MAXNS in resolv.conf(5)).
const MOST = 3;

/**
 * Resolvers of this computer that machines in the network reach as well; the gateway where there is none. A loopback
 * resolver serves this computer only, one behind a tunnel or inside of it too.
 */
export function dnsIn(subnet: string, gateway: string, { cards, dns }: Observed): readonly string[] {
  const network = parseCidr(subnet);
  if (!network) return [gateway];
  const tunnelled = cards.some(({ name }) => TUNNEL.test(name));
  const isElsewhere = (address: string) =>
    cards.some((card) => networkOf(card) !== subnet && isIn(card, address));
  const reached = dns.filter((address) => {
    if (contains(network, address)) return address !== network.first && address !== network.last;
    if (isElsewhere(address)) return false;
    const range = rangeOf(address);
    return range === "unicast" || (range === "private" && !tunnelled);
  });
  return reached.length > 0 ? reached.slice(0, MOST) : [gateway];
}

/** True where a card of this computer is on the same LAN as the address: only then can it see who is there. */
export function isNear(address: string, { cards }: Observed): boolean {
  return cards.some((card) => card.prefix <= SMALLEST && !TUNNEL.test(card.name) && isIn(card, address));
}

/** Every IPv4 address of this computer. */
export function ownAddresses({ cards }: Observed): readonly string[] {
  return cards.map(({ address }) => address);
}

function networkOf({ address, prefix }: Card): string {
  return parseCidr(`${address}/${prefix}`)?.canonical ?? "";
}

function isIn(card: Card, address: string): boolean {
  const network = parseCidr(networkOf(card));
  return network !== undefined && contains(network, address);
}
