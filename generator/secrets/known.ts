// Every secret value that a cluster has or had: what has to be taken out of a text before it is shown to others.
import { type Cluster, ofRole } from "../model/cluster.ts";
import type { SecretRef } from "../model/files.ts";
import { deriveSecret } from "./derive.ts";

/** The values of all names and of all generations up to the config's; the root, as it is and as hex digits, comes first. */
export function knownSecrets(root: Uint8Array, cluster: Cluster): readonly (string | Uint8Array)[] {
  const { generations } = cluster;
  const newest = Math.max(...Object.values(generations));
  const refs = [
    ...each("server-token", generations["server-token"]),
    ...each("agent-token", generations["agent-token"]),
    ...cluster.nodes.flatMap(({ name }) => [
      ...each(`ssh-host-key/${name}`, generations["ssh-host-key"]),
      ...each(`node-password/${name}`, newest),
    ]),
    ...ofRole(cluster, "server").flatMap(({ name }) => each(`peer-key/${name}`, newest)),
  ];
  return [root, Buffer.from(root).toString("hex"), ...refs.map((ref) => deriveSecret(root, ref))];
}

function each(secret: string, newest: number): readonly SecretRef[] {
  return Array.from({ length: newest }, (_, index) => ({ secret, generation: index + 1 }));
}
