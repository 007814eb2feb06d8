// What a verb is to cli.ts: flags in, text and an exit code out. Verbs do not print and do not exit.
import type { Dialogue } from "../dialogue.ts";

/** 0 done · 1 failed · 2 differences · 3 bad config or usage · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface Invocation {
  readonly config: string;
  readonly json: boolean;
  readonly colour: boolean;
  /** Flags of the verb itself, by name without dashes. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** The words of a verb that takes some, and those behind `--`. */
  readonly words: readonly string[];
  readonly rest: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly session: Session;
}

/** What only a verb that runs for a while or talks to machines needs of the process. */
export interface Session {
  /** The person pressed Ctrl-C: clean up and return within a few seconds, or as many as `needs` was told. */
  readonly interrupted: AbortSignal;
  /** Milliseconds that the verb needs to clean up: machines are slow. A second Ctrl-C ends it at once all the same. */
  readonly needs: (milliseconds: number) => void;
  /** Somebody looks at a screen that can be wiped. */
  readonly screen: boolean;
  /** A person sits at it and can be asked: standard input and standard error are a terminal. */
  readonly terminal: boolean;
  /** Asks that person. */
  readonly dialogue: Dialogue;
  /** Shows the state so far, for people; on a screen in place of what was shown before. */
  readonly show: (text: string) => void;
  /** Reads standard input to its end. */
  readonly readInput: () => Promise<string>;
  /** What runs this program: `Node.js v20.19.0 on linux x64`. */
  readonly runtime: string;
}

export interface Result {
  readonly exit: ExitCode;
  /** The exit status of a command that a verb ran for the person; exits with it instead of `exit`. */
  readonly passedOn?: number;
  /** For stdout: the answer, or JSON. */
  readonly stdout: string;
  /** For stderr: what is wrong, for people. */
  readonly stderr: string;
}

export type Command = (invocation: Invocation) => Result | Promise<Result>;
