// What a person sees while apply works: on a screen a table in place, elsewhere a line with the time for each step.
import type { Failure } from "../failure.ts";
import type { Node } from "../model/cluster.ts";
import { type StepName, STEPS } from "../plan/steps.ts";
import type { MachineResult, Watcher } from "./rollout.ts";

export interface Progress extends Watcher {
  readonly note: (machine: string, text: string) => void;
  /** Ends the redrawing. */
  readonly close: () => void;
}

interface Row {
  step: StepName | null;
  since: number;
  note: string;
  result: MachineResult | null;
}

export interface ProgressOptions {
  /** Those that are worked on, in order. */
  readonly machines: readonly { readonly name: string; readonly role: Node["role"] }[];
  /** A screen that is wiped before each text. */
  readonly screen: boolean;
  readonly show: (text: string) => void;
  readonly now: () => Date;
}

const REDRAW_MS = 1000;
/** A step that was over at once, in seconds, needs no second line. */
const WORTH_SAYING = 1;

/** Needs its `close`. */
export function openProgress({ machines, screen, show, now }: ProgressOptions): Progress {
  const rows = new Map<string, Row>(
    machines.map(({ name }) => [name, { step: null, since: 0, note: "", result: null }]),
  );
  const width = Math.max(...machines.map(({ name }) => name.length));
  const draw = () => {
    const lines = [...rows].map(([name, row]) => `${name.padEnd(width)}  ${rowText(row, now().getTime())}\n`);
    show(lines.join(""));
  };
  const line = (machine: string, text: string) => {
    if (!screen) show(`${now().toISOString().slice(0, 19)}Z ${machine.padEnd(width)}  ${text}\n`);
  };
  const timer = screen ? setInterval(draw, REDRAW_MS) : null;
  timer?.unref();
  const change = (machine: string, change: Partial<Row>) => {
    const row = rows.get(machine);
    if (row) Object.assign(row, change);
    if (screen) draw();
  };
  const elapsed = (machine: string) => (now().getTime() - (rows.get(machine)?.since ?? 0)) / 1000;
  return {
    begin: (machine, step) => {
      change(machine, { step, since: now().getTime(), note: "" });
      line(machine, STEPS[step]);
    },
    note: (machine, note) => {
      if (rows.get(machine)?.note === note) return;
      change(machine, { note });
      line(machine, `  ${note}`);
    },
    end: (machine, step, error?: Failure) => {
      const seconds = elapsed(machine);
      if (error) line(machine, `${STEPS[step]}: failed after ${seconds.toFixed(1)} s, ${error.message}`);
      else if (seconds >= WORTH_SAYING) line(machine, `${STEPS[step]}: done in ${seconds.toFixed(1)} s`);
    },
    result: (result) => {
      change(result.name, { result });
      line(result.name, result.outcome);
    },
    close: () => {
      if (timer) clearInterval(timer);
      if (screen) show("");
    },
  };
}

function rowText({ step, since, note, result }: Row, now: number): string {
  if (result) return `${result.outcome} (${result.seconds} s)`;
  if (step === null) return "waits for its turn";
  return `${STEPS[step]}, ${Math.round((now - since) / 1000)} s${note && `: ${note}`}`;
}

/** What is said of these is no error. */
const NO_ERROR: ReadonlySet<MachineResult["outcome"]> = new Set(["left alone", "removed"]);

/** The table at the end, and below it what is not as it should be and what to do. */
export function formatResults(results: readonly MachineResult[]): string {
  const width = (text: (result: MachineResult) => string) =>
    Math.max(...results.map((each) => text(each).length));
  const name = width((each) => each.name);
  const outcome = width((each) => each.outcome);
  const action = width((each) => each.action);
  const rows = results.map((each) =>
    `${each.name.padEnd(name)}  ${each.outcome.padEnd(outcome)}  ${(each.outcome === "unchanged" ? "" : each.action).padEnd(action)}  ${each.seconds > 0 ? `${each.seconds} s` : ""}`.trimEnd(),
  );
  const troubles = results.flatMap((each) =>
    each.message === ""
      ? []
      : [`\n${NO_ERROR.has(each.outcome) ? "note" : "error"}: ${each.message}`, `  next: ${each.next}`],
  );
  return [...rows, ...troubles, ""].join("\n");
}
