// What a verb is to cli.ts: flags in, text and an exit code out. Verbs do not print and do not exit.

/** 0 done · 1 failed · 2 differences · 3 bad config or usage · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface Invocation {
  readonly config: string;
  readonly json: boolean;
  readonly colour: boolean;
  /** Flags of the verb itself, by name without dashes. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Result {
  readonly exit: ExitCode;
  /** For stdout: the answer, or JSON. */
  readonly stdout: string;
  /** For stderr: what is wrong, for people. */
  readonly stderr: string;
}

export type Command = (invocation: Invocation) => Result | Promise<Result>;
