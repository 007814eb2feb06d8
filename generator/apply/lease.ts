// One apply or drill at a time: a hold on every machine, which has to be taken again and again, so that a computer that died with it
// blocks nobody for long.
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { shellQuote } from "../render/k3s.ts";
import { TAKEN, takenOver } from "./job.ts";
import type { Remote } from "./remote.ts";

export interface Lease {
  /** The line by which a script ends where the hold is another's, or cannot be taken (see Job). It takes the hold anew. */
  readonly fence: string;
  /** Gives every hold back. */
  readonly close: () => Promise<void>;
}

const LIMIT_MS = 15_000;
/** Between two looks at somebody else's hold, which a living apply renews every 15 s. */
const LOOK_MS = 2000;

/** Who holds a machine, for the one who has to wait: USER@HOST. */
export function whoAmI(environment: Readonly<Record<string, string | undefined>>): string {
  const user = environment["USER"] ?? environment["LOGNAME"] ?? "somebody";
  return `${user}@${hostname()}`.replaceAll(/[^\w@.-]/g, "-");
}

/** Says that somebody's hold is waited for, and how that is done. */
export interface Waiting {
  readonly note: (text: string) => void;
  readonly interrupted: AbortSignal;
  /** Resolves after so many milliseconds, or when the signal comes. */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

/**
 * Takes the hold on these machines, in their order, so that of two applies one gets it. `id`: letters and digits; `who`: for
 * people. A hold that nobody renews is waited for: its apply is dead, or cannot reach the machine. Throws a Failure where somebody
 * renews one; a machine that does not answer is passed over.
 */
export async function takeLease(
  remote: Remote,
  machines: readonly string[],
  id: string,
  who: string,
  waiting: Waiting,
): Promise<Lease> {
  const take = `${NODE_PATHS.program} lease take ${shellQuote(id)} ${APPLY_TIMING.leaseSeconds} ${shellQuote(who)}`;
  const held = new Set<string>();
  const drop = async () => {
    const script = `${NODE_PATHS.program} lease drop ${shellQuote(id)}`;
    await Promise.all(machines.map((machine) => remote.run(machine, script, { limit: LIMIT_MS })));
  };
  const one = async (machine: string) => {
    for (let before = Infinity; ;) {
      const result = await remote.run(machine, take, { limit: LIMIT_MS });
      if (result.finished && result.exit === TAKEN) {
        const left = secondsLeft(result.stdout);
        // It was renewed meanwhile, or says nothing that grows less: somebody is at work.
        if (!(left < before) || waiting.interrupted.aborted) throw takenOver(machine, result.stdout);
        if (before === Infinity) waiting.note(`${machine} is held by another apply; is that still at work?`);
        before = left;
        await pauseOf(waiting)(LOOK_MS);
        continue;
      }
      if (result.finished && result.exit !== 0) {
        throw new Failure(
          `${machine} runs a quorate-node that knows no apply`,
          `write its card again: npx quorate card ${machine}`,
        );
      }
      held.add(machine);
      return;
    }
  };
  const beat = setInterval(
    () => {
      for (const machine of held) void remote.run(machine, take, { limit: LIMIT_MS });
    },
    (APPLY_TIMING.leaseSeconds * 1000) / 3,
  );
  beat.unref();
  const [first, ...others] = machines;
  try {
    if (first !== undefined) await one(first);
    const all = await Promise.allSettled(others.map(one));
    const refused = all.find(({ status }) => status === "rejected");
    if (refused?.status === "rejected") throw refused.reason;
  } catch (error) {
    clearInterval(beat);
    await drop();
    throw error;
  }
  return {
    fence: `${take} || exit`,
    close: async () => {
      clearInterval(beat);
      await drop();
    },
  };
}

/** `SECONDS WHO`, as `quorate-node lease` says it; not a number where it says something else. */
function secondsLeft(stdout: string): number {
  return Number(/^(\d+) /m.exec(stdout)?.[1] ?? Number.NaN);
}

function pauseOf({ pause, interrupted }: Waiting): (milliseconds: number) => Promise<void> {
  return pause ?? ((milliseconds) => sleep(milliseconds, undefined, { signal: interrupted }).catch(() => {}));
}
