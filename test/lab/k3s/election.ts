// The elected one among the servers: a Lease in the store, with the times that K3s' controllers have.
// K3s holds several such Leases (its own, the scheduler's, the controller manager's), which may be with different servers.
import { setTimeout as sleep } from "node:timers/promises";
import { log } from "./log.ts";
import type { Store } from "./store.ts";

const KEY = "/registry/leases/kube-system/k3s";
const RETRY = 2000;
const LEASE = 45_000;
/** K3s' deadline is 30 s; a real server whose two peers were killed ended after 62 s, for its last request hung too. */
const RENEW_DEADLINE = 60_000;

export interface Election {
  readonly elected: () => boolean;
}

/**
 * Runs for as long as the process lives. Who was elected and could not say so again ends its process, as K3s does: this is
 * how a server notices that etcd has lost its quorum (k3s.md section 4, behind the table of phases). `env`: K3s' own knob
 * CATTLE_ELECTION_RENEW_DEADLINE, in seconds, such as "5s".
 */
export function standForElection(
  store: Store,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Election {
  const [, seconds] = /^(\d+)s$/.exec(env["CATTLE_ELECTION_RENEW_DEADLINE"] ?? "") ?? [];
  const deadline = seconds === undefined ? RENEW_DEADLINE : Number(seconds) * 1000;
  let renewed = 0;
  let seen = { record: "", since: 0 };
  const round = async () => {
    const [entry] = await store.range(KEY);
    const record = entry?.value ?? "";
    if (record !== seen.record) seen = { record, since: Date.now() };
    const mine = record.startsWith(`${name} `);
    const free = record === "" || Date.now() - seen.since > LEASE;
    if (!mine && !free) {
      renewed = 0;
      return;
    }
    if (await store.write(KEY, `${name} ${Date.now()}`, entry?.revision ?? "0")) renewed = Date.now();
  };
  const run = async () => {
    for (;;) {
      const tried = Date.now();
      await round().catch(() => {});
      if (renewed && Date.now() - renewed > deadline) {
        log("fatal", "leaderelection lost for k3s");
        process.exit(1);
      }
      await sleep(Math.max(0, RETRY - (Date.now() - tried)));
    }
  };
  void run();
  return { elected: () => renewed > 0 };
}
