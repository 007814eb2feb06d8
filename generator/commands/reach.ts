// The way to the machines of a cluster: addresses, the host keys that its secret gives or its record knows, and ssh.
import { openSsh, type Ssh } from "../apply/ssh.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { deriveSecret } from "../secrets/derive.ts";
import type { Invocation } from "./command.ts";

const SSH_PORT = 22;

/**
 * Throws a Failure where ssh's own files cannot be made. The caller closes it. `ends`: Ctrl-C ends what runs; a verb that
 * has something to put back on the machines first says no.
 */
export function reach(
  cluster: Cluster,
  root: Uint8Array,
  { environment, flags, session }: Invocation,
  ends = true,
): Ssh {
  const newest = cluster.generations["ssh-host-key"];
  const identity = flags["identity"];
  const key = (name: string, generation: number) =>
    deriveSecret(root, { secret: `ssh-host-key-public/${name}`, generation });
  return openSsh({
    machines: cluster.nodes.map(({ name, address }) => ({
      name,
      address,
      port: SSH_PORT,
      user: cluster.access.user,
      hostKey: key(name, newest),
      earlierHostKeys: Array.from({ length: newest - 1 }, (_, index) => key(name, newest - 1 - index)),
    })),
    environment,
    ...(typeof identity === "string" && { identity }),
    ...(ends && { signal: session.interrupted }),
  });
}

/** The same to the machines of the record, where they were recorded and by the host keys that they had: it needs no secret. */
export function reachRecorded(
  { access }: Cluster,
  { machines }: ClusterRecord,
  { environment, flags, session }: Invocation,
): Ssh {
  const identity = flags["identity"];
  return openSsh({
    machines: [...machines].map(([name, { address, hostKey }]) => ({
      name,
      address,
      port: SSH_PORT,
      user: access.user,
      hostKey,
    })),
    environment,
    ...(typeof identity === "string" && { identity }),
    signal: session.interrupted,
  });
}
