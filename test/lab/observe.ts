// What the machines say of themselves, and waiting for it.
import { setTimeout as sleep } from "node:timers/promises";
import { command } from "./command.ts";
import type { Machine } from "./machine.ts";
import { REAL_ARTIFACTS } from "./needs.ts";

/** The answer of `quorate-node status --json`, as far as the lab reads it. */
export interface Status {
  readonly state: string;
  readonly step: string;
  readonly waitingFor: string;
  readonly error: string;
  readonly next: string;
  readonly voter: boolean;
  readonly voters: number;
  readonly members: number;
  readonly vip: boolean;
  readonly applied: string;
}

/** null: the machine is off, or the program is not there yet. */
export async function statusOf(machine: Machine): Promise<Status | null> {
  if (!machine.on) return null;
  const { status, stdout } = await machine.run("quorate-node status --json").catch(() => NO_ANSWER);
  return status === 0 && stdout !== "" ? (JSON.parse(stdout) as Status) : null;
}

const NO_ANSWER = { status: 1, stdout: "", stderr: "" };

/** Waits until the machine's status is as wanted, and returns it. Throws after `limitMs`, saying what it was last. */
export async function untilStatus(
  machine: Machine,
  what: string,
  limitMs: number,
  wanted: (status: Status) => boolean,
): Promise<Status> {
  const end = performance.now() + limitMs;
  let last: Status | null = null;
  while (performance.now() < end) {
    last = await statusOf(machine);
    if (last && wanted(last)) return last;
    // Each look costs the machine some twenty programs, and all machines share a few processors.
    await sleep(1000);
  }
  throw new Error(`${machine.name} was not ${what} after ${limitMs} ms: ${JSON.stringify(last)}`);
}

/** Waits until every machine says that it is ready, and every server counts as many voters: as there are servers among them, unless said otherwise. */
export async function untilReady(
  machines: readonly Machine[],
  limitMs: number,
  voters = machines.filter(({ name }) => name.startsWith("server")).length,
): Promise<void> {
  await Promise.all(
    machines.map((machine) =>
      untilStatus(machine, `ready with ${voters} voters`, limitMs, ({ state, voters: seen }) => {
        return state === "ready" && (!machine.name.startsWith("server") || seen === voters);
      }),
    ),
  );
}

/** For `forMs` the machine's status has to be as wanted at every look; returns the last. */
export async function stays(
  machine: Machine,
  what: string,
  forMs: number,
  wanted: (status: Status) => boolean,
): Promise<Status> {
  const end = performance.now() + forMs;
  let last: Status | null = null;
  do {
    last = await statusOf(machine);
    if (!last || !wanted(last))
      throw new Error(`${machine.name} did not stay ${what}: ${JSON.stringify(last)}`);
    await sleep(1000);
  } while (performance.now() < end);
  return last;
}

/** The cluster that this server is of: the UID of its kube-system namespace. Two clusters have two. */
export async function clusterUid(server: Machine): Promise<string> {
  const text = await server.must("k3s kubectl get namespace kube-system -o json");
  return (JSON.parse(text) as { metadata: { uid: string } }).metadata.uid;
}

/** Whether K3s has data on this machine's disk, of etcd or of anything else. */
export async function hasData(server: Machine): Promise<boolean> {
  const { status } = await server.run(
    "ls /var/lib/rancher/k3s/server/db/etcd/member/wal /var/lib/rancher/k3s/server/db/state.db 2>/dev/null | grep -q .",
  );
  return status === 0;
}

/** Makes the cluster forget a server that is gone, as a person does it: by its Node, or, where there are none, in etcd. */
export async function forget(on: Machine, name: string): Promise<void> {
  if (REAL_ARTIFACTS === undefined) {
    await on.must(`k3s kubectl delete node ${name}`);
    return;
  }
  const tls = "/var/lib/rancher/k3s/server/tls/etcd";
  const etcdctl = `ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --cacert ${tls}/server-ca.crt --cert ${tls}/client.crt --key ${tls}/client.key`;
  await on.must(`${etcdctl} member remove $(${etcdctl} member list | grep ', ${name}-' | cut -d, -f1)`);
}

/** The status that an address answers with to somebody without credentials, "000" where it does not answer. */
export async function httpStatus(url: string, limitSeconds = 5): Promise<string> {
  const args = ["-sk", "--max-time", String(limitSeconds), "-o", "/dev/null", "-w", "%{http_code}"];
  return (await command("curl", [...args, url])).stdout;
}

/** Whatever an apply could leave behind on a machine: places, units that wait, drains, a closed node. */
export async function traces(machines: readonly Machine[]): Promise<ReadonlyMap<string, string>> {
  const script = `ls -A /var/lib/quorate | sort
systemctl list-units --plain --no-legend --no-pager 'quorate-*' | awk '{ print $1, $3 }'
systemctl is-active k3s k3s-agent haproxy keepalived
[ ! -S /run/haproxy/admin.sock ] || quorate-node backends | sort`;
  const entries = machines.map(
    async (machine) => [machine.name, (await machine.run(script)).stdout] as const,
  );
  return new Map(await Promise.all(entries));
}
