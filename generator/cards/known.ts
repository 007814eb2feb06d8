// What is known about the cluster before a card is written: the record, who answers, and what a running server says.
import type { Remote } from "../apply/remote.ts";
import { Failure } from "../failure.ts";
import { type Cluster, ofRole } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { listed } from "../model/words.ts";
import { rootCheck } from "../secrets/derive.ts";
import type { Known } from "./kind.ts";
import type { Answer } from "./look.ts";

export interface Seen {
  readonly record: ClusterRecord | null;
  readonly answers: readonly Answer[];
  /** Why nobody looked, or could; null where somebody did. */
  readonly blind: string | null;
}

/** Milliseconds for a server to list its nodes. */
const LIST_LIMIT_MS = 10_000;
const LIST_SCRIPT = "exec /usr/local/bin/k3s kubectl get nodes -o name\n";
const IMPORT =
  "on the computer where the cards were written: npx quorate secret export FILE; here: npx quorate secret import FILE";

/** Throws a Failure where the cluster that is known is another one than the config's. */
export function refuseOther(cluster: Cluster, { record, answers }: Seen): void {
  if (record && record.cluster.name !== cluster.name) {
    throw new Failure(
      `out/applied.json records the cluster ${record.cluster.name}, and the config describes ${cluster.name}`,
      "a cluster keeps its name; for another cluster use another folder",
    );
  }
  const other = answers.find(({ caHash }) => record && caHash !== null && caHash !== record.cluster.caHash);
  if (other) {
    throw new Failure(
      `another cluster answers at ${other.address} (${other.name}): its certificate is not the recorded one`,
      "find out which machine has that address, and switch it off or change the config; no card was written",
    );
  }
}

/** Throws a Failure where a new secret would be a second one: a cluster stands already. */
export function refuseNewSecret({ record, answers }: Seen): void {
  if (record)
    throw new Failure("this cluster is recorded (out/applied.json), and its secret is not here", IMPORT);
  const at = (said: Answer["said"]) =>
    listed(answers.filter((answer) => answer.said === said).map(({ address }) => address));
  if (at("cluster") !== "")
    throw new Failure(`a cluster answers at ${at("cluster")} already, and its secret is not here`, IMPORT);
  if (at("busy") !== "") {
    throw new Failure(
      `something takes connections on the API's port of ${at("busy")}, perhaps a cluster that starts, and no secret is here`,
      `if it is this cluster: ${IMPORT}; if not, find out what has that address`,
    );
  }
}

/** Throws a Failure where the secret is not the one that the cluster was made with. */
export function refuseOtherSecret(root: Uint8Array, { record }: Seen): void {
  if (!record || record.cluster.secretCheck === rootCheck(root)) return;
  throw new Failure(
    `.secrets/cluster-secret (check value ${rootCheck(root)}) is not the secret of the recorded cluster (${record.cluster.secretCheck})`,
    `move it away, to a safe place; ${IMPORT}`,
  );
}

export interface Members {
  /** Names of the cluster's nodes; null where no server could be asked. */
  readonly nodes: ReadonlySet<string> | null;
  /** Why none could be asked. */
  readonly problem: string | null;
}

/** Asks the servers that answer for the list of nodes, one after the other. Throws a Failure for a machine of another secret. */
export async function askMembers(
  cluster: Cluster,
  answers: readonly Answer[],
  remote: Remote,
): Promise<Members> {
  const there = ofRole(cluster, "server").filter(({ address }) =>
    answers.some((answer) => answer.address === address && answer.said === "cluster"),
  );
  let problem: string | null = null;
  for (const { name, address } of there) {
    const result = await remote.run(name, LIST_SCRIPT, { limit: LIST_LIMIT_MS });
    if (!result.finished && result.problem === "host-key") {
      throw new Failure(
        `a cluster answers at ${address}, and ${name} there has another host key than this secret gives`,
        `is it this cluster, and is .secrets/ of the computer where its cards were written? npx quorate secret check says which it is`,
      );
    }
    if (result.finished && result.exit === 0) {
      const names = result.stdout.split("\n").flatMap((line) => /^node\/(\S+)$/.exec(line)?.[1] ?? []);
      return { nodes: new Set(names), problem: null };
    }
    problem ??= result.finished ? `${name} lists no nodes` : `${name}: ${result.message}`;
  }
  return { nodes: null, problem };
}

/** What is known about one machine. */
export function knownOf(seen: Seen, members: Members | null, node: string): Known {
  return {
    record: seen.record,
    answers: seen.answers.filter(({ said }) => said === "cluster").map(({ address }) => address),
    busy: seen.answers.filter(({ said }) => said === "busy").map(({ address }) => address),
    blind: seen.blind,
    member: members?.nodes?.has(node) ?? null,
  };
}
