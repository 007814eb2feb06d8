// The question to a machine, and what its answer means: from a script's result to one machine's state.
import type { RemoteResult } from "../apply/remote.ts";
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import type { Node } from "../model/cluster.ts";
import { type NodeStatus, parseNodeStatus, SAYS_OTHER } from "./node-status.ts";

/** How long a machine may take to answer, in milliseconds: a busy Pi is slow, a person is not patient. */
export const ASK_LIMIT_MS = 8000;

export interface MachineState {
  readonly name: string;
  readonly role: Node["role"];
  readonly address: string;
  readonly state: NodeStatus["state"] | "no answer" | "booting";
  /** What the state is about: the reason, the step, what is waited for, the error. */
  readonly detail: string;
  /** Since when, in seconds; null where it is not known. */
  readonly seconds: number | null;
  /** The next action of a person; empty: nothing to do. */
  readonly next: string;
  /** What the machine says of itself, where it says something. */
  readonly status: NodeStatus | null;
}

/** Said of a machine that answers, and has no quorate-node: it was uninstalled, or its card has none. */
export const NOTHING_THERE = "it booted without quorate-node";

/** True where a machine answers at that address that calls itself another one, or one of another cluster. */
export function isOther({ status, detail }: MachineState): boolean {
  return status === null && detail.startsWith(SAYS_OTHER);
}

const BOOTING = 81;
const NO_PROGRAM = 82;

/**
 * Prints the machine's status; where there is none yet, the exit status says whether first boot still goes on. cloud-init
 * writes result.json when it is done, and not before (cloud-init's "status.json and result.json": absent while a boot stage runs).
 */
export const ASK_SCRIPT = `program=/usr/local/sbin/quorate-node
if [ -x "$program" ] && answer=$("$program" status --json); then printf '%s\\n' "$answer"; exit 0; fi
if [ -d /run/cloud-init ] && [ ! -e /run/cloud-init/result.json ]; then exit ${BOOTING}; fi
if [ ! -x "$program" ]; then exit ${NO_PROGRAM}; fi
exit 1
`;

/** The state of a machine from what became of ASK_SCRIPT there. */
export function machineState(node: Node, cluster: string, result: RemoteResult): MachineState {
  const { name, role, address } = node;
  const base = { name, role, address, detail: "", seconds: null, next: "", status: null };
  if (!result.finished) return { ...base, state: "no answer", detail: result.message, next: result.next };
  if (result.exit === BOOTING) return { ...base, state: "booting" };
  if (result.exit === NO_PROGRAM) {
    return {
      ...base,
      state: "failed",
      detail: NOTHING_THERE,
      next: "write its card again",
    };
  }
  if (result.exit !== 0) {
    const last = result.stderr.trim().split("\n").at(-1) ?? "";
    return {
      ...base,
      state: "failed",
      detail: `quorate-node status ended with ${result.exit}${last && `: ${printable(maskSecrets(last))}`}`,
      next: `look at it: npx quorate ssh ${name} -- sudo journalctl -u quorate-node -n 50`,
    };
  }
  const answer = parseNodeStatus(result.stdout, name, cluster);
  if (!answer.ok) return { ...base, state: "failed", detail: answer.message, next: answer.next };
  const { status } = answer;
  return {
    ...base,
    status,
    state: status.state,
    detail: detailOf(status),
    seconds: status.seconds,
    // "nothing; it goes on by itself" is nothing that a person does.
    next: status.state === "ready" || status.next.startsWith("nothing") ? "" : status.next,
  };
}

function detailOf({ state, step, waitingFor, error }: NodeStatus): string {
  if (state === "waiting") return [step, waitingFor].filter((text) => text !== "").join(": ");
  if (state === "failed") return error || step;
  return state === "working" ? step : "";
}
