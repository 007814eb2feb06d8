// Which failures are survived before and after: what gets better, what gets worse.
import { prose } from "./markdown.ts";
import type { PullReport, ReportedRow, ReportedTolerance } from "./report.ts";
import { ROLE_NAMES, shortCommit } from "./words.ts";

interface Change {
  readonly failure: string;
  readonly aspect: string;
  readonly before: string;
  readonly after: string;
  readonly direction: "better" | "worse" | "other";
}

const ASPECT_NAMES: Readonly<Record<string, string>> = {
  api: "API",
  scheduling: "scheduling",
  workloads: "workloads",
  ingress: "ingress",
};
const SIGNS = { better: "🟢 better", worse: "🔴 worse", other: "other" } as const;
const MOST_ROWS = 24;

/** A section of Markdown; nothing where there is no plan. */
export function toleranceLines({ tolerance: { before, after } }: PullReport): readonly string[] {
  if (!after) return [];
  const heading = ["#### Fault tolerance", ""];
  if (!before) return [...heading, `The cluster ${prose(after.verdict)}.`, ""];
  const changes = changesBetween(before, after);
  if (changes.length === 0 && before.verdict === after.verdict)
    return [...heading, `As before, the cluster ${prose(after.verdict)}.`, ""];
  const shown = changes.slice(0, MOST_ROWS);
  return [
    ...heading,
    `- before (${originOf(before)}): ${prose(before.verdict)}`,
    `- after: ${prose(after.verdict)}`,
    "",
    ...(shown.length === 0 ? [] : ["| when this fails | | before | after | |", "|---|---|---|---|---|"]),
    ...shown.map(
      ({ failure, aspect, before: then, after: now, direction }) =>
        `| ${prose(failure)} | ${aspect} | ${prose(then)} | ${prose(now)} | ${SIGNS[direction]} |`,
    ),
    ...(shown.length === 0 ? [] : [""]),
    ...(changes.length > shown.length
      ? [
          `${changes.length - shown.length} more rows; all of them are in out/README.md after npm run render.`,
          "",
        ]
      : []),
  ];
}

/** True where a failure is felt more than before. */
export function toleranceWorsens({ tolerance: { before, after } }: PullReport): boolean {
  return before !== null && after !== null && changesBetween(before, after).some(isWorse);
}

function isWorse({ direction }: Change): boolean {
  return direction === "worse";
}

function originOf({ commit, runs }: ReportedTolerance): string {
  const which = runs ? "the config that runs" : "the config so far";
  return commit === null ? which : `${which}, ${shortCommit(commit)}`;
}

/** Worse ones first. A row that only one side has says nothing about the other. */
function changesBetween(before: ReportedTolerance, after: ReportedTolerance): readonly Change[] {
  const changes = after.rows.filter(isOfMachines).flatMap((row) => {
    const then = counterpart(row, before, after);
    if (!then) return [];
    const failure = then.label === row.label ? row.label : `${then.label} → ${row.label}`;
    return row.aspects.flatMap(({ name, text, worst }): readonly Change[] => {
      const old = then.aspects.find((each) => each.name === name);
      if (!old || old.text === text) return [];
      const comparable = old.worst >= 0 && worst >= 0 && old.worst !== worst;
      const direction = !comparable ? "other" : worst > old.worst ? "worse" : "better";
      return [
        { failure, aspect: ASPECT_NAMES[name] ?? prose(name), before: old.text, after: text, direction },
      ];
    });
  });
  const order = ["worse", "better", "other"];
  return changes.toSorted((one, two) => order.indexOf(one.direction) - order.indexOf(two.direction));
}

/** Rows that stand for the rest of all pairs change with every machine that comes, and mean nothing by that. */
function isOfMachines({ kinds }: ReportedRow): boolean {
  return kinds.length === 1 || (kinds.length === 2 && kinds.every((kind) => Object.hasOwn(ROLE_NAMES, kind)));
}

/** The same failure of the other config: the only one of its kind in both, or the one of that label. */
function counterpart(
  row: ReportedRow,
  before: ReportedTolerance,
  after: ReportedTolerance,
): ReportedRow | undefined {
  const same = (other: ReportedRow) => row.kinds.length > 0 && other.kinds.join() === row.kinds.join();
  const [one, ...more] = before.rows.filter(same);
  if (one && more.length === 0 && after.rows.filter(same).length === 1) return one;
  return before.rows.find(({ label, kinds }) => label === row.label && kinds.join() === row.kinds.join());
}
