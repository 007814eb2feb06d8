// The clusters that the lab boots: the sample one and one with every kind of machine, as a person would configure them.
import { parseConfig } from "../../generator/config/parse.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import { REAL_ARTIFACTS } from "./needs.ts";

export type ClusterName = "sample" | "full";

const MIRROR_PORT = 8000;
/** Where the lab's mirror answers: a name, so that a machine without working DNS can be tested. */
const MIRROR_URL = `http://mirror.lab:${MIRROR_PORT}`;
const LAST_OF_FIRST = { server: 10, agent: 100, loadbalancer: 20 } as const;
const COUNTS = {
  sample: { server: 3, agent: 0, loadbalancer: 1 },
  full: { server: 3, agent: REAL_ARTIFACTS === undefined ? 1 : 0, loadbalancer: 2 },
} as const;
const SHORT = { server: "server", agent: "agent", loadbalancer: "lb" } as const;

// A machine made of namespaces runs no kubelet of its own: a real K3s is then a control plane and nothing else.
const WITHOUT_KUBELETS = {
  flannelBackend: "none",
  disable: ["coredns", "servicelb", "local-storage", "metrics-server", "runtimes"],
  serverConfig: {
    "disable-agent": true,
    "egress-selector-mode": "disabled",
    "disable-cloud-controller": true,
    "disable-network-policy": true,
  },
};

/** One of the lab's clusters, through the door that every config takes. The arguments are labConfig's. */
export function labCluster(
  name: ClusterName,
  authorizedKey: string,
  more: Readonly<Record<string, unknown>> = {},
): Cluster {
  return readCluster(JSON.stringify(labConfig(name, authorizedKey, more)));
}

/**
 * The config as a person has it in cluster.config.json. `authorizedKey`: a line of an OpenSSH .pub file. `more` goes over
 * it, field by field at the top.
 */
export function labConfig(
  name: ClusterName,
  authorizedKey: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    version: 1,
    cluster: { name: "lab", vip: "10.88.0.10" },
    network: { subnet: "10.88.0.0/16", gateway: "10.88.0.1" },
    os: "debian",
    access: { user: "ops", authorizedKeys: [authorizedKey] },
    ...(REAL_ARTIFACTS !== undefined && { ingress: { kind: "none" } }),
    k3s: {
      version: "v1.36.4+k3s1",
      ...(REAL_ARTIFACTS !== undefined && WITHOUT_KUBELETS),
      artifacts: { installScript: `${MIRROR_URL}/install.sh`, mirror: `${MIRROR_URL}/releases` },
    },
    nodes: (["server", "agent", "loadbalancer"] as const).flatMap((role) =>
      Array.from({ length: COUNTS[name][role] }, (_, index) => ({
        name: `${SHORT[role]}-${index + 1}`,
        role,
        address: `10.88.0.${LAST_OF_FIRST[role] + index + 1}`,
        disk: "ssd",
      })),
    ),
    ...more,
  };
}

/** A config's text as a Cluster. Throws with the findings where it has an error. */
export function readCluster(text: string): Cluster {
  const { cluster, findings } = parseConfig(text);
  if (cluster) return cluster;
  const errors = findings.filter(({ severity }) => severity === "error");
  throw new Error(
    errors.map(({ path, message, hint }) => `${path.join(".")}: ${message}; ${hint}`).join("\n"),
  );
}
