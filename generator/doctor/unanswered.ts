// The words of lines that GitHub did not answer, and of what is left where its plan offers nothing.
import type { Asked, Unanswered } from "./github.ts";
import type { Line, LineOf } from "./line.ts";

export const HOOK_ONLY = "not available on this plan: the runner hook is the only guard";
export const HOOK_NEXT = "npx quorate runner-hook prints it and how to install it";

/** A line that could not be asked. `permission`: what GitHub's page for fine-grained tokens calls the right that it takes. */
export function notAnswered(line: LineOf, answer: Asked<unknown>, permission: string): Line {
  if (answer.ok || answer.why === "silent")
    return line.unknown(silence(answer), "look at https://www.githubstatus.com, then ask again");
  return line.unknown(
    `this token may not ask: ${answer.said}`,
    `ask with a token of an administrator of the repository; a fine-grained one needs "${permission}: Read-only"`,
  );
}

/** For people: that no answer came, and why. */
export function silence(answer: Asked<unknown>): string {
  return `GitHub gave no answer: ${answer.ok ? "" : answer.said}`;
}

/** An answer that nobody waited for. */
export const NOT_ASKED: Unanswered = { ok: false, why: "silent", said: "it was not asked" };
