// The resolved cluster: every default applied, every derived fact computed once. Nothing downstream re-derives one.

export type Role = "server" | "agent" | "loadbalancer";
export type Os = "raspberry-pi-os" | "ubuntu" | "debian";
export type Disk = "sd" | "ssd";

/** A value in K3s' own config file. */
export type FlagValue = string | number | boolean | readonly string[];

/** An IPv4 network in CIDR form, taken apart. */
export interface Network {
  readonly cidr: string;
  readonly prefix: number;
}

export interface Node {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** Lower case: cloud-init compares case-sensitively (docs/facts.md, network). */
  readonly mac: string | null;
  readonly interface: string;
  readonly os: Os;
  readonly disk: Disk;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly string[];
}

/** Where nodes join and people point kubectl. `holder` says who answers there. */
export interface Registration {
  readonly address: string;
  readonly port: number;
  /** https://ADDRESS:PORT, the value of K3s' `server`. */
  readonly url: string;
  /** keepalived: the vip moves between load balancers. loadbalancer: a second address of the only one. server: the first server's own. */
  readonly holder: "keepalived" | "loadbalancer" | "server";
}

/** Names of the secrets whose generation the config counts. */
export type SecretKind = "server-token" | "agent-token" | "ssh-host-key";

export interface Cluster {
  readonly name: string;
  readonly dnsName: string | null;
  readonly registration: Registration;
  /** VRRP virtual router id; null where keepalived is not needed. */
  readonly vrrpId: number | null;
  readonly network: {
    readonly subnet: Network;
    readonly gateway: string;
    readonly dns: readonly string[];
  };
  readonly access: { readonly user: string; readonly authorizedKeys: readonly string[] };
  readonly k3s: {
    readonly version: string;
    /** Everything the API certificate must name, in a fixed order, without duplicates. */
    readonly tlsSans: readonly string[];
    readonly disable: readonly string[];
    readonly clusterCidr: string;
    readonly serviceCidr: string;
    readonly flannelBackend: "vxlan" | "host-gw" | "wireguard-native" | "none";
    readonly secretsEncryption: boolean;
    readonly snapshots: { readonly schedule: string; readonly retention: number };
    readonly serverConfig: Readonly<Record<string, FlagValue>>;
    readonly agentConfig: Readonly<Record<string, FlagValue>>;
    readonly artifacts: {
      readonly installScript: string;
      readonly installScriptSha256: string | null;
      readonly mirror: string;
    };
  };
  /** Names of the nodes whose taints K3s' packaged pods tolerate: Traefik and CoreDNS run there and nowhere else. */
  readonly addonNodes: readonly string[];
  /** Ports of the load balancers; null: no ingress of ours. Traefik runs on the addonNodes. */
  readonly ingress: { readonly httpPort: number; readonly httpsPort: number } | null;
  readonly loadBalancer: {
    readonly apiPort: number;
    readonly statusPort: number;
    readonly maxConnections: number;
  };
  readonly rollout: { readonly drain: boolean; readonly agentBatch: number };
  readonly generations: Readonly<Record<SecretKind, number>>;
  /** The git branch that holds out/ and the record, and nothing else; null: the branch of the config. */
  readonly state: { readonly branch: string | null };
  /** In the order of the config. */
  readonly nodes: readonly Node[];
}

export const API_PORT_ON_SERVERS = 6443;
/** Ports of Traefik's Service, which K3s' ServiceLB opens on every node that runs Traefik. */
export const INGRESS_PORTS_ON_NODES = { http: 80, https: 443 } as const;

/** Nodes of one role, in the order of the config. */
export function ofRole(cluster: Cluster, role: Role): readonly Node[] {
  return cluster.nodes.filter((node) => node.role === role);
}

/** Names of the nodes that run Traefik and get ingress traffic; none without an ingress of ours. */
export function ingressNodes(cluster: Cluster): readonly string[] {
  return cluster.ingress ? cluster.addonNodes : [];
}

/** The server that founds the cluster on day 0. Every valid cluster has one. */
export function firstServer(cluster: Cluster): Node {
  const first = ofRole(cluster, "server")[0];
  if (!first) throw new Error("a cluster without servers got past validation");
  return first;
}

/** How many voters may be lost before etcd cannot decide any more: n - (floor(n/2) + 1). */
export function votersToSpare(servers: number): number {
  return servers - (Math.floor(servers / 2) + 1);
}
