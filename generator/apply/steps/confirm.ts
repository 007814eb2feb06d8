// Step: a second connection, made anew, cancels the undo of a change that could have cut us off.
import { Failure } from "../../failure.ts";
import type { Node } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { NODE_PATHS, NOT_YET } from "../../render/node-paths.ts";
import { askNode } from "../ask-node.ts";
import { type Job, pause } from "../job.ts";

const TRY_MS = 15_000;
/** For the connection that is open: where the network changes, it may never answer. */
const OPEN_MS = 3000;
/** Written by the program when everything that could cut us off is in force (step_access). */
const IN_FORCE = "/run/quorate/accessible";

/** Throws a Failure where no new connection comes through in time: the machine then goes back by itself. */
export async function confirm(job: Job, node: Node, digest: string): Promise<void> {
  const end = job.clock.now() + APPLY_TIMING.undoSeconds * 1000;
  let last = "";
  while (job.clock.now() < end) {
    // A connection that was let in just before proves nothing, though its command runs just after: one is made anew only then.
    if (await isTooEarly(job, node, digest)) {
      // Also when the machine has just gone back by itself: why nobody came in before that is still the reason.
      last = (await askNode(job.remote, job.cluster, node)).status?.error || last;
      if (last !== "") job.note(node.name, last);
      await pause(job);
      continue;
    }
    const script = `exec ${NODE_PATHS.program} confirm ${digest}`;
    const result = await job.remote.run(node.name, script, { limit: TRY_MS, fresh: true });
    if (result.finished && result.exit === 0) return;
    if (!result.finished) {
      last = result.message;
      job.note(node.name, last);
    } else if (result.exit === NOT_YET) {
      last = (await askNode(job.remote, job.cluster, node)).status?.error || last;
      if (last !== "") job.note(node.name, last);
    } else {
      last = `quorate-node confirm ended with ${result.exit}`;
    }
    await pause(job);
  }
  throw new CutOff(
    `${node.name}: no new connection found the change in force${last && ` (${last})`}`,
    `look at what the plan changes of keys, sshd and network; ${node.name} goes back to its earlier files by itself`,
  );
}

/** False also where the open connection does not answer: then only a new one can tell. */
async function isTooEarly({ remote }: Job, { name }: Node, digest: string): Promise<boolean> {
  const script = `[ "$(cat ${IN_FORCE} 2>/dev/null)" = ${digest} ] || exit ${NOT_YET}\n`;
  const result = await remote.run(name, script, { limit: OPEN_MS });
  return result.finished && result.exit === NOT_YET;
}

/** The machine undoes the change without us. */
export class CutOff extends Failure {}
