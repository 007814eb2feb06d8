// What one machine tells of itself, against what is recorded of it.
import { minorsAhead, parseK3sVersion } from "../model/k3s-version.ts";
import type { RecordedMachine } from "../model/record.ts";
import type { RecordedFiles } from "../plan/recorded.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Difference, difference, onMachine } from "./difference.ts";
import { fileDifferences } from "./files.ts";
import type { SeenMachine } from "./seen.ts";
import { unitDifferences } from "./units.ts";

const APPLY = "npx quorate apply";
const ABANDONED = "no apply reaches it: put it back into the config, or switch it off";

/** `configured`: the config still has it, so that an apply reaches it. */
export function ownDifferences(
  name: string,
  recorded: RecordedMachine,
  seen: SeenMachine,
  files: RecordedFiles | undefined,
  configured: boolean,
): readonly Difference[] {
  const apply = configured ? APPLY : ABANDONED;
  const putBack = configured ? `${APPLY} puts it back` : ABANDONED;
  const same = seen.digest === recorded.digest;
  const units = unitDifferences(name, seen);
  return [
    ...setDifference(recorded, seen, apply),
    ...fileDifferences(name, seen, same ? files : undefined, putBack),
    ...units,
    ...stateDifferences(name, seen, units, apply),
    ...k3sDifference(name, recorded, seen),
    ...seen.drained.map((other) =>
      difference(
        `HAProxy, ${other}`,
        "gets its share of connections",
        "drained: no new connection is sent there",
        onMachine(name, `quorate-node undrain ${other}`),
      ),
    ),
  ];
}

/** The list that a person edited is told of as a file; this is another card, or an apply that nobody recorded. */
function setDifference(
  recorded: RecordedMachine,
  { digest, files }: SeenMachine,
  apply: string,
): readonly Difference[] {
  if (digest === recorded.digest || files.some(({ path }) => path === NODE_PATHS.fileList)) return [];
  return [
    difference(
      "set of files",
      `the recorded one (digest ${recorded.digest.slice(0, 12)})`,
      digest === null
        ? "none that is known"
        : `another one (digest ${digest.slice(0, 12)}), of a card or an apply that was not recorded`,
      apply,
    ),
  ];
}

function stateDifferences(
  name: string,
  { status, pending, digest }: SeenMachine,
  units: readonly Difference[],
  apply: string,
): readonly Difference[] {
  if (!status.ok) return [difference("quorate-node", "an answer", status.message, status.next)];
  const { state, step, waitingFor, error, next, applied } = status.status;
  const waits = pending
    ? [difference("quorate-node", "has taken what was sent last", "it waits to be taken", apply)]
    : [];
  if (state === "ready") {
    const idle = !pending && digest !== null && applied !== digest;
    return idle
      ? [difference("quorate-node", "its files are in force", "they are not in force yet", apply)]
      : waits;
  }
  // The unit itself was told of already.
  if (units.some(({ what }) => error.startsWith(`${what} does not run`))) return waits;
  const said = [state, step, waitingFor, error].filter((text) => text !== "").join(": ");
  const advice = next === "" || next.startsWith("nothing") ? "npx quorate status --watch" : next;
  return [difference("quorate-node", "ready", said, advice), ...waits];
}

function k3sDifference(name: string, recorded: RecordedMachine, { k3s }: SeenMachine): readonly Difference[] {
  if (recorded.role === "loadbalancer" || k3s === recorded.k3s) return [];
  const [was, is] = [parseK3sVersion(recorded.k3s), parseK3sVersion(k3s ?? "")];
  // What has written data of a later minor is not put back.
  const ahead = was && is && minorsAhead(was, is) > 0;
  return [
    difference(
      "K3s, installed",
      recorded.k3s,
      k3s ?? "none that answers",
      ahead
        ? `K3s does not go back: put "${is.text}" into k3s.version, then npx quorate apply`
        : `${onMachine(name, "quorate-node converge")} installs the recorded one and restarts K3s: one machine at a time`,
    ),
  ];
}
