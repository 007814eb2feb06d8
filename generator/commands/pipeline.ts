// The verb pipeline: what the workflows call. What it prints is read by GitHub's runner, which takes lines for commands.
import { Failure } from "../failure.ts";
import { annotationLine } from "../github/annotations.ts";
import type { Command, Invocation, Result } from "./command.ts";

const WORDS: Readonly<Record<string, () => Promise<Command>>> = {
  plan: async () => (await import("./pipeline-plan.ts")).pipelinePlan,
  comment: async () => (await import("./pipeline-comment.ts")).pipelineComment,
  apply: async () => (await import("./pipeline-apply.ts")).pipelineApply,
  drift: async () => (await import("./pipeline-drift.ts")).pipelineDrift,
};

/** Exit 0 done, 1 where it could not be or the pull request is not to be merged so, 3 for a word that is none. */
export const pipeline: Command = async (invocation) => {
  const [word = ""] = invocation.words;
  const load = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (!load) {
    const words = Object.keys(WORDS).join(", ");
    const stderr = `error: pipeline: there is no "${word}"; it takes ${words}\n  next: npx quorate pipeline --help\n`;
    return { exit: 3, stdout: "", stderr };
  }
  try {
    const command = await load();
    return await command(invocation);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return failed(word, error, invocation);
  }
};

/** The message may hold text of others: in an annotation it cannot speak commands. */
function failed(word: string, { message, hint }: Failure, { json }: Invocation): Result {
  const title = `pipeline ${word}`;
  const line = annotationLine({ level: "error", title, message: `${message}\nnext: ${hint}` });
  return json ? { exit: 1, stdout: "", stderr: `${line}\n` } : { exit: 1, stdout: `${line}\n`, stderr: "" };
}
