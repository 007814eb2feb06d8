// docs/config.md: every field of cluster.config.json, from the schema itself.
import { publishedSchema } from "../config/published-schema.ts";
import type { SchemaNode } from "../config/schema-node.ts";

/** The page as Markdown. */
export function configPage(): string {
  const schema = JSON.parse(publishedSchema()) as SchemaNode;
  const sections = Object.entries(schema.properties ?? {});
  return [
    "# cluster.config.json, field by field",
    "",
    "<!-- Made from generator/config/schema.ts by `npm run generate`. Edit that, not this. -->",
    "",
    "One file describes the cluster. It is JSON without comments. With `$schema` set, an editor completes and explains",
    "every field; `npm run check` says everything that is wrong with it, at once.",
    "",
    "Fields marked **required** have no default. All others may be left out.",
    "",
    ...sections.flatMap(([name, field]) => section(name, field, (schema.required ?? []).includes(name))),
  ].join("\n");
}

function section(name: string, field: SchemaNode, required: boolean): readonly string[] {
  const list = field.items as SchemaNode | undefined;
  const children = field.properties ?? list?.properties;
  if (!children) return [`## ${name}`, "", `${paragraph(field, required)}`, ""];
  const needed = field.required ?? list?.required ?? [];
  return [
    `## ${name}`,
    "",
    ...(field.description ? [field.description, ""] : []),
    "| field | | default | example | meaning |",
    "|---|---|---|---|---|",
    ...rows(list?.properties ? `${name}[].` : `${name}.`, children, needed),
    "",
  ];
}

function rows(
  prefix: string,
  fields: Readonly<Record<string, SchemaNode>>,
  required: readonly string[],
): readonly string[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    field.properties
      ? rows(`${prefix}${name}.`, field.properties, field.required ?? [])
      : [
          `| ${code(`${prefix}${name}`)} | ${required.includes(name) ? "**required**" : ""} | ${shown(field.default)} | ${shown(field.examples?.[0])} | ${cell(meaning(field))} |`,
        ],
  );
}

function paragraph(field: SchemaNode, required: boolean): string {
  const facts = [
    required ? "**Required.**" : "",
    field.default === undefined ? "" : `Default: ${shown(field.default)}.`,
    field.examples?.[0] === undefined ? "" : `Example: ${shown(field.examples[0])}.`,
  ].filter((text) => text !== "");
  return [meaning(field), ...facts].join(" ");
}

function meaning(field: SchemaNode): string {
  const allowed = field.enum?.map((each) => code(String(each))).join(", ");
  const range =
    field.minimum !== undefined && field.maximum !== undefined
      ? `From ${field.minimum} to ${field.maximum}.`
      : "";
  return [field.description ?? "", allowed ? `One of ${allowed}.` : "", range]
    .filter((text) => text !== "")
    .join(" ");
}

function shown(value: unknown): string {
  return value === undefined ? "" : cell(code(JSON.stringify(value)));
}

function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
