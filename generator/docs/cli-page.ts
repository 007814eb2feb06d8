// docs/cli.md: every verb with its --help, from the table that runs them.
import { helpText, VERBS } from "../verbs.ts";

/** The page as Markdown. */
export function cliPage(): string {
  return [
    "# The command line",
    "",
    "<!-- Made from generator/verbs.ts by `npm run generate`. Edit that, not this. -->",
    "",
    "`npx quorate VERB [flags]` in the project's folder; nothing is fetched. `npm run VERB` is the short form without flags:",
    "npm keeps flags that it knows for itself, so Quorate refuses to run when it sees that happen.",
    "",
    "```text",
    helpText().trimEnd(),
    "```",
    "",
    ...Object.keys(VERBS).flatMap((name) => [
      `## ${name}`,
      "",
      "```text",
      helpText(name).trimEnd(),
      "```",
      "",
    ]),
  ].join("\n");
}
