// K3s' own config files as plain objects, and what rides along with a server: Traefik's and CoreDNS' settings.
import type { Cluster, FlagValue, Node } from "../model/cluster.ts";
import { toYaml } from "./yaml.ts";

/** Where things are on a machine. */
export const K3S_PATHS = {
  config: "/etc/rancher/k3s/config.yaml",
  serverToken: "/etc/rancher/k3s/server-token",
  agentToken: "/etc/rancher/k3s/agent-token",
  nodePassword: "/etc/rancher/node/password",
  manifests: "/var/lib/rancher/k3s/server/manifests",
  installEnvironment: "/etc/quorate/k3s-install.env",
} as const;

/**
 * A server's config.yaml. `server` is in it and `cluster-init` never is, so that no re-flashed server can found a
 * second cluster by its config alone.
 */
export function serverConfig(cluster: Cluster, node: Node): Readonly<Record<string, FlagValue>> {
  const { k3s } = cluster;
  return {
    server: cluster.registration.url,
    "token-file": K3S_PATHS.serverToken,
    "agent-token-file": K3S_PATHS.agentToken,
    ...nodeFlags(node),
    "tls-san": k3s.tlsSans,
    "cluster-cidr": k3s.clusterCidr,
    "service-cidr": k3s.serviceCidr,
    "flannel-backend": k3s.flannelBackend,
    "secrets-encryption": k3s.secretsEncryption,
    "etcd-snapshot-schedule-cron": k3s.snapshots.schedule,
    "etcd-snapshot-retention": k3s.snapshots.retention,
    ...(k3s.disable.length > 0 && { disable: k3s.disable }),
    ...k3s.serverConfig,
  };
}

/** An agent's config.yaml, made apart: a key that only servers know would stop an agent. */
export function agentConfig(cluster: Cluster, node: Node): Readonly<Record<string, FlagValue>> {
  return {
    server: cluster.registration.url,
    "token-file": K3S_PATHS.agentToken,
    ...nodeFlags(node),
    ...cluster.k3s.agentConfig,
  };
}

function nodeFlags(node: Node): Readonly<Record<string, FlagValue>> {
  const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
  return {
    "node-name": node.name,
    // The first address found is not always the right one: a load balancer's vip, a second card, 127.0.1.1 in /etc/hosts.
    "node-ip": node.address,
    ...(labels.length > 0 && { "node-label": labels }),
    ...(node.taints.length > 0 && { "node-taint": node.taints }),
  };
}

/**
 * Traefik on every node that takes it, each answering for itself: a HelmChartConfig, merged by K3s over its own values.
 * `Local` keeps a request on the node that HAProxy chose, so its check of a node tests that node's own Traefik.
 */
export function traefikManifest(): string {
  return toYaml({
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChartConfig",
    metadata: { name: "traefik", namespace: "kube-system" },
    spec: {
      valuesContent: toYaml({
        deployment: { kind: "DaemonSet" },
        service: { spec: { externalTrafficPolicy: "Local" } },
      }),
    },
  });
}

/**
 * Two CoreDNS pods. K3s' own manifest leaves `replicas` open and spreads the pods over host names; below its minimum an
 * autoscaler acts without any metric (kubernetes pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler).
 */
export function corednsManifest(): string {
  return toYaml({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "quorate-coredns", namespace: "kube-system" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "coredns" },
      minReplicas: COREDNS_REPLICAS,
      maxReplicas: COREDNS_REPLICAS,
    },
  });
}

/** So many CoreDNS pods there are to be, where two nodes take them. */
export const COREDNS_REPLICAS = 2;

/** Two CoreDNS pods need two nodes that take them: the spread is a hard rule, a second pod on the same node would wait for ever. */
export function wantsTwoCoredns(cluster: Cluster): boolean {
  return cluster.addonNodes.length >= COREDNS_REPLICAS && !cluster.k3s.disable.includes("coredns");
}

/**
 * What K3s' install script is to be run with, as lines that a POSIX shell reads. The role is explicit: an agent whose
 * URL stands only in config.yaml would be installed as a server (docs/facts.md, K3s install script).
 */
export function installEnvironment(cluster: Cluster, node: Node): string {
  const { version, artifacts } = cluster.k3s;
  const lines: readonly (readonly [string, string])[] = [
    ["INSTALL_K3S_VERSION", version],
    ["INSTALL_K3S_ARTIFACT_URL", artifacts.mirror],
    ["INSTALL_K3S_EXEC", node.role],
    ["INSTALL_K3S_SKIP_START", "true"],
    ["QUORATE_INSTALL_SCRIPT", artifacts.installScript],
    ["QUORATE_INSTALL_SCRIPT_SHA256", artifacts.installScriptSha256 ?? ""],
  ];
  return lines.map(([name, value]) => `${name}=${shellQuote(value)}\n`).join("");
}

/** One shell word, whatever is in it. */
export function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
