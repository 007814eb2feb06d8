// Why `new` cannot go on: an answer that is missing, or that makes no valid config. Nothing was written then.
import type { Finding } from "../config/finding.ts";

/** No answer to be had: neither a flag nor a proposal, and nobody to ask. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Answers that no config can be made of, by the rules of `check`. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super(findings.map(({ message }) => message).join("; "));
    this.findings = findings;
  }
}
