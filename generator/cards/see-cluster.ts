// Looks whether the cluster stands already: in the record, and on the network. Only asks; sends no credentials.
import { readRecord } from "../read-record.ts";
import type { Cluster } from "../model/cluster.ts";
import type { RunProgram } from "../program.ts";
import { refuseOther, type Seen } from "./known.ts";
import { isInSubnet, lookForCluster } from "./look.ts";

export interface Sight extends Seen {
  /** What could not be looked at, as sentences for people. */
  readonly notes: readonly string[];
}

/** `offline`: nothing is asked but the files beside the config. Throws a Failure for another cluster than the config's. */
export async function seeCluster(
  cluster: Cluster,
  config: string,
  run: RunProgram,
  offline: boolean,
): Promise<Sight> {
  const [{ record, problem }, answers] = await Promise.all([
    readRecord(config, run, { branch: cluster.state.branch, fetches: !offline }),
    offline ? [] : lookForCluster(cluster),
  ]);
  const silent = answers.every(({ said }) => said === "silent");
  const outside = silent && !isInSubnet(cluster);
  const subnet = cluster.network.subnet.cidr;
  const blind = offline
    ? "nobody looked whether one answers: --offline"
    : outside
      ? `this computer is not in ${subnet}, so it could not look whether one answers`
      : null;
  const notes = [
    ...(blind === null ? [] : [blind]),
    ...(problem === null || offline
      ? []
      : [`the record on the shared branch could not be looked at (${problem}); the one here counts`]),
  ];
  const sight = { record, answers, blind, notes };
  refuseOther(cluster, sight);
  return sight;
}
