// The verb apply: the plan, carried out, and the record of it.
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { clusterFacts } from "../apply/cluster-facts.ts";
import { CLOCK } from "../apply/job.ts";
import { takeLease, whoAmI } from "../apply/lease.ts";
import { formatResults, openProgress } from "../apply/progress.ts";
import { isRecorded, recordedMachine, recorder, type RecordingOf } from "../apply/recording.ts";
import type { Remote } from "../apply/remote.ts";
import { type MachineResult, reachableOf, rollOut, succeeded, untouched, workOf } from "../apply/rollout.ts";
import { refuseOtherSecret } from "../cards/known.ts";
import { revealOn } from "../cards/reveal.ts";
import { Failure } from "../failure.ts";
import { commitOf, isShallow, missingCommits } from "../git.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { FileMap, NodeFile } from "../model/files.ts";
import type { ClusterRecord } from "../model/record.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { counted, listed } from "../model/words.ts";
import { compareOutput, guardOutput, writeOutput } from "../output.ts";
import { formatPlan } from "../plan/format.ts";
import type { Plan } from "../plan/plan.ts";
import { STEPS, stepsOf } from "../plan/steps.ts";
import { programs } from "../program.ts";
import { readRecord } from "../read-record.ts";
import { openRecordStore } from "../record-store.ts";
import { renderCluster } from "../render/index.ts";
import { nodeFiles } from "../render/node-files.ts";
import { rootCheck } from "../secrets/derive.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { planOfMachines } from "./planned.ts";
import { reach } from "./reach.ts";

/** What a run of apply knows before it asks any machine. */
interface Intent {
  readonly invocation: Invocation;
  readonly cluster: Cluster;
  readonly root: Uint8Array;
  readonly record: ClusterRecord | null;
  readonly output: FileMap;
  readonly filesOf: (node: Node) => readonly NodeFile[];
  /** Only these machines are worked on; null: all. */
  readonly only: ReadonlySet<string> | null;
  readonly commit: string | null;
  readonly notes: readonly string[];
}

/**
 * Exit 0 when everything that was asked for is as the config says; 1 where something failed, was refused or could not be
 * reached; 3 for a bad config; 130 where it was interrupted. With --dry-run nothing is changed anywhere.
 */
export const apply: Command = async (invocation) => {
  const { config, json, colour, flags } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const intent = await prepare(invocation, cluster);
  // Ctrl-C does not end what runs on a machine: what was taken out of service is put back first.
  const remote = reach(cluster, intent.root, invocation, false);
  try {
    const plan = await look(intent, remote);
    if (flags["dry-run"] === true) return dryRun(intent, plan);
    refuse(intent, plan);
    if (workOf(cluster, plan, intent.only).length === 0) return await settle(intent, remote, plan);
    await ask(intent, plan);
    return await carryOut(intent, remote, plan);
  } finally {
    await remote.close();
  }
};

/** Everything that can be refused without a machine: a wrong secret, an older commit, a name that is none. */
async function prepare(invocation: Invocation, cluster: Cluster): Promise<Intent> {
  const { config, flags, environment } = invocation;
  const root = readRootSecret(config, environment);
  const run = programs(environment);
  const { record, problem } = await readRecord(config, run, { branch: cluster.state.branch, fetches: true });
  refuseOtherSecret(root, { record, answers: [], blind: null });
  const commits = new Set([...(record?.machines.values() ?? [])].flatMap(({ commit }) => commit ?? []));
  const [newer] = await missingCommits(run, dirname(config), [...commits]);
  if (newer !== undefined) {
    if (await isShallow(run, dirname(config))) {
      throw new Failure(
        `this clone has only the newest commits, so nobody can say whether it is older than ${newer.slice(0, 12)}, which the machines have`,
        "git fetch --unshallow; then run apply again",
      );
    }
    throw new Failure(
      `the machines have what commit ${newer.slice(0, 12)} says, and this checkout does not contain it: it is older, or of another branch`,
      "git pull; to go back to earlier settings on purpose, revert the commit (git revert) and apply that",
    );
  }
  const only = [flags["node"] ?? []].flat().map(String);
  const stray = only.find((name) => cluster.nodes.every((node) => node.name !== name));
  if (stray !== undefined) {
    const names = cluster.nodes.map(({ name }) => name);
    throw new Failure(
      `--node ${stray}: the config has no machine of that name`,
      `take ${listed(names, "or")}`,
    );
  }
  const templates = readTemplates();
  const files = new Map(cluster.nodes.map((node) => [node, nodeFiles(cluster, node, templates)]));
  return {
    invocation,
    cluster,
    root,
    record,
    output: renderCluster(cluster, templates),
    filesOf: (node) => files.get(node) ?? [],
    only: only.length > 0 ? new Set(only) : null,
    commit: await commitOf(run, config),
    notes:
      problem === null
        ? []
        : [`the record on the shared branch could not be looked at (${problem}); the one here counts`],
  };
}

function look({ cluster, root, record, invocation, notes }: Intent, remote: Remote): Promise<Plan> {
  const { config, environment } = invocation;
  const sources = { config, run: programs(environment), templates: readTemplates(), record, notes };
  return planOfMachines(cluster, remote, root, sources);
}

function dryRun({ cluster, only, invocation }: Intent, plan: Plan): Result {
  const refused = plan.refusals.length > 0;
  const work = refused ? [] : workOf(cluster, plan, only);
  const steps = work.map((machine) => ({
    name: machine.name,
    steps: stepsOf(cluster, machine).map((step) => STEPS[step]),
  }));
  const lines = steps.map(({ name, steps: each }) => `\n${name}: ${each.join(", ")}\n`);
  const text = `${formatPlan(plan)}${lines.join("")}\nnothing was changed: --dry-run\n`;
  const exit = refused || plan.machines.some(({ state }) => state === "unknown") ? 1 : 0;
  if (!invocation.json) return { exit, stdout: text, stderr: "" };
  return { exit, stdout: `${JSON.stringify({ plan, steps }, null, 2)}\n`, stderr: text };
}

/** Throws a Failure for what no apply does, and for an outage that nobody has accepted. */
function refuse({ cluster, only, invocation }: Intent, plan: Plan): void {
  const [first, ...more] = plan.refusals;
  if (first) {
    const others = more.length > 0 ? `; ${counted(more.length, "more refusal")}: npx quorate plan` : "";
    throw new Failure(`${first.field}: ${first.message}${others}`, first.next);
  }
  const outages = workOf(cluster, plan, only).filter(({ outage }) => outage);
  if (outages.length === 0 || invocation.flags["accept-outage"] === true) return;
  throw new Failure(
    `the change is an outage: ${listed(outages.map(({ name, felt }) => `${name}: ${felt}`))}`,
    "at a time when that is all right: npx quorate apply --accept-outage",
  );
}

/** Shows the plan and asks, where nobody has answered by --yes. */
async function ask({ cluster, only, invocation }: Intent, plan: Plan): Promise<void> {
  const { session, flags } = invocation;
  session.show(`${formatPlan(plan)}\n`);
  if (flags["yes"] === true) return;
  if (!session.terminal) {
    throw new Failure("there is nobody to ask", "look at the plan above; then: npx quorate apply --yes");
  }
  const machines = counted(workOf(cluster, plan, only).length, "machine");
  if (await session.dialogue.confirm({ message: `Change ${machines}?`, flag: "--yes" })) return;
  throw new Failure("nothing was changed", "npx quorate apply asks again");
}

/** The machines are held, asked again, and worked on. */
async function carryOut(intent: Intent, remote: Remote, shown: Plan): Promise<Result> {
  const { cluster, only, invocation } = intent;
  const { session, environment, flags } = invocation;
  session.needs(APPLY_TIMING.cleanUp);
  const reachable = reachableOf(shown);
  const held = cluster.nodes.map(({ name }) => name).filter((name) => reachable.has(name));
  const id = randomBytes(8).toString("hex");
  const lease = await takeLease(remote, held, id, whoAmI(environment));
  try {
    await refuseNewerRecord(intent);
    const plan = await look(intent, remote);
    if (flags["yes"] !== true && !isDeepStrictEqual(plan.machines, shown.machines)) {
      throw new Failure(
        "the machines have changed since the plan was shown; nothing was changed now",
        "look at the new plan: npx quorate apply",
      );
    }
    refuse(intent, plan);
    const record = await openRecord(intent, remote, plan);
    const machines = workOf(cluster, plan, only);
    const show = session.show;
    const progress = openProgress({ machines, screen: session.screen, show, now: () => new Date() });
    const job = {
      cluster,
      remote,
      reachable: reachableOf(plan),
      together: new Set<string>(),
      reveal: (node: Node) => revealOn(node, intent.root, intent.record),
      fence: lease.fence,
      patience: APPLY_TIMING.silence,
      interrupted: session.interrupted,
      note: progress.note,
      clock: CLOCK,
    };
    const { filesOf } = intent;
    const outage = flags["accept-outage"] === true;
    const results = await rollOut(job, { plan, only, filesOf, outage, watcher: progress, record }).finally(
      progress.close,
    );
    return resultOf(intent, plan, results);
  } finally {
    await lease.close();
  }
}

/** What was refused by the record, and what is written into it, would be of an older one. */
async function refuseNewerRecord({ invocation, cluster, record }: Intent): Promise<void> {
  const { config, environment } = invocation;
  const place = { branch: cluster.state.branch, fetches: true };
  const { record: now } = await readRecord(config, programs(environment), place);
  if (isDeepStrictEqual(now, record)) return;
  throw new Failure(
    "another apply has written the record since this one has read it; nothing was changed",
    "git pull; then npx quorate apply looks at everything anew",
  );
}

/** Nothing to do on any machine: the record is made to say so. */
async function settle(intent: Intent, remote: Remote, plan: Plan): Promise<Result> {
  const { cluster, record, only } = intent;
  const stale = plan.machines.some(({ name, state, action }) => {
    const node = cluster.nodes.find((each) => each.name === name);
    if (state !== "unchanged" || !node) return false;
    return !isRecorded(
      record?.machines.get(name),
      recordedMachine(recordingOf(intent), node, action, "applied"),
    );
  });
  const write = stale ? await openRecord(intent, remote, plan) : () => {};
  const results = plan.machines.map((machine) => untouched(cluster, machine, only));
  for (const machine of plan.machines) if (machine.state === "unchanged") write(machine, "applied");
  return resultOf(intent, plan, results);
}

function recordingOf({ cluster, root, output, filesOf, commit }: Intent): RecordingOf {
  return { cluster, root, output, filesOf, commit };
}

/** out/ is written, and what writes into the record. Throws a Failure where no server can say which cluster this is. */
async function openRecord(
  intent: Intent,
  remote: Remote,
  { machines }: Plan,
): Promise<ReturnType<typeof recorder>> {
  const { cluster, root, record, output, invocation } = intent;
  const ready = machines.find((machine) => machine.role === "server" && machine.ready);
  if (!ready && !record) {
    throw new Failure(
      "no server is ready, so nobody can say which cluster this is",
      "wait until one is: npx quorate status --watch; then run apply again",
    );
  }
  const facts = ready
    ? await clusterFacts(remote, cluster, ready.name, record, rootCheck(root))
    : (record as ClusterRecord).cluster;
  const folder = join(dirname(invocation.config), "out");
  const difference = compareOutput(folder, output);
  guardOutput(folder, difference);
  writeOutput(folder, output, difference);
  return recorder(openRecordStore(join(folder, "applied.json"), facts, record), recordingOf(intent));
}

function endingOf({ name }: Cluster, results: readonly MachineResult[]): string {
  if (!succeeded(results)) return "not everything is as the config says";
  const left = results.filter(({ outcome }) => outcome === "left alone");
  return left.length === 0
    ? `cluster ${name} is as the config says`
    : `what was asked for is done; not touched: ${listed(left.map((each) => each.name))}`;
}

function resultOf({ invocation, cluster }: Intent, plan: Plan, results: readonly MachineResult[]): Result {
  const done = succeeded(results);
  const interrupted = invocation.session.interrupted.aborted && !done;
  const lines = [
    formatResults(results),
    ...(invocation.json ? [] : plan.notes.map((note) => `note: ${note}\n`)),
    `apply: ${endingOf(cluster, results)}\n`,
  ];
  const exit = interrupted ? 130 : done ? 0 : 1;
  const text = lines.join("");
  if (!invocation.json) return { exit, stdout: text, stderr: "" };
  return { exit, stdout: `${JSON.stringify({ plan, results }, null, 2)}\n`, stderr: text };
}
