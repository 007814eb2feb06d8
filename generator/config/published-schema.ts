// From the TypeBox definition to the JSON Schema that editors and Ajv read.
import { clusterConfig } from "./schema.ts";

/** The text of cluster.schema.json. A property with a default is never required: TypeBox lists it, because after the defaults it is always there. */
export function publishedSchema(): string {
  const plain = JSON.parse(JSON.stringify(clusterConfig)) as JsonSchema;
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Quorate cluster config",
    ...withoutDefaulted(plain),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly default?: unknown;
}

function withoutDefaulted(schema: JsonSchema): JsonSchema {
  const { properties, required, items, ...rest } = schema;
  const needed = required?.filter((key) => properties?.[key]?.default === undefined) ?? [];
  return {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, withoutDefaulted(value)]),
      ),
    }),
    ...(needed.length > 0 && { required: needed }),
    ...(items && { items: isList(items) ? items.map(withoutDefaulted) : withoutDefaulted(items) }),
  };
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
