// The verb replace: a new machine under the name of one that is dead. The cluster forgets the old one, and the new one joins.
import { askNode } from "../apply/ask-node.ts";
import { ApplyInterrupted } from "../apply/job.ts";
import { standingOf } from "../apply/older.ts";
import { openProgress } from "../apply/progress.ts";
import type { Remote } from "../apply/remote.ts";
import { forget } from "../apply/steps/forget.ts";
import { join, NotJoined } from "../apply/steps/join.ts";
import { removalGate } from "../apply/steps/removal-gate.ts";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { listed } from "../model/words.ts";
import type { StepName } from "../plan/steps.ts";
import { programs } from "../program.ts";
import { digestOf } from "../render/node-program.ts";
import type { MachineState } from "../status/ask.ts";
import { type Intent, prepare } from "./apply-intent.ts";
import { hold, jobOf, openRecord, refuseNewerRecord } from "./apply-run.ts";
import { cardFor } from "./card.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/**
 * Exit 0 when the new machine works, and a server votes; 1 where it was refused, or has not joined yet; 3 for a bad config or bad
 * words; 130 where it was interrupted. The same command again goes on.
 */
export const replace: Command = async (invocation) => {
  const { config, json, colour, words, session } = invocation;
  const [name = "", target] = words;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const node = cluster.nodes.find((each) => each.name === name);
  if (!node) {
    throw new Failure(
      `there is no machine "${name}" in ${config}`,
      `the machines are ${listed(cluster.nodes.map((each) => each.name))}; one that left the config is taken out by npx quorate apply`,
    );
  }
  const intent = await prepare(
    { ...invocation, flags: { ...invocation.flags, node: undefined } },
    cluster,
    programs(invocation.environment),
  );
  const remote = reach(cluster, intent.root, invocation, { ends: false, record: intent.record });
  try {
    const seconds = await carryOut(intent, remote, node, target);
    return resultOf(cluster, node, seconds, invocation);
  } catch (error) {
    if (error instanceof ApplyInterrupted && session.interrupted.aborted)
      return {
        exit: 130,
        stdout: "",
        stderr: `replace: ${error.message}\n  next: ${goesOn(name, target)}\n`,
      };
    throw error;
  } finally {
    await remote.close();
  }
};

function goesOn(name: string, target: string | undefined): string {
  const card =
    target === undefined ? "" : `; with ${asArgument(target)} only where its card is not written yet`;
  return `npx quorate replace ${name} goes on where it stopped${card}`;
}

/** Returns how long it took, in seconds. */
async function carryOut(
  intent: Intent,
  remote: Remote,
  node: Node,
  target: string | undefined,
): Promise<number> {
  const { cluster, invocation, filesOf } = intent;
  const { session } = invocation;
  session.needs(APPLY_TIMING.cleanUp);
  const states = await Promise.all(cluster.nodes.map((each) => askNode(remote, cluster, each)));
  refuseOtherVersion(cluster, node, states);
  const answering = states.filter(({ state }) => state !== "no answer").map(({ name }) => name);
  const reachable = new Set(answering.filter((each) => each !== node.name));
  // Before the card is written: what is refused must not cost anybody a card.
  const note = (machine: string, text: string) => session.show(`${machine}: ${text}\n`);
  const before = jobOf(intent, remote, { reachable, note, fence: "" });
  const standing = await standingOf(before, node, states);
  if (standing === "older") await consent(invocation, node, target);
  const said = target === undefined ? "" : await writeCard(invocation, node, target);
  const lease = await hold(intent, remote, reachable);
  // From here on, for it draws anew again and again, and a question would be gone.
  const progress = openProgress({
    machines: [node],
    screen: session.screen,
    // On a screen what the card needs stays above.
    show: (text) => session.show(session.screen && text !== "" ? `${said}${text}` : text),
    now: () => new Date(),
  });
  const begun = performance.now();
  try {
    await refuseNewerRecord(intent);
    const job = jobOf(intent, remote, { reachable, note: progress.note, fence: lease.fence });
    const step = async (name: StepName, work: () => Promise<void>) => {
      if (session.interrupted.aborted) throw new ApplyInterrupted();
      progress.begin(node.name, name);
      try {
        await work();
        progress.end(node.name, name);
      } catch (error) {
        if (error instanceof Failure) progress.end(node.name, name, error);
        throw error;
      }
    };
    if (standing === "older") {
      await step("gate", () => removalGate(job, node));
      await step("forget", () => forget(job, node));
    }
    const advice = { again: `npx quorate replace ${node.name}`, hasCard: target !== undefined };
    await step("join", () => join(job, node, digestOf(filesOf(node)), advice)).catch((error: unknown) => {
      throw error instanceof NotJoined ? new NotJoined(error.message, `${error.hint}; ${keep(node)}`) : error;
    });
    // Which server is ready may have changed meanwhile.
    const now = await Promise.all(cluster.nodes.map((each) => askNode(remote, cluster, each)));
    const record = await openRecord(intent, remote, { machines: now.map(asPlanned) });
    record({ name: node.name, action: "add" }, "applied");
  } finally {
    progress.close();
    await lease.close();
  }
  return Math.round((performance.now() - begun) / 1000);
}

/**
 * The new card has the K3s of the config. Where that is still to come to all others, it comes in its own order, after a snapshot; where
 * an upgrade has begun, there is no way back and this machine only goes on with it.
 */
function refuseOtherVersion(cluster: Cluster, node: Node, states: readonly MachineState[]): void {
  const { version } = cluster.k3s;
  const others = states.flatMap(({ role, name, status }) =>
    role === "server" && name !== node.name && status && status.k3s !== "" ? [{ name, k3s: status.k3s }] : [],
  );
  const [other] = others;
  if (node.role === "loadbalancer" || !other || others.some(({ k3s }) => k3s === version)) return;
  throw new Failure(
    `${other.name} runs K3s ${other.k3s}, and the config asks for ${version}: ${node.name} would come with another K3s than the cluster has`,
    `put ${JSON.stringify(other.k3s)} back into k3s.version, replace ${node.name}, and upgrade then with npx quorate apply`,
  );
}

/** What goes wrong long after all went well. */
function keep({ name }: Node): string {
  return `keep the older ${name} switched off: with the disk that it had it takes name and address of the new one; erase that disk before it is used again`;
}

function asPlanned({ name, role, state }: MachineState) {
  return { name, role, ready: state === "ready", action: "none" } as const;
}

async function consent({ flags, session }: Invocation, { name, role }: Node, target = ""): Promise<void> {
  if (flags["yes"] === true) return;
  const what = role === "server" ? "its vote in etcd and its node" : "its node";
  if (!session.terminal) {
    throw new Failure(
      `there is nobody to ask whether ${name} is gone for good`,
      `if it is, and never comes back with the disk that it had: npx quorate replace ${name}${target && ` ${asArgument(target)}`} --yes`,
    );
  }
  const message = `Is the older ${name} switched off, and gone for good? The cluster forgets it (${what}), and it must never come back with the disk that it had.`;
  if (await session.dialogue.confirm({ message, flag: "--yes" })) return;
  throw new Failure("nothing was changed", `npx quorate replace ${name} asks again`);
}

/** As the verb card does it. Returns, and has shown, all that it says. */
async function writeCard(invocation: Invocation, node: Node, target: string): Promise<string> {
  const { config, flags, session } = invocation;
  const { name } = node;
  const words = { json: false, flags: { identity: flags["identity"] }, words: [name, target] };
  const written = await cardFor({ ...invocation, ...words }, keep(node)).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(
      `${error.message}; nothing was changed by this run`,
      `${error.hint}; where its card is written already: npx quorate replace ${name}`,
      error,
    );
  });
  const said = `${written.stdout}${written.stderr}\n`;
  session.show(said);
  if (written.exit === 0) return said;
  throw new Failure(
    `the card of ${name} was not written; nothing was changed by this run`,
    `npx quorate card ${name} ${asArgument(target)}${config === "cluster.config.json" ? "" : ` --config ${asArgument(config)}`}`,
  );
}

function resultOf(cluster: Cluster, node: Node, seconds: number, { json }: Invocation): Result {
  const servers = ofRole(cluster, "server").length;
  const what = {
    server: `votes again, one of ${servers}`,
    agent: "takes pods again",
    loadbalancer: "leads the traffic again, or stands by",
  }[node.role];
  const text = `replace: ${node.name} ${what}, after ${seconds} s\n  next: npx quorate verify; ${keep(node)}\n`;
  if (!json) return { exit: 0, stdout: text, stderr: "" };
  return { exit: 0, stdout: `${JSON.stringify({ machine: node.name, seconds }, null, 2)}\n`, stderr: text };
}
