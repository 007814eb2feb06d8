// Step, once and before all others: what etcd holds is kept on a server, before the first one gets another K3s.
import { Failure } from "../../failure.ts";
import { type Node, ofRole } from "../../model/cluster.ts";
import { size } from "../../snapshot/format.ts";
import { askNode } from "../ask-node.ts";
import { ApplyInterrupted, type Job, TakenOver } from "../job.ts";
import { saveSnapshot } from "../snapshots.ts";

/**
 * On the first server that can. `first`: the machine that is worked on first, in whose place it is told. Throws a Failure
 * where none can: then nothing has been touched.
 */
export async function snapshotBefore(job: Job, first: Node): Promise<void> {
  const servers = ofRole(job.cluster, "server").filter(({ name }) => job.reachable.has(name));
  const states = await Promise.all(servers.map((server) => askNode(job.remote, job.cluster, server)));
  const ready = states.filter(({ state, status }) => state === "ready" && status?.voter === true);
  // Of what etcd held before the first server had it, or when some did already: only the first leads back.
  const begun = states.some(({ status }) => status?.k3s === job.cluster.k3s.version);
  const name = `${begun ? "during" : "before"}-${job.cluster.k3s.version.replaceAll("+", "-")}`;
  const reasons: Failure[] = [];
  for (const server of ready) {
    if (job.interrupted.aborted) throw new ApplyInterrupted();
    try {
      const { fence, interrupted: signal } = job;
      const saved = await saveSnapshot(job.remote, server.name, name, { fence, signal });
      job.note(first.name, `${saved.name} on ${saved.on}, ${size(saved.bytes)}`);
      return;
    } catch (error) {
      if (job.interrupted.aborted) throw new ApplyInterrupted();
      if (!(error instanceof Failure) || error instanceof TakenOver) throw error;
      reasons.push(error);
      job.note(first.name, error.message);
    }
  }
  const why = reasons.map(({ message }) => message).join("; ") || "no server is ready";
  const next = reasons[0]?.hint ?? "npx quorate status says what the servers wait for";
  throw new Failure(
    `etcd's data are not kept, so no K3s is exchanged and nothing was touched: ${why}`,
    `${next}; where there is nothing to keep any more: npx quorate apply --without-snapshot`,
  );
}
