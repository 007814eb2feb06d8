// `npm run bench:failover`: Quorate's haproxy.cfg and keepalived.conf against those of K3s' documentation, in turn, in one run,
// in namespaces of this computer. Root; needs what `npm run setup` installs. docs/numbers.md keeps the last run.
//   --rounds N        median and worst of several rounds
//   --only NAME,NAME  some of the scenarios
//   --try FROM=TO     ours with another text in its haproxy.cfg takes the place of K3s' sample; as often as wanted
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { requireNamespaces } from "../support/namespace.ts";
import type { Keeper } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";
import { measure, type Measured } from "./failover/measure.ts";
import { openPlace, type Place } from "./failover/place.ts";
import { LEGEND, type Rounds, sideTable, targetLines, targetTable } from "./failover/report.ts";
import { type Scenario, SCENARIOS } from "./failover/scenario.ts";
import { changed, OURS, SAMPLE, type Side } from "./failover/side.ts";

/** So many places stand while one is measured: their checks warm up meanwhile. */
const AHEAD = 4;
const INSTALL = "npm run setup";

interface Job {
  readonly side: Side;
  readonly scenario: Scenario;
}

interface Standing extends Job {
  readonly place: Place;
  readonly close: () => Promise<void>;
  /** What has to be done before the measurement, under way. */
  readonly prepared: Promise<void>;
}

function usage(message: string): never {
  process.stderr.write(
    `${message}\nnext: npm run bench:failover -- [--rounds N] [--only NAME[,NAME]] [--try FROM=TO]...\n`,
  );
  process.exit(3);
}

function tryOut(side: Side, change: string): Side {
  const [from = "", to = ""] = change.split("=");
  return changed(side, from, to) ?? usage(`--try: no directive of haproxy.cfg has "${from}"`);
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    only: { type: "string" },
    try: { type: "string", multiple: true, default: [] },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) usage(`--rounds must be 1 or more, not ${values.rounds}`);
const names = SCENARIOS.map(({ name }) => name);
const only = values.only?.split(",") ?? names;
for (const name of only)
  if (!names.includes(name)) usage(`--only must be of ${names.join(", ")}, not ${name}`);
const other = values.try.length === 0 ? SAMPLE : values.try.reduce(tryOut, OURS);
const sides: readonly Side[] = [OURS, other];
const tools = ["haproxy", "keepalived", "curl", "killall", "openssl", "taskset"];
const lacking = tools.map((name) => requireTool(name, INSTALL)).find(Boolean) || requireNamespaces();
if (lacking) usage(lacking);

const chosen = SCENARIOS.filter(({ name }) => only.includes(name));
// Who is first alternates as well.
const jobs: Job[] = Array.from({ length: rounds }, (_, round) =>
  chosen.flatMap((scenario) =>
    (round % 2 === 0 ? sides : sides.toReversed()).map((side) => ({ side, scenario })),
  ),
).flat();
const results = new Map(
  chosen.map((scenario) => [scenario, new Map(sides.map((side): [Side, Measured[]] => [side, []]))]),
);
const total = jobs.length;
const ahead: Standing[] = [];
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    void Promise.all(ahead.map(({ close }) => close())).then(() => process.exit(130));
  });

let disturbances = 0;
const started = performance.now();
try {
  for (let done = 0; done < total; done++) {
    while (ahead.length < AHEAD) {
      const next = jobs.shift();
      if (!next) break;
      ahead.push(await open(next));
    }
    const [current] = ahead;
    if (!current) break;
    await run(current, done);
    await current.close();
    ahead.shift();
  }
} finally {
  await Promise.all(ahead.map(({ close }) => close()));
}

async function open({ side, scenario }: Job): Promise<Standing> {
  const tidyUp: (() => unknown)[] = [];
  const keeper: Keeper = { after: (work) => void tidyUp.push(work) };
  const close = async () => {
    for (const work of tidyUp.splice(0).toReversed()) await work();
  };
  try {
    const place = await openPlace(keeper, side, scenario.balancers);
    const prepared = scenario.before?.(place) ?? Promise.resolve();
    // Looked at when it is its turn.
    prepared.catch(() => {});
    return { side, scenario, place, close, prepared };
  } catch (error) {
    await close();
    throw error;
  }
}

async function run({ side, scenario, place, prepared }: Standing, done: number): Promise<void> {
  await prepared;
  await sleep(Math.max(0, place.opened + side.warmUp - performance.now()));
  const measured = await measure(place, side, scenario);
  results.get(scenario)?.get(side)?.push(measured);
  const at = Math.round((performance.now() - started) / 1000);
  const { requests, lost, lostFrom, lostTo, late, silence, gap, disturbed } = measured;
  const when = lost === 0 ? "" : ` (${lostFrom} to ${lostTo} ms after it began)`;
  process.stderr.write(
    [
      `${at} s, ${done + 1} of ${total}: ${scenario.name}, ${side.name}: ${lost} of ${requests} lost${when}, ${late} late`,
      `silence ${silence} ms, gap ${Math.round(gap)} ms${disturbed ? ", disturbed" : ""}\n`,
    ].join(", "),
  );
  if (disturbed) disturbances += 1;
}

const all: Rounds[] = [...results].map(([scenario, measured]) => ({ scenario, measured }));
const lines = all.flatMap(targetLines);
const version = (tool: string) =>
  /\d+\.\d+\.\d+/.exec(runTool(tool, ["-v"]).stdout + runTool(tool, ["-v"]).stderr)?.[0];
process.stdout.write(
  [
    `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, HAProxy ${version("haproxy")}, keepalived ${version("keepalived")}, rounds: ${rounds}`,
    "",
    sideTable(all),
    "",
    LEGEND + (rounds > 1 ? " Median of the rounds, in brackets the worst." : ""),
    "",
    targetTable(lines),
    "",
    // Such a round says more about this computer than about a config.
    ...(disturbances === 0
      ? []
      : [
          `In ${disturbances} of ${total} measurements a server that nobody had touched was taken for down: this computer was busy.`,
          "",
        ]),
  ].join("\n"),
);
if (lines.some(({ reached }) => !reached)) process.exitCode = 1;
