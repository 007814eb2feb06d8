// The cluster's two inner networks where the LAN or its DNS server has the usual ones.
import { type Cidr, overlaps, parseCidr } from "../config/network.ts";

/** The schema's defaults, then private networks that few LANs have. Two of them stay free beside any one private network. */
const PAIRS = [
  ["10.42.0.0/16", "10.43.0.0/16"],
  ["172.28.0.0/16", "172.29.0.0/16"],
  ["192.168.0.0/17", "192.168.128.0/17"],
  ["10.142.0.0/16", "10.143.0.0/16"],
] as const;

export interface PodNetworks {
  readonly clusterCidr: string;
  readonly serviceCidr: string;
}

/** Undefined where the defaults do, and where nothing does: the rules then say what overlaps. */
export function podNetworks(subnet: string, dns: readonly string[]): PodNetworks | undefined {
  const taken = [subnet, ...dns.map((address) => `${address}/32`)].flatMap((text): readonly Cidr[] => {
    const network = parseCidr(text);
    return network ? [network] : [];
  });
  const isApart = (text: string) => {
    const network = parseCidr(text);
    return network !== undefined && !taken.some((each) => overlaps(each, network));
  };
  const [usual] = PAIRS;
  const found = PAIRS.find((pair) => pair.every(isApart));
  if (!found || found === usual) return undefined;
  return { clusterCidr: found[0], serviceCidr: found[1] };
}
