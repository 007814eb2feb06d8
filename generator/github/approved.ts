// What a merge has approved: of every machine the worst action that people were shown. An apply does no more than that.
import { ACTION_CLASSES, type ActionClass } from "../model/action.ts";
import { listed } from "../model/words.ts";
import { Failure } from "../failure.ts";
import type { MachinePlan } from "../plan/machine-plan.ts";
import { isApplied } from "../plan/steps.ts";
import { type Marker, readMarker } from "./marker.ts";
import type { Merged, MergedPull } from "./merged-pulls.ts";

/** What happened on the branch since the commit that the machines have (merged-pulls.ts). */
export interface Since {
  readonly pulls: readonly Pick<MergedPull, "number" | "head" | "comment">[];
  /** Something was pushed without a pull request, or nobody can say. */
  readonly pushed: boolean;
}

/** True where a config may have come with a commit that no pull request brought. */
export function wasPushed({ alone }: Pick<Merged, "alone">): boolean {
  return alone.some(({ outOnly }) => !outOnly);
}

/** What a person accepts by the workflow's input: everything, or up to an action for each machine. */
export type Accepted = "all" | ReadonlyMap<string, ActionClass>;

export interface Beyond {
  readonly name: string;
  readonly would: ActionClass;
  /** The worst that was shown or accepted; null: no change of it was. */
  readonly shown: ActionClass | null;
}

export interface Approval {
  /** What goes beyond what was approved; none: apply may begin. */
  readonly beyond: readonly Beyond[];
  /** Names of machines that could not be asked: they are left out, and said. */
  readonly leftOut: readonly string[];
  /** Pull requests whose comment does not count, and why, as sentences. */
  readonly uncounted: readonly string[];
  /** What the input `accept` has to be for all of it; empty where nothing goes beyond. */
  readonly accept: string;
}

/** Without a pull request nobody has seen a plan: what ends no more than a program is taken for meant. */
const BY_PUSH: ActionClass = "restart";
/** Shown, it means that nothing is done. */
const SHOWS_NOTHING: ReadonlySet<ActionClass> = new Set(["refused"]);

/** Holds a plan against what was approved. Of machines only those count that an apply would change. */
export function approvalOf(
  machines: readonly MachinePlan[],
  { pulls, pushed }: Since,
  accepted: Accepted,
): Approval {
  const most = new Map<string, ActionClass>();
  const approve = (name: string, action: ActionClass) => {
    const before = most.get(name);
    if (before === undefined || isWorse(action, before)) most.set(name, action);
  };
  const judged = pulls.map(({ number, head, comment }) => {
    const marker = comment === null ? null : readMarker(comment);
    return { number, marker, reason: whyNot(head, marker) };
  });
  for (const { marker, reason } of judged) {
    if (!marker || reason !== null) continue;
    for (const [name, action] of Object.entries(marker.shown))
      if (!SHOWS_NOTHING.has(action)) approve(name, action);
  }
  if (pushed) for (const { name } of machines) approve(name, BY_PUSH);
  if (accepted !== "all") for (const [name, action] of accepted) approve(name, action);
  const beyond =
    accepted === "all"
      ? []
      : machines.filter(changes).flatMap(({ name, action }): readonly Beyond[] => {
          const shown = most.get(name) ?? null;
          return shown !== null && !isWorse(action, shown) ? [] : [{ name, would: action, shown }];
        });
  return {
    beyond,
    leftOut: machines.filter(({ state }) => state === "unknown").map(({ name }) => name),
    uncounted: judged.flatMap(({ number, reason }) => (reason === null ? [] : [`#${number}: ${reason}`])),
    accept: beyond.map(({ name, would }) => `${name}:${would}`).join(","),
  };
}

/** A machine that an ended apply left closed or armed, with the right files, is only put back: nobody was shown that, and need not be. */
function changes({ state, action, files }: MachinePlan): boolean {
  return state === "changes" && isApplied(action) && !(files.length === 0 && action === "none");
}

function whyNot(head: string, marker: Marker | null): string | null {
  if (!marker) return "it has no comment that shows its plan";
  if (marker.head !== head) return `its comment shows the plan of another commit than ${head.slice(0, 7)}`;
  return marker.truncated ? "its comment was too long to show every machine" : null;
}

function isWorse(action: ActionClass, than: ActionClass): boolean {
  return ACTION_CLASSES.indexOf(action) > ACTION_CLASSES.indexOf(than);
}

/** Throws a Failure that names every machine with both actions, and the input that accepts them. */
export function refuseUnapproved({ beyond, uncounted, accept }: Approval): void {
  if (beyond.length === 0) return;
  const texts = beyond.map(({ name, would, shown }) =>
    shown === null
      ? `${name} would change (${would}), and no change of it was shown`
      : `${name} would change by ${would}, and what was shown is ${shown}`,
  );
  const why = uncounted.length === 0 ? "" : `; not counted: ${uncounted.join("; ")}`;
  throw new Failure(
    `the plan goes beyond what was approved, and nothing was changed: ${listed(texts)}${why}`,
    `look at the plan in the summary of this run; if it is meant, run the workflow apply by hand with accept: ${accept}`,
  );
}

/** Reads the input: empty, `all`, or `server-1:reboot,agent-2:restart`. Throws a Failure for anything else. */
export function readAccept(text: string): Accepted {
  const words = text.trim();
  if (words === "all") return "all";
  if (words === "") return new Map();
  return new Map(
    words.split(",").map((part) => {
      const [, name, word] = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):([a-z]+)$/.exec(part.trim()) ?? [];
      const action = ACTION_CLASSES.find((each) => each === word);
      if (name === undefined || action === undefined || !isApplied(action)) throw badAccept(part.trim());
      return [name, action] as const;
    }),
  );
}

function badAccept(part: string): Failure {
  const actions = ACTION_CLASSES.filter(isApplied);
  return new Failure(
    `accept: ${JSON.stringify(part.slice(0, 80))} is no machine with an action`,
    `write all, or machines with ${listed(actions, "or")}, such as server-1:reboot,agent-2:restart`,
  );
}
