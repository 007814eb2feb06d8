// IPv4 networks for the rules: a thin face on ipaddr.js that answers undefined for text that is no network.
import ipaddr from "ipaddr.js";
import { isIpv4 } from "./formats.ts";

export interface Cidr {
  readonly first: string;
  readonly last: string;
  readonly prefix: number;
  /** The same network written without host bits. */
  readonly canonical: string;
}

/** Takes a CIDR apart; undefined where the text is none. Host bits are allowed here and show as `canonical !== text`. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", prefixText = "", ...rest] = text.split("/");
  if (!isIpv4(address) || !/^\d{1,2}$/.test(prefixText) || Number(prefixText) > 32 || rest.length > 0)
    return undefined;
  const prefix = Number(prefixText);
  const first = ipaddr.IPv4.networkAddressFromCIDR(text).toString();
  return {
    first,
    last: ipaddr.IPv4.broadcastAddressFromCIDR(text).toString(),
    prefix,
    canonical: `${first}/${prefix}`,
  };
}

/** True where the address lies in the network, its first and last address included. */
export function contains(network: Cidr, address: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(network.first), network.prefix);
}

/** True where the networks share an address. */
export function overlaps(left: Cidr, right: Cidr): boolean {
  return left.prefix <= right.prefix ? contains(left, right.first) : contains(right, left.first);
}

/** "private", "unicast", "loopback", …, in ipaddr.js' words. */
export function rangeOf(address: string): string {
  return ipaddr.IPv4.parse(address).range();
}

/** The last number of an IPv4 address. */
export function lastOctet(address: string): number {
  return ipaddr.IPv4.parse(address).octets[3] ?? 0;
}
