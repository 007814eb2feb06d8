// The first line of the comment: what a merge would do, in one sentence that says the worst of it.
import { ACTION_CLASSES } from "../model/action.ts";
import { counted, listed } from "../model/words.ts";
import { stops } from "../plan/felt.ts";
import { isApplied } from "../plan/steps.ts";
import type { PullReport, ReportedMachine } from "./report.ts";
import { toleranceWorsens } from "./tolerance-change.ts";
import { doneTo, ROLE_NAMES, someNames } from "./words.ts";

export interface Verdict {
  /** good: nothing is needed of anybody. look: something is felt or not known. bad: it must not be merged so. */
  readonly mood: "good" | "look" | "bad";
  /** Begins in upper case, without a full stop; plain text. */
  readonly text: string;
}

export function verdictOf(report: PullReport): Verdict {
  const errors = report.findings.filter(({ severity }) => severity === "error");
  if (report.cluster === null)
    return {
      mood: "bad",
      text: `The config has ${errors.length === 0 ? "an error" : counted(errors.length, "error")}, so nothing can be planned`,
    };
  const [refusal, ...more] = report.refusals;
  if (refusal) {
    const others = more.length > 0 ? `; and ${counted(more.length, "more refusal")}` : "";
    return { mood: "bad", text: `Refused: ${refusal.field}: ${refusal.message}${others}` };
  }
  const { mood, text } = planVerdict(report);
  if (report.outStale.length === 0) return { mood, text: capital(text) };
  return {
    mood: "bad",
    text: `out/ is not what render makes of this config. Apart from that: ${text}`,
  };
}

function planVerdict(report: PullReport): Verdict {
  const { machines } = report;
  const changing = machines.filter(({ state }) => state === "changes");
  const unknown = machines.filter(({ state }) => state === "unknown");
  const worse = toleranceWorsens(report);
  const mood = unknown.length > 0 || worse || changing.some(isFelt) ? "look" : "good";
  if (!report.recorded && changing.length > 0) return { mood, text: founding(report) };
  const worked = changing.filter(({ action }) => isApplied(action));
  const others = changing.filter(({ action }) => !isApplied(action));
  const parts = [
    ...(worked.length > 0 ? [listed(byAction(worked)) + inTurn(worked, report.agentBatch)] : []),
    ...byAction(others),
    ...(changing.length > 0 ? [feltBy(changing)] : []),
    ...votersLeft(worked),
    ...(unknown.length > 0 ? [`what happens to ${someNames(namesOf(unknown), 3)} is not known`] : []),
    ...(worse ? ["fault tolerance gets worse"] : []),
  ];
  return { mood, text: parts.length === 0 ? "nothing changes on any machine" : parts.join("; ") };
}

/** Nothing is recorded: machines that run already are looked at by the apply itself. */
function founding({ cluster, machines }: PullReport): string {
  const counts = (["server", "agent", "loadbalancer"] as const).flatMap((role) => {
    const count = machines.filter((machine) => machine.role === role).length;
    return count === 0 ? [] : [counted(count, ROLE_NAMES[role])];
  });
  return `nothing has been applied yet: this config founds the cluster ${cluster} of ${listed(counts)}`;
}

/** From the gravest on. */
function byAction(machines: readonly ReportedMachine[]): readonly string[] {
  return ACTION_CLASSES.toReversed().flatMap((action) => {
    const those = machines.filter((machine) => machine.action === action);
    return those.length === 0 ? [] : [doneTo(those, action)];
  });
}

function inTurn(machines: readonly ReportedMachine[], agentBatch: number): string {
  if (machines.filter(({ action }) => stops(action)).length < 2) return "";
  const agents = machines.filter(({ role }) => role === "agent").length;
  return agentBatch > 1 && agents > 1
    ? `, one after the other (agents ${agentBatch} at a time)`
    : ", one after the other";
}

function isFelt({ felt, outage, action }: ReportedMachine): boolean {
  // What lay on it is deleted.
  return outage || action === "remove" || !felt.startsWith("nothing");
}

function feltBy(machines: readonly ReportedMachine[]): string {
  const outages = machines.filter(({ outage }) => outage);
  const [first] = outages;
  if (first)
    return outages.length === 1
      ? `${first.felt} (${first.name})`
      : `an outage on ${counted(outages.length, "machine")}: ${someNames(namesOf(outages), 3)}`;
  const felt = machines.filter(isFelt);
  const [only] = felt;
  if (only) {
    const alike = felt.every((each) => each.felt === only.felt);
    const what = alike ? (only.felt.split("; ", 1)[0] ?? "") : "see the table";
    return `felt on ${someNames(namesOf(felt), 3)}: ${what}`;
  }
  const says = (words: string) => machines.some((machine) => machine.felt.includes(words));
  return [
    "nobody notices",
    ...(says("own address") ? [" at the registration address"] : []),
    ...(says("two replicas") ? [" where workloads have two replicas"] : []),
    ...(says("reconnect") ? [", but open streams reconnect"] : []),
  ].join("");
}

function votersLeft(machines: readonly ReportedMachine[]): readonly string[] {
  const least = machines
    .flatMap(({ quorum }) => (quorum ? [quorum] : []))
    .toSorted((one, other) => one.stay - other.stay)[0];
  if (!least || least.of === 1) return [];
  return [
    `${least.stay} of ${counted(least.of, "voter")} stay${least.enough ? "" : ", which is no majority"}`,
  ];
}

function namesOf(machines: readonly ReportedMachine[]): readonly string[] {
  return machines.map(({ name }) => name);
}

/** A machine's name stays as it is. */
function capital(text: string): string {
  return /^(nothing|a|an|what) /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
