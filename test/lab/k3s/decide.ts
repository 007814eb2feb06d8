// What a server becomes when it starts: the table of k3s.md section 4, "Init and join semantics", line for line.

export type Start = "existing" | "new" | "join" | "sqlite";

export interface Situation {
  /** etcd's WAL folder is there. */
  readonly initialized: boolean;
  readonly clusterInit: boolean;
  /** Empty: not set. */
  readonly server: string;
  readonly token: string;
}

/**
 * "new" founds a cluster and asks nobody; "sqlite" is one node without etcd, which K3s falls through to.
 * Throws where founding and joining are asked for at once and there is no token.
 */
export function decide({ initialized, clusterInit, server, token }: Situation): Start {
  if (initialized) return "existing";
  if (!clusterInit && (server === "" || token === "")) return "sqlite";
  if (server === "") return "new";
  if (token === "") throw new Error("token is required to join a cluster");
  return "join";
}
