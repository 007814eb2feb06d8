// The verb card: from a machine's name and a place to a card that boots into the cluster.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { candidatesOf, candidatesText } from "../cards/candidates.ts";
import { diagnose } from "../cards/diagnose.ts";
import { askMembers, knownOf, type Members, refuseNewSecret, refuseOtherSecret } from "../cards/known.ts";
import { listDisks } from "../cards/list-disks.ts";
import { unpackImage } from "../cards/image.ts";
import { openMounted, openTarget } from "../cards/open-target.ts";
import { refusal } from "../cards/refusal.ts";
import { cardText, closingText } from "../cards/report.ts";
import { type Sight, seeCluster } from "../cards/see-cluster.ts";
import { type WrittenCard, writeCard } from "../cards/write-card.ts";
import type { BootPartition } from "../cards/boot-partition.ts";
import { Failure } from "../failure.ts";
import { wouldBeCommitted } from "../git.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import { listed } from "../model/words.ts";
import { ensurePrivateFolder } from "../private-file.ts";
import { programs, type RunProgram } from "../program.ts";
import {
  givesRootSecret,
  hasRootSecret,
  newRootSecret,
  readRootSecret,
  rootSecretPath,
  secretsFolder,
  writeRootSecret,
} from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

const SCRATCH = "work-";
/** Unpacking and writing an image takes minutes. */
const LEFT_MS = 60 * 60_000;

/** Exit 0 when the card is written and read back; 1 where nothing or only a part was; 3 for a bad config or bad words. */
export const card: Command = (invocation) => cards(invocation, ({ kind }) => kind.next);

/** The same for a verb that goes on after the card: what is to do besides is its to say. */
export function cardFor(invocation: Invocation, todo: string): Promise<Result> {
  return cards(invocation, () => todo);
}

/** `todo`: what the person is told to do besides; null: nothing. */
async function cards(invocation: Invocation, todo: (written: WrittenCard) => string | null): Promise<Result> {
  const { config, json, colour, flags, words, environment, session } = invocation;
  const run = programs(environment);
  const unclear = wordsProblem(invocation);
  if (unclear !== null)
    return { exit: 3, stdout: "", stderr: `error: card: ${unclear}\n  next: npx quorate card --help\n` };
  if (flags["list"] === true) return list(run, json);
  const secrets = secretsFolder(config);
  if (typeof flags["diagnose"] === "string") {
    const target = flags["diagnose"];
    return inScratch(secrets, target, async (scratch) => told(await openTarget(target, scratch, run), json));
  }
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: `${await report(findings, colour)}no card was written\n` };
  }
  if (findings.some(({ code }) => code === "sample-ssh-key")) {
    throw new Failure(
      `${config} has the sample's SSH key, and nobody has its private half: a card with it would lock everybody out`,
      `put your own public key into access.authorizedKeys (cat ~/.ssh/id_ed25519.pub), or begin with npx quorate new`,
    );
  }
  const all = typeof flags["all"] === "string" ? flags["all"] : null;
  const nodes = all === null ? [nodeNamed(cluster, words[0] ?? "", config)] : cluster.nodes;
  const given = all ?? words[1] ?? "";
  return inScratch(secrets, given, async (scratch) => {
    if (!/\.img\.xz$/i.test(given) && (await wouldBeCommitted(run, given))) {
      throw new Failure(
        `${given} lies in a git repository that does not ignore it, and a card is full of secrets`,
        `take a place outside, or ${join(secrets, "cards", all === null ? (words[0] ?? "") : "")}, which git ignores`,
      );
    }
    const places = await openAll(cluster, nodes, given, all !== null, secrets, scratch, run);
    const sight = await seeCluster(cluster, config, run, flags["offline"] === true);
    const isNew = !hasRootSecret(config) && !givesRootSecret(environment);
    if (isNew) refuseNewSecret(sight);
    if (isNew) writeRootSecret(config, newRootSecret());
    const root = readRootSecret(config, environment);
    refuseOtherSecret(root, sight);
    const members = await membersOf(cluster, root, sight, invocation);
    const written: WrittenCard[] = [];
    const templates = readTemplates();
    for (const { node, partition } of places) {
      if (session.interrupted.aborted) break;
      const known = knownOf(sight, members, node.name);
      const order = { cluster, node, partition, known, root, record: sight.record, templates, secrets };
      written.push(
        await writeCard(order).catch((error: unknown) => {
          throw withCardsSoFar(error, written, isNew ? rootSecretPath(config) : null);
        }),
      );
    }
    const addresses = findings.filter(({ code }) => code === "sample-addresses");
    const notes = [...sight.notes, ...addresses.map(({ message, hint }) => `${message}: ${hint}`)];
    const told = written.map((each) => ({ ...each, kind: { ...each.kind, next: todo(each) } }));
    return resultOf(told, notes, members, isNew ? rootSecretPath(config) : null, invocation);
  });
}

function wordsProblem({ flags, words }: Invocation): string | null {
  const ways = (["list", "diagnose", "all"] as const).filter((flag) => flags[flag] !== undefined);
  if (ways.length > 1) return `${listed(ways.map((flag) => `--${flag}`))} do not go together`;
  const [way] = ways;
  if (way !== undefined && words.length > 0) return `--${way} takes no more words: "${words[0]}"`;
  if (way === undefined && words.length === 0) return "needs a NAME and a TARGET";
  if (way === undefined && words.length === 1) return `needs a TARGET for ${words[0]}: see --list`;
  return null;
}

function nodeNamed(cluster: Cluster, name: string, config: string): Node {
  const node = cluster.nodes.find((each) => each.name === name);
  if (node) return node;
  throw new Failure(
    `there is no machine "${name}" in ${config}`,
    `the machines are ${listed(cluster.nodes.map((each) => each.name))}`,
  );
}

interface Place {
  readonly node: Node;
  readonly partition: BootPartition;
}

/** Opens every place, and refuses before the first card is written. */
async function openAll(
  cluster: Cluster,
  nodes: readonly Node[],
  given: string,
  all: boolean,
  secrets: string,
  scratch: string,
  run: RunProgram,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const node of nodes) {
    let target = given;
    if (all) {
      target = join(given, node.name);
      makeFolder(target);
    } else if (/\.img\.xz$/i.test(given)) {
      target = join(secrets, "cards", `${node.name}.img`);
      makeFolder(join(secrets, "cards"));
      await unpackImage(given, target, run);
    }
    const partition = await openTarget(target, scratch, run);
    const refused = refusal(partition.files, node, cluster.name, target);
    if (refused) throw new Failure(`${refused.message}; nothing was written`, refused.next);
    places.push({ node, partition });
  }
  return places;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Failure(
      `cannot make the folder ${path}: ${error instanceof Error ? error.message : String(error)}`,
      "name a place where you may write",
      error,
    );
  }
}

async function membersOf(
  cluster: Cluster,
  root: Uint8Array,
  { answers }: Sight,
  invocation: Invocation,
): Promise<Members | null> {
  if (!answers.some(({ said }) => said === "cluster")) return null;
  const remote = reach(cluster, root, invocation);
  try {
    return await askMembers(cluster, answers, remote);
  } finally {
    await remote.close();
  }
}

function withCardsSoFar(error: unknown, written: readonly WrittenCard[], newSecret: string | null): unknown {
  if (!(error instanceof Failure)) return error;
  const parts = [
    error.message,
    ...(written.length === 0 ? [] : [`written before that: ${listed(written.map(({ node }) => node.name))}`]),
    ...(newSecret === null ? [] : [`a new cluster secret was made (${newSecret}), keep it`]),
  ];
  return new Failure(parts.join("; "), error.hint, error);
}

function resultOf(
  written: readonly WrittenCard[],
  notes: readonly string[],
  members: Members | null,
  newSecret: string | null,
  { config, json }: Invocation,
): Result {
  const unasked = members?.problem ? [`no server could be asked for its nodes: ${members.problem}`] : [];
  const said = [...notes, ...unasked];
  const text = [
    ...said.map((note) => `note: ${note}\n`),
    ...(said.length > 0 ? ["\n"] : []),
    ...written.map((each) => `${cardText(each)}\n`),
    closingText(config, newSecret),
  ].join("");
  if (!json) return { exit: 0, stdout: text, stderr: "" };
  const cards = written.map(({ node, partition, kind, changed, backup }) => ({
    node: node.name,
    target: partition.target,
    ...kind,
    changed,
    backup,
  }));
  return {
    exit: 0,
    stdout: `${JSON.stringify({ cards, newSecret, notes: said }, null, 2)}\n`,
    stderr: text,
  };
}

async function list(run: RunProgram, json: boolean): Promise<Result> {
  const volumes = await listDisks(run);
  if (volumes === null) {
    throw new Failure(
      "this computer has neither lsblk nor diskutil, so its disks are not known",
      "name the folder where the card's boot partition is mounted: npx quorate card NAME FOLDER",
    );
  }
  const candidates = candidatesOf(volumes, (mount) => openMounted(mount, volumes, run));
  const text = candidatesText(candidates);
  return json
    ? { exit: 0, stdout: `${JSON.stringify({ candidates }, null, 2)}\n`, stderr: text }
    : { exit: 0, stdout: text, stderr: "" };
}

function told(partition: BootPartition, json: boolean): Result {
  const { status, text } = diagnose(partition);
  const exit = status === null ? 1 : 0;
  if (json) return { exit, stdout: `${JSON.stringify({ status }, null, 2)}\n`, stderr: text };
  return status === null
    ? { exit, stdout: "", stderr: `error: ${text}` }
    : { exit, stdout: text, stderr: "" };
}

/** The copy of an image's boot partition has secrets in it: it lies in a private folder, gone at the end. */
async function inScratch<T>(
  secrets: string,
  target: string,
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  if (!/\.img(\.xz)?$/i.test(target)) return work("");
  ensurePrivateFolder(secrets);
  // What a killed run left.
  for (const name of readdirSync(secrets).filter((each) => each.startsWith(SCRATCH))) {
    const path = join(secrets, name);
    // A younger one may be another run's, which is at work.
    if (Date.now() - statSync(path).mtimeMs > LEFT_MS) rmSync(path, { recursive: true, force: true });
  }
  const scratch = mkdtempSync(join(secrets, SCRATCH));
  try {
    return await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
