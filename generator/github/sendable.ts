// What may be sent to GitHub: nothing that holds a secret, in any encoding, and nothing that is longer than it keeps.
import { Failure } from "../failure.ts";
import { holdsSecret } from "../secrets/redact.ts";

export type Secrets = readonly (string | Uint8Array)[];

/**
 * Bytes of UTF-8 in a comment or an issue. GitHub's limit for a new one is 65,536 characters; a longer text that replaces an
 * issue's body is answered with 200 and not kept. Whoever writes the text cuts it, and says what was cut.
 */
export const BODY_BUDGET = 60_000;
/** Bytes of UTF-8 in a step's summary; GitHub drops one of more than 1 MiB without failing the step. */
export const SUMMARY_BUDGET = 1_000_000;

/** Bytes that a text takes where it is kept. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** The text itself. Throws a Failure, which does not repeat it, where it holds a secret or has more bytes than `budget`. */
export function sendable(what: string, text: string, secrets: Secrets, budget = BODY_BUDGET): string {
  refuseSecrets(what, [text], secrets);
  if (bytesOf(text) <= budget) return text;
  throw new Failure(
    `${what} has ${bytesOf(text)} bytes, and at most ${budget} are kept: it was not sent`,
    "this is a mistake in Quorate, which cuts such a text itself: report it, without the text",
  );
}

/** Throws a Failure, which repeats none of the texts, where one holds a secret in plain, base64, hex, URL or JSON form. */
export function refuseSecrets(what: string, texts: readonly string[], secrets: Secrets): void {
  if (!texts.some((text) => holdsSecret(text, secrets))) return;
  throw new Failure(
    `${what} holds a secret: it was not sent`,
    "find where the secret got in: look for it in cluster.config.json and out/, replace it there, and give out a new one if it was ever pushed",
  );
}
