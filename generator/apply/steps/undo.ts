// After a failure: the machine goes back to the files that it had before, where that helps.
import type { Node } from "../../model/cluster.ts";
import { NODE_PATHS } from "../../render/node-paths.ts";
import { type Job, runOn } from "../job.ts";

/** The machine takes its previous set back and puts it in force. `digest`: of the set that is to go. Throws a Failure. */
export async function undo(job: Job, node: Node, digest: string): Promise<void> {
  await runOn(job, node.name, `${job.fence}\nexec ${NODE_PATHS.program} undo ${digest}\n`, { limit: 60_000 });
}
