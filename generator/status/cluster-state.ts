// From the states of the machines to the state of the cluster: how many voters, whether they are one cluster, ready or not.
import { type Cluster, ofRole } from "../model/cluster.ts";
import { counted, listed } from "../model/words.ts";
import type { MachineState } from "./ask.ts";

export interface ClusterState {
  /** In the order of the config. */
  readonly machines: readonly MachineState[];
  /** Servers that say of themselves that they are voters. */
  readonly voters: number;
  /** Servers of the config. */
  readonly servers: number;
  /** A majority votes, and in one cluster. */
  readonly quorate: boolean;
  /** Every machine is ready, every server a voter, and nothing is noted. */
  readonly ready: boolean;
  /** What does not fit together. */
  readonly notes: readonly Note[];
}

export interface Note {
  readonly message: string;
  readonly next: string;
}

/** The cluster as its machines tell it. Voters are counted from each server's own answer, and members are compared. */
export function clusterState(cluster: Cluster, machines: readonly MachineState[]): ClusterState {
  const servers = ofRole(cluster, "server").length;
  const answers = machines.flatMap(({ name, role, status }) =>
    role === "server" && status ? [{ name, ...status }] : [],
  );
  const voters = answers.filter(({ voter }) => voter).length;
  const counts = answers.filter(({ members }) => members > 0);
  const members = Math.max(0, ...counts.map((each) => each.members));
  const disagree = new Set(counts.map((each) => each.members)).size > 1;
  // Three clusters of one agree on "1 member": more voters than members cannot be one cluster.
  const split = disagree || voters > members;
  const notes = [
    ...(disagree ? [disagreement(counts)] : []),
    ...(!disagree && counts.length > 0 && voters > members ? [tooMany(voters, members)] : []),
    ...(!disagree && voters <= members && members > 0 && voters === servers && members !== servers
      ? [otherNumber(members, servers)]
      : []),
  ];
  const majority = Math.floor(Math.max(servers, members) / 2) + 1;
  return {
    machines,
    voters,
    servers,
    quorate: !split && voters >= majority,
    ready: notes.length === 0 && voters === servers && machines.every(({ state }) => state === "ready"),
    notes,
  };
}

function disagreement(counts: readonly { readonly name: string; readonly members: number }[]): Note {
  const said = counts.map(({ name, members }) => `${name} counts ${members}`);
  return {
    message: `the servers do not agree on the number of members: ${listed(said)}`,
    next: "ask again in a minute; if it stays so, there may be two clusters: change nothing and look at npx quorate status --bundle FILE",
  };
}

function tooMany(voters: number, members: number): Note {
  return {
    message: `${counted(voters, "server")} vote, but each counts ${counted(members, "member")}: they are not in one cluster`,
    next: "change nothing; look at npx quorate status --bundle FILE",
  };
}

function otherNumber(members: number, servers: number): Note {
  return {
    message: `the cluster has ${counted(members, "member")}, and the config has ${counted(servers, "server")}`,
    next: "which one: npx quorate ssh NAME -- sudo k3s kubectl get nodes; one that has left the config npx quorate apply takes out; one that came back with an old disk: switch it off for good, then, on a server: sudo k3s kubectl delete node ITS-NAME",
  };
}
