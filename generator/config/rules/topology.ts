// Rules on who is there: an odd number of servers, a load balancer with a vip, somewhere for the ingress to run.
import { type Finding, finding } from "../finding.ts";
import { takesAddons } from "../taint.ts";
import { groupBy, type Rule, type RuleInput } from "./rule.ts";
import { listed } from "../../model/words.ts";
import type { Role } from "../../model/cluster.ts";

function ofRole({ nodes }: RuleInput, role: Role) {
  return nodes.filter(({ node }) => node.role === role);
}

function uniqueNames({ nodes }: RuleInput): readonly Finding[] {
  return [...groupBy(nodes, ({ node }) => node.name).values()].flatMap(([first, ...again]) =>
    again.map(({ node, path }) =>
      finding(
        "name-duplicate",
        [...path, "name"],
        `"${node.name}" names two machines: nodes[${first?.path[1]}] and nodes[${path[1]}]`,
        "give each machine a name of its own",
      ),
    ),
  );
}

// Names of the network itself, and names of devices that Windows refuses as a folder in out/nodes.
const RESERVED = /^(localhost|gateway|kubernetes|con|prn|aux|nul|com\d|lpt\d)$/;

function reservedNames({ nodes }: RuleInput): readonly Finding[] {
  return nodes
    .filter(({ node }) => RESERVED.test(node.name))
    .map(({ node, path }) =>
      finding(
        "name-reserved",
        [...path, "name"],
        `"${node.name}" must not name a machine: systems give it a meaning of their own`,
        `write for example "${node.role === "loadbalancer" ? "lb-1" : `${node.role}-1`}"`,
      ),
    );
}

/** etcd decides by majority, so an even member adds a machine that can fail and no failure that is survived. */
function serverCount(input: RuleInput): readonly Finding[] {
  const servers = ofRole(input, "server");
  const count = servers.length;
  if (count === 0) {
    return [
      finding(
        "no-server",
        ["nodes"],
        "there must be at least one server",
        'add three nodes with "role": "server"',
      ),
    ];
  }
  if (count === 1) {
    return [
      finding(
        "single-server",
        servers[0]?.path ?? ["nodes"],
        "one server: when it is down, the whole control plane is down",
        "add two more servers for high availability; this one keeps its data",
      ),
    ];
  }
  if (count % 2 === 1) return [];
  return [
    finding(
      "server-count-even",
      servers.at(-1)?.path ?? ["nodes"],
      count === 2
        ? "the number of servers must be odd, not 2: with two, losing either one stops the cluster, so two are worse than one"
        : `the number of servers must be odd, not ${count}: ${count} survive the loss of ${count / 2 - 1}, and so do ${count - 1}`,
      count === 2
        ? "add a third server, or make this one an agent"
        : `make this one an agent, or add a server (${count + 1} survive the loss of ${count / 2})`,
    ),
  ];
}

function vip(input: RuleInput): readonly Finding[] {
  const count = ofRole(input, "loadbalancer").length;
  const { vip: address } = input.config.cluster;
  if (count > 0 && address === undefined) {
    return [
      finding(
        "vip-missing",
        ["cluster"],
        count > 1
          ? `${count} load balancers need a vip: the address that moves to the other when one fails`
          : "a load balancer needs a vip: the address that stays when a second load balancer is added",
        'add a free address of the subnet as cluster.vip, such as "vip": "192.168.1.10", outside the DHCP range',
      ),
    ];
  }
  if (count === 0 && address !== undefined) {
    return [
      finding(
        "vip-without-load-balancer",
        ["cluster", "vip"],
        `nothing would hold the vip ${address}: there is no load balancer`,
        'add a node with "role": "loadbalancer", or remove cluster.vip',
      ),
    ];
  }
  return [];
}

function loadBalancers(input: RuleInput): readonly Finding[] {
  const all = ofRole(input, "loadbalancer");
  const first = ofRole(input, "server")[0];
  if (all.length === 0 && first) {
    return [
      finding(
        "no-load-balancer",
        first.path,
        `no load balancer: everybody reaches the API at ${first.node.name} (${first.node.address}), and nobody does while it is down`,
        'add a node with "role": "loadbalancer" and cluster.vip; running machines keep their certificates, the registration address changes',
      ),
    ];
  }
  if (all.length === 1 && all[0]) {
    return [
      finding(
        "single-load-balancer",
        all[0].path,
        `one load balancer: while ${all[0].node.name} is down, nobody reaches the API address or the ingress`,
        'add a second node with "role": "loadbalancer"; no address changes',
      ),
    ];
  }
  return [];
}

function serversOnSsd(input: RuleInput): readonly Finding[] {
  const onSd = ofRole(input, "server").filter(({ node }) => node.disk === "sd");
  const [first] = onSd;
  if (!first) return [];
  const names = listed(onSd.map(({ node }) => node.name));
  return [
    finding(
      "server-on-sd",
      first.path,
      `${names}: etcd writes constantly; an SD card is slow at that and wears out, and a slow disk makes servers drop out`,
      'run servers from a USB or NVMe SSD and say "disk": "ssd"',
    ),
  ];
}

/** Traefik needs a node whose taints it tolerates. */
function ingressPlaced(input: RuleInput): readonly Finding[] {
  if (input.config.ingress.kind === "none") return [];
  const candidates = input.nodes.filter(({ node }) => node.role !== "loadbalancer");
  if (candidates.length === 0 || candidates.some(({ node }) => takesAddons(node.taints))) return [];
  const first = candidates.find(({ node }) => node.taints.length > 0);
  return [
    finding(
      "ingress-unplaced",
      first ? [...first.path, "taints"] : ["nodes"],
      "every server and agent is tainted, so no node can run the ingress",
      'add an agent without taints, remove the taints of a node, or say "ingress": { "kind": "none" }',
    ),
  ];
}

function loadBalancerFields(input: RuleInput): readonly Finding[] {
  return ofRole(input, "loadbalancer").flatMap(({ node, path }) => {
    const field =
      node.taints.length > 0 ? "taints" : Object.keys(node.labels).length > 0 ? "labels" : undefined;
    if (!field) return [];
    return [
      finding(
        "agent-field-on-load-balancer",
        [...path, field],
        `${node.name} is a load balancer, not a Kubernetes node: it has no ${field}`,
        `remove ${field}`,
      ),
    ];
  });
}

/** network-config finds the card by its MAC address, whatever its name; keepalived needs the name. */
function interfaceOfVip(input: RuleInput): readonly Finding[] {
  const all = ofRole(input, "loadbalancer");
  if (all.length < 2) return [];
  return all
    .filter(({ node }) => node.mac !== undefined && node.interface === undefined)
    .map(({ node, path }) =>
      finding(
        "interface-missing",
        [...path, "mac"],
        `${node.name} has a mac and no interface: keepalived must be told the name of the card that holds the vip`,
        'add "interface": what `ip link` shows beside that address, such as "eth0"',
      ),
    );
}

export const TOPOLOGY_RULES: readonly Rule[] = [
  { needs: [], run: uniqueNames },
  { needs: [], run: reservedNames },
  { needs: ["nodes"], everyNode: true, run: serverCount },
  { needs: ["cluster", "nodes"], everyNode: true, run: vip },
  { needs: ["nodes"], everyNode: true, run: loadBalancers },
  { needs: ["nodes"], run: serversOnSsd },
  { needs: ["ingress", "nodes"], everyNode: true, run: ingressPlaced },
  { needs: [], run: loadBalancerFields },
  { needs: [], everyNode: true, run: interfaceOfVip },
];
