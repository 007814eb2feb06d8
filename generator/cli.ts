// The command line's process: arguments and environment in, text and exit code out. Nothing else touches process.
import type { ExitCode } from "./commands/command.ts";
import { run } from "./verbs.ts";

// A function and no top-level await: the bundle is CommonJS, which starts a tenth faster.
async function main(): Promise<void> {
  const colour = process.stderr.isTTY && process.env["NO_COLOR"] === undefined;
  process.on("SIGINT", () => process.exit(130 satisfies ExitCode));
  // A reader that went away (| head) is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const { exit, stdout, stderr } = await run(process.argv.slice(2), process.env, colour);
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exitCode = exit;
}

void main();
