// cluster.schema.json as data: what messages and the docs read out of it.
import published from "./cluster.schema.json" with { type: "json" };
import type { Path } from "./finding.ts";

export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
}

export const SCHEMA = published as unknown as SchemaNode;

/** The part of the schema for what stands at a path; undefined where nothing is said about it. */
export function schemaAt(path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>(
    (node, step) => (typeof step === "number" ? itemOf(node, step) : node?.properties?.[step]),
    SCHEMA,
  );
}

/** Of a list, what an entry must be; a tuple says it for each place. */
export function itemOf(node: SchemaNode | undefined, index: number): SchemaNode | undefined {
  const items = node?.items;
  return items && "length" in items ? items[index] : items;
}

/** An example as JSON; of an object its required keys with theirs. */
export function exampleOf(node: SchemaNode | undefined): string | undefined {
  const { examples, properties, required = [] } = node ?? {};
  if (examples) return JSON.stringify(examples[0]);
  if (!properties) return undefined;
  const parts = required.map((key) => `"${key}": ${exampleOf(properties[key]) ?? "…"}`);
  return `{ ${parts.join(", ")} }`;
}

/** Paths at which a key of that name is known, e.g. `cluster.vip`, `nodes[].name`. */
export function homesOf(key: string): readonly string[] {
  const homes: string[] = [];
  const visit = (node: SchemaNode, path: string): void => {
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      const here = path ? `${path}.${name}` : name;
      if (name === key) homes.push(here);
      visit(child, here);
      const item = itemOf(child, 0);
      if (item) visit(item, `${here}[]`);
    }
  };
  visit(SCHEMA, "");
  return homes;
}

/** Every field that holds a value of its own, in the order of the schema: `cluster.vip`, `nodes[].name`. */
export function fieldsOf(node: SchemaNode = SCHEMA, path = ""): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const here = path ? `${path}.${name}` : name;
    const item = itemOf(child, 0);
    if (child.properties) return fieldsOf(child, here);
    return item?.properties ? fieldsOf(item, `${here}[]`) : [here];
  });
}
