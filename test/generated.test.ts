// What is made from code and committed is in step with the code, and every field of the schema explains itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import schema from "../generator/config/cluster.schema.json" with { type: "json" };
import { generatedFiles } from "../generator/docs/generated.ts";
import { TEST_FOLDER } from "./support/golden.ts";

for (const [path, text] of generatedFiles()) {
  test(`${path} is in step`, () => {
    assert.equal(readFileSync(join(TEST_FOLDER, "..", path), "utf8"), text, "npm run generate rewrites it");
  });
}

interface Field {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  readonly items?: Field;
}

function leaves(field: Field, path: string): readonly (readonly [string, Field, boolean])[] {
  const inner = field.properties ?? field.items?.properties;
  if (!inner) return [];
  const required = field.required ?? field.items?.required ?? [];
  return Object.entries(inner).flatMap(([name, child]) => [
    [`${path}${name}`, child, required.includes(name)] as const,
    ...leaves(child, `${path}${name}.`),
  ]);
}

test("every field has a description, and a default or an example for an editor", () => {
  const fields = leaves(schema as Field, "");
  assert.ok(fields.length >= 50, `${fields.length} fields`);
  for (const [path, field] of fields) {
    assert.ok((field.description ?? "").length > 10, `${path} has no description`);
    const isSection = field.properties !== undefined || path === "nodes";
    assert.ok(isSection || field.examples !== undefined, `${path} has no example`);
  }
});

test("only these fields are required", () => {
  const required = leaves(schema as Field, "")
    .filter(([, , needed]) => needed)
    .map(([path]) => path);
  assert.deepEqual(required.toSorted(), [
    "access",
    "access.authorizedKeys",
    "cluster",
    "cluster.name",
    "k3s",
    "k3s.version",
    "network",
    "network.gateway",
    "network.subnet",
    "nodes",
    "nodes.address",
    "nodes.name",
    "nodes.role",
    "version",
  ]);
});
