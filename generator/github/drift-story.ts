// The body of the issue that shows the drift, as people read it.
import type { Drift } from "../drift/drift.ts";
import { formatDrift } from "../drift/format.ts";
import { counted } from "../model/words.ts";
import { bytesOfLines, code, codeLine, fenceFor, linesWithin } from "./markdown.ts";

/** By this the issue is found again. */
export const DRIFT_MARKER = "<!-- quorate:drift ";
export const DRIFT_LABEL = "quorate-drift";

export interface DriftStory {
  readonly title: string;
  readonly body: string;
  /** Something is not as recorded. A machine that could not be asked says neither yes nor no. */
  readonly drift: boolean;
  /** Names of machines that could not be asked. */
  readonly unknown: readonly string[];
}

/** `run`: the page of the run. The body has at most `budget` bytes; what is cut is said. */
export function driftStory(drift: Drift, run: string, budget: number): DriftStory {
  const { machines, differences, cluster } = drift;
  const drifted = machines.filter(({ differences: own }) => own.length > 0);
  const count = differences.length + drifted.reduce((sum, { differences: own }) => sum + own.length, 0);
  const unknown = machines.filter(({ state }) => state === "unknown").map(({ name }) => name);
  const head = [`${DRIFT_MARKER}{"v":1} -->`, ""];
  if (count === 0) {
    const body = [...head, "Everything that could be asked is as it was recorded.", ""].join("\n");
    return { title: titleOf(cluster), body, drift: false, unknown };
  }
  const lines = formatDrift(drift).trimEnd().split("\n").map(codeLine);
  const fence = fenceFor(lines);
  const names = drifted.map(({ name }) => code(name)).join(", ");
  const intro = [
    ...head,
    `${counted(count, "difference")} between the machines and what was last applied to them${names && `: ${names}`}.`,
    "",
    "Was it meant? Then put it into `cluster.config.json` by a pull request. Else run the workflow **apply** by hand: it puts back",
    "what Quorate wrote, and says by which `accept` you agree to that. This issue is closed by the next check that finds nothing.",
    "",
  ];
  const cut = "… cut here; the whole text is in the log of the run.";
  const end = [fence, "", `Last seen in [this run](${run}).`];
  const room = budget - bytesOfLines([...intro, `${fence}text`, cut, ...end]);
  const shown = linesWithin(lines, room);
  const body = [
    ...intro,
    `${fence}text`,
    ...shown,
    ...(shown.length < lines.length ? [cut] : []),
    ...end,
    "",
  ];
  return { title: titleOf(cluster), body: body.join("\n"), drift: true, unknown };
}

function titleOf(cluster: string): string {
  return `Drift on cluster ${cluster}`;
}
