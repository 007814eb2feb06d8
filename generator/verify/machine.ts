// What verify asks on a machine itself: one read-only script, and what its answer means.
import type { Problem, Remote } from "../apply/remote.ts";
import { printable } from "../config/printable.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import { ASK_SCRIPT, type MachineState, machineState } from "../status/ask.ts";

const LIMIT_MS = 10_000;
const LONGEST = 200;

export interface MachineAnswer {
  readonly node: Node;
  /** Where it stands, by its own program. */
  readonly state: MachineState;
  /** Why it could not be asked; null: it could. */
  readonly problem: Problem | null;
  /** Its clock in seconds since 1970, and this computer's before and after. Null where it did not say. */
  readonly clock: { readonly there: number; readonly begin: number; readonly end: number } | null;
  readonly synchronised: boolean;
  /** The version of the k3s program; empty: there is none. */
  readonly k3s: string;
  /** etcd's own word on its health, as it is; empty: none. */
  readonly etcd: string;
  /** The administrator's kubeconfig as it lies there; empty: none. */
  readonly kubeconfig: string;
}

// The clock first: what follows takes a while. etcd's metrics listen on loopback without a login, and /health is true only
// with a leader and a read that all agree on (etcd-io/etcd:server/etcdserver/api/etcdhttp/health.go).
const CLOCK = `printf 'clock %s %s\\n' "$(date +%s)" "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)"
`;
const K3S = `printf 'k3s %s\\n' "$(/usr/local/bin/k3s --version 2>/dev/null | sed -n 's/^k3s version \\([^ ]*\\).*/\\1/p')"
`;
const SERVER = `printf 'etcd %s\\n' "$(curl -qs --noproxy '*' --max-time 5 http://127.0.0.1:2381/health | tr -d '\\n' | cut -c 1-${LONGEST})"
printf 'kubeconfig %s\\n' "$(base64 </etc/rancher/k3s/k3s.yaml 2>/dev/null | tr -d '\\n')"
`;
const SCRIPTS: Readonly<Record<Node["role"], string>> = {
  server: CLOCK + K3S + SERVER + ASK_SCRIPT,
  agent: CLOCK + K3S + ASK_SCRIPT,
  loadbalancer: CLOCK + ASK_SCRIPT,
};

/** Never rejects: a machine that does not answer is an answer too. `now`: milliseconds since 1970. */
export async function askMachine(
  remote: Remote,
  cluster: Cluster,
  node: Node,
  now: () => number,
): Promise<MachineAnswer> {
  const begin = Math.floor(now() / 1000);
  const result = await remote.run(node.name, SCRIPTS[node.role], { limit: LIMIT_MS });
  const end = Math.floor(now() / 1000);
  const lines = result.finished ? result.stdout.split("\n") : [];
  const said = (word: string) =>
    lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? "";
  const own = lines.filter((line) => !/^(clock|k3s|etcd|kubeconfig) /.test(line)).join("\n");
  const [, seconds, synchronised] = /^(\d{1,12}) (\w*)$/.exec(said("clock")) ?? [];
  return {
    node,
    state: machineState(node, cluster.name, result.finished ? { ...result, stdout: own } : result),
    problem: result.finished ? null : result.problem,
    clock: seconds === undefined ? null : { there: Number(seconds), begin, end },
    synchronised: synchronised === "yes",
    k3s: printable(said("k3s")).slice(0, LONGEST),
    etcd: printable(said("etcd")).slice(0, LONGEST),
    kubeconfig: Buffer.from(said("kubeconfig"), "base64").toString("utf8"),
  };
}
