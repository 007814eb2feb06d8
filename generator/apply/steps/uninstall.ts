// Step: what Quorate and K3s have put on a machine that is out of the cluster goes.
import type { Node } from "../../model/cluster.ts";
import { NODE_PATHS } from "../../render/node-paths.ts";
import { type Job, runOn } from "../job.ts";

/** It waits five minutes for cloud-init where the card still holds secrets. */
const LIMIT_MS = 420_000;

/** Nothing where the program is gone: it goes last. Throws a Failure. */
export async function uninstall(job: Job, node: Node): Promise<void> {
  const script = `[ -x ${NODE_PATHS.program} ] || exit 0\n${job.fence}\nexec ${NODE_PATHS.program} uninstall\n`;
  await runOn(job, node.name, script, { limit: LIMIT_MS });
}
