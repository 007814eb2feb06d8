// One failure after the other, and what was found of each.
import { Interrupted } from "../dialogue.ts";
import { Failure } from "../failure.ts";
import type { Drill } from "./drill.ts";
import { NotMade, play } from "./play.ts";
import type { Measured, Report } from "./report.ts";
import type { LeftOut, Scenario } from "./scenario.ts";

/** Why a drill has ended that a person has ended. */
export const INTERRUPTED = "interrupted";

/** What was measured is not lost where a later failure, or a person who leaves a question, ends the drill. */
export async function playAll(drill: Drill, made: readonly Scenario[]): Promise<Omit<Report, "leftOut">> {
  const measured: Measured[] = [];
  const notMade: LeftOut[] = [];
  for (const scenario of made) {
    if (drill.interrupted.aborted) return { measured, notMade, ended: INTERRUPTED };
    try {
      measured.push(await play(drill, scenario));
    } catch (error) {
      if (error instanceof Interrupted) return { measured, notMade, ended: INTERRUPTED };
      if (!(error instanceof Failure)) throw error;
      if (!(error instanceof NotMade))
        return { measured, notMade, ended: `${scenario.id}: ${error.message}; next: ${error.hint}` };
      drill.say(`${scenario.id} could not be made: ${error.message}`);
      notMade.push({ id: scenario.id, why: `${error.message}; next: ${error.hint}` });
    }
  }
  return { measured, notMade, ended: null };
}
