// The administrator's kubeconfig as a K3s server wrote it, made good for another computer.
import { load } from "js-yaml";
import type { Cluster } from "../model/cluster.ts";
import { Failure } from "../failure.ts";

/** The three entries of one cluster, under one name. */
export interface ClusterAccess {
  readonly name: string;
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
}

/**
 * From /etc/rancher/k3s/k3s.yaml, where all entries are called `default` and the server is 127.0.0.1
 * (k3s-io/k3s:pkg/clientaccess/kubeconfig.go): named after the cluster, with the registration address. Throws a Failure for
 * another text; nothing of it is in the message.
 */
export function clusterAccess(text: string, cluster: Cluster, name = cluster.name): ClusterAccess {
  const value = parsed(text);
  const own = entry(value, "clusters", "cluster");
  const user = entry(value, "users", "user");
  if (!own || !user) {
    throw new Failure(
      "the server's kubeconfig is not as K3s writes it",
      "look at it there: npx quorate ssh NAME -- sudo cat /etc/rancher/k3s/k3s.yaml",
    );
  }
  return { name, cluster: { ...own, server: cluster.registration.url }, user };
}

function parsed(text: string): unknown {
  try {
    return load(text);
  } catch {
    return null;
  }
}

function entry(value: unknown, list: string, key: string): Readonly<Record<string, unknown>> | null {
  const entries = (value as Readonly<Record<string, unknown>> | null)?.[list];
  const first: unknown = Array.isArray(entries) ? entries[0] : null;
  const inner = (first as Readonly<Record<string, unknown>> | null)?.[key];
  return typeof inner === "object" && inner !== null ? (inner as Readonly<Record<string, unknown>>) : null;
}
