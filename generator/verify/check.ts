// What verify says of one thing: a line of its table, from the script or from a machine.

export interface Check {
  /** `server/server-1`: what is asked, and of which machine. */
  readonly id: string;
  /** skip: it was not asked; `seen` says why. */
  readonly result: "pass" | "fail" | "skip";
  readonly expected: string;
  readonly seen: string;
  /** The likely cause, and the next command; empty where it does not fail. */
  readonly cause: string;
  readonly next: string;
}

/** Everything was asked, and is as it should be. */
export function isVerified(checks: readonly Check[]): boolean {
  return checks.length > 0 && checks.every(({ result }) => result === "pass");
}

/** A line that is as expected. */
export function passed(id: string, expected: string, seen: string): Check {
  return { id, result: "pass", expected, seen, cause: "", next: "" };
}

/** A line that could not be asked. */
export function skipped(id: string, why: string): Check {
  return { id, result: "skip", expected: "", seen: why, cause: "", next: "" };
}
