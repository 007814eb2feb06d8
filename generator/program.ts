// Runs another program of this computer and waits for its end: no shell, no terminal, a limit in time and in output.
import { spawn } from "node:child_process";
import { withoutSecrets } from "./secrets/variables.ts";

export interface Ran {
  /** The exit status; null where it was ended by the limit or a signal. */
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The program is not on this computer. */
  readonly missing: boolean;
}

export interface ProgramOptions {
  readonly input?: string | Uint8Array;
  /** Milliseconds; then it is killed. */
  readonly limit?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** What the rest knows about other programs. Rejects for nothing that a program does. */
export type RunProgram = (name: string, args: readonly string[], options?: ProgramOptions) => Promise<Ran>;

const LIMIT_MS = 30_000;
/** After it is killed: what it has started may hold its output open for longer than anybody waits. */
const LAST_WORDS_MS = 500;

/** Messages come in English, whatever the person's language: some are read. No program is given a secret of ours. */
export function programs(environment: Readonly<Record<string, string | undefined>>): RunProgram {
  const own = withoutSecrets(environment);
  return (name, args, { input = "", limit = LIMIT_MS, environment: more = {}, signal } = {}) =>
    new Promise((resolve) => {
      const env = { ...own, LC_ALL: "C", ...more };
      const child = spawn(name, args, { env, stdio: ["pipe", "pipe", "pipe"], ...(signal && { signal }) });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      let timer = setTimeout(() => {
        child.kill("SIGKILL");
        timer = setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, LAST_WORDS_MS);
      }, limit);
      const end = (status: number | null, missing: boolean) => {
        clearTimeout(timer);
        resolve({ status, missing, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString("utf8") });
      };
      child.stdout.on("data", (part: Buffer) => out.push(part));
      child.stderr.on("data", (part: Buffer) => err.push(part));
      child.on("error", ({ code }: NodeJS.ErrnoException) => end(null, code === "ENOENT"));
      child.on("close", (status) => end(status, false));
      // A program that ends without reading its input is no failure of its own.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
}
