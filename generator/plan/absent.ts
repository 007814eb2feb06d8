// A machine of the config that did not say what it has: is it a new one, or does nobody know?
import type { Node } from "../model/cluster.ts";
import type { Known } from "./known.ts";
import type { ObservedMachine } from "./observed.ts";

export interface Absence {
  /** add: nothing was ever applied to it. reflash: it has moved to another address. unknown: it could not be asked. */
  readonly is: "add" | "reflash" | "unknown";
  readonly problem: NonNullable<ObservedMachine["problem"]>;
}

/** True for a machine that was never applied to, and has not joined yet: `machine` is what it answered, if anything. */
export function isComing(node: Node, machine: ObservedMachine | undefined, known: Known): boolean {
  if (machine?.files) return isJoining(node, machine, known);
  return absence(node, machine, known).is === "add";
}

/** It has booted from its card, with all that it should have, and is on its way into the cluster by itself. */
export function isJoining(
  { name }: Node,
  { files, unfinished, ready }: ObservedMachine,
  { record }: Known,
): boolean {
  return (
    record !== null && !record.machines.has(name) && files?.length === 0 && unfinished !== null && !ready
  );
}

/** Without a record only somebody who asked no machine can call one new: a silent one may be a member that is switched off. */
export function absence(node: Node, machine: ObservedMachine | undefined, known: Known): Absence {
  const { name } = node;
  const { record, offline } = known;
  if (machine && isJoining(node, machine, known))
    return {
      is: "add",
      problem: {
        message: `it is on its way: ${machine.unfinished ?? ""}`,
        next: "apply waits until it has joined",
      },
    };
  const problem = machine?.problem ?? { message: "it was not asked", next: "ask again" };
  const card = `npx quorate card ${name}`;
  if (!record && offline)
    return { is: "add", problem: { message: "nothing has been applied yet", next: card } };
  if (!record)
    return {
      is: "unknown",
      problem: { ...problem, next: `${card}, if it never had a card; else: ${problem.next}` },
    };
  const moved = movedFrom(node, known);
  if (moved) return { is: "reflash", problem: moved };
  if (record.machines.has(name)) return { is: "unknown", problem };
  const message = offline
    ? "nothing was applied to it yet"
    : `it is not in the record, and ${problem.message}`;
  return { is: "add", problem: { message, next: card } };
}

/** What to do about a machine that is recorded at another address; null where it is not. Of a server that is refused. */
export function movedFrom({ name, role, address }: Node, { record }: Known): Absence["problem"] | null {
  const before = record?.machines.get(name);
  if (!before || before.address === address || before.role !== role || role === "server") return null;
  return {
    message: `it is recorded at ${before.address}; it moves to another address with a new card`,
    next: `npx quorate card ${name}; switch the older one off`,
  };
}
