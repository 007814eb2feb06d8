// What every part of a drill needs, and how a script is run on a machine: at once or not at all.
import { setTimeout as sleep } from "node:timers/promises";
import { lastWords, TAKEN, takenOver } from "../apply/job.ts";
import type { Remote } from "../apply/remote.ts";
import { Failure } from "../failure.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { Target } from "./client.ts";

export interface Drill {
  readonly cluster: Cluster;
  readonly remote: Remote;
  readonly targets: readonly Target[];
  /** The first line of every script that makes a failure: it ends the script where an apply or another drill is at work. */
  readonly fence: string;
  /** Cuts a machine's power and brings it back: a person, or a switch that obeys a program. Resolves when it is done. */
  readonly power: (machine: string, to: "off" | "on") => Promise<void>;
  readonly say: (text: string) => void;
  readonly interrupted: AbortSignal;
}

const SCRIPT_MS = 15_000;

/**
 * Runs it once: what was to fail at a certain moment must not do so later. `signal` ends the waiting, not what runs. Throws a
 * Failure where it does not succeed, TakenOver where its fence has ended it.
 */
export async function must(
  { remote }: Drill,
  { name }: Node,
  script: string,
  limit: number = SCRIPT_MS,
  signal?: AbortSignal,
): Promise<void> {
  const result = await remote.run(name, script, { limit, ...(signal && { signal }) });
  if (!result.finished) throw new Failure(`${name}: ${result.message}`, result.next);
  if (result.exit === 0) return;
  if (result.exit === TAKEN) throw takenOver(name, result.stdout);
  throw new Failure(
    `${name}: ${lastWords(result.stderr) || `a script ended with ${result.exit}`}`,
    `look at it: npx quorate ssh ${name}`,
  );
}

/** The machine of that name, which is one of the cluster's. */
export function nodeOf({ nodes }: Cluster, name: string): Node {
  const node = nodes.find((each) => each.name === name);
  if (!node) throw new Error(`there is no machine ${name}`);
  return node;
}

/** Throws a Failure where the person wants the drill to end: nothing more is made then. */
export function goOn({ interrupted }: Drill): void {
  if (interrupted.aborted) throw new Failure("interrupted", "run npx quorate drill again");
}

/** Ends early where the person wants the drill to end. */
export async function pause({ interrupted }: Drill, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal: interrupted }).catch(() => {});
}
