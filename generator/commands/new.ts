// The verb new: flags, proposals and a short dialogue → a cluster.config.json for this LAN.
import { asArgument } from "../config/printable.ts";
import { clean, findingLines } from "../config/finding-lines.ts";
import { givenBy } from "../new/given.ts";
import { interview } from "../new/interview.ts";
import { keyReader } from "../new/key-question.ts";
import { lookedAt, type WhoAnswers } from "../new/looked-at.ts";
import { homeOf, neighbours, observe, publicText } from "../new/observe.ts";
import type { Observed } from "../new/observed.ts";
import { type Place, placeOf, writeTo } from "../new/place.ts";
import { NO_PERSON, TAKES_PROPOSALS } from "../new/proposals.ts";
import { schemaFrom } from "../new/schema-path.ts";
import { summaryOf, type Written } from "../new/summary.ts";
import { Refused, Unanswered } from "../new/unanswered.ts";
import { whoAnswers } from "../new/who-answers.ts";
import { programs } from "../program.ts";
import { faultTolerance } from "../tolerance/tolerance.ts";
import { verdict } from "../tolerance/verdict.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { type Dialogue, Interrupted } from "../dialogue.ts";

/** What the verb sees of the computer and its network. */
export interface World {
  readonly observe: () => Promise<Observed>;
  readonly whoAnswers: WhoAnswers;
}

/** Exit 0 when the config is written; 1 where the person did not want that, 3 for answers that are missing or wrong, 130 for Ctrl-C. Only with 0 is anything written. */
export function newIn(worldOf: (invocation: Invocation) => World): Command {
  return async (invocation) => {
    try {
      return await makeConfig(invocation, worldOf(invocation));
    } catch (error) {
      return explained(error);
    }
  };
}

/** On this computer. */
export const newConfig: Command = newIn(({ environment, session }) => {
  const run = programs(environment);
  return {
    observe: () => observe(environment, run),
    whoAnswers: (addresses) =>
      whoAnswers(addresses, { neighbours: () => neighbours(run), signal: session.interrupted }),
  };
});

async function makeConfig(invocation: Invocation, world: World): Promise<Result> {
  const { config, json, flags, session, environment } = invocation;
  const place = placeOf(config);
  const isPerson = session.terminal && flags["yes"] !== true;
  const dialogue = isPerson ? session.dialogue : flags["yes"] === true ? TAKES_PROPOSALS : NO_PERSON;
  const readKey = keyReader(homeOf(environment), publicText);
  const given = givenBy(flags, readKey);
  const isAgreed = flags["overwrite"] === true || !place.bytes;
  if (!isAgreed && !isPerson) throw overwriting(config, place);
  if (!isAgreed && !place.isSample && !(await asksToReplace(config, dialogue))) return declined(config);
  const observed = await world.observe();
  const addresses = lookedAt(observed, world.whoAnswers);
  const outcome = await interview(given, schemaFrom(config), {
    observed,
    addresses,
    dialogue,
    isPerson,
    readKey,
  });
  const sentence = verdict(faultTolerance(outcome.cluster));
  if (isPerson && !(await asksToWrite(config, place, sentence, dialogue))) return declined(config);
  if (session.interrupted.aborted) throw new Interrupted("stopped while addresses were asked");
  const kept = writeTo(place, outcome.text);
  const written: Written = { config, kept, outcome, addresses, sentence };
  const { text, document } = summaryOf(written);
  return json
    ? { exit: 0, stdout: `${JSON.stringify(document, null, 2)}\n`, stderr: text }
    : { exit: 0, stdout: text, stderr: "" };
}

function overwriting(config: string, { isSample }: Place): Unanswered {
  const what = isSample ? "it is the untouched sample, which nobody loses" : "it is not the untouched sample";
  return new Unanswered(
    `${config} is there (${what}), and new overwrites nothing without being told`,
    isSample
      ? "add --overwrite, or name another file: --config FILE"
      : `add --overwrite, which keeps it as ${config}.old, or name another file: --config FILE`,
  );
}

/** At the beginning: nobody answers ten questions to say no to this one. */
async function asksToReplace(config: string, dialogue: Dialogue): Promise<boolean> {
  return dialogue.confirm({
    flag: "--overwrite",
    message: `${config} is there and is not the untouched sample. Replace it at the end, and keep it as ${config}.old?`,
  });
}

async function asksToWrite(
  config: string,
  place: Place,
  sentence: string,
  dialogue: Dialogue,
): Promise<boolean> {
  const over = place.isSample ? " over the untouched sample, which nobody loses" : "";
  return dialogue.confirm({
    flag: "--yes",
    message: `Fault tolerance: ${sentence}\nWrite ${config}${over}?`,
    initial: true,
  });
}

function declined(config: string): Result {
  const stderr = `nothing was written\n  next: npx quorate new, or npx quorate new --config FILE for another file than ${asArgument(config)}\n`;
  return { exit: 1, stdout: "", stderr };
}

function explained(error: unknown): Result {
  if (error instanceof Interrupted) {
    return { exit: 130, stdout: "", stderr: "interrupted: nothing was written\n" };
  }
  if (error instanceof Refused) {
    const lines = [...findingLines(error.findings), "nothing was written", ""];
    return { exit: 3, stdout: "", stderr: lines.join("\n") };
  }
  if (error instanceof Unanswered) {
    const text = `error: ${clean(error.message)}\n  next: ${clean(error.hint)}\nnothing was written\n`;
    return { exit: 3, stdout: "", stderr: text };
  }
  throw error;
}
