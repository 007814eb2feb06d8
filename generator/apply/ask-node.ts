// Asks one machine where it stands.
import type { Cluster, Node } from "../model/cluster.ts";
import { ASK_LIMIT_MS, ASK_SCRIPT, type MachineState, machineState } from "../status/ask.ts";
import type { Remote } from "./remote.ts";

/** Never rejects: a machine that does not answer is a state too. */
export async function askNode(remote: Remote, cluster: Cluster, node: Node): Promise<MachineState> {
  return machineState(node, cluster.name, await remote.run(node.name, ASK_SCRIPT, { limit: ASK_LIMIT_MS }));
}
