// out/README.md: the cluster as a page for people.
import {
  type Cluster,
  INGRESS_PORTS_ON_NODES,
  ingressNodes,
  type Node,
  ofRole,
  type Role,
} from "../model/cluster.ts";
import { counted, listed } from "../model/words.ts";
import type { Aspect } from "../tolerance/aspect.ts";
import { formatSeconds } from "../tolerance/seconds.ts";
import { faultTolerance, type Row } from "../tolerance/tolerance.ts";
import { verdict } from "../tolerance/verdict.ts";
import { printTemplate, type Templates } from "./template.ts";

interface OverviewLocals {
  readonly name: string;
  readonly machines: string;
  readonly version: string;
  readonly verdict: string;
  readonly topology: readonly string[];
  readonly table: readonly MachineRow[];
  readonly registration: string;
  readonly registrationUrl: string;
  readonly holder: string;
  readonly dnsName: string;
  readonly forwards: readonly { readonly outside: number; readonly inside: number; readonly what: string }[];
  readonly apiPort: number;
  readonly failures: readonly FailureRow[];
  readonly impliedPairs: number;
  readonly user: string;
  readonly firstServer: string;
  readonly hasLoadBalancer: boolean;
  readonly hasKeepalived: boolean;
}

interface MachineRow {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly os: string;
  readonly disk: string;
  readonly kubernetes: string;
}

interface FailureRow {
  readonly label: string;
  readonly api: string;
  readonly scheduling: string;
  readonly workloads: string;
  readonly ingress: string;
  readonly note: string;
}

/** The text of out/README.md. */
export function overview(cluster: Cluster, templates: Templates): string {
  const tolerance = faultTolerance(cluster);
  const { registration, ingress } = cluster;
  const direct = registration.holder === "server";
  return printTemplate<OverviewLocals>(templates, "README.md", {
    name: cluster.name,
    machines: machineCount(cluster),
    version: cluster.k3s.version,
    verdict: verdict(tolerance),
    topology: topology(cluster),
    table: cluster.nodes.map(machineRow),
    registration: registration.address,
    registrationUrl: registration.url,
    holder: {
      keepalived: `held by one of ${listed(namesOf(cluster, "loadbalancer"))} at a time (keepalived)`,
      loadbalancer: `held by ${listed(namesOf(cluster, "loadbalancer"))}, beside its own`,
      server: `the address of ${listed(namesOf(cluster, "server").slice(0, 1))} itself`,
    }[registration.holder],
    dnsName: cluster.dnsName ?? "",
    forwards: ingress
      ? [
          { outside: 80, inside: direct ? INGRESS_PORTS_ON_NODES.http : ingress.httpPort, what: "HTTP" },
          { outside: 443, inside: direct ? INGRESS_PORTS_ON_NODES.https : ingress.httpsPort, what: "HTTPS" },
        ]
      : [],
    apiPort: registration.port,
    failures: [...tolerance.singles, ...tolerance.pairs].map(failureRow),
    impliedPairs: tolerance.impliedPairs,
    user: cluster.access.user,
    firstServer: namesOf(cluster, "server")[0] ?? "",
    hasLoadBalancer: !direct,
    hasKeepalived: registration.holder === "keepalived",
  });
}

function machineCount(cluster: Cluster): string {
  const roles = [
    counted(ofRole(cluster, "server").length, "server"),
    counted(ofRole(cluster, "agent").length, "agent"),
    counted(ofRole(cluster, "loadbalancer").length, "load balancer"),
  ];
  return listed(roles.filter((text) => !text.startsWith("0 ")));
}

function namesOf(cluster: Cluster, role: Role): readonly string[] {
  return ofRole(cluster, role).map(({ name }) => name);
}

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  server: "server",
  agent: "agent",
  loadbalancer: "load balancer",
};

function machineRow(node: Node): MachineRow {
  const labels = Object.entries(node.labels).map(([key, value]) => `\`${key}=${value}\``);
  const taints = node.taints.map((taint) => `taint \`${taint}\``);
  return {
    name: node.name,
    role: ROLE_NAMES[node.role],
    address: node.address,
    os: node.os,
    disk: node.disk === "ssd" ? "SSD" : "SD card",
    kubernetes: [...labels, ...taints].join(", "),
  };
}

function failureRow({ label, count, aspects, note }: Row): FailureRow {
  return {
    label: count > 1 && !label.endsWith(")") ? `${label} (${count})` : label,
    api: felt(aspects.api),
    scheduling: felt(aspects.scheduling),
    workloads: felt(aspects.workloads),
    ingress: aspects.ingress ? felt(aspects.ingress) : "",
    note: note ?? "",
  };
}

/** "not felt", "0.5 s, at worst 5 s", "**down** until it is back". */
function felt({ survives, typicalSeconds, worstSeconds }: Aspect): string {
  if (!survives) return "**down** until it is back";
  if (worstSeconds === Infinity) return "**in part down** until it is back";
  if (worstSeconds === 0) return "not felt";
  const [typical, worst] = [formatSeconds(typicalSeconds), formatSeconds(worstSeconds)];
  if (typicalSeconds === 0) return `not felt, at worst ${worst}`;
  return typical === worst ? worst : `${typical}, at worst ${worst}`;
}

/** More boxes than this make a picture that nobody can read. */
const DRAWN_AGENTS = 8;

/** Lines of a Mermaid flowchart: router, load balancers, servers, agents. Names are RFC 1123, so quotes suffice. */
function topology(cluster: Cluster): readonly string[] {
  const { registration, ingress } = cluster;
  const balancers = ofRole(cluster, "loadbalancer");
  const servers = ofRole(cluster, "server");
  const agents = ofRole(cluster, "agent");
  const drawn = agents.length > DRAWN_AGENTS ? [] : agents;
  const runsIngress = new Set(ingressNodes(cluster));
  const ports = ingress
    ? `${ingress.httpPort}, ${ingress.httpsPort}, ${registration.port}`
    : String(registration.port);
  const lines = [
    `  router["router<br/>${cluster.network.gateway}"]`,
    ...(balancers.length > 0
      ? [`  vip(["vip ${registration.address}<br/>${ports}"])`, "  router --> vip"]
      : []),
    ...balancers.flatMap((node, index) => [`  lb${index}["${label(node)}"]`, `  vip --- lb${index}`]),
    ...group("control", "servers: API and etcd", servers.map(label)),
    ...(agents.length > 0
      ? group("workers", "agents", drawn.length > 0 ? drawn.map(label) : [`${agents.length} agents`])
      : []),
  ];
  if (balancers.length === 0) return [...lines, "  router --> control0"];
  const api = balancers.map((_, index) => `  lb${index} -->|API| control`);
  const ingressTargets = [
    ...(servers.some(({ name }) => runsIngress.has(name)) ? ["control"] : []),
    ...(agents.some(({ name }) => runsIngress.has(name)) ? ["workers"] : []),
  ];
  const traffic = balancers.flatMap((_, index) =>
    ingressTargets.map((target) => `  lb${index} -.->|ingress| ${target}`),
  );
  return [...lines, ...api, ...traffic];
}

function label(node: Node): string {
  return `${node.name}<br/>${node.address}`;
}

/** A box around boxes, side by side: invisible links (~~~) keep them in one row. */
function group(id: string, title: string, labels: readonly string[]): readonly string[] {
  const ids = labels.map((_, index) => `${id}${index}`);
  return [
    `  subgraph ${id}["${title}"]`,
    "    direction LR",
    ...labels.map((text, index) => `    ${id}${index}["${text}"]`),
    ...(ids.length > 1 ? [`    ${ids.join(" ~~~ ")}`] : []),
    "  end",
  ];
}
