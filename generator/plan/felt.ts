// What users of the cluster feel while a machine is worked on.
import type { ActionClass } from "../model/action.ts";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";

/** One sentence, for the plan. Rules: design, invariants 6 and 7. */
export function felt(cluster: Cluster, node: Node, action: ActionClass): string {
  if (action === "none") return "nothing";
  if (action === "reload") return "nothing: a reload hands the listening sockets on, and open streams stay";
  switch (node.role) {
    case "loadbalancer":
      return ofRole(cluster, "loadbalancer").length > 1
        ? "at most 0.5 s when the registration address moves; open streams through it reconnect"
        : "an outage: it is the only load balancer";
    case "server":
      return server(cluster);
    case "agent":
      return cluster.rollout.drain
        ? "nothing of workloads with two replicas: they are moved away first"
        : "nothing: pods keep running while K3s restarts";
  }
}

function server(cluster: Cluster): string {
  if (ofRole(cluster, "server").length === 1) return "an outage of the API: it is the only server";
  if (cluster.registration.holder === "server")
    return "an outage for whoever uses this server's address: no load balancer leads around it";
  return "nothing through the load balancers: it is drained first, and open streams reconnect";
}
