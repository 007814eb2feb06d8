// The command line's process: arguments and environment in, text and exit code out. Nothing else touches process.
import type { ExitCode } from "./commands/command.ts";
import { openDialogue } from "./dialogue.ts";
import { run } from "./verbs.ts";

const INTERRUPTED = 130 satisfies ExitCode;
/** Milliseconds from Ctrl-C to the end, where a verb says nothing else. */
const CLEAN_UP_MS = 5000;
/** To the upper left corner, then everything below is erased (ECMA-48: CUP, ED). */
const WIPE = "\u001b[H\u001b[J";

// One call, from its arguments to its exit code.
async function main(): Promise<void> {
  const colour = process.stderr.isTTY && process.env["NO_COLOR"] === undefined;
  const interruption = new AbortController();
  let cleanUp = CLEAN_UP_MS;
  const interrupt = () => {
    if (interruption.signal.aborted) return;
    interruption.abort();
    // A verb that has something to clean up does so now; one that does not listen is not waited for.
    setTimeout(() => process.exit(INTERRUPTED), cleanUp).unref();
  };
  let pressed = false;
  process.on("SIGINT", () => {
    if (!pressed) {
      pressed = true;
      return interrupt();
    }
    process.stderr.write(
      "interrupted again: ended at once, nothing more was put back\n  next: run the same command again\n",
    );
    process.exit(INTERRUPTED);
  });
  // GitHub's runner sends it 7.5 s after SIGINT, and ends everything 2.5 s later: an apply that tells by then what it has done goes on.
  // https://docs.github.com/actions/reference/workflows-and-actions/workflow-cancellation
  process.on("SIGTERM", interrupt);
  // A reader that went away (| head) is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const screen = process.stderr.isTTY && process.env["TERM"] !== "dumb";
  const session = {
    interrupted: interruption.signal,
    needs: (milliseconds: number) => {
      cleanUp = milliseconds;
    },
    screen,
    terminal: process.stdin.isTTY && process.stderr.isTTY,
    dialogue: openDialogue(process.stdin, process.stderr, interruption.signal),
    readInput: async () => {
      process.stdin.setEncoding("utf8");
      let text = "";
      for await (const part of process.stdin) text += part;
      return text;
    },
    show: (text: string) => process.stderr.write(screen ? `${WIPE}${text}` : text),
    runtime: `Node.js ${process.version} on ${process.platform} ${process.arch}`,
  };
  const { exit, passedOn, stdout, stderr } = await run(process.argv.slice(2), process.env, colour, session);
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exitCode = interruption.signal.aborted ? INTERRUPTED : (passedOn ?? exit);
}

void main();
