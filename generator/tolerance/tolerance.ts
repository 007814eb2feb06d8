// Which failures a cluster survives and for how long each is felt: every component alone and every pair.
import { type Cluster, ofRole, type Role } from "../model/cluster.ts";
import type { Aspects } from "./aspect.ts";
import { listed } from "../model/words.ts";
import { classes, type ComponentClass, type PairClass, pairClasses } from "./classes.ts";
import { type Component, type ComponentKind, KINDS } from "./component.ts";
import { fail } from "./fail.ts";
import { type Group, pairLabel, singleLabel } from "./label.ts";
import { pairNote, singleNote } from "./note.ts";
import { allHold, graver, type Standing, standings, worstOf } from "./standing.ts";

export interface Row {
  readonly label: string;
  /** One kind, or the two of a pair; a row of mixed pairs has none. */
  readonly kinds: readonly ComponentKind[];
  /** How many components or pairs the row stands for. */
  readonly count: number;
  /** The worst among them; they all stand alike. */
  readonly aspects: Aspects;
  readonly note: string | null;
}

export interface Tolerance {
  /** Servers, load balancers, agents, pods: every component is in one row. */
  readonly singles: readonly Row[];
  /** Pairs that lose more than either part alone does, then what all others feel. */
  readonly pairs: readonly Row[];
  /** Pairs without a row: one part is not survived alone, and the other takes nothing more away. */
  readonly impliedPairs: number;
  /** Of which two machines any pair is survived in every aspect. */
  readonly survivedPairs: readonly (readonly [Role, Role])[];
}

interface Single extends Group {
  readonly classes: readonly number[];
  readonly aspects: Aspects;
  readonly standings: readonly Standing[];
}

// The page and the terminal ask about the same cluster.
const known = new WeakMap<Cluster, Tolerance>();

/** Exhaustive: it fails one component and one pair of each class, and all of a class fare alike. Takes a valid cluster. */
export function faultTolerance(cluster: Cluster): Tolerance {
  const tolerance = known.get(cluster) ?? compute(cluster);
  known.set(cluster, tolerance);
  return tolerance;
}

function compute(cluster: Cluster): Tolerance {
  const all = classes(cluster);
  const singles = singleGroups(cluster, all);
  const singleOf = (index: number) => singles.find((single) => single.classes.includes(index));
  const pairs = pairClasses(all).flatMap((pair): readonly FailedPair[] => {
    const [left, right] = [singleOf(pair.left), singleOf(pair.right)];
    if (!left || !right) return [];
    return [{ ...pair, groups: [left, right], aspects: fail(cluster, pair.pair).aspects }];
  });
  const counts = {
    servers: ofRole(cluster, "server").length,
    loadBalancers: ofRole(cluster, "loadbalancer").length,
  };
  return {
    singles: singles.map((single) => ({
      label: singleLabel(single),
      kinds: [single.kind],
      count: single.count,
      aspects: single.aspects,
      note: singleNote(single.kind, single.aspects, { ...counts, ofKind: single.ofKind }),
    })),
    ...pairRows(pairs),
    survivedPairs: survivedPairs(pairs),
  };
}

/** Classes of one kind that stand alike become one row, in the order of KINDS. */
function singleGroups(cluster: Cluster, all: readonly ComponentClass[]): readonly Single[] {
  return KINDS.flatMap((kind) => {
    const ofKind = all.flatMap((each, index) => (each.kind === kind ? [{ ...each, index }] : []));
    const total = ofKind.reduce((sum, { members }) => sum + members.length, 0);
    const failed = ofKind.flatMap(({ members, index }) =>
      members[0] ? [{ members, index, aspects: fail(cluster, [members[0]]).aspects }] : [],
    );
    return grouped(failed, ({ aspects }) => standings(aspects).join()).map((group): Single => {
      const members = group.flatMap((each) => each.members);
      const aspects = worstOf(aspectsOf(group));
      return {
        kind,
        names: members.flatMap(nameOf),
        count: members.length,
        ofKind: total,
        classes: group.map(({ index }) => index),
        aspects,
        standings: standings(aspects),
      };
    });
  });
}

interface FailedPair extends PairClass {
  readonly groups: readonly [Single, Single];
  readonly aspects: Aspects;
}

function pairRows(pairs: readonly FailedPair[]): Pick<Tolerance, "pairs" | "impliedPairs"> {
  const isImplied = ({ groups: [left, right], aspects }: FailedPair) =>
    standings(aspects).join() === graver(left.standings, right.standings).join();
  const worse = pairs.filter((pair) => !isImplied(pair));
  const held = pairs.filter((pair) => isImplied(pair) && allHold(pair.aspects));
  const groups = [...new Set(pairs.flatMap((pair) => pair.groups))];
  const key = ({ groups: two, aspects }: FailedPair) =>
    `${two.map((group) => groups.indexOf(group)).join()} ${standings(aspects).join()}`;
  return {
    pairs: [
      ...grouped(worse, key).map((group) => worsePairs(group, pairs)),
      ...grouped(held, heldLabel).map((group) => heldPairs(heldLabel(group[0]), group)),
    ],
    impliedPairs: countOf(pairs) - countOf(worse) - countOf(held),
  };
}

/** A workload with one replica is back so late that it would hide what all other pairs feel. */
function heldLabel({ groups }: FailedPair): string {
  return withWorkload(groups) ? `${singleLabel(groups[1])} and any other part` : "every other pair";
}

function withWorkload(groups: readonly Group[]): boolean {
  return groups.some(({ kind }) => kind === "workload");
}

/** Pairs that lose more than their parts do. Where only some of such pairs do, the label says how many. */
function worsePairs(group: NonEmpty<FailedPair>, pairs: readonly FailedPair[]): Row {
  const [left, right] = group[0].groups;
  const count = countOf(group);
  const aspects = worstOf(aspectsOf(group));
  const alike = countOf(pairs.filter(({ groups: [a, b] }) => a === left && b === right));
  const some = count < alike ? ` (${count} of ${alike} such pairs)` : "";
  return {
    label: onlyMachines(group) ?? `${pairLabel(left, right)}${some}`,
    kinds: [left.kind, right.kind],
    count,
    aspects,
    note: aspects.workloads.why !== undefined && withWorkload(group[0].groups) ? aspects.workloads.why : null,
  };
}

/** The names, where the row stands for one pair of machines among others of their kinds. */
function onlyMachines(group: NonEmpty<FailedPair>): string | undefined {
  const [only] = group;
  const [left, right] = only.groups;
  if (countOf(group) > 1 || !isRole(left.kind) || !isRole(right.kind)) return undefined;
  return listed(only.pair.flatMap(nameOf));
}

function heldPairs(label: string, group: NonEmpty<FailedPair>): Row {
  const aspects = worstOf(aspectsOf(group));
  const note = withWorkload(group[0].groups) ? null : pairNote(aspects);
  return { label, kinds: [], count: countOf(group), aspects, note };
}

function survivedPairs(pairs: readonly FailedPair[]): readonly (readonly [Role, Role])[] {
  const machines = pairs.flatMap(({ groups: [left, right], aspects }) =>
    isRole(left.kind) && isRole(right.kind)
      ? [{ roles: [left.kind, right.kind] as const, holds: allHold(aspects) }]
      : [],
  );
  return grouped(machines, ({ roles }) => roles.toSorted().join())
    .filter((group) => group.every(({ holds }) => holds))
    .map(([{ roles }]) => roles);
}

function isRole(kind: ComponentKind): kind is Role {
  return kind === "server" || kind === "agent" || kind === "loadbalancer";
}

function nameOf(component: Component): readonly string[] {
  return "node" in component ? [component.node] : [];
}

function countOf(pairs: readonly { readonly count: number }[]): number {
  return pairs.reduce((sum, { count }) => sum + count, 0);
}

type NonEmpty<T> = readonly [T, ...T[]];

function aspectsOf(group: NonEmpty<{ readonly aspects: Aspects }>): [Aspects, ...Aspects[]] {
  const [first, ...rest] = group;
  return [first.aspects, ...rest.map(({ aspects }) => aspects)];
}

/** In the order of the first of each. */
function grouped<T>(all: readonly T[], keyOf: (each: T) => string): readonly NonEmpty<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const each of all) {
    const group = groups.get(keyOf(each));
    if (group) group.push(each);
    else groups.set(keyOf(each), [each]);
  }
  return [...groups.values()];
}
