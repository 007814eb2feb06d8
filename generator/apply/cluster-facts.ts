// What tells this cluster from every other one, asked on a server.
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import { fixedSettings } from "../model/fixed.ts";
import type { ClusterRecord, RecordedCluster } from "../model/record.ts";
import type { Remote } from "./remote.ts";

// The sum of what /cacerts gives out is what a K10 token names (k3s-io/k3s:pkg/clientaccess/token.go).
const SCRIPT = `curl -sfk --noproxy '*' --max-time 10 https://127.0.0.1:6443/cacerts | sha256sum
/usr/local/bin/k3s kubectl get --raw /api/v1/namespaces/kube-system
`;
const LIMIT_MS = 30_000;
/** Of no bytes at all. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/**
 * The cluster as it is to be recorded. Throws a Failure where `server` cannot be asked, or is of another cluster than the
 * recorded one.
 */
export async function clusterFacts(
  remote: Remote,
  cluster: Cluster,
  server: string,
  known: ClusterRecord | null,
  secretCheck: string,
): Promise<RecordedCluster> {
  const result = await remote.run(server, SCRIPT, { limit: LIMIT_MS });
  if (!result.finished) throw new Failure(`${server}: ${result.message}`, result.next);
  const caHash = /^([0-9a-f]{64}) /.exec(result.stdout)?.[1] ?? EMPTY;
  const uid = /"uid": *"([0-9a-f-]{36})"/.exec(result.stdout)?.[1] ?? null;
  if (result.exit !== 0 || caHash === EMPTY || uid === null) {
    throw new Failure(
      `${server} does not say which cluster it is of`,
      `look at it: npx quorate ssh ${server} -- sudo k3s kubectl get nodes; then run apply again`,
    );
  }
  const before = known?.cluster;
  if (before && (before.caHash !== caHash || (before.uid !== null && before.uid !== uid))) {
    throw new Failure(
      `${server} is of another cluster than the recorded one: its ${before.caHash === caHash ? "kube-system" : "certificate"} is not the same`,
      "change nothing; look at npx quorate status --bundle FILE and at which machines have these addresses",
    );
  }
  return { name: cluster.name, caHash, secretCheck, uid, fixed: before?.fixed ?? fixedSettings(cluster) };
}
