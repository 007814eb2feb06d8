// `kubectl annotate` (kubernetes/kubectl:pkg/cmd/annotate/annotate.go).
import { reason } from "../log.ts";
import type { Node } from "../objects.ts";
import type { Call } from "./connection.ts";

export interface Changes {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** Tells KEY=VALUE and KEY- from the type and the names before them. Throws where there are none, or names follow. */
export function readChanges(given: readonly string[]): {
  readonly words: readonly string[];
  readonly changes: Changes;
} {
  const isChange = (word: string) => /^[^=]+=/.test(word) || /.-$/.test(word);
  const first = given.findIndex(isChange);
  const words = first < 0 ? given : given.slice(0, first);
  const pairs = first < 0 ? [] : given.slice(first);
  const late = pairs.find((word) => !isChange(word));
  if (late !== undefined)
    throw new Error(`error: all resources must be specified before annotation changes: ${late}`);
  if (words.length === 0) {
    throw new Error(
      "error: one or more resources must be specified as <resource> <name> or <resource>/<name>",
    );
  }
  if (pairs.length === 0) throw new Error("error: at least one annotation update is required");
  const set = new Map<string, string>();
  for (const pair of pairs.filter((word) => word.includes("="))) {
    const at = pair.indexOf("=");
    set.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const remove = pairs.filter((word) => !word.includes("=")).map((word) => word.slice(0, -1));
  const both = remove.filter((key) => set.has(key)).join(", ");
  if (both !== "") {
    throw new Error(
      `error: can not both modify and remove the following annotation(s) in the same command: ${both}`,
    );
  }
  return { words, changes: { set, remove } };
}

/** Changes one object after another, writing as it goes; goes on behind one that fails, and throws in the end. */
export async function annotate(
  call: Call,
  plural: string,
  names: readonly string[],
  { set, remove }: Changes,
  overwrite: boolean,
): Promise<void> {
  const failures: string[] = [];
  for (const name of names) {
    const path = `/api/v1/${plural}/${name}`;
    try {
      const { metadata }: Node = JSON.parse(await call(path));
      const there = [...set].flatMap(([key, value]) => {
        const old = metadata.annotations?.[key];
        return old === undefined || old === value ? [] : [`'${key}' already has a value (${old})`];
      });
      if (there.length > 0 && !overwrite) {
        throw new Error(
          `error: --overwrite is false but found the following declared annotation(s): ${there.join("; ")}`,
        );
      }
      const annotations = {
        ...Object.fromEntries(set),
        ...Object.fromEntries(remove.map((key) => [key, null])),
      };
      await call(path, "PATCH", { metadata: { annotations } });
      process.stdout.write(`${plural.slice(0, -1)}/${name} annotated\n`);
    } catch (error) {
      failures.push(reason(error));
    }
  }
  if (failures.length > 0) throw new Error(failures.join("\n"));
}
