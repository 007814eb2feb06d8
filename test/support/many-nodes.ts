// Clusters at the edge of what HAProxy's status page can hold.
import type { Cluster } from "../../generator/model/cluster.ts";
import { makeCluster } from "./clusters.ts";

/** 300 ingress nodes, far more than are listed one by one. */
export const MANY_NODES: Cluster = makeCluster({ servers: 3, agents: 297, loadBalancers: 2 });

/** As many ingress nodes as are listed one by one, each name as long as a name may be. */
export const LONG_NAMES: Cluster = renamed(makeCluster({ servers: 3, agents: 97 }), (name) =>
  name.padEnd(63, "x"),
);

function renamed(cluster: Cluster, name: (old: string) => string): Cluster {
  const nodes = cluster.nodes.map((node) => ({ ...node, name: name(node.name) }));
  const addonNodes = cluster.addonNodes.map(name);
  return { ...cluster, nodes, addonNodes };
}
