// What is known before an apply: the config, the secret, the record, and what all that refuses without any machine.
import { dirname } from "node:path";
import type { Remote } from "../apply/remote.ts";
import { workOf } from "../apply/rollout.ts";
import { refuseOtherSecret } from "../cards/known.ts";
import { printable } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { commitOf, isShallow, missingCommits } from "../git.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { FileMap, NodeFile } from "../model/files.ts";
import type { ClusterRecord } from "../model/record.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { counted, listed } from "../model/words.ts";
import { goneMachines } from "../plan/order.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunProgram } from "../program.ts";
import { readRecord } from "../read-record.ts";
import { renderCluster } from "../render/index.ts";
import { nodeFiles } from "../render/node-files.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import type { Invocation } from "./command.ts";
import { planOfMachines } from "./planned.ts";

/** What a run of apply knows before it asks any machine. */
export interface Intent {
  readonly invocation: Invocation;
  readonly cluster: Cluster;
  /** Git is asked by it. */
  readonly run: RunProgram;
  readonly root: Uint8Array;
  readonly record: ClusterRecord | null;
  readonly output: FileMap;
  readonly filesOf: (node: Node) => readonly NodeFile[];
  /** Only these machines are worked on; null: all. */
  readonly only: ReadonlySet<string> | null;
  readonly commit: string | null;
  /** How long a machine that is added may be silent, in milliseconds. */
  readonly absence: number;
  readonly notes: readonly string[];
}

/** The machines have what a commit says that this checkout does not contain. */
export class OlderCommit extends Failure {
  readonly newer: string;

  constructor(newer: string, message: string, hint: string) {
    super(message, hint);
    this.newer = newer;
  }
}

/** Everything that can be refused without a machine: a wrong secret, an older commit, a name that is none. */
export async function prepare(invocation: Invocation, cluster: Cluster, run: RunProgram): Promise<Intent> {
  const { config, flags, environment } = invocation;
  const absence = absenceOf(invocation);
  const root = readRootSecret(config, environment);
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
    throw new OlderCommit(
      newer,
      `the machines have what commit ${newer.slice(0, 12)} says, and this checkout does not contain it: it is older, or of another branch`,
      "git pull; to go back to earlier settings on purpose, revert the commit (git revert) and apply that",
    );
  }
  const only = [flags["node"] ?? []].flat().map(String);
  const names = [...cluster.nodes, ...goneMachines(cluster, record)].map(({ name }) => name);
  const stray = only.find((name) => !names.includes(name));
  if (stray !== undefined) {
    throw new Failure(
      `--node ${printable(stray)}: neither the config nor the record has a machine of that name`,
      `take ${listed(names, "or")}`,
    );
  }
  const templates = readTemplates();
  const files = new Map(cluster.nodes.map((node) => [node, nodeFiles(cluster, node, templates)]));
  return {
    invocation,
    cluster,
    run,
    root,
    record,
    output: renderCluster(cluster, templates),
    filesOf: (node) => files.get(node) ?? [],
    only: only.length > 0 ? new Set(only) : null,
    commit: await commitOf(run, config),
    absence,
    notes:
      problem === null
        ? []
        : [`the record on the shared branch could not be looked at (${problem}); the one here counts`],
  };
}

const LONGEST_WAIT = 24 * 60;

/** Where nobody looks on, nobody brings a card either. */
function absenceOf({ flags, session }: Invocation): number {
  const given = flags["wait"];
  if (given === undefined) return session.terminal ? APPLY_TIMING.absence : 0;
  const minutes = typeof given === "string" && /^\d{1,4}$/.test(given) ? Number(given) : Infinity;
  if (minutes <= LONGEST_WAIT) return minutes * 60_000;
  throw new Failure(
    `--wait ${JSON.stringify(given)} is no number of minutes`,
    `take a number from 0 to ${LONGEST_WAIT}, such as --wait 20`,
  );
}

/** Asks every machine. */
export function look(
  { cluster, run, root, record, invocation, notes }: Intent,
  remote: Remote,
): Promise<Plan> {
  const sources = { config: invocation.config, run, templates: readTemplates(), record, notes };
  return planOfMachines(cluster, remote, root, sources);
}

/** Throws a Failure for what no apply does, and for an outage that nobody has accepted. */
export function refuse({ cluster, only, invocation }: Intent, plan: Plan): void {
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
