// JSON as a person would lay it out: what fits stands on one line.

/** Columns; what oxfmt and Prettier keep too. */
const WIDTH = 110;

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** The document with its final line break. Its own braces stand on lines of their own. */
export function jsonText(document: { readonly [key: string]: Json }): string {
  return `${broken(document, "")}\n`;
}

function laidOut(value: Json, indent: string, before: number): string {
  const line = flat(value);
  return before + line.length <= WIDTH ? line : broken(value, indent);
}

function broken(value: Json, indent: string): string {
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  const parts = entriesOf(value).map(([key, each], index, all) => {
    const comma = index < all.length - 1 ? "," : "";
    return `${inner}${key}${laidOut(each, inner, inner.length + key.length + comma.length)}${comma}`;
  });
  return parts.length === 0 ? flat(value) : enclosed(value, `\n${parts.join("\n")}\n${indent}`);
}

function flat(value: Json): string {
  if (typeof value !== "object") return JSON.stringify(value);
  const parts = entriesOf(value).map(([key, each]) => `${key}${flat(each)}`);
  const blank = Array.isArray(value) || parts.length === 0 ? "" : " ";
  return enclosed(value, `${blank}${parts.join(", ")}${blank}`);
}

function entriesOf(
  value: readonly Json[] | { readonly [key: string]: Json },
): readonly (readonly [string, Json])[] {
  if (isList(value)) return value.map((each) => ["", each] as const);
  return Object.entries(value).map(([key, each]) => [`${JSON.stringify(key)}: `, each] as const);
}

function enclosed(value: Json, text: string): string {
  return Array.isArray(value) ? `[${text}]` : `{${text}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
