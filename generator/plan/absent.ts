// A machine of the config that did not say what it has: is it a new one, or does nobody know?
import type { Node } from "../model/cluster.ts";
import type { Known } from "./known.ts";
import type { ObservedMachine } from "./observed.ts";

export interface Absence {
  /** add: nothing was ever applied to it. unknown: it could not be asked. */
  readonly is: "add" | "unknown";
  readonly problem: NonNullable<ObservedMachine["problem"]>;
}

/** Without a record only somebody who asked no machine can call one new: a silent one may be a member that is switched off. */
export function absence(
  { name }: Node,
  machine: ObservedMachine | undefined,
  { record, offline }: Known,
): Absence {
  const problem = machine?.problem ?? { message: "it was not asked", next: "ask again" };
  const card = `npx quorate card ${name}`;
  if (!record && offline)
    return { is: "add", problem: { message: "nothing has been applied yet", next: card } };
  if (!record)
    return {
      is: "unknown",
      problem: { ...problem, next: `${card}, if it never had a card; else: ${problem.next}` },
    };
  if (record.machines.has(name)) return { is: "unknown", problem };
  const message = offline
    ? "nothing was applied to it yet"
    : `it is not in the record, and ${problem.message}`;
  return { is: "add", problem: { message, next: card } };
}
