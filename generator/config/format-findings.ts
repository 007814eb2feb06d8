// Findings on the form of single strings: each string of the config whose place in the schema names a format.
import { type Finding, finding, formatPath, type Path } from "./finding.ts";
import { FORMATS } from "./formats.ts";
import { itemOf, SCHEMA, type SchemaNode } from "./schema-node.ts";
import { show } from "./show.ts";

/** Tests every string that has a format, whatever the shape of the rest. */
export function formatFindings(value: unknown): readonly Finding[] {
  return visit(value, SCHEMA, []);
}

function visit(value: unknown, node: SchemaNode | undefined, path: Path): readonly Finding[] {
  if (!node) return [];
  if (typeof value === "string") return inspect(value, node.format, path);
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => visit(each, itemOf(node, index), [...path, index]));
  }
  if (typeof value !== "object" || value === null) return [];
  const properties = node.properties ?? {};
  return Object.entries(value).flatMap(([key, each]) =>
    Object.hasOwn(properties, key) ? visit(each, properties[key], [...path, key]) : [],
  );
}

function inspect(text: string, name: string | undefined, path: Path): readonly Finding[] {
  const format = name === undefined ? undefined : FORMATS[name];
  if (!format || format.test(text)) return [];
  return [
    finding(format.code, path, `${formatPath(path)} ${format.must}, not ${show(text)}`, format.hint(text)),
  ];
}
