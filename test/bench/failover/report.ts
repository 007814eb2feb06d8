// What was measured as two tables in Markdown: both sides beside each other, and what ours has to reach.
import type { Measured } from "./measure.ts";
import type { Scenario, Target } from "./scenario.ts";
import { SAMPLE, type Side } from "./side.ts";

/** All rounds of one scenario. */
export interface Rounds {
  readonly scenario: Scenario;
  readonly measured: ReadonlyMap<Side, readonly Measured[]>;
}

export interface TargetLine {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  readonly reached: boolean;
}

/** Two runs of one config differ by as much in their p99, milliseconds: less is no difference. */
const NOISE = 2;

/** Each cell is the median over the rounds, and behind it in brackets the worst, where there are several rounds. */
export function sideTable(all: readonly Rounds[]): string {
  const rows = all.flatMap(({ scenario, measured }) =>
    [...measured].map(([{ name }, rounds]) => {
      const of = (value: (one: Measured) => number, write: (number: number) => string) =>
        spread(rounds.map(value), write);
      const streams = scenario.streams > 0;
      return [
        scenario.title,
        name,
        String(rounds[0]?.requests ?? 0),
        of(({ lost }) => lost, String),
        of(({ late }) => late, String),
        streams ? of(({ silence }) => silence ?? 0, seconds) : "",
        scenario.balancers > 1 ? of(({ gap }) => gap, seconds) : "",
        of(({ p50 }) => p50, milliseconds),
        of(({ p99 }) => p99, milliseconds),
        shares(rounds),
      ];
    }),
  );
  return table(
    [
      "what fails",
      "load balancer",
      "requests",
      "lost",
      "late",
      "longest silence of a stream",
      "vip answers again",
      "p50",
      "p99",
      "share per server",
    ],
    rows,
  );
}

export const LEGEND =
  "Lost: no answer within 10 s, counted as 10 s in p50 and p99. Late: answered after more than 300 ms. A stream ticks every 250 ms and is opened anew when it ends.";

export function targetTable(lines: readonly TargetLine[]): string {
  return table(
    ["Quorate", "measured", "to reach", "reached"],
    lines.map(({ what, measured, target, reached }) => [what, measured, target, reached ? "yes" : "no"]),
  );
}

/** What ours, the first of both sides, has to reach in one scenario. A p99 is to be no worse than that of K3s' sample. */
export function targetLines({ scenario, measured }: Rounds): readonly TargetLine[] {
  const { title, target } = scenario;
  const [ours = []] = measured.values();
  const sample = measured.get(SAMPLE);
  const line = (what: string, found: string, toReach: string, reached: boolean): TargetLine => {
    return { what: `${title}: ${what}`, measured: found, target: toReach, reached };
  };
  const lines: TargetLine[] = [];
  if (target.lost !== undefined) {
    const lost = ours.map(({ lost }) => lost);
    const what = `lost of ${(ours[0]?.requests ?? 0).toLocaleString("en")}`;
    lines.push(line(what, spread(lost, String), `at most ${target.lost}`, Math.max(...lost) <= target.lost));
  }
  if (target.released) lines.push(...releasedLines(target.released, ours, line));
  if (target.back !== undefined) {
    const gaps = ours.map(({ gap }) => gap);
    const reached = Math.max(...gaps) < target.back;
    lines.push(line("vip answers again", spread(gaps, seconds), `under ${seconds(target.back)}`, reached));
  }
  if (sample) {
    const [own = NaN, other = NaN] = [ours, sample].map((rounds) => median(rounds.map(({ p99 }) => p99)));
    const toReach = `at most ${milliseconds(other)} as the sample, + ${NOISE} ms`;
    lines.push(line("p99", milliseconds(own), toReach, own <= other + NOISE));
  }
  return lines;
}

function releasedLines(
  { median: middle, worst }: NonNullable<Target["released"]>,
  rounds: readonly Measured[],
  line: (what: string, found: string, toReach: string, reached: boolean) => TargetLine,
): readonly TargetLine[] {
  const all = rounds.flatMap(({ released }) => released);
  // No stream on the failed server: nothing was measured.
  const [found, most] = all.length === 0 ? [Infinity, Infinity] : [median(all), Math.max(...all)];
  return [
    line(
      `${all.length} streams released, median`,
      seconds(found),
      `at most ${seconds(middle)}`,
      found <= middle,
    ),
    line("the last of them, computed worst", seconds(most), `at most ${seconds(worst)}`, most <= worst),
  ];
}

function spread(values: readonly number[], write: (number: number) => string): string {
  const middle = write(median(values));
  return values.length > 1 ? `${middle} (${write(Math.max(...values))})` : middle;
}

/** The upper of the two in the middle: never better than it was. */
function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}

/** Over all rounds, in the order of the servers; one that answered nothing is not named by anybody. */
function shares(rounds: readonly Measured[]): string {
  const names = [...new Set(rounds.flatMap(({ shares }) => [...shares.keys()]))].toSorted();
  const mean = (name: string) =>
    rounds.reduce((sum, { shares }) => sum + (shares.get(name) ?? 0), 0) / rounds.length;
  return `${names.map((name) => (mean(name) * 100).toFixed(0)).join(" / ")} %`;
}

function seconds(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? `${(milliseconds / 1000).toFixed(1)} s` : "never";
}

function milliseconds(value: number): string {
  return value >= 1000 ? seconds(value) : `${value.toFixed(1)} ms`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
