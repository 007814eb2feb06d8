// What the questions need of the world: what was seen, who answers, and somebody or something that gives answers.
import type { Dialogue } from "../dialogue.ts";
import { problemsOf } from "./draft.ts";
import { clean } from "../config/finding-lines.ts";
import type { Given } from "./given.ts";
import type { LookedAt } from "./looked-at.ts";
import type { Observed } from "./observed.ts";
import type { KeyLine } from "./public-keys.ts";

export interface Surroundings {
  readonly observed: Observed;
  readonly addresses: LookedAt;
  readonly dialogue: Dialogue;
  /** A person answers: a guess may stand in a field, and a question can be asked again. */
  readonly isPerson: boolean;
  /** A key line, or the path of a .pub file, as a key. */
  readonly readKey: (answer: string) => KeyLine;
}

/** The first thing that the rules have against an answer, in one line. `known` holds the answer. */
export function complaint(known: Given, ...fields: readonly (keyof Given)[]): string | undefined {
  const [problem] = problemsOf(known, fields);
  return problem && clean(`${problem.message}; ${problem.hint}`);
}
