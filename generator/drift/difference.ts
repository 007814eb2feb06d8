// One thing that is not as recorded: what should be, what is there, and what a person does about it.

export interface Difference {
  /** A file, a unit, a node, ...: what it is about. */
  readonly what: string;
  readonly expected: string;
  readonly seen: string;
  readonly next: string;
  /** From what was recorded to what is there; null where that cannot or must not be shown. */
  readonly diff: readonly string[] | null;
}

/** A difference that has no text to compare. */
export function difference(what: string, expected: string, seen: string, next: string): Difference {
  return { what, expected, seen, next, diff: null };
}

/** A command on a machine, as a person types it here. */
export function onMachine(name: string, command: string): string {
  return `npx quorate ssh ${name} -- sudo ${command}`;
}

/** Where another cluster may be involved. */
export const STOP =
  "change nothing; find out which machine has that address, and look at npx quorate status --bundle FILE";
