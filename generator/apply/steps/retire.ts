// Step: a machine that is going out of the cluster does not start K3s again, whatever happens. What runs goes on until it is out.
import type { Node } from "../../model/cluster.ts";
import { NODE_PATHS } from "../../render/node-paths.ts";
import { type Job, runOn } from "../job.ts";

/**
 * K3s with a `server` in its config joins again as soon as it starts, also after its member was removed
 * (k3s-io/k3s:pkg/etcd/etcd.go, tombstone). Throws a Failure.
 */
export async function retire(job: Job, node: Node): Promise<void> {
  // An agent has no vote that is needed until the end, and where it died meanwhile systemd would let it register again.
  const stop = node.role === "agent" ? "systemctl stop k3s-agent || exit\n" : "";
  await runOn(job, node.name, `${job.fence}\n${NODE_PATHS.program} retire || exit\n${stop}`);
}
