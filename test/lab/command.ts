// Runs other programs for the lab: bounded, with what they printed.
import { spawn, spawnSync } from "node:child_process";

export interface Result {
  /** The exit code; 128 + the signal's number where a signal ended it, as a shell counts. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws where it cannot be started or takes longer than `timeoutMs`. */
export function command(
  file: string,
  args: readonly string[],
  { input = "", timeoutMs = 60_000 }: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${file} took longer than ${timeoutMs} ms: ${args.join(" ").slice(0, 300)}`));
    }, timeoutMs);
    // nsenter stops itself when what it started is stopped, which a machine does to all processes when it shuts down. Left
    // so, it would never bury its child, and the machine would wait for that for ever.
    const nudge = setInterval(() => child.kill("SIGCONT"), 250);
    child.once("exit", () => clearInterval(nudge));
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // A program that ends without reading its input is no fault of the lab's.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      clearTimeout(timer);
      clearInterval(nudge);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({
        status: code ?? (signal === "SIGKILL" ? 137 : 143),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
    child.stdin.end(input);
  });
}

/** Runs a short program at once, for set-up. Throws with what it printed where it fails. */
export function mustRun(file: string, ...args: readonly string[]): string {
  const run = spawnSync(file, args, { encoding: "utf8", timeout: 30_000 });
  if (run.error) throw run.error;
  if (run.status !== 0)
    throw new Error(`${file} ${args.join(" ")}: ${run.stderr || run.stdout || run.signal}`);
  return run.stdout;
}

/** Asks every 25 ms until `answer` is not undefined. Throws after `limitMs`, naming what was waited for. */
export async function until<T>(
  what: string,
  limitMs: number,
  answer: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await answer();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`after ${limitMs} ms still waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
