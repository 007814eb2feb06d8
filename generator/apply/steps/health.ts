// Step: a machine that was worked on is healthy again: by its own word, by Kubernetes', and by every load balancer's.
import { Failure } from "../../failure.ts";
import { type Node, ofRole } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { listed } from "../../model/words.ts";
import type { MachineState } from "../../status/ask.ts";
import { askNode } from "../ask-node.ts";
import { backendsOn, balancersOf, isBehind } from "../backends.ts";
import { ApplyInterrupted, type Job, pause, TakenOver } from "../job.ts";
import { kubernetesNode, kubernetesServer } from "../kubernetes.ts";

/** Throws a Failure where it is not within `limit` milliseconds. `wanted`: whether the file set with that digest may be in force. */
export async function health(
  job: Job,
  node: Node,
  wanted: (digest: string) => boolean,
  limit: number,
): Promise<void> {
  const end = job.clock.now() + limit;
  await own(job, node, wanted, end);
  if (node.role !== "loadbalancer") {
    await until(job, node, end, "Kubernetes says that it is not Ready", async () => {
      const through = node.role === "server" ? node : await kubernetesServer(job, node);
      // A control plane without kubelets is no node; an agent that is none yet has not joined.
      return (await kubernetesNode(job, through, node))?.ready ?? node.role === "server";
    });
  }
  if (node.role === "loadbalancer") await balancer(job, node, end);
  else if (isBehind(job.cluster, node)) await behind(job, node, end);
}

/** Its program has put everything in force; a server votes then and its API answers (quorate-node, watch_server). */
async function own(job: Job, node: Node, wanted: (digest: string) => boolean, end: number): Promise<void> {
  let failing = { detail: "", since: job.clock.now() };
  for (;;) {
    const state = await askNode(job.remote, job.cluster, node);
    const { status } = state;
    const inForce = state.state === "ready" && status !== null && wanted(status.applied);
    if (inForce && (node.role !== "server" || status.voter)) return;
    const trouble = troubleOf(state);
    if (trouble !== failing.detail) failing = { detail: trouble, since: job.clock.now() };
    const patience = state.state === "no answer" ? job.patience : APPLY_TIMING.failure;
    const hopeless = trouble !== "" && job.clock.now() - failing.since >= patience;
    if (hopeless || job.clock.now() >= end) {
      throw new Failure(
        `${node.name} is not healthy: ${trouble || `${state.state}${state.detail && `: ${state.detail}`}`}`,
        // What the machine says is for whoever sits at it.
        state.next.replace(/^on this machine: /, `npx quorate ssh ${node.name}, and there: `) ||
          `look at it: npx quorate ssh ${node.name} -- sudo journalctl -u quorate-node -n 50`,
      );
    }
    job.note(node.name, `${state.state}${state.detail && `: ${state.detail}`}`);
    await pause(job);
  }
}

/** What a machine complains about; empty while it only works or waits. */
function troubleOf({ state, detail, status }: MachineState): string {
  if (state === "failed") return detail;
  if (state === "no answer") return `no answer (${detail})`;
  return state === "waiting" ? (status?.error ?? "") : "";
}

/**
 * Until it is done. What cannot be asked is asked again for a while: a server that has just started refuses many a question.
 * `what`: said while it is waited for. Throws a Failure at `end`.
 */
export async function until(
  job: Job,
  node: Node,
  end: number,
  what: string,
  done: () => Promise<boolean>,
): Promise<void> {
  let since: number | null = null;
  for (;;) {
    const answer = await done().catch((error: unknown) => {
      if (!(error instanceof Failure) || error instanceof ApplyInterrupted || error instanceof TakenOver)
        throw error;
      return error;
    });
    if (answer === true) return;
    const now = job.clock.now();
    if (answer !== false) {
      since ??= now;
      if (now - since >= APPLY_TIMING.failure || now >= end) throw answer;
    } else {
      since = null;
      if (now >= end) {
        throw new Failure(
          `${node.name} is not healthy: ${what}`,
          `look at it: npx quorate ssh ${node.name}; npx quorate status`,
        );
      }
    }
    job.note(node.name, answer === false ? what : answer.message);
    await pause(job);
  }
}

async function behind(job: Job, node: Node, end: number): Promise<void> {
  for (const balancer of balancersOf(job)) {
    await until(job, node, end, `HAProxy on ${balancer.name} does not see it up`, async () => {
      const mine = (await backendsOn(job, balancer)).filter(({ server }) => server === node.name);
      return mine.every(({ up }) => up);
    });
  }
}

/** It sees every server up that is ready: none that was there is lost to it. */
async function balancer(job: Job, node: Node, end: number): Promise<void> {
  const servers = ofRole(job.cluster, "server").filter(({ name }) => job.reachable.has(name));
  const states = await Promise.all(servers.map((server) => askNode(job.remote, job.cluster, server)));
  const ready = new Set(states.filter(({ state }) => state === "ready").map(({ name }) => name));
  let down: readonly string[] = [];
  const sees = async () => {
    const backends = await backendsOn(job, node);
    down = backends.filter(({ server, up }) => ready.has(server) && !up).map(({ server }) => server);
    return down.length === 0;
  };
  await until(job, node, end, "its HAProxy does not see every ready server up", sees).catch(
    (error: unknown) => {
      if (!(error instanceof Failure) || down.length === 0) throw error;
      throw new Failure(`${error.message}: ${listed([...new Set(down)])}`, error.hint, error);
    },
  );
}
