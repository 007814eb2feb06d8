// Every situation that a server can be in when it decides, and the line that names one for a shell.
import { SITUATION, SITUATION_KEYS, type Situation } from "../../generator/model/founding.ts";

/** All combinations, in a fixed order. */
export function everySituation(): readonly Situation[] {
  let partial: Readonly<Record<string, string>>[] = [{}];
  for (const key of SITUATION_KEYS) {
    partial = partial.flatMap((known) => SITUATION[key].map((value) => ({ ...known, [key]: value })));
  }
  return partial as unknown as readonly Situation[];
}
