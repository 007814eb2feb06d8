// What a rule is: a small named function over the parts of a config that have the right shape.
import type { Config, NodeConfig } from "../schema.ts";
import type { Finding, Path } from "../finding.ts";

/** A node with its place in the file, kept because nodes of a wrong shape are left out before the rules run. */
export interface PlacedNode {
  readonly node: NodeConfig;
  readonly path: Path;
}

export interface RuleInput {
  readonly config: Config;
  readonly nodes: readonly PlacedNode[];
}

type Section = keyof Config;

/**
 * `needs` names the sections that must have the right shape. `everyNode`: do not run while some node has a wrong
 * shape, because a count of the others would mislead.
 */
export interface Rule {
  readonly needs: readonly Section[];
  readonly everyNode?: boolean;
  readonly run: (input: RuleInput) => readonly Finding[];
}

/** Groups by key, in order of first appearance; entries without a key are left out. */
export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
