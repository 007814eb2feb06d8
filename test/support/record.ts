// Records as an apply leaves them, for tests.
import type { Role } from "../../generator/model/cluster.ts";
import type { ClusterRecord, RecordedMachine } from "../../generator/model/record.ts";

/** A machine of the record; what a test does not care about is made up. */
export function recordedMachine(more: Partial<RecordedMachine> = {}): RecordedMachine {
  return {
    role: "server" satisfies Role,
    address: "10.0.0.11",
    tree: "1".repeat(40),
    digest: "2".repeat(64),
    action: "none",
    result: "applied",
    k3s: "v1.36.4+k3s1",
    commit: "3".repeat(40),
    hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
    ...more,
  };
}

/** A record of that cluster, with these machines. */
export function makeRecord(
  cluster: Partial<ClusterRecord["cluster"]> & { readonly name: string },
  names: readonly string[] = [],
): ClusterRecord {
  return {
    cluster: { caHash: "c".repeat(64), secretCheck: "0".repeat(16), uid: null, fixed: {}, ...cluster },
    machines: new Map(names.map((name) => [name, recordedMachine()])),
  };
}
