// An apply at work: the machines are held and asked again, each is brought to its files, and the record says what runs where.
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { clusterFacts } from "../apply/cluster-facts.ts";
import { CLOCK, type Job } from "../apply/job.ts";
import { type Lease, takeLease, whoAmI } from "../apply/lease.ts";
import { openProgress } from "../apply/progress.ts";
import { isRecorded, recordedMachine, recorder, type RecordingOf } from "../apply/recording.ts";
import type { Remote } from "../apply/remote.ts";
import {
  type MachineResult,
  reachableOf,
  rollOut,
  untouched,
  type Watcher,
  workOf,
} from "../apply/rollout.ts";
import { revealOn } from "../cards/reveal.ts";
import { Failure } from "../failure.ts";
import type { Node } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { compareOutput, guardOutput, writeOutput } from "../output.ts";
import { formerNode, goneMachines } from "../plan/order.ts";
import type { Plan } from "../plan/plan.ts";
import { readRecord } from "../read-record.ts";
import { openRecordStore } from "../record-store.ts";
import { rootCheck } from "../secrets/derive.ts";
import { type Intent, look, refuse } from "./apply-intent.ts";

export interface Applied {
  readonly plan: Plan;
  readonly results: readonly MachineResult[];
}

export interface Carrying {
  /** Throws a Failure where the plan is not the one that somebody has agreed to. Asked while the machines are held. */
  readonly consent: (plan: Plan) => void;
  /** Told of every step, beside the person. */
  readonly watcher?: Watcher;
}

const NOBODY: Watcher = { begin: () => {}, end: () => {}, result: () => {} };

function both(one: Watcher, other: Watcher): Watcher {
  return {
    begin: (machine, step) => {
      one.begin(machine, step);
      other.begin(machine, step);
    },
    end: (machine, step, error) => {
      one.end(machine, step, error);
      other.end(machine, step, error);
    },
    result: (result) => {
      one.result(result);
      other.result(result);
    },
  };
}

/** The machines are held, asked again, and worked on. */
export async function carryOut(
  intent: Intent,
  remote: Remote,
  shown: Plan,
  { consent, watcher = NOBODY }: Carrying,
): Promise<Applied> {
  const { cluster, only, invocation } = intent;
  const { session, flags } = invocation;
  session.needs(APPLY_TIMING.cleanUp);
  const lease = await hold(intent, remote, reachableOf(shown));
  try {
    await refuseNewerRecord(intent);
    const plan = await look(intent, remote);
    refuse(intent, plan);
    consent(plan);
    const record = await openRecord(intent, remote, plan);
    const machines = workOf(cluster, plan, only);
    const show = session.show;
    const progress = openProgress({ machines, screen: session.screen, show, now: () => new Date() });
    const job = jobOf(intent, remote, {
      reachable: reachableOf(plan),
      fence: lease.fence,
      note: progress.note,
    });
    const { filesOf } = intent;
    const outage = flags["accept-outage"] === true;
    const results = await rollOut(job, {
      plan,
      only,
      filesOf,
      outage,
      withoutSnapshot: flags["without-snapshot"] === true,
      watcher: both(progress, watcher),
      record,
    }).finally(progress.close);
    return { plan, results };
  } finally {
    await lease.close();
  }
}

/** Takes the hold on all that answer, in one order for everybody, so that of two applies one gets all. Needs its `close`. */
export function hold(
  { cluster, record, invocation: { session, environment } }: Intent,
  remote: Remote,
  reachable: ReadonlySet<string>,
): Promise<Lease> {
  const held = [...cluster.nodes, ...goneMachines(cluster, record)]
    .map(({ name }) => name)
    .filter((name) => reachable.has(name))
    // Not in the config's order: two that differ in it would each get a part, and neither all.
    .toSorted();
  return takeLease(remote, held, randomBytes(8).toString("hex"), whoAmI(environment), {
    note: (text) => session.show(`${text}\n`),
    interrupted: session.interrupted,
  });
}

/** What every step needs. */
export function jobOf(
  { cluster, root, record, absence, invocation: { session } }: Intent,
  remote: Remote,
  of: Pick<Job, "reachable" | "fence" | "note">,
): Job {
  return {
    ...of,
    cluster,
    remote,
    together: new Set<string>(),
    leaving: goneMachines(cluster, record)
      .filter(({ role }) => role === "server")
      .map(formerNode),
    reveal: (node: Node) => revealOn(node, root, record),
    patience: APPLY_TIMING.silence,
    absence,
    interrupted: session.interrupted,
    clock: CLOCK,
  };
}

/** What was refused by the record, and what is written into it, would be of an older one. */
export async function refuseNewerRecord({ invocation, cluster, run, record }: Intent): Promise<void> {
  const place = { branch: cluster.state.branch, fetches: true };
  const { record: now } = await readRecord(invocation.config, run, place);
  if (isDeepStrictEqual(now, record)) return;
  throw new Failure(
    "another apply has written the record since this one has read it; nothing was changed",
    "git pull; then run the same command again: it looks at everything anew",
  );
}

/** Nothing to do on any machine: the record is made to say so. */
export async function settle(intent: Intent, remote: Remote, plan: Plan): Promise<Applied> {
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
  return { plan, results };
}

function recordingOf({ cluster, root, output, filesOf, commit }: Intent): RecordingOf {
  return { cluster, root, output, filesOf, commit };
}

/** out/ is written, and what writes into the record. Throws a Failure where no server can say which cluster this is. */
export async function openRecord(
  intent: Intent,
  remote: Remote,
  {
    machines,
  }: { readonly machines: readonly Pick<Plan["machines"][number], "name" | "role" | "ready" | "action">[] },
): Promise<ReturnType<typeof recorder>> {
  const { cluster, root, record, output, invocation } = intent;
  const ready = machines.find(
    (machine) => machine.role === "server" && machine.ready && machine.action !== "remove",
  );
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
