// One apply or drill at a time: a hold on every machine, which has to be taken again and again, so that a computer that died with it
// blocks nobody for long.
import { hostname } from "node:os";
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

/** Who holds a machine, for the one who has to wait: USER@HOST. */
export function whoAmI(environment: Readonly<Record<string, string | undefined>>): string {
  const user = environment["USER"] ?? environment["LOGNAME"] ?? "somebody";
  return `${user}@${hostname()}`.replaceAll(/[^\w@.-]/g, "-");
}

/**
 * Takes the hold on these machines, in their order, so that of two applies one gets it. `id`: letters and digits; `who`: for
 * people. Throws a Failure where another apply has one; a machine that does not answer is passed over.
 */
export async function takeLease(
  remote: Remote,
  machines: readonly string[],
  id: string,
  who: string,
): Promise<Lease> {
  const take = `${NODE_PATHS.program} lease take ${shellQuote(id)} ${APPLY_TIMING.leaseSeconds} ${shellQuote(who)}`;
  const drop = async () => {
    const script = `${NODE_PATHS.program} lease drop ${shellQuote(id)}`;
    await Promise.all(machines.map((machine) => remote.run(machine, script, { limit: LIMIT_MS })));
  };
  const one = async (machine: string) => {
    const result = await remote.run(machine, take, { limit: LIMIT_MS });
    if (result.finished && result.exit === TAKEN) throw takenOver(machine, result.stdout);
    if (result.finished && result.exit !== 0) {
      throw new Failure(
        `${machine} runs a quorate-node that knows no apply`,
        `write its card again: npx quorate card ${machine}`,
      );
    }
  };
  const [first, ...others] = machines;
  try {
    if (first !== undefined) await one(first);
    await Promise.all(others.map(one));
  } catch (error) {
    await drop();
    throw error;
  }
  const again = () => {
    for (const machine of machines) void remote.run(machine, take, { limit: LIMIT_MS });
  };
  const beat = setInterval(again, (APPLY_TIMING.leaseSeconds * 1000) / 3);
  beat.unref();
  return {
    fence: `${take} || exit`,
    close: async () => {
      clearInterval(beat);
      await drop();
    },
  };
}
