// The verb drill: makes the failures that the cluster is said to survive, one after the other, and measures what is felt.
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { takeLease, whoAmI } from "../apply/lease.ts";
import { printable } from "../config/printable.ts";
import { formatReport, held, promised, type Report, reportJson } from "../drill/report.ts";
import { INTERRUPTED, playAll } from "../drill/play-all.ts";
import { type LeftOut, type Scenario, scenarios } from "../drill/scenario.ts";
import { timeline } from "../drill/timeline.ts";
import { refuseIll } from "../drill/well.ts";
import { Interrupted } from "../dialogue.ts";
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import { counted } from "../model/words.ts";
import { readRootSecret } from "../secrets/root.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { drillOf, SWITCH_MS } from "./drill-work.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/** Milliseconds to heal a machine after Ctrl-C. */
const CLEAN_UP_MS = 60_000;

/** Exit 0 where every promise held; 1 where one was broken, or a failure could not be made; 3 for a bad config or a wrong --only. */
export const drill: Command = async (invocation) => {
  const { config, json, colour, flags, session } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const { made, leftOut, stray } = chosen(cluster, invocation);
  if (stray !== undefined) {
    const next = "npx quorate drill --dry-run lists them; a machine, a kind (hung), or both (server-1/hung)";
    return {
      exit: 3,
      stdout: "",
      stderr: `error: --only ${stray}: there is no such failure\n  next: ${next}\n`,
    };
  }
  if (flags["dry-run"] === true) return dryRun(made, leftOut, json);
  refuse(made, invocation);
  const remote = reach(cluster, readRootSecret(config, invocation.environment), invocation, { ends: false });
  session.needs(CLEAN_UP_MS + (typeof flags["power"] === "string" ? SWITCH_MS : 0));
  try {
    const names = cluster.nodes.map(({ name }) => name);
    const lease = await takeLease(
      remote,
      names,
      randomBytes(8).toString("hex"),
      whoAmI(invocation.environment),
      { note: (text) => session.show(`${text}\n`), interrupted: session.interrupted },
    );
    try {
      const work = drillOf(cluster, remote, lease.fence, invocation);
      await refuseIll(work);
      if (!(await agreed(made, invocation)))
        return { exit: 130, stdout: "", stderr: "interrupted; nothing was done\n" };
      return resultOf({ ...(await playAll(work, made)), leftOut }, invocation);
    } finally {
      await lease.close();
    }
  } finally {
    await remote.close();
  }
};

/** The failures of --only, or all; those that need a power switch only where there is one. `stray`: a word of --only that names none. */
function chosen(cluster: Cluster, { flags, session }: Invocation) {
  const all = scenarios(cluster);
  const only = [flags["only"] ?? []].flat().map(String);
  const fits = (id: string, part: string) =>
    id === part || id.startsWith(`${part}/`) || id.endsWith(`/${part}`);
  const stray = only.find((part) => ![...all.made, ...all.leftOut].some(({ id }) => fits(id, part)));
  const wanted = all.made.filter(({ id }) => only.length === 0 || only.some((part) => fits(id, part)));
  const switched = session.terminal || typeof flags["power"] === "string";
  const powerless = wanted.filter(({ work }) => work.how === "power" && !switched);
  return {
    stray,
    made: wanted.filter((scenario) => !powerless.includes(scenario)),
    leftOut: [
      ...all.leftOut.filter(({ id }) => only.length === 0 || only.some((part) => fits(id, part))),
      ...powerless.map(({ id }) => ({
        id,
        why: "nobody is there to pull the plug, and no --power was given",
      })),
    ],
  };
}

/** What needs no machine to be seen, before any is asked; and whether the picture can be written, which takes its turn at the end. */
function refuse(made: readonly Scenario[], { flags, session }: Invocation): void {
  if (made.length === 0)
    throw new Failure("there is no failure to make", "npx quorate drill --dry-run says why");
  if (flags["yes"] !== true && !session.terminal)
    throw new Failure(
      "there is nobody to ask",
      "npx quorate drill --dry-run shows what it does; then: npx quorate drill --yes",
    );
  const picture = flags["svg"];
  if (typeof picture !== "string") return;
  try {
    const fresh = !existsSync(picture);
    closeSync(openSync(picture, "a"));
    if (fresh) rmSync(picture);
  } catch (error) {
    throw new Failure(unwritable(picture, error), "name another file with --svg; nothing was done", error);
  }
}

/** False where the person wants to leave. Throws a Failure where the answer is no. */
async function agreed(made: readonly Scenario[], { flags, session }: Invocation): Promise<boolean> {
  if (flags["yes"] === true) return !session.interrupted.aborted;
  const message = `Make ${counted(made.length, "failure")} on this cluster, one after the other?`;
  try {
    if (await session.dialogue.confirm({ message, flag: "--yes" })) return true;
  } catch (error) {
    if (error instanceof Interrupted) return false;
    throw error;
  }
  throw new Failure("nothing was done", "npx quorate drill asks again");
}

function unwritable(file: string, error: unknown): string {
  return `cannot write ${printable(file)}: ${(error as Error).message}`;
}

function dryRun(made: readonly Scenario[], leftOut: readonly LeftOut[], json: boolean): Result {
  const lines = made.map(
    ({ id, title, seconds, worst }) =>
      `${id.padEnd(20)}  ${title}, for ${seconds} s; felt: ${promised(worst)}\n`,
  );
  const out = leftOut.map(({ id, why }) => `${id.padEnd(20)}  left out: ${why}\n`);
  const text = `${lines.join("")}${out.join("")}\nnothing was done: --dry-run\n`;
  if (!json) return { exit: 0, stdout: text, stderr: "" };
  return { exit: 0, stdout: `${JSON.stringify({ made, leftOut }, null, 2)}\n`, stderr: text };
}

/** A picture that cannot be written any more costs nobody what was measured. */
function resultOf(report: Report, { flags, json, session }: Invocation): Result {
  const picture = flags["svg"];
  let missing = "";
  if (typeof picture === "string") {
    try {
      writeFileSync(picture, timeline(report));
    } catch (error) {
      missing = `error: ${unwritable(picture, error)}\n  next: name another file with --svg\n`;
    }
  }
  const text = formatReport(report);
  const interrupted = session.interrupted.aborted || report.ended === INTERRUPTED;
  const exit = interrupted ? 130 : held(report) && missing === "" ? 0 : 1;
  return json
    ? { exit, stdout: reportJson(report), stderr: `${text}${missing}` }
    : { exit, stdout: text, stderr: missing };
}
