// The way to the machines of a cluster: its config, the host keys that its secret gives, and ssh.
import { openSsh, type Ssh } from "../apply/ssh.ts";
import type { Cluster } from "../model/cluster.ts";
import { deriveSecret } from "../secrets/derive.ts";
import type { Invocation } from "./command.ts";

const SSH_PORT = 22;

/** Throws a Failure where ssh's own files cannot be made. The caller closes it. */
export function reach(cluster: Cluster, root: Uint8Array, { environment, flags, session }: Invocation): Ssh {
  const generation = cluster.generations["ssh-host-key"];
  const identity = flags["identity"];
  return openSsh({
    machines: cluster.nodes.map(({ name, address }) => ({
      name,
      address,
      port: SSH_PORT,
      user: cluster.access.user,
      hostKey: deriveSecret(root, { secret: `ssh-host-key-public/${name}`, generation }),
    })),
    environment,
    ...(typeof identity === "string" && { identity }),
    signal: session.interrupted,
  });
}
