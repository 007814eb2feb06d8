// The verb drill: makes the failures that the cluster is said to survive, one after the other, and measures what is felt.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { takeLease, whoAmI } from "../apply/lease.ts";
import type { Remote } from "../apply/remote.ts";
import { asArgument } from "../config/printable.ts";
import type { Target } from "../drill/client.ts";
import { formatReport, held, type Measured, promised, type Report, reportJson } from "../drill/report.ts";
import type { Drill } from "../drill/drill.ts";
import { NotMade, play } from "../drill/play.ts";
import { type LeftOut, type Scenario, scenarios } from "../drill/scenario.ts";
import { timeline } from "../drill/timeline.ts";
import { refuseIll } from "../drill/well.ts";
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import { counted } from "../model/words.ts";
import { programs } from "../program.ts";
import { readRootSecret } from "../secrets/root.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/** Milliseconds to heal a machine after Ctrl-C. */
const CLEAN_UP_MS = 60_000;
const SWITCH_MS = 120_000;

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
  const remote = reach(cluster, readRootSecret(config, invocation.environment), invocation, false);
  session.needs(CLEAN_UP_MS);
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
      await ask(made, invocation);
      return resultOf({ ...(await playAll(work, made)), leftOut }, invocation);
    } finally {
      await lease.close();
    }
  } finally {
    await remote.close();
  }
};

/** What was measured is not lost where a later failure ends the drill. */
async function playAll(drill: Drill, made: readonly Scenario[]): Promise<Omit<Report, "leftOut">> {
  const measured: Measured[] = [];
  const notMade: LeftOut[] = [];
  for (const scenario of made) {
    if (drill.interrupted.aborted) return { measured, notMade, ended: "interrupted" };
    try {
      measured.push(await play(drill, scenario));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!(error instanceof NotMade))
        return { measured, notMade, ended: `${scenario.id}: ${error.message}; next: ${error.hint}` };
      drill.say(`${scenario.id} could not be made: ${error.message}`);
      notMade.push({ id: scenario.id, why: `${error.message}; next: ${error.hint}` });
    }
  }
  return { measured, notMade, ended: null };
}

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

function drillOf(
  cluster: Cluster,
  remote: Remote,
  fence: string,
  { flags, environment, session }: Invocation,
): Drill {
  const { address, port } = cluster.registration;
  const behind = cluster.ingress;
  const targets: readonly Target[] = [
    // Without credentials an API server that is up says 401 (docs/facts.md, K3s endpoints).
    {
      name: "api",
      url: `https://${address}:${port}/readyz`,
      good: (status) => status === 200 || status === 401,
    },
    ...(behind
      ? [
          // Whatever Traefik says, it says something; 404 where it knows no such host.
          {
            name: "http",
            url: `http://${address}:${behind.httpPort}/`,
            good: (status: number) => status < 500,
          },
          {
            name: "https",
            url: `https://${address}:${behind.httpsPort}/`,
            good: (status: number) => status < 500,
          },
        ]
      : []),
  ];
  const run = programs(environment);
  const command = flags["power"];
  return {
    cluster,
    remote,
    targets,
    fence,
    say: (text) => session.show(`${text}\n`),
    interrupted: session.interrupted,
    power: async (machine, to) => {
      if (typeof command === "string") {
        const { status, stderr } = await run("sh", ["-c", `${command} "$@"`, "sh", machine, to], {
          limit: SWITCH_MS,
        });
        if (status !== 0)
          throw new Failure(
            `${asArgument(command)} ${machine} ${to} failed: ${stderr.trim()}`,
            "try it by hand",
          );
        return;
      }
      const message =
        to === "off"
          ? `Pull the plug of ${machine} now. Is it out?`
          : `Put the plug of ${machine} back. Is it in?`;
      while (!(await session.dialogue.confirm({ message, flag: "--power CMD" })));
    },
  };
}

async function ask(made: readonly Scenario[], { flags, session }: Invocation): Promise<void> {
  if (made.length === 0)
    throw new Failure("there is no failure to make", "npx quorate drill --dry-run says why");
  if (flags["yes"] === true) return;
  if (!session.terminal)
    throw new Failure(
      "there is nobody to ask",
      "npx quorate drill --dry-run shows what it does; then: npx quorate drill --yes",
    );
  const message = `Make ${counted(made.length, "failure")} on this cluster, one after the other?`;
  if (await session.dialogue.confirm({ message, flag: "--yes" })) return;
  throw new Failure("nothing was done", "npx quorate drill asks again");
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

function resultOf(report: Report, { flags, json, session }: Invocation): Result {
  const picture = flags["svg"];
  if (typeof picture === "string") {
    try {
      writeFileSync(picture, timeline(report));
    } catch (error) {
      throw new Failure(
        `cannot write ${picture}: ${(error as Error).message}`,
        "name another file with --svg",
        error,
      );
    }
  }
  const text = formatReport(report);
  const exit = session.interrupted.aborted ? 130 : held(report) ? 0 : 1;
  return json ? { exit, stdout: reportJson(report), stderr: text } : { exit, stdout: text, stderr: "" };
}
