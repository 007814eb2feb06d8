// Asks this computer: its programs, files and git, and the machines from here. Changes nothing.
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { refuseOtherSecret } from "../../cards/known.ts";
import type { Remote } from "../../apply/remote.ts";
import { printable } from "../../config/printable.ts";
import { Failure } from "../../failure.ts";
import type { Cluster } from "../../model/cluster.ts";
import type { ClusterRecord } from "../../model/record.ts";
import { compareOutput } from "../../output.ts";
import type { RunProgram } from "../../program.ts";
import { readRecord } from "../../read-record.ts";
import { renderCluster } from "../../render/index.ts";
import type { Templates } from "../../render/template.ts";
import { rootCheck } from "../../secrets/derive.ts";
import { exportNoted } from "../../secrets/exported.ts";
import { givesRootSecret, hasRootSecret, readRootSecret, rootSecretPath } from "../../secrets/root.ts";
import { askMachine } from "../../verify/machine.ts";
import { secondsAhead } from "../../verify/machine-checks.ts";
import type {
  CheckoutAnswer,
  ComputerAnswers,
  MachineAnswer,
  RecordAnswer,
  SecretAnswer,
  Unasked,
} from "../computer.ts";

export interface Asking {
  readonly config: string;
  readonly cluster: Cluster;
  readonly templates: Templates;
  readonly run: RunProgram;
  /** It may give the cluster's secret. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `Node.js v20.19.0 on linux x64`, and what package.json asks for. */
  readonly runtime: string;
  readonly engines: string;
  /** Neither the machines nor the shared branch are asked. */
  readonly offline: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The way to the machines, closed by the caller. */
  readonly reach: (root: Uint8Array) => Remote;
}

const DAY_MS = 86_400_000;

export interface AskedComputer {
  readonly answers: ComputerAnswers;
  /** The cluster's secret where it can be used: what else is asked looks for it. */
  readonly root: Uint8Array | null;
}

/** Rejects for nothing that a person could have got wrong: that is an answer too. */
export async function askComputer(asking: Asking): Promise<AskedComputer> {
  const { config, runtime, engines, run } = asking;
  const folder = dirname(config);
  const [git, ssh, found, checkout] = await Promise.all([
    versionOf(run, "git", ["--version"]),
    versionOf(run, "ssh", ["-V"]),
    askRecord(asking),
    askCheckout(run, folder),
  ]);
  const { root, secret } = askSecret(asking, found.record);
  return {
    root,
    answers: {
      node: { version: /v(\d+(?:\.\d+)*)/.exec(runtime)?.[1] ?? "", wanted: engines },
      git,
      ssh,
      record: found.answer,
      secret,
      machines: await askMachines(asking, root, secret),
      checkout,
      out: askOut(asking, join(folder, "out")),
    },
  };
}

/** ssh says it on standard error. */
async function versionOf(run: RunProgram, name: string, args: readonly string[]): Promise<string | null> {
  const { missing, stdout, stderr } = await run(name, args);
  if (missing) return null;
  return printable((`${stdout.toString("utf8")}${stderr}`.trim().split("\n")[0] ?? "").slice(0, 80));
}

async function askRecord({
  config,
  run,
  cluster,
  offline,
}: Asking): Promise<{ readonly record: ClusterRecord | null; readonly answer: RecordAnswer }> {
  try {
    const place = { branch: cluster.state.branch, fetches: !offline };
    const { record, problem } = await readRecord(config, run, place);
    const machines = record?.machines.size ?? null;
    return { record, answer: { readable: true, machines, problem: offline ? null : problem } };
  } catch (error) {
    return { record: null, answer: { readable: false, ...failureIn(error) } };
  }
}

function askSecret(
  { config, environment, now }: Asking,
  record: ClusterRecord | null,
): { readonly root: Uint8Array | null; readonly secret: SecretAnswer } {
  try {
    const root = readRootSecret(config, environment);
    refuseOtherSecret(root, { record, answers: [], blind: null });
    const given = givesRootSecret(environment);
    const written = given ? 0 : statSync(rootSecretPath(config)).mtimeMs;
    return {
      root,
      secret: {
        usable: true,
        check: rootCheck(root),
        fits: record !== null,
        exported: exportNoted(config, root),
        days: given ? null : Math.max(0, Math.floor((now() - written) / DAY_MS)),
      },
    };
  } catch (error) {
    return {
      root: null,
      secret: {
        usable: false,
        missing: !hasRootSecret(config) && !givesRootSecret(environment),
        ...failureIn(error),
      },
    };
  }
}

async function askMachines(
  { cluster, offline, reach, now }: Asking,
  root: Uint8Array | null,
  secret: SecretAnswer,
): Promise<readonly MachineAnswer[] | Unasked> {
  if (offline) return { why: "nobody asked: --offline", next: "" };
  if (!root || !secret.usable)
    return { why: "their host keys are known by the cluster's secret only: see secret", next: "" };
  let remote: Remote;
  try {
    remote = reach(root);
  } catch (error) {
    return failureIn(error);
  }
  try {
    return await Promise.all(
      cluster.nodes.map(async (node) => {
        const { problem, clock, state } = await askMachine(remote, cluster, node, now);
        return {
          name: node.name,
          problem: problem === null ? null : { message: state.detail, next: state.next },
          ahead: clock === null ? null : secondsAhead(clock),
        };
      }),
    );
  } finally {
    await remote.close();
  }
}

async function askCheckout(run: RunProgram, folder: string): Promise<CheckoutAnswer> {
  const git = (...args: readonly string[]) => run("git", ["-C", folder, ...args]);
  const state = await git("status", "--porcelain", "-z");
  if (state.missing) return { repository: false, why: "there is no git on this computer" };
  if (state.status !== 0) return { repository: false, why: "the config is in no git repository" };
  const [followed, apart] = await Promise.all([
    git("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"),
    git("rev-list", "--left-right", "--count", "@{upstream}...HEAD"),
  ]);
  const [behind = 0, ahead = 0] =
    apart.status === 0 ? apart.stdout.toString("utf8").split("\t").map(Number) : [];
  return {
    repository: true,
    changed: changedIn(state.stdout.toString("utf8")),
    upstream: followed.status === 0 ? printable(followed.stdout.toString("utf8").trim()) : null,
    behind,
    ahead,
  };
}

/** `XY PATH`, and for a rename or a copy the old path as an entry of its own. */
function changedIn(porcelain: string): readonly string[] {
  const entries = porcelain.split("\0");
  const paths: string[] = [];
  for (let at = 0; at < entries.length; at += 1) {
    const entry = entries[at] ?? "";
    if (entry === "") continue;
    paths.push(printable(entry.slice(3)));
    if (/^[RC]|^.[RC]/.test(entry)) at += 1;
  }
  return paths;
}

function askOut({ cluster, templates }: Asking, folder: string): readonly string[] | Unasked {
  try {
    const { added, changed, stale, foreign } = compareOutput(folder, renderCluster(cluster, templates));
    return [...added, ...changed, ...stale, ...foreign].map(printable);
  } catch (error) {
    return failureIn(error);
  }
}

/** Anything else than a Failure is a mistake of ours, and is thrown on. */
function failureIn(error: unknown): Unasked {
  if (!(error instanceof Failure)) throw error;
  return { why: error.message, next: error.hint };
}
