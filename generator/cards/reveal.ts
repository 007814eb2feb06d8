// The value of a secret on one machine's card.
import type { Node } from "../model/cluster.ts";
import type { SecretRef } from "../model/files.ts";
import type { ClusterRecord } from "../model/record.ts";
import { deriveSecret } from "../secrets/derive.ts";

/**
 * Once the cluster is recorded, the token that a machine joins with names the cluster's certificates, so that it goes to no
 * other one: `K10<CA hash>::USER:TOKEN`, USER server or node (k3s-io/k3s:pkg/clientaccess/token.go). The agent token on a
 * server is what it gives out, not what it joins with, and stays as it is.
 */
export function revealOn(
  node: Node,
  root: Uint8Array,
  record: ClusterRecord | null,
): (ref: SecretRef) => string {
  const joinsWith = { server: "server-token", agent: "agent-token", loadbalancer: "" }[node.role];
  return (ref) => {
    const value = deriveSecret(root, ref);
    if (record === null || ref.secret !== joinsWith) return value;
    return `K10${record.cluster.caHash}::${node.role === "server" ? "server" : "node"}:${value}`;
  };
}
