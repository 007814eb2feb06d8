// verify.sh: asks a running cluster, from outside and by its API, whether it works. What is asked is decided here.
import {
  API_PORT_ON_SERVERS,
  type Cluster,
  INGRESS_PORTS_ON_NODES,
  ingressNodes,
  type Node,
  ofRole,
} from "../model/cluster.ts";
import { VERIFY_LIMITS } from "../model/timing.ts";
import { LISTED_INGRESS_NODES } from "./haproxy.ts";
import { COREDNS_REPLICAS, wantsTwoCoredns } from "./k3s.ts";
import { longestPause } from "./schedule.ts";
import { printTemplate, type Templates } from "./template.ts";

/** A place of the ingress: its line, what the answer is called in the script, and whose it is. */
interface Web {
  readonly id: string;
  readonly fact: string;
  readonly url: string;
  readonly place: string;
  /** `address`, or `balancer NAME`, or `node NAME`. */
  readonly where: string;
}

interface VerifyLocals {
  readonly cluster: string;
  readonly registration: string;
  readonly registrationPort: number;
  /** How a kubeconfig may name this cluster's API. */
  readonly apiUrls: readonly string[];
  /** Empty where there is none. */
  readonly dnsName: string;
  readonly servers: readonly Node[];
  readonly loadBalancers: readonly Node[];
  readonly ingressNodes: readonly Node[];
  /** HAProxy's status page names each ingress node. */
  readonly listsIngress: boolean;
  readonly web: readonly Web[];
  readonly apiPortOnServers: number;
  readonly statusPort: number;
  /** Says on a load balancer why it does not hold the vip. */
  readonly holderCommand: string;
  readonly version: string;
  /** Machines that Kubernetes knows as nodes, and those of them that vote. */
  readonly kubernetesNodes: readonly string[];
  readonly voters: readonly string[];
  readonly traefikNodes: readonly string[];
  /** So many nodes run CoreDNS; 0: none of ours. */
  readonly coredns: number;
  /** The last one may be this old; 0: none is ever due. */
  readonly snapshotHours: number;
  /** The lines that need a kubeconfig, after its own. */
  readonly kubernetesIds: readonly string[];
  readonly certificateDays: number;
  readonly skewSeconds: number;
  readonly limits: { readonly connect: number; readonly answer: number; readonly atOnce: number };
}

/** A snapshot that is this much late is missing. One hour is what a clock is set back by in autumn. */
const SNAPSHOT_PATIENCE_HOURS = 2;

/**
 * The text of verify.sh: POSIX sh, needs curl, openssl and awk, changes nothing. It asks everything at once, in two waves
 * where there are very many machines, and ends within 15 s where all of them are off.
 */
export function verifyScript(cluster: Cluster, templates: Templates): string {
  const { registration, k3s } = cluster;
  const servers = ofRole(cluster, "server");
  const loadBalancers = ofRole(cluster, "loadbalancer");
  const names = new Set(ingressNodes(cluster));
  const ingress = cluster.nodes.filter(({ name }) => names.has(name));
  const web = cluster.ingress ? webPlaces(cluster, loadBalancers, ingress) : [];
  // A control plane without a kubelet has no Node, and so no word of its vote there.
  const agentless = k3s.serverConfig["disable-agent"] === true;
  const voters = agentless ? [] : servers.map(({ name }) => name);
  const kubernetesNodes = [...voters, ...ofRole(cluster, "agent").map(({ name }) => name)];
  const coredns = corednsNodes(cluster);
  const pause = longestPause(k3s.snapshots.schedule);
  const snapshotHours = pause === Infinity ? 0 : Math.ceil(pause / 60) + SNAPSHOT_PATIENCE_HOURS;
  const questions = 2 + 2 * servers.length + loadBalancers.length + web.length + 4;
  return printTemplate<VerifyLocals>(templates, "verify.sh", {
    cluster: cluster.name,
    registration: registration.address,
    registrationPort: registration.port,
    apiUrls: apiUrls(cluster, servers),
    dnsName: cluster.dnsName ?? "",
    servers,
    loadBalancers,
    ingressNodes: ingress,
    listsIngress: loadBalancers.length > 0 && ingress.length > 0 && ingress.length <= LISTED_INGRESS_NODES,
    web,
    apiPortOnServers: API_PORT_ON_SERVERS,
    statusPort: cluster.loadBalancer.statusPort,
    holderCommand:
      registration.holder === "keepalived" ? "sudo journalctl -u keepalived -n 50" : "ip address show",
    version: k3s.version,
    kubernetesNodes,
    voters,
    traefikNodes: ingressNodes(cluster),
    coredns,
    snapshotHours,
    kubernetesIds: [
      ...(kubernetesNodes.length > 0 ? ["nodes", "versions"] : []),
      ...(voters.length > 0 ? ["voters"] : []),
      "identity",
      ...(names.size > 0 ? ["traefik"] : []),
      ...(coredns > 0 ? ["coredns"] : []),
      ...(snapshotHours > 0 ? ["snapshots"] : []),
    ],
    certificateDays: VERIFY_LIMITS.certificateDays,
    skewSeconds: VERIFY_LIMITS.skewSeconds,
    limits: {
      connect: VERIFY_LIMITS.connectSeconds,
      answer: VERIFY_LIMITS.answerSeconds,
      atOnce: Math.max(VERIFY_LIMITS.atOnce, Math.ceil(questions / 2)),
    },
  });
}

/** Without a load balancer the nodes' own 80 and 443 are what people use: there is no other place. */
function webPlaces(
  { registration, ingress }: Cluster,
  loadBalancers: readonly Node[],
  nodes: readonly Node[],
): readonly Web[] {
  const outside = { http: ingress?.httpPort ?? 80, https: ingress?.httpsPort ?? 443 };
  const places = [
    ...(loadBalancers.length > 0 ? [{ name: "", address: registration.address, role: "address" }] : []),
    ...loadBalancers.map(({ name, address }) => ({ name, address, role: "balancer" })),
    ...nodes.map(({ name, address }) => ({ name, address, role: "node" })),
  ];
  return places.flatMap(({ name, address, role }) =>
    (["http", "https"] as const).map((scheme) => {
      const place = `${address}:${(role === "node" ? INGRESS_PORTS_ON_NODES : outside)[scheme]}`;
      return {
        id: name === "" ? scheme : `${scheme}/${name}`,
        fact: name === "" ? scheme : `${scheme}.${name}`,
        url: `${scheme}://${place}/`,
        place,
        where: name === "" ? role : `${role} ${name}`,
      };
    }),
  );
}

function apiUrls({ registration, dnsName }: Cluster, servers: readonly Node[]): readonly string[] {
  const own = servers.map(({ address }) => `https://${address}:${API_PORT_ON_SERVERS}`);
  const named = dnsName === null ? [] : [`https://${dnsName}:${registration.port}`];
  return [...new Set([registration.url, ...named, ...own])];
}

function corednsNodes(cluster: Cluster): number {
  if (wantsTwoCoredns(cluster)) return COREDNS_REPLICAS;
  return cluster.k3s.disable.includes("coredns") || cluster.addonNodes.length === 0 ? 0 : 1;
}
