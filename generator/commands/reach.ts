// The way to the machines of a cluster: addresses, the host keys that its secret gives or its record knows, and ssh.
import type { RemoteMachine } from "../apply/remote.ts";
import { openSsh, type Ssh } from "../apply/ssh.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { goneMachines } from "../plan/order.ts";
import { deriveSecret } from "../secrets/derive.ts";
import { sshKeyFile } from "../secrets/ssh-key.ts";
import type { Invocation } from "./command.ts";

const SSH_PORT = 22;

/**
 * Throws a Failure where ssh's own files cannot be made. The caller closes it. `ends`: Ctrl-C ends what runs; a verb that
 * has something to put back on the machines first says no. `record`: machines that it names and the config does not are reached too,
 * by the keys that they had.
 */
export function reach(
  cluster: Cluster,
  root: Uint8Array,
  invocation: Invocation,
  { ends = true, record = null }: { readonly ends?: boolean; readonly record?: ClusterRecord | null } = {},
): Ssh {
  const newest = cluster.generations["ssh-host-key"];
  const key = (name: string, generation: number) =>
    deriveSecret(root, { secret: `ssh-host-key-public/${name}`, generation });
  const configured = cluster.nodes.map(({ name, address }) => ({
    name,
    address,
    port: SSH_PORT,
    user: cluster.access.user,
    hostKey: key(name, newest),
    earlierHostKeys: Array.from({ length: newest - 1 }, (_, index) => key(name, newest - 1 - index)),
  }));
  const gone = goneMachines(cluster, record).flatMap(({ name, address }) => {
    const { hostKey } = record?.machines.get(name) ?? {};
    return hostKey === undefined
      ? []
      : [{ name, address, port: SSH_PORT, user: cluster.access.user, hostKey }];
  });
  return open(invocation, [...configured, ...gone], ends);
}

/** The same to the machines of the record, where they were recorded and by the host keys that they had: it needs no secret. */
export function reachRecorded({ access }: Cluster, { machines }: ClusterRecord, invocation: Invocation): Ssh {
  return open(
    invocation,
    [...machines].map(([name, { address, hostKey }]) => ({
      name,
      address,
      port: SSH_PORT,
      user: access.user,
      hostKey,
    })),
    true,
  );
}

/** Logs in with the key that a flag names, else with the one in QUORATE_SSH_KEY, else as ssh does by itself. */
function open(
  { environment, flags, session }: Invocation,
  machines: readonly RemoteMachine[],
  ends: boolean,
): Ssh {
  const named = flags["identity"];
  const given = typeof named === "string" ? null : sshKeyFile(environment);
  const identity = typeof named === "string" ? named : given?.path;
  try {
    const ssh = openSsh({
      machines,
      environment,
      ...(identity !== undefined && { identity }),
      ...(ends && { signal: session.interrupted }),
    });
    return { ...ssh, close: () => ssh.close().finally(() => given?.remove()) };
  } catch (error) {
    given?.remove();
    throw error;
  }
}
