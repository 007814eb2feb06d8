// How many servers vote while a plan is worked off, machine after machine.
import { votersToSpare } from "../model/cluster.ts";
import { counted, listed } from "../model/words.ts";
import type { Refusal } from "./refusals.ts";

/** What is known of etcd at the moment when a machine's turn comes. */
export interface Count {
  /** Names of those that vote. */
  readonly voters: ReadonlySet<string>;
  /** How many etcd counts, those that are silent among them. */
  readonly members: number;
  /** Names of the servers that have to have joined before. */
  readonly joining: readonly string[];
}

export interface Quorum {
  /** Voters without this machine, of so many. */
  readonly stay: number;
  readonly of: number;
  readonly enough: boolean;
  /** Only when these have joined: without them the others would be no majority. */
  readonly after: readonly string[];
}

/** Servers that may be the majority of so many. */
export function majorityOf(members: number): number {
  return members - votersToSpare(members);
}

/** While one voter is away, the others alone must be a majority of all (design: never below quorum by our hand). */
export function quorumWithout({ voters, members, joining }: Count): Quorum {
  const before = {
    stay: voters.size - joining.length - 1,
    of: Math.max(voters.size, members) - joining.length,
  };
  if (joining.length === 0 || before.stay >= majorityOf(before.of))
    return { ...before, enough: before.stay >= majorityOf(before.of), after: [] };
  const stay = voters.size - 1;
  const of = Math.max(voters.size, members);
  return { stay, of, enough: stay >= majorityOf(of), after: joining };
}

/** A new server has joined. */
export function withJoined(count: Count, name: string): Count {
  return {
    voters: new Set([...count.voters, name]),
    members: count.members + 1,
    joining: [...count.joining, name],
  };
}

/** These members vote again. Only where one restarts: who is taken out for good is decided by those that vote now. */
export function withBack(count: Count, names: readonly string[]): Count {
  return { ...count, voters: new Set([...count.voters, ...names]) };
}

/**
 * What etcd is when a server was removed for good: a majority has to agree to it, and one has to be left. One that votes goes after
 * the new ones have joined, for they may be in its place; one that does not goes before them.
 */
export function quorumAfter({ voters, members, joining }: Count, name: string): Quorum {
  const of = Math.max(voters.size, members) - 1;
  const stay = voters.size - (voters.has(name) ? 1 : 0);
  return {
    stay,
    of,
    enough: voters.size >= majorityOf(of + 1) && stay >= majorityOf(of) && of > 0,
    after: voters.has(name) ? joining : [],
  };
}

/** It is gone. */
export function withoutServer(count: Count, name: string): Count {
  const voters = new Set(count.voters);
  voters.delete(name);
  return { ...count, voters, members: count.members - 1 };
}

/** Why a server cannot go, and the order that works. `silent`: servers of the config that do not vote and are no new ones. */
export function cannotGo(name: string, { stay, of }: Quorum, silent: readonly string[]): Refusal {
  const machines = [name];
  const field = "nodes";
  const count = stay === 0 ? "no voter" : counted(stay, "voter");
  // Those that are left would be enough, and those that have to agree to it are not.
  if (stay >= majorityOf(of) && of > 0) {
    return {
      field,
      machines,
      message: `${name} cannot be taken out now: only ${count} of ${of + 1} can agree to it, and that is no majority`,
      next: `first put ${name} back into the config and bring ${silent.length === 0 ? "it" : listed(silent)} back (npx quorate status); then take ${name} out`,
    };
  }
  const base = {
    field,
    machines,
    message: `${name} cannot be taken out now: ${count} of ${of} would be left, and that is no majority`,
  };
  if (silent.length === 0)
    return { ...base, next: `put ${name} back; npx quorate status says which servers vote` };
  const ill = listed(silent);
  return {
    ...base,
    next: `first put ${name} back into the config and bring ${ill} back (npx quorate status; if it is dead: npx quorate replace ${silent[0]}), or take ${ill} out instead; then take ${name} out`,
  };
}
