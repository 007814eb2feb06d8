// A failure that a person can do something about: what is wrong, and the next action.

/** Thrown where a verb cannot go on; verbs.ts prints message and hint, and exits 1. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly hint: string;
  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}
