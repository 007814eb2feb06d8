// Answers in place of a person: every proposal as it is, or none at all where nobody said so.
import type { Dialogue } from "../dialogue.ts";
import { Unanswered } from "./unanswered.ts";

/** For --yes: takes every proposal. A question without a good one rejects with Unanswered. */
export const TAKES_PROPOSALS: Dialogue = {
  text: async ({ message, initial = "", check, flag = "" }) => {
    const wrong = check?.(initial);
    if (wrong === undefined) return initial;
    const why = initial === "" ? "nothing was seen that answers it" : `${initial} does not: ${wrong}`;
    throw new Unanswered(
      `${message} There is no proposal: ${why}`,
      `answer it: npx quorate new --yes ${flag}`,
    );
  },
  choose: async ({ options, initial }) => initial ?? first(options).value,
  several: async ({ options, initial }) => initial ?? options.map(({ value }) => value),
  confirm: async ({ initial = false }) => initial,
  hidden: async ({ message, flag }) => nobody(message, flag),
  note: async () => {},
};

/** For a computer without a terminal: the first question rejects with Unanswered. */
export const NO_PERSON: Dialogue = {
  text: async ({ message, flag }) => nobody(message, flag),
  choose: async ({ message, flag }) => nobody(message, flag),
  several: async ({ message, flag }) => nobody(message, flag),
  confirm: async ({ message, flag }) => nobody(message, flag),
  hidden: async ({ message, flag }) => nobody(message, flag),
  note: async () => {},
};

function nobody(message: string, flag = ""): never {
  throw new Unanswered(
    `new asks questions, and there is no terminal to answer at; the first is: ${message}`,
    `npx quorate new --yes takes every proposal; ${flag} answers this question`,
  );
}

function first<T>(options: readonly T[]): T {
  const [option] = options;
  if (option === undefined) throw new Error("a choice of nothing");
  return option;
}
