// Complete, valid Cluster values for tests, without a config file.
import type { Cluster, Node, Role } from "../../generator/model/cluster.ts";

export interface ClusterShape {
  readonly servers?: number;
  readonly agents?: number;
  readonly loadBalancers?: number;
  /** Taints by machine name, such as { "server-1": ["node-role.kubernetes.io/control-plane:NoSchedule"] }. */
  readonly taints?: Readonly<Record<string, readonly string[]>>;
  /** false: no ingress of ours. A list: the machines that run Traefik. Default: every server and agent without taints. */
  readonly ingress?: false | readonly string[];
  readonly disable?: readonly string[];
}

export const VIP = "10.0.0.10";

/**
 * Machines server-1 at 10.0.0.11, lb-1 at 10.0.0.21, agent-1 at 10.0.0.101 and so on; the vip, where there is a load
 * balancer, is 10.0.0.10. Up to 10 servers, 80 load balancers and 60,000 agents. Default: three servers, no agent, one
 * load balancer.
 */
export function makeCluster(shape: ClusterShape = {}): Cluster {
  const { servers = 3, agents = 0, loadBalancers = 1, taints = {}, disable = [] } = shape;
  const nodes = [
    ...machines("server", "server", servers, 11, taints),
    ...machines("agent", "agent", agents, 101, taints),
    ...machines("loadbalancer", "lb", loadBalancers, 21, taints),
  ];
  const address = loadBalancers > 0 ? VIP : (nodes[0]?.address ?? "");
  const holder = loadBalancers === 0 ? "server" : loadBalancers === 1 ? "loadbalancer" : "keepalived";
  const untainted = nodes.filter((node) => node.role !== "loadbalancer" && node.taints.length === 0);
  const ingressNodes = shape.ingress === undefined ? untainted.map(({ name }) => name) : shape.ingress;
  const members = nodes.filter(({ role }) => role !== "agent");
  return {
    name: "test",
    dnsName: null,
    registration: { address, port: 6443, url: `https://${address}:6443`, holder },
    vrrpId: holder === "keepalived" ? 10 : null,
    network: { subnet: { cidr: "10.0.0.0/16", prefix: 16 }, gateway: "10.0.0.1", dns: ["10.0.0.1"] },
    access: { user: "ops", authorizedKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA test"] },
    k3s: {
      version: "v1.36.4+k3s1",
      tlsSans: [...new Set([address, ...members.map((node) => node.address)])],
      disable: shape.ingress === false ? [...disable, "traefik"] : disable,
      clusterCidr: "10.42.0.0/16",
      serviceCidr: "10.43.0.0/16",
      flannelBackend: "vxlan",
      secretsEncryption: true,
      snapshots: { schedule: "0 */6 * * *", retention: 12 },
      serverConfig: {},
      agentConfig: {},
      artifacts: {
        installScript: "https://get.k3s.io",
        installScriptSha256: null,
        mirror: "https://github.com/k3s-io/k3s/releases/download",
      },
    },
    addonNodes: ingressNodes === false ? untainted.map(({ name }) => name) : ingressNodes,
    ingress: ingressNodes === false ? null : { httpPort: 80, httpsPort: 443 },
    loadBalancer: { apiPort: 6443, statusPort: 8404, maxConnections: 4000 },
    rollout: { drain: true, agentBatch: 1 },
    generations: { "server-token": 1, "agent-token": 1, "ssh-host-key": 1 },
    state: { branch: null },
    nodes,
  };
}

function machines(
  role: Role,
  prefix: string,
  count: number,
  firstHost: number,
  taints: NonNullable<ClusterShape["taints"]>,
): readonly Node[] {
  return Array.from({ length: count }, (_, index): Node => {
    const name = `${prefix}-${index + 1}`;
    const host = firstHost - 1 + index;
    return {
      name,
      role,
      address: `10.0.${Math.floor(host / 250)}.${1 + (host % 250)}`,
      mac: null,
      interface: "eth0",
      os: "raspberry-pi-os",
      disk: "ssd",
      labels: {},
      taints: taints[name] ?? [],
    };
  });
}
