// Which cluster the servers are of: the recorded one, another one, or two.
import type { ClusterRecord } from "../model/record.ts";
import { listed } from "../model/words.ts";
import type { Context } from "./context.ts";
import { type Difference, difference, onMachine, STOP } from "./difference.ts";
import type { SeenCluster } from "./seen.ts";

/** False where the server says that it is of another cluster, or says nothing. */
export function isRecorded({ cluster }: ClusterRecord, { caHash, uid }: SeenCluster): boolean {
  return caHash === cluster.caHash && (cluster.uid === null || uid === null || uid === cluster.uid);
}

/** Whether one server is of the recorded cluster; `cluster`: what it tells. */
export function identity(
  { record, seen }: Context,
  name: string,
  cluster: SeenCluster,
): readonly Difference[] {
  const { caHash, uid } = record.cluster;
  if (cluster.caHash !== null && cluster.caHash !== caHash) {
    return [
      difference(
        "cluster, by its certificate",
        `the recorded one (${caHash.slice(0, 12)})`,
        `another one (${cluster.caHash.slice(0, 12)})`,
        STOP,
      ),
    ];
  }
  if (cluster.uid !== null && uid !== null && cluster.uid !== uid)
    return [difference("cluster, by its kube-system", uid, `${cluster.uid}: a second cluster`, STOP)];
  if (cluster.caHash !== null && cluster.uid !== null) return [];
  // What does not run does not answer, and was told of.
  const machine = seen.get(name);
  const runs = machine?.units.some((unit) => unit.name === "k3s" && unit.active === "active") ?? false;
  if (!runs || !machine?.status.ok || machine.status.status.state !== "ready") return [];
  return [
    difference(
      "Kubernetes API",
      "an answer to this server itself",
      "none",
      onMachine(name, "journalctl -u k3s -n 50"),
    ),
  ];
}

/** Where the record knows no UID, two servers that have different ones are two clusters all the same. */
export function disagreement(
  { cluster }: ClusterRecord,
  servers: readonly { readonly name: string; readonly cluster: SeenCluster }[],
): readonly Difference[] {
  const uids = servers.flatMap(({ name, cluster: { uid } }) => (uid === null ? [] : [{ name, uid }]));
  if (cluster.uid !== null || new Set(uids.map(({ uid }) => uid)).size < 2) return [];
  const seen = listed(uids.map(({ name, uid }) => `${name} ${uid}`));
  return [difference("kube-system", "the same on every server", `two clusters: ${seen}`, STOP)];
}
