// Asks the addresses in its arguments, without what the kernel has heard of, and prints those that answered as JSON.
import { whoAnswers } from "../../generator/new/who-answers.ts";

const signal = new AbortController().signal;
void whoAnswers(process.argv.slice(2), { neighbours: async () => [], signal }).then((answered) =>
  process.stdout.write(JSON.stringify([...answered])),
);
