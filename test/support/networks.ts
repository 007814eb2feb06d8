// Networks of a pool, and addresses in them, for arbitrary configs.
import fc from "fast-check";

/** An aligned network of a pool, given as its first address and the prefix of the whole pool. */
function networkIn(first: string, poolPrefix: number, prefix: number, index: number): string {
  return `${toAddress(toNumber(first) + (index % 2 ** (prefix - poolPrefix)) * 2 ** (32 - prefix))}/${prefix}`;
}

export function cidrIn(first: string, poolPrefix: number, min: number, max: number) {
  return fc
    .tuple(fc.integer({ min, max }), fc.nat(2 ** 20))
    .map(([prefix, index]) => networkIn(first, poolPrefix, prefix, index));
}

export const LAN_POOLS = [
  ["192.168.0.0", 16],
  ["10.128.0.0", 9],
  ["172.16.0.0", 13],
  ["100.64.0.0", 10],
  ["81.0.0.0", 8],
] as const;

/** A network of the pool with room for all hosts, and an address of its own for each of them. */
export function lan(
  {
    pool: [first, poolPrefix],
    prefix,
    index,
  }: { pool: (typeof LAN_POOLS)[number]; prefix: number; index: number },
  hosts: readonly number[],
) {
  const smallest = 32 - Math.ceil(Math.log2(hosts.length + 2));
  const subnet = networkIn(first, poolPrefix, Math.min(smallest, Math.max(poolPrefix, prefix)), index);
  const [start = "", bits = ""] = subnet.split("/");
  const room = 2 ** (32 - Number(bits)) - 2;
  const taken = new Set<number>();
  for (const host of hosts) {
    let free = host % room;
    while (taken.has(free)) free = (free + 1) % room;
    taken.add(free);
  }
  return { subnet, addresses: [...taken].map((host) => toAddress(toNumber(start) + 1 + host)) };
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
