// What users of the cluster feel while a machine is worked on, and whether that is an outage.
import { ACTION_CLASSES, type ActionClass } from "../model/action.ts";
import { type Cluster, firstServer, type Node, ofRole } from "../model/cluster.ts";

export interface Felt {
  /** One sentence, for the plan. Rules: design, invariants 6 and 7. */
  readonly text: string;
  /** Something that works now stops working, and nothing else takes over. */
  readonly outage: boolean;
}

export interface Work {
  readonly action: ActionClass;
  /** This machine holds the registration address; null where nobody knows. */
  readonly vip: boolean | null;
  /** False: without it the others are no majority. */
  readonly enough: boolean;
  /** keepalived is to hold the registration address from now on, where this machine's own network did. */
  readonly handsOverVip: boolean;
  /** Its own network is to hold the registration address from now on, where keepalived did. */
  readonly takesVip: boolean;
}

/** What the work on one machine is like for the others. */
export function felt(cluster: Cluster, node: Node, work: Work): Felt {
  const { action } = work;
  if (action === "refused") return quiet("nothing: it is refused, and nothing is done");
  if (action === "add") return quiet("nothing: it joins by itself when it is switched on");
  switch (node.role) {
    case "loadbalancer":
      return loadBalancer(cluster, work);
    case "server":
      return server(cluster, node, work);
    case "agent":
      return agent(cluster, action);
  }
}

/**
 * What it is like for the others when a machine of that role goes for good. `vip`: it holds the registration address; `registered`:
 * its own address was that one, as far as anybody knows.
 */
export function feltRemoval(
  cluster: Cluster,
  role: Node["role"],
  { vip, registered }: { readonly vip: boolean | null; readonly registered: boolean },
): Felt {
  switch (role) {
    case "loadbalancer":
      if (ofRole(cluster, "loadbalancer").length === 0)
        return outage("of the registration address: no load balancer is left");
      return vip === false
        ? quiet("nothing: another load balancer holds the registration address")
        : quiet(HANDED_OVER(vip));
    case "server":
      if (cluster.registration.holder !== "server")
        return quiet(`nothing: nobody is led there any more; ${DELETED}, snapshots of etcd too`);
      // No load balancer leads around it: whoever has its address, in a kubeconfig perhaps, needs another one's.
      return registered
        ? outage(
            `for whoever uses its address, which was the registration address; ${NEW_KUBECONFIG}; ${DELETED}`,
          )
        : quiet(
            `nothing at the registration address; who uses its own address needs another: ${NEW_KUBECONFIG}; ${DELETED}`,
          );
    case "agent":
      return quiet(
        cluster.rollout.drain
          ? `nothing of workloads with two replicas: they are moved away first; ${DELETED}`
          : `its workloads stop, and start elsewhere: rollout.drain is false; ${DELETED}`,
      );
  }
}

const NEW_KUBECONFIG = "a new kubeconfig: npx quorate kubeconfig";

const DELETED = "what lies on its own disk (local volumes) is deleted";

const HANDED_OVER = (vip: boolean | null) =>
  `at most 0.5 s ${vip ? "while the registration address moves to another load balancer" : "if it holds the registration address, which then moves"}; open streams through it reconnect`;

/** True where the action ends what runs on the machine, if only for a moment. */
export function stops(action: ActionClass): boolean {
  return isAtLeast(action, "restart") && isAtLeast("reflash", action);
}

function isAtLeast(action: ActionClass, least: ActionClass): boolean {
  return ACTION_CLASSES.indexOf(action) >= ACTION_CLASSES.indexOf(least);
}

function loadBalancer(cluster: Cluster, { action, vip, handsOverVip, takesVip }: Work): Felt {
  // Its own network gives the address up before keepalived is even installed. Another one that has joined holds it by then.
  if (handsOverVip) return quiet(HANDED_OVER(true));
  // The others are gone by then. One that nobody could ask must be off, or two machines have the address.
  if (takesVip)
    return outage(
      "the registration address is nobody's from when keepalived ends until this machine's own network holds it",
    );
  if (action === "none") return quiet("nothing");
  if (ofRole(cluster, "loadbalancer").length === 1)
    return stops(action)
      ? outage("it is the only load balancer")
      : quiet("nothing: a reload hands the listening sockets on, and open streams stay");
  if (vip === false) return quiet("nothing: another load balancer holds the registration address");
  // It gives the address up before anything is done to it (design, invariant 7).
  return quiet(HANDED_OVER(vip));
}

function server(cluster: Cluster, node: Node, { action, enough }: Work): Felt {
  if (!stops(action)) return quiet("nothing");
  if (ofRole(cluster, "server").length === 1) return outage("of the API: it is the only server");
  if (!enough) return outage("of the API: the other servers alone are no majority");
  if (cluster.registration.holder === "server")
    return node === firstServer(cluster)
      ? outage(
          "for whoever uses this server's address: it is the registration address, and no load balancer leads around it",
        )
      : quiet(
          "nothing at the registration address; whoever uses this server's own address waits until it is back",
        );
  return quiet("nothing through the load balancers: it is drained first, and open streams reconnect");
}

function agent({ rollout }: Cluster, action: ActionClass): Felt {
  if (!stops(action)) return quiet("nothing");
  if (rollout.drain) return quiet("nothing of workloads with two replicas: they are moved away first");
  return action === "reboot" || action === "reflash"
    ? quiet("its workloads stop until it is back: rollout.drain is false")
    : quiet("nothing: pods keep running while K3s restarts");
}

function quiet(text: string): Felt {
  return { text, outage: false };
}

function outage(what: string): Felt {
  return { text: `an outage${/^(of|for) /.test(what) ? " " : ": "}${what}`, outage: true };
}
