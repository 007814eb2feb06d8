// Asks a person at a terminal: the questions that verbs may ask, and @clack/prompts behind them. A verb finds it as
// `session.dialogue`, and asks only where `session.terminal` is true.
import { setMaxListeners } from "node:events";
import type { Readable, Writable } from "node:stream";

export interface Question {
  readonly message: string;
  /** The flag that answers it beforehand, as a person types it: `--name NAME`. For those who answer without a person. */
  readonly flag?: string;
}

export interface TextQuestion extends Question {
  /** Stands in the field at first, to be changed or taken as it is. */
  readonly initial?: string;
  /** What is wrong with an answer, in one line; undefined where it is right. The person then goes on typing. */
  readonly check?: (answer: string) => string | undefined;
}

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Shown while the option is the marked one. */
  readonly hint?: string;
}

export interface Choice<T extends string> extends Question {
  readonly options: readonly Option<T>[];
  readonly initial?: T;
}

export interface Selection<T extends string> extends Question {
  readonly options: readonly Option<T>[];
  /** Marked at first. */
  readonly initial?: readonly T[];
}

/** Every question rejects with Interrupted where the person pressed Ctrl-C or Escape instead of answering. */
export interface Dialogue {
  /** One line; blanks around it are cut off. */
  readonly text: (question: TextQuestion) => Promise<string>;
  /** One of several. */
  readonly choose: <T extends string>(question: Choice<T>) => Promise<T>;
  /** At least one of several, in the order of the options. */
  readonly several: <T extends string>(question: Selection<T>) => Promise<readonly T[]>;
  /** Yes or no. Default: no. */
  readonly confirm: (question: Question & { readonly initial?: boolean }) => Promise<boolean>;
  /** A secret, one line: it is not echoed, and blanks are kept. */
  readonly hidden: (question: Omit<TextQuestion, "initial">) => Promise<string>;
  /** Tells something between two questions. */
  readonly note: (text: string) => Promise<void>;
}

/** The person did not answer. A verb that has changed nothing exits 130; one that has says what. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Questions on `output`, which is standard error: standard output stays for the result. Nothing is loaded before the first. */
export function openDialogue(input: Readable, output: Writable, signal: AbortSignal): Dialogue {
  const clack = () => import("@clack/prompts");
  // clack leaves a listener on it with each question.
  setMaxListeners(0, signal);
  const streams = { input, output, signal };
  return {
    text: async ({ message, initial = "", check }) => {
      const { text } = await clack();
      const validate = (answer = "") => check?.(answer.trim());
      return answered(await text({ message, initialValue: initial, validate, ...streams })).trim();
    },
    choose: async ({ message, options, initial }) => {
      const { select } = await clack();
      const initialValue = initial === undefined ? {} : { initialValue: initial };
      const chosen = answered(
        await select<string>({ message, options: [...options], ...initialValue, ...streams }),
      );
      return chosen as (typeof options)[number]["value"];
    },
    several: async ({ message, options, initial = [] }) => {
      const { multiselect } = await clack();
      const initialValues = [...initial];
      const chosen = answered(
        await multiselect<string>({
          message,
          options: [...options],
          initialValues,
          required: true,
          ...streams,
        }),
      );
      return options.map(({ value }) => value).filter((value) => chosen.includes(value));
    },
    confirm: async ({ message, initial = false }) => {
      const { confirm } = await clack();
      return answered(await confirm({ message, initialValue: initial, ...streams }));
    },
    hidden: async ({ message, check }) => {
      const { password } = await clack();
      const validate = (answer = "") => check?.(answer);
      return answered(await password({ message, mask: "", validate, ...streams }));
    },
    note: async (text) => {
      const { log } = await clack();
      log.message(text, { output });
    },
  };
}

/** For callers that have no terminal: whoever asks all the same gets no answer. */
export const NOBODY: Dialogue = {
  text: noAnswer,
  choose: noAnswer,
  several: noAnswer,
  confirm: noAnswer,
  hidden: noAnswer,
  note: async () => {},
};

/** clack's answer; its symbol stands for none. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw new Interrupted("the person did not answer");
  return answer as Exclude<T, symbol>;
}

async function noAnswer(): Promise<never> {
  throw new Interrupted("nobody is there to be asked");
}
