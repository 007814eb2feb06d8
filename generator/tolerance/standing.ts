// How an aspect stands after a failure, and the summary of several outcomes that stand alike.
import type { Aspect, Aspects } from "./aspect.ts";
import { formatBound, formatSeconds } from "./seconds.ts";

/** In order of gravity; `none`: the cluster has no such aspect. */
export type Standing = "none" | "holds" | "partly" | "lost";

export const ASPECTS = ["api", "scheduling", "workloads", "ingress"] as const;
export type AspectName = (typeof ASPECTS)[number];

const GRAVITY: readonly Standing[] = ["none", "holds", "partly", "lost"];

/** holds: survives and comes back by itself. partly: a part stays away. */
export function standing(aspect: Aspect | null): Standing {
  if (!aspect) return "none";
  if (!aspect.survives) return "lost";
  return aspect.worstSeconds === Infinity ? "partly" : "holds";
}

export function standings(aspects: Aspects): readonly Standing[] {
  return ASPECTS.map((name) => standing(aspects[name]));
}

/** True where every aspect that exists comes back by itself. */
export function allHold(aspects: Aspects): boolean {
  return standings(aspects).every((each) => each === "none" || each === "holds");
}

/** The graver of each, aspect by aspect. */
export function graver(left: readonly Standing[], right: readonly Standing[]): readonly Standing[] {
  return left.map((each, index) => {
    const other = right[index] ?? "none";
    return GRAVITY.indexOf(each) >= GRAVITY.indexOf(other) ? each : other;
  });
}

/** One set of aspects for several: the worst of each, with the reason that goes with it. */
export function worstOf(all: readonly [Aspects, ...Aspects[]]): Aspects {
  return all.reduce((sum, each) => ({
    api: worse(sum.api, each.api),
    scheduling: worse(sum.scheduling, each.scheduling),
    workloads: worse(sum.workloads, each.workloads),
    ingress: sum.ingress && each.ingress ? worse(sum.ingress, each.ingress) : (sum.ingress ?? each.ingress),
  }));
}

function worse(left: Aspect, right: Aspect): Aspect {
  const later = right.worstSeconds > left.worstSeconds || (left.survives && !right.survives);
  return {
    ...(later ? right : left),
    typicalSeconds: Math.max(left.typicalSeconds, right.typicalSeconds),
  };
}

/** A cell of a table: "not felt", "yes: 4.5 s, at most 10 s", "yes: seldom felt, at most 60 s", "partly, until it is back", "no, until it is back". */
export function describeAspect(aspect: Aspect | null): string {
  switch (standing(aspect)) {
    case "none":
      return "none of ours";
    case "lost":
      return `no, ${formatSeconds(Infinity)}`;
    case "partly":
      return `partly, ${formatSeconds(Infinity)}`;
    case "holds":
      return describeTimes(aspect?.typicalSeconds ?? 0, aspect?.worstSeconds ?? 0);
  }
}

function describeTimes(typical: number, worst: number): string {
  const usual = formatSeconds(typical);
  const most = formatBound(worst);
  if (worst === 0) return "not felt";
  if (typical === 0) return `yes: seldom felt, at most ${most}`;
  return usual.endsWith(most) ? `yes: at most ${most}` : `yes: ${usual}, at most ${most}`;
}
