// Step: a new machine joins by itself, as its card says. Nothing is done to it; it is waited for, and what it waits for is said.
import { Failure } from "../../failure.ts";
import type { Node } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import type { MachineState } from "../../status/ask.ts";
import { askNode } from "../ask-node.ts";
import { type Job, pause } from "../job.ts";
import { kubernetesNode } from "../kubernetes.ts";
import { health, until } from "./health.ts";

/** It is not part of the cluster yet. Nothing is wrong with the others. */
export class NotJoined extends Failure {}

/** What a person does where it does not come. */
export interface JoinAdvice {
  /** The command that goes on. */
  readonly again: string;
  /** Its card is written. */
  readonly hasCard: boolean;
}

const APPLY: JoinAdvice = { again: "npx quorate apply", hasCard: false };

/** `digest`: of the files that it should have. Throws NotJoined where it does not come, and a Failure where it came with other files. */
export async function join(job: Job, node: Node, digest: string, advice = APPLY): Promise<void> {
  const { name } = node;
  let heard: number | null = null;
  let failing = { detail: "", since: 0 };
  const begun = job.clock.now();
  for (;;) {
    const state = await askNode(job.remote, job.cluster, node);
    const now = job.clock.now();
    if (state.state === "ready" && (node.role !== "server" || state.status?.voter === true)) {
      if (state.status?.applied === digest) break;
      throw new Failure(
        `${name} has joined with the files of another config than this one`,
        "npx quorate apply brings it the rest",
      );
    }
    if (state.state === "no answer") {
      const end = heard === null ? begun + job.absence : heard + APPLY_TIMING.firstBoot;
      if (now >= end) throw absent(node, heard !== null, state, advice);
    } else {
      heard = now;
      if (now - begun >= APPLY_TIMING.join) throw late(node, state, advice);
    }
    const trouble = state.state === "failed" ? state.detail : "";
    if (trouble !== failing.detail) failing = { detail: trouble, since: now };
    if (trouble !== "" && now - failing.since >= APPLY_TIMING.failure) throw late(node, state, advice);
    job.note(name, words(state, heard !== null));
    await pause(job);
  }
  await health(job, node, (applied) => applied === digest, APPLY_TIMING.health.restart);
  if (node.role !== "server") return;
  // A control plane without kubelets is no node.
  const end = job.clock.now() + APPLY_TIMING.health.none;
  const voter = async () => (await kubernetesNode(job, node, node))?.voter ?? true;
  await until(job, node, end, "K3s has not said yet that it votes in etcd", voter);
}

function words({ state, detail }: MachineState, answered: boolean): string {
  if (state !== "no answer") return `${state}${detail && `: ${detail}`}`;
  return answered
    ? "it is silent again; it may be starting anew"
    : `put its card in and switch it on (${detail})`;
}

function absent(
  { name }: Node,
  answered: boolean,
  { detail }: MachineState,
  { again, hasCard }: JoinAdvice,
): NotJoined {
  const put = hasCard ? "put its card in" : `npx quorate card ${name} TARGET, put the card in`;
  return answered
    ? new NotJoined(
        `${name} has not joined: it answered, and does not any more (${detail})`,
        `look at its screen; what it last wrote on its card: npx quorate card --diagnose TARGET; then: ${again}`,
      )
    : new NotJoined(
        `${name} has not joined: it does not answer (${detail})`,
        `${put} and switch it on; then: ${again}`,
      );
}

function late({ name }: Node, { state, detail, next }: MachineState, { again }: JoinAdvice): NotJoined {
  return new NotJoined(
    `${name} has not joined: it is ${state}${detail && `: ${detail}`}`,
    `${next.replace(/^on this machine: /, `npx quorate ssh ${name}, and there: `) || `npx quorate ssh ${name} -- sudo journalctl -u quorate-node -n 50`}; then: ${again}`,
  );
}
