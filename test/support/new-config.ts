// The verb new without a computer around it: made-up observations, and a person who is a list of answers.
import type { Command, Invocation, Result } from "../../generator/commands/command.ts";
import { type Dialogue, Interrupted, NOBODY, type Question } from "../../generator/dialogue.ts";
import { newIn } from "../../generator/commands/new.ts";
import type { Observed } from "../../generator/new/observed.ts";

/** A public key line of its own for each number. */
export function keyOf(number: number, comment = `key-${number}`): string {
  const type = Buffer.from("ssh-ed25519");
  const blob = Buffer.concat([length(type), type, length(Buffer.alloc(32)), Buffer.alloc(32, number)]);
  return `ssh-ed25519 ${blob.toString("base64")} ${comment}`;
}

function length(bytes: Buffer): Buffer {
  return Buffer.from([0, 0, 0, bytes.length]);
}

/** A computer at home: a cable, a router that is the DNS server too, one key. */
export const HOME: Observed = {
  cards: [{ name: "eth0", address: "192.168.1.50", prefix: 24 }],
  routes: [{ card: "eth0", gateway: "192.168.1.1" }],
  dns: ["192.168.1.1"],
  keys: [keyOf(1)],
};

export interface Situation {
  readonly config: string;
  readonly observed?: Observed;
  /** Addresses at which somebody answers. */
  readonly taken?: readonly string[];
  readonly flags?: Invocation["flags"];
  readonly json?: boolean;
  /** Sits at the terminal; without one there is none. */
  readonly person?: Dialogue;
  readonly interrupted?: AbortSignal;
  /** Called with the addresses that are asked. */
  readonly onAsk?: (addresses: readonly string[]) => void;
}

/** Runs the verb. */
export async function runNew(situation: Situation): Promise<Result> {
  const { config, observed = HOME, taken = [], flags = {}, json = false, person, onAsk } = situation;
  const command: Command = newIn(() => ({
    observe: async () => observed,
    whoAnswers: async (addresses) => {
      onAsk?.(addresses);
      return new Set(addresses.filter((address) => taken.includes(address)));
    },
  }));
  return command({
    config,
    json,
    colour: false,
    flags,
    words: [],
    rest: [],
    environment: { HOME: "/nowhere" },
    session: {
      interrupted: situation.interrupted ?? new AbortController().signal,
      needs: () => {},
      screen: false,
      terminal: person !== undefined,
      dialogue: person ?? NOBODY,
      show: () => {},
      readInput: async () => "",
      runtime: "",
    },
  });
}

export interface Person extends Dialogue {
  /** Every question, in order. */
  readonly asked: readonly string[];
  /** Labels of the options of a choice, by its question. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly notes: readonly string[];
}

/** Gives each answer to the first question that holds its words, and takes what is proposed where there is none. */
export function person(answers: readonly (readonly [string, string])[] = [], stopAt = Infinity): Person {
  const left = [...answers];
  const asked: string[] = [];
  const labels = new Map<string, readonly string[]>();
  const notes: string[] = [];
  const answerTo = ({ message }: Question): string | undefined => {
    if (asked.length >= stopAt) throw new Interrupted("stopped");
    asked.push(message);
    const at = left.findIndex(([words]) => message.includes(words));
    return at < 0 ? undefined : left.splice(at, 1)[0]?.[1];
  };
  return {
    asked,
    labels,
    notes,
    text: async (question) => {
      const { initial = "", check, message } = question;
      let answer = answerTo(question) ?? initial;
      for (;;) {
        const wrong = check?.(answer);
        if (wrong === undefined) return answer;
        notes.push(wrong);
        const again = left.findIndex(([words]) => message.includes(words));
        if (again < 0) throw new Error(`${message} "${answer}": ${wrong}`);
        answer = left.splice(again, 1)[0]?.[1] ?? "";
      }
    },
    choose: async (question) => {
      labels.set(
        question.message,
        question.options.map(({ label }) => label),
      );
      const answer = answerTo(question);
      const chosen = question.options.find(({ value }) => value === answer)?.value ?? question.initial;
      if (chosen === undefined) throw new Error(`no answer to ${question.message}`);
      return chosen;
    },
    several: async (question) => {
      const answer = answerTo(question);
      labels.set(
        question.message,
        question.options.map(({ label }) => label),
      );
      return answer === undefined
        ? (question.initial ?? [])
        : question.options.filter(({ label }) => label.includes(answer)).map(({ value }) => value);
    },
    confirm: async (question) => {
      const answer = answerTo(question);
      return answer === undefined ? (question.initial ?? false) : answer === "yes";
    },
    hidden: async () => {
      throw new Error("new asks for no secret");
    },
    note: async (text) => void notes.push(text),
  };
}
