// Step: the machine's own program takes what was sent and puts it in force. It goes on by itself, also without us.
import type { Node } from "../../model/cluster.ts";
import { NODE_PATHS } from "../../render/node-paths.ts";
import { type Job, runOn } from "../job.ts";

// What it said before is taken away, so that an old "ready" is not taken for a new one; and that it was to leave the cluster, for the
// config has it again.
const SCRIPT = `systemctl stop ${NODE_PATHS.unit}
rm -f /run/quorate/status ${NODE_PATHS.retired}
systemctl start --no-block ${NODE_PATHS.unit}
`;

/** Throws a Failure where nobody could start it. */
export async function start(job: Job, node: Node): Promise<void> {
  await runOn(job, node.name, `${job.fence}\n${SCRIPT}`);
}
