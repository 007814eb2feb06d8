// One file of a machine that is not as it should be: what changes, what that asks for, and why.
import type { ActionClass } from "../model/action.ts";
import { publicText } from "../model/files.ts";
import { type Cause, causeOf, type Views } from "./cause.ts";
import { actionFor, couldCutOff } from "./desired.ts";
import { unifiedDiff } from "./diff.ts";
import type { ObservedFile } from "./observed.ts";

export interface FilePlan {
  readonly path: string;
  readonly change: "added" | "changed" | "mode" | "removed";
  readonly action: ActionClass;
  /** A mistake in it could lock everybody out: apply has to be able to undo it. */
  readonly armed: boolean;
  /** Null where the machine's text cannot be shown. */
  readonly diff: readonly string[] | null;
  /**
   * config: it was edited since the last apply. quorate: another Quorate renders this config so. hand: the machine has not
   * what it was given. Null: not known.
   */
  readonly cause: Cause | null;
}

/** `views` is null where nobody can know how the file came about. */
export function filePlan(
  seen: ObservedFile,
  desired: Views["desired"],
  views: Omit<Views, "desired"> | null,
): FilePlan {
  const { path } = seen;
  const cause = views && causeOf(seen, { ...views, desired });
  if (seen.is === "stale" || !desired) {
    const text = "text" in seen ? seen.text : null;
    return {
      path,
      change: "removed",
      action: seen.is === "stale" ? seen.action : "none",
      armed: couldCutOff({ path: path as `/${string}` }),
      diff: text === null ? null : unifiedDiff(text, null),
      cause,
    };
  }
  const base = { path, action: actionFor(seen, desired), armed: couldCutOff(desired), cause };
  const after = publicText(desired.content);
  switch (seen.is) {
    case "missing":
      return { ...base, change: "added", diff: unifiedDiff(null, after) };
    case "mode":
      return { ...base, change: "mode", diff: [`-mode ${seen.mode}`, `+mode ${desired.mode}`] };
    case "different":
      return {
        ...base,
        change: "changed",
        diff: seen.text === null ? null : unifiedDiff(seen.text, after),
      };
  }
}
