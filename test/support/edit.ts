// Copies of a config with something changed at a path: `nodes.0.name`.
import type { Draft } from "./arbitrary.ts";

export type Path = readonly (string | number)[];

export function toPath(text: string): Path {
  return text.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** A copy with another value at a path, which is made where it is not there. */
export function put(config: Draft, path: Path, value: unknown): Draft {
  return putAll(config, [path], () => value);
}

/** A copy with other values at all of the paths. */
export function putAll(config: Draft, paths: readonly Path[], valueOf: (path: Path) => unknown): Draft {
  const copy = structuredClone(config);
  for (const path of paths) {
    let place = copy as unknown as Record<string | number, unknown>;
    for (const [index, step] of path.slice(0, -1).entries()) {
      place[step] ??= typeof path[index + 1] === "number" ? [] : {};
      place = place[step] as Record<string | number, unknown>;
    }
    // Not by assignment, which takes __proto__ for something else than a key.
    const property = { value: valueOf(path), enumerable: true, configurable: true, writable: true };
    Object.defineProperty(place, path.at(-1) ?? "", property);
  }
  return copy;
}

export function drop(config: Draft, path: Path): Draft {
  const copy = structuredClone(config);
  Reflect.deleteProperty(valueAt(copy, path.slice(0, -1)) as object, path.at(-1) ?? "");
  return copy;
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], value);
}
