// One run of apply: what every step of it needs, and how a script is run on a machine until it has run.
import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import { Failure } from "../failure.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { SecretRef } from "../model/files.ts";
import type { Problem, Remote } from "./remote.ts";

export interface Job {
  readonly cluster: Cluster;
  readonly remote: Remote;
  /** Names of the machines that answered when the work began; the others are left out. */
  readonly reachable: ReadonlySet<string>;
  /** Names of the machines that are worked on at the same time. */
  readonly together: ReadonlySet<string>;
  /** Servers that left the config, and are in etcd as long as nobody has taken them out. */
  readonly leaving: readonly Node[];
  /** The value of a secret on that machine. */
  readonly reveal: (node: Node) => (ref: SecretRef) => string;
  /** The first line of every script that changes something: it ends the script where another apply has taken over. */
  readonly fence: string;
  /** How long a machine that does not answer is asked again, in milliseconds. */
  readonly patience: number;
  /** How long a machine that is added may be silent from the start, in milliseconds: somebody may be on the way with its card. */
  readonly absence: number;
  /** The person wants it to end: no further step is begun. */
  readonly interrupted: AbortSignal;
  /** Says what is waited for, in the step that is under way on that machine. */
  readonly note: (machine: string, text: string) => void;
  readonly clock: Clock;
}

/** By which limits are kept. */
export interface Clock {
  /** Milliseconds since whenever. */
  readonly now: () => number;
  /** Resolves after a second, or when the signal comes. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  pause: (signal) => sleep(1000, undefined, { signal }).catch(() => {}),
};

export interface RunOn {
  /** Milliseconds for one try. */
  readonly limit?: number;
  readonly input?: string | Uint8Array;
  readonly fresh?: boolean;
  /** It takes long, and nothing is lost where nobody waits for its end: Ctrl-C ends the waiting too. */
  readonly long?: boolean;
}

/** Exit status by which a script says that the machine is in the hands of another apply (EX_TEMPFAIL). */
export const TAKEN = 75;
/** What does not get better by asking again. */
const FINAL: ReadonlySet<Problem> = new Set(["host-key", "denied", "sudo", "no-ssh-client", "interrupted"]);
const TRY_MS = 30_000;

/** A person or a signal ended it. */
export class ApplyInterrupted extends Failure {
  constructor() {
    super("interrupted", "run the same command again: it goes on where it stopped");
  }
}

/**
 * Runs a script that may be run twice, and returns what it printed. While the machine does not answer it is asked again:
 * nobody knows whether a connection that was cut had done its work. Throws a Failure.
 */
export async function runOn(job: Job, machine: string, script: string, options: RunOn = {}): Promise<string> {
  const { limit = TRY_MS, long = false, ...more } = options;
  const ends = long ? { signal: job.interrupted } : {};
  const end = job.clock.now() + job.patience;
  for (;;) {
    if (job.interrupted.aborted) throw new ApplyInterrupted();
    const result = await job.remote.run(machine, script, { limit, ...more, ...ends });
    if (result.finished) {
      if (result.exit === 0) return result.stdout;
      if (result.exit === TAKEN) throw takenOver(machine, result.stdout);
      throw new Failure(
        `${machine}: ${lastWords(result.stderr) || lastWords(result.stdout) || `a script ended with ${result.exit}`}`,
        `look at it: npx quorate ssh ${machine} -- sudo journalctl -u quorate-node -n 50; then run the same command again`,
      );
    }
    if (job.interrupted.aborted) throw new ApplyInterrupted();
    if (FINAL.has(result.problem) || job.clock.now() >= end) {
      throw new Failure(`${machine}: ${result.message}`, `${result.next}; then run the same command again`);
    }
    job.note(machine, result.message);
    await pause(job);
  }
}

/** Waits a second. Throws where the person wants it to end. */
export async function pause({ interrupted, clock }: Job): Promise<void> {
  if (!interrupted.aborted) await clock.pause(interrupted);
  if (interrupted.aborted) throw new ApplyInterrupted();
}

/** The machine is in the hands of another apply. */
export class TakenOver extends Failure {}

/** `stdout`: `SECONDS WHO`, as `quorate-node lease` says it. */
export function takenOver(machine: string, stdout: string): TakenOver {
  const [, seconds = "?", who = "somebody"] = /^(\d+) (.*)$/m.exec(stdout) ?? [];
  return new TakenOver(
    `another apply or drill works on ${machine}: ${printable(maskSecrets(who))}`,
    `wait until it has ended; if its computer is gone, its hold ends by itself in ${seconds} s`,
  );
}

/** The last line of what a script said, fit to be shown. */
export function lastWords(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return printable(maskSecrets(line)).slice(0, 300);
}
