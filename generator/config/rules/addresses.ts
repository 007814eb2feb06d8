// Rules on addresses and networks: each address once, inside the LAN, and the three networks apart.
import { type Finding, finding, type Path } from "../finding.ts";
import { isIpv4 } from "../formats.ts";
import { type Cidr, contains, overlaps, parseCidr, rangeOf } from "../network.ts";
import { groupBy, type Rule, type RuleInput } from "./rule.ts";
import { listed } from "../../model/words.ts";

interface Owned {
  readonly address: string;
  readonly owner: string;
  readonly path: Path;
}

/** Every address that something on the LAN holds: the gateway, the vip, each machine. */
function ownedAddresses({ config, nodes }: RuleInput): readonly Owned[] {
  const vip = config.cluster.vip;
  return [
    { address: config.network.gateway, owner: "the gateway", path: ["network", "gateway"] },
    ...(vip === undefined ? [] : [{ address: vip, owner: "the vip", path: ["cluster", "vip"] }]),
    ...nodes.map(({ node, path }) => ({
      address: node.address,
      owner: node.name,
      path: [...path, "address"],
    })),
  ].filter(({ address }) => isIpv4(address));
}

function uniqueAddresses(input: RuleInput): readonly Finding[] {
  return [...groupBy(ownedAddresses(input), ({ address }) => address).values()].flatMap(([first, ...again]) =>
    again.map(({ address, owner, path }) =>
      finding(
        "address-duplicate",
        path,
        `${address} is used twice: by ${first?.owner} and by ${owner}`,
        `give ${owner} an address of its own`,
      ),
    ),
  );
}

function uniqueMacs({ nodes }: RuleInput): readonly Finding[] {
  return [...groupBy(nodes, ({ node }) => node.mac?.toLowerCase()).values()].flatMap(([first, ...again]) =>
    again.map(({ node, path }) =>
      finding(
        "mac-duplicate",
        [...path, "mac"],
        `${node.mac} is used twice: by ${first?.node.name} and by ${node.name}`,
        `look it up on ${node.name}: ip link`,
      ),
    ),
  );
}

function addressesInSubnet(input: RuleInput): readonly Finding[] {
  const subnet = parseCidr(input.config.network.subnet);
  if (!subnet) return [];
  return ownedAddresses(input).flatMap(({ address, owner, path }) => {
    if (!contains(subnet, address)) {
      return [
        finding(
          "address-outside-subnet",
          path,
          `${owner} must be inside ${subnet.canonical}, not at ${address}`,
          `choose an address between ${subnet.first} and ${subnet.last}, or correct network.subnet`,
        ),
      ];
    }
    if (subnet.prefix < 31 && (address === subnet.first || address === subnet.last)) {
      const what = address === subnet.first ? "the network's own address" : "the broadcast address";
      return [
        finding(
          "address-not-usable",
          path,
          `${owner} must not be at ${address}, ${what} of ${subnet.canonical}`,
          "choose an address in between",
        ),
      ];
    }
    return [];
  });
}

function networks({ config }: RuleInput) {
  return [
    { name: "network.subnet", path: ["network", "subnet"], text: config.network.subnet },
    { name: "k3s.clusterCidr", path: ["k3s", "clusterCidr"], text: config.k3s.clusterCidr },
    { name: "k3s.serviceCidr", path: ["k3s", "serviceCidr"], text: config.k3s.serviceCidr },
  ].flatMap((each) => {
    const cidr = parseCidr(each.text);
    return cidr ? [{ ...each, cidr }] : [];
  });
}

function noHostBits(input: RuleInput): readonly Finding[] {
  return networks(input).flatMap(({ name, path, text, cidr }) =>
    text === cidr.canonical
      ? []
      : [
          finding(
            "cidr-host-bits",
            path,
            `${name} must be a network, but "${text}" is an address inside one`,
            `did you mean "${cidr.canonical}"?`,
          ),
        ],
  );
}

function disjointNetworks(input: RuleInput): readonly Finding[] {
  const all = networks(input);
  return all.flatMap((right, index) =>
    all
      .slice(0, index)
      .filter((left) => overlaps(left.cidr, right.cidr))
      .map((left) =>
        finding(
          "cidr-overlap",
          right.path,
          `${right.name} (${right.text}) overlaps ${left.name} (${left.text})`,
          `choose a private network that shares no address with ${listed(
            all.filter((each) => each !== right).map((each) => each.text),
          )}, e.g. "${spareNetwork(all.map(({ cidr }) => cidr))}"`,
        ),
      ),
  );
}

/** A private /16 that overlaps none of the given networks. */
function spareNetwork(taken: readonly Cidr[]): string {
  const candidates = [
    "10.42.0.0/16",
    "10.43.0.0/16",
    "10.142.0.0/16",
    "10.143.0.0/16",
    "172.28.0.0/16",
    "192.168.0.0/16",
  ];
  return (
    candidates.find((text) => !taken.some((cidr) => overlaps(cidr, parseCidr(text) as Cidr))) ??
    "172.29.0.0/16"
  );
}

/** Ranges of ipaddr.js in which machines, pods and services can live. */
const USABLE = ["private", "unicast", "carrierGradeNat"];

function usableNetworks(input: RuleInput): readonly Finding[] {
  return networks(input).flatMap(({ name, path, cidr }) => {
    const range = rangeOf(cidr.first);
    if (USABLE.includes(range)) return [];
    return [
      finding(
        "cidr-invalid",
        path,
        `${name} must be a network for ${name === "network.subnet" ? "machines" : "the cluster"}, but ${cidr.canonical} is reserved (${range})`,
        name === "network.subnet"
          ? 'write the LAN of your router, such as "192.168.1.0/24"'
          : `write a private network, such as "${spareNetwork([cidr])}"`,
      ),
    ];
  });
}

function usableDns(input: RuleInput): readonly Finding[] {
  return (input.config.network.dns ?? []).flatMap((address, index) => {
    if (!isIpv4(address)) return [];
    const inside = networks(input).find(
      ({ name, cidr }) => name !== "network.subnet" && contains(cidr, address),
    );
    const subnet = parseCidr(input.config.network.subnet);
    const reason = !USABLE.includes(rangeOf(address))
      ? rangeOf(address)
      : inside
        ? `inside ${inside.name}`
        : address === subnet?.first || address === subnet?.last
          ? `the first or last address of ${subnet.canonical}`
          : undefined;
    if (reason === undefined) return [];
    return [
      finding(
        "address-not-usable",
        ["network", "dns", index],
        `the machines can reach no DNS server at ${address} (${reason})`,
        "write the address of your router or of a public DNS server",
      ),
    ];
  });
}

/** kube-controller-manager gives each node a /24 of the pod network, and refuses a node when none is left. */
const NODE_PREFIX = 24;
/** More than 20 host bits were refused by kube-apiserver until 1.33 and serve nobody; CoreDNS takes the tenth address. */
const SERVICE_PREFIXES = { largest: 12, smallest: 28 } as const;

function roomyNetworks({ config, nodes }: RuleInput): readonly Finding[] {
  const findings: Finding[] = [];
  const pods = parseCidr(config.k3s.clusterCidr);
  const kubernetesNodes = nodes.filter(({ node }) => node.role !== "loadbalancer").length;
  if (pods && (pods.prefix > NODE_PREFIX || 2 ** (NODE_PREFIX - pods.prefix) < kubernetesNodes)) {
    const room = pods.prefix > NODE_PREFIX ? 0 : 2 ** (NODE_PREFIX - pods.prefix);
    const needed = NODE_PREFIX - Math.ceil(Math.log2(Math.max(2, kubernetesNodes)));
    findings.push(
      finding(
        "cidr-too-small",
        ["k3s", "clusterCidr"],
        `k3s.clusterCidr (${config.k3s.clusterCidr}) has room for ${room} nodes at a /24 each, and there are ${kubernetesNodes}`,
        `choose a larger network: /${Math.min(needed, 16)} or a smaller number`,
      ),
    );
  }
  const services = parseCidr(config.k3s.serviceCidr);
  if (
    services &&
    (services.prefix < SERVICE_PREFIXES.largest || services.prefix > SERVICE_PREFIXES.smallest)
  ) {
    findings.push(
      finding(
        "cidr-too-small",
        ["k3s", "serviceCidr"],
        `k3s.serviceCidr must be from /${SERVICE_PREFIXES.largest} to /${SERVICE_PREFIXES.smallest}, not /${services.prefix}`,
        'write it like "10.43.0.0/16"',
      ),
    );
  }
  return findings;
}

export const ADDRESS_RULES: readonly Rule[] = [
  { needs: ["cluster", "network"], run: uniqueAddresses },
  { needs: [], run: uniqueMacs },
  { needs: ["cluster", "network"], run: addressesInSubnet },
  { needs: ["network", "k3s"], run: usableNetworks },
  { needs: ["network", "k3s"], run: usableDns },
  { needs: ["network", "k3s"], run: noHostBits },
  { needs: ["network", "k3s"], run: disjointNetworks },
  { needs: ["k3s"], everyNode: true, run: roomyNetworks },
];
