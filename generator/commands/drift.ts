// The verb drift: what every machine has, against what the record says of it. It needs the record and no secret.
import { inspect } from "../apply/inspect.ts";
import type { Remote } from "../apply/remote.ts";
import { type Drift, makeDrift } from "../drift/drift.ts";
import { formatDrift } from "../drift/format.ts";
import { questionsFor } from "../drift/questions.ts";
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { programs, type RunProgram } from "../program.ts";
import { readHistory } from "../read-history.ts";
import { readRecord } from "../read-record.ts";
import type { Command, ExitCode } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reachRecorded } from "./reach.ts";

/** Exit 0 where all is as recorded, 2 where something has drifted, 1 where a machine could not be asked; 3 for a bad config. */
export const drift: Command = async (invocation) => {
  const { config, json, colour, environment } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const run = programs(environment);
  const { record, problem } = await readRecord(config, run, { branch: cluster.state.branch, fetches: true });
  if (!record) {
    throw new Failure(
      "nothing has been applied yet: there is no record, out/applied.json, that the machines could be held against",
      "npx quorate apply brings the machines to what the config says and records it; machines that are not set up yet need cards first: npx quorate card",
    );
  }
  const notes =
    problem === null
      ? []
      : [`the record on the shared branch could not be looked at (${problem}); the one here counts`];
  const remote = reachRecorded(cluster, record, invocation);
  try {
    const made = await driftOfMachines(cluster, remote, { config, run, record, notes });
    const exit = exitOf(made);
    const text = formatDrift(made);
    if (!json) return { exit, stdout: text, stderr: "" };
    return { exit, stdout: `${JSON.stringify(made, null, 2)}\n`, stderr: text };
  } finally {
    await remote.close();
  }
};

export interface DriftOf {
  /** The path of the config's file: git is asked beside it. */
  readonly config: string;
  readonly run: RunProgram;
  readonly record: ClusterRecord;
  /** What could not be looked at so far, as sentences for people. */
  readonly notes: readonly string[];
}

/** Asks every machine of the record at once. */
export async function driftOfMachines(
  cluster: Cluster,
  remote: Remote,
  { config, run, record, notes }: DriftOf,
): Promise<Drift> {
  const { recorded: files, lacking } = await readHistory(run, config, record, [...record.machines.keys()]);
  const asked = await Promise.all(
    [...record.machines].map(async ([name, machine]) => {
      const questions = questionsFor(machine, cluster.access.user, files.get(name));
      const whom = { name, cluster: record.cluster.name, address: machine.address };
      return [name, await inspect(remote, whom, questions, files.get(name))] as const;
    }),
  );
  const made = makeDrift({ record, config: cluster, asked: new Map(asked), files, notes });
  const unshown = made.machines.some(({ name, differences }) => differences.length > 0 && !files.has(name));
  if (!unshown || !lacking) return made;
  const note = `what was put there cannot be compared line by line: ${lacking.message}; to see it: ${lacking.next}`;
  return { ...made, notes: [...made.notes, note] };
}

function exitOf({ machines, differences }: Drift): ExitCode {
  if (machines.some(({ state }) => state === "unknown")) return 1;
  return differences.length > 0 || machines.some(({ state }) => state === "drifted") ? 2 : 0;
}
