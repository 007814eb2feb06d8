// From a valid config to the Cluster: the defaults that depend on other fields, and every derived fact, once.
import {
  API_PORT_ON_SERVERS,
  type Cluster,
  type Network,
  type Node,
  type Registration,
} from "../model/cluster.ts";
import { lastOctet, parseCidr } from "./network.ts";
import type { Config, NodeConfig } from "./schema.ts";
import { takesAddons } from "./taint.ts";

/** Takes a config without error findings. */
export function resolve(config: Config): Cluster {
  const nodes = config.nodes.map((node) => resolveNode(config, node));
  const registration = resolveRegistration(config, nodes);
  const { clusterCidr, serviceCidr, flannelBackend, secretsEncryption, snapshots, version } = config.k3s;
  return {
    name: config.cluster.name,
    dnsName: config.cluster.dnsName ?? null,
    registration,
    vrrpId:
      registration.holder === "keepalived" ? (config.cluster.vrrpId ?? defaultVrrpId(registration)) : null,
    network: {
      subnet: resolveNetwork(config.network.subnet),
      gateway: config.network.gateway,
      dns: config.network.dns ?? [config.network.gateway],
    },
    access: { user: config.access.user, authorizedKeys: config.access.authorizedKeys },
    k3s: {
      version,
      tlsSans: tlsSans(config, registration, nodes),
      disable: config.ingress.kind === "none" ? [...config.k3s.disable, "traefik"] : config.k3s.disable,
      clusterCidr,
      serviceCidr,
      flannelBackend,
      secretsEncryption,
      snapshots: { schedule: snapshots.schedule, retention: snapshots.retention },
      serverConfig: sorted(config.k3s.serverConfig),
      agentConfig: sorted(config.k3s.agentConfig),
      artifacts: {
        installScript: config.k3s.artifacts.installScript,
        installScriptSha256: config.k3s.artifacts.installScriptSha256 ?? null,
        mirror: config.k3s.artifacts.mirror.replace(/\/+$/, ""),
      },
    },
    addonNodes: nodes
      .filter((node) => node.role !== "loadbalancer" && takesAddons(node.taints))
      .map(({ name }) => name),
    ingress:
      config.ingress.kind === "none"
        ? null
        : {
            httpPort: config.ingress.ports[0],
            httpsPort: config.ingress.ports[1],
          },
    loadBalancer: {
      apiPort: config.loadBalancer.apiPort,
      statusPort: config.loadBalancer.statusPort,
      maxConnections: config.loadBalancer.maxConnections,
    },
    rollout: { drain: config.rollout.drain, agentBatch: config.rollout.agentBatch },
    generations: {
      "server-token": config.secrets.generations.serverToken,
      "agent-token": config.secrets.generations.agentToken,
      "ssh-host-key": config.secrets.generations.sshHostKey,
    },
    state: { branch: config.state.branch ?? null },
    nodes,
  };
}

function resolveNode(config: Config, node: NodeConfig): Node {
  return {
    name: node.name,
    role: node.role,
    address: node.address,
    mac: node.mac?.toLowerCase() ?? null,
    interface: node.interface ?? config.network.interface,
    os: node.os ?? config.os,
    disk: node.disk,
    labels: sorted(node.labels),
    taints: node.taints,
  };
}

function resolveRegistration(config: Config, nodes: readonly Node[]): Registration {
  const loadBalancers = nodes.filter(({ role }) => role === "loadbalancer").length;
  const { vip } = config.cluster;
  if (loadBalancers > 0 && vip !== undefined) {
    const port = config.loadBalancer.apiPort;
    const holder = loadBalancers > 1 ? "keepalived" : "loadbalancer";
    return { address: vip, port, url: `https://${vip}:${port}`, holder };
  }
  const address = nodes.find(({ role }) => role === "server")?.address ?? "";
  const port = API_PORT_ON_SERVERS;
  return { address, port, url: `https://${address}:${port}`, holder: "server" };
}

/** The vip's last number: unlikely to be somebody else's on the same LAN, unlike the tutorials' 51. A router id cannot be 0. */
function defaultVrrpId(registration: Registration): number {
  return lastOctet(registration.address) || 255;
}

function resolveNetwork(cidr: string): Network {
  return { cidr, prefix: parseCidr(cidr)?.prefix ?? 24 };
}

/** The registration address, the name, every server and load balancer, then what the config adds. */
function tlsSans(config: Config, registration: Registration, nodes: readonly Node[]): readonly string[] {
  return [
    ...new Set([
      registration.address,
      ...(config.cluster.dnsName === undefined ? [] : [config.cluster.dnsName]),
      ...nodes.filter(({ role }) => role !== "agent").map(({ address }) => address),
      ...config.k3s.tlsSans,
    ]),
  ];
}

/** Keys in code-unit order, so that the order in the config changes no byte of the output. */
function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const keys = Object.keys(record).toSorted();
  return Object.fromEntries(keys.map((key) => [key, record[key] as T]));
}
