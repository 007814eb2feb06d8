// Step: the files travel as one tar on standard input, are checked, and become whole what the machine takes next.
import { Failure } from "../../failure.ts";
import type { Node } from "../../model/cluster.ts";
import type { NodeFile } from "../../model/files.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import type { MachinePlan } from "../../plan/plan.ts";
import { digestOf } from "../../render/node-program.ts";
import { bundle } from "../bundle.ts";
import { type Job, runOn } from "../job.ts";

// A tar that was cut off lacks files of SUMS. Until the last rename nothing of the machine's own is touched. The tar of an apply that
// died may arrive when its cable is back, and another apply has been there meanwhile: so `still_ours` asks again before the rename.
const SEND_SCRIPT = `umask 077
kept=/var/lib/quorate
mkdir -p "$kept" && rm -rf "$kept"/staging.*
part=$(mktemp -d "$kept/staging.XXXXXX") || exit
trap 'rm -rf "$part"' EXIT
said=$(tar -x -C "$part" --no-same-owner -f - 2>&1) || { printf '%s\\n' "$said" | head -n 1 >&2; exit 1; }
cd "$part" || exit
said=$(sha256sum -c --quiet --strict SUMS 2>&1) || { echo "what arrived is not what was sent: $said" >&2; exit 1; }
rm SUMS && sync || exit
still_ours
mv -T "$kept/incoming.next" "$kept/staging.older" 2>/dev/null
mv -T "$part" "$kept/incoming.next" && sync "$kept" || exit
trap - EXIT
rm -rf "$kept/staging.older"
`;

/** The whole of it. `fence`: a line that ends the script where another apply is at work (see Job). */
export function sendScript(fence: string): string {
  return `${fence}\nstill_ours() {\n${fence}\n}\n${SEND_SCRIPT}`;
}

/** Throws a Failure; the machine is then as it was. */
export async function send(
  job: Job,
  node: Node,
  machine: MachinePlan,
  files: readonly NodeFile[],
): Promise<void> {
  // One that has not finished may go on with an earlier set while this one travels: then none of its files is known to stay.
  const changed =
    machine.unfinished === null
      ? machine.files.filter(({ change }) => change === "added" || change === "changed")
      : files;
  const input = await bundle({
    files,
    changed: new Set(changed.map(({ path }) => path)),
    reveal: job.reveal(node),
    armed: machine.files.some(({ armed }) => armed)
      ? { digest: digestOf(files), seconds: APPLY_TIMING.undoSeconds }
      : null,
  });
  try {
    await runOn(job, node.name, sendScript(job.fence), { limit: 60_000, long: true, input });
  } catch (error) {
    if (!(error instanceof Failure) || !/No space left|cannot create|disk quota/i.test(error.message))
      throw error;
    throw new Failure(
      `${error.message}: its disk is full`,
      `free some space (npx quorate ssh ${node.name} -- df -h); nothing was changed there; then run apply again`,
      error,
    );
  }
}
