// What the load balancers' HAProxy thinks of the machines behind it.
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Job, runOn } from "./job.ts";

export interface Backend {
  readonly backend: string;
  readonly server: string;
  readonly up: boolean;
  /** It gets no new connections, because somebody said so. */
  readonly drained: boolean;
}

/** The lines of `quorate-node backends`: `BACKEND/SERVER up|down drained|-`. */
export function parseBackends(text: string): readonly Backend[] {
  return text.split("\n").flatMap((line) => {
    const [, backend = "", server = "", state, drain] =
      /^([^/ ]+)\/(\S+) (up|down) (drained|-)$/.exec(line) ?? [];
    return backend === "" ? [] : [{ backend, server, up: state === "up", drained: drain === "drained" }];
  });
}

/** The load balancers that answered when the work began. */
export function balancersOf({ cluster, reachable }: Job): readonly Node[] {
  return ofRole(cluster, "loadbalancer").filter(({ name }) => reachable.has(name));
}

/** What one load balancer thinks now. Throws a Failure where it cannot be asked. */
export async function backendsOn(job: Job, balancer: Node): Promise<readonly Backend[]> {
  return parseBackends(await runOn(job, balancer.name, `exec ${NODE_PATHS.program} backends\n`));
}

/** True where HAProxy of a load balancer is to lead traffic to that machine. */
export function isBehind(cluster: Cluster, node: Node): boolean {
  return node.role === "server" || (cluster.ingress !== null && cluster.addonNodes.includes(node.name));
}
