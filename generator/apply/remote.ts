// What the rest knows about reaching a machine: a script goes in, and what became of it comes out.

/** A machine as ssh needs it. */
export interface RemoteMachine {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 BASE64`: the host key that it should have. */
  readonly hostKey: string;
  /** What it may have instead: keys of earlier generations, until an apply has brought the new one. No other is accepted. */
  readonly earlierHostKeys?: readonly string[];
}

export interface RunOptions {
  /** After so many milliseconds the connection is given up. What runs on the machine may go on. */
  readonly limit: number;
  /** What the script finds on its standard input; nothing where absent. */
  readonly input?: string | Uint8Array;
  /** A connection of its own, made anew: it proves that the machine still lets us in. */
  readonly fresh?: boolean;
  /** Ends the waiting. What runs on the machine may go on. */
  readonly signal?: AbortSignal;
}

/** Runs scripts on the machines of one cluster. */
export interface Remote {
  /** Runs a POSIX sh script as root. Never rejects for anything that a network or a machine does. */
  readonly run: (machine: string, script: string, options: RunOptions) => Promise<RemoteResult>;
  /** Ends every connection and removes what was kept for them. */
  readonly close: () => Promise<void>;
}

export type RemoteResult = Finished | Lost;

/** The script ran to its end: exit 0 to 254. */
export interface Finished {
  readonly finished: true;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The script did not run, or nobody knows how far it came. */
export interface Lost {
  readonly finished: false;
  readonly problem: Problem;
  /** False: it certainly did not run. True: nobody knows; read back what it should have changed. */
  readonly mayHaveRun: boolean;
  /** What is wrong, for people. */
  readonly message: string;
  readonly next: string;
}

export type Problem =
  | "refused"
  | "no-answer"
  | "unreachable"
  | "no-ssh-server"
  | "host-key"
  | "denied"
  | "sudo"
  | "no-ssh-client"
  | "too-long"
  | "too-much"
  | "interrupted"
  | "cut";
