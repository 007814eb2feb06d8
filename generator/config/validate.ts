// Holds a parsed value against the schema: Ajv's errors as findings. Fills in the schema's defaults, in place.
import type { ErrorObject } from "ajv";
import { listed } from "../model/words.ts";
import { type Finding, finding, formatPath, type Path } from "./finding.ts";
import { exampleOf, homesOf, schemaAt, type SchemaNode } from "./schema-node.ts";
import { isSecretName } from "./secret-like.ts";
import { nearest, show } from "./show.ts";
import { validate } from "./validator.js";

// A file with more is no config, and each costs a search for what was meant.
const MOST_FINDINGS = 1000;

/** All findings of the schema but those on string formats. The value gets the defaults of every object that is there. */
export function validateShape(value: unknown): readonly Finding[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, MOST_FINDINGS).map((error) => toFinding(error, value));
}

function toFinding(error: ErrorObject, root: unknown): Finding {
  const path = toPath(error.instancePath, root);
  const data = valueAt(root, path);
  const schema = schemaAt(path);
  const at = path.length === 0 ? "the config" : formatPath(path);
  const seen = isSecretName(String(path.at(-1))) ? "(hidden: named like a secret)" : show(data);
  const params = error.params as Readonly<Record<string, unknown>>;
  const limit = String(params["limit"]);
  const example = exampleOf(schema);
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(path, String(params["additionalProperty"]), Object.keys(schema?.properties ?? {}));
    case "required": {
      const key = String(params["missingProperty"]);
      const missing = schema?.properties?.[key];
      return finding(
        "missing-key",
        path,
        `${formatPath([...path, key])} is missing`,
        `add "${key}": ${exampleOf(missing) ?? "…"}${missing?.description ? ` (${firstSentence(missing.description)})` : ""}`,
      );
    }
    case "type":
      return finding(
        "wrong-type",
        path,
        `${at} must be ${article(params["type"])}, not ${seen}${typeof data === "string" ? ", a string" : ""}`,
        wantsNoQuotes(data, schema?.type)
          ? `write ${String(data)} without quotes`
          : `write it as ${example ?? article(params["type"])}`,
      );
    case "enum": {
      const allowed = (params["allowedValues"] as readonly unknown[]).map(String);
      const near = typeof data === "string" ? nearest(data, allowed) : undefined;
      return finding(
        "wrong-value",
        path,
        `${at} must be ${listed(allowed, "or")}, not ${seen}`,
        near ? `did you mean "${near}"?` : `write one of ${allowed.map((each) => `"${each}"`).join(", ")}`,
      );
    }
    case "const":
      return finding(
        "wrong-value",
        path,
        `${at} must be ${show(params["allowedValue"])}, not ${seen}`,
        path[0] === "version"
          ? `this Quorate reads version 1; write "version": 1`
          : `write ${show(params["allowedValue"])}`,
      );
    case "minimum":
    case "maximum": {
      const { minimum, maximum } = schema ?? {};
      return finding(
        "wrong-value",
        path,
        `${at} must be from ${minimum} to ${maximum}, not ${seen}`,
        `write a number in that range${example ? `, such as ${example}` : ""}`,
      );
    }
    case "minItems":
      return finding(
        "wrong-length",
        path,
        `${at} must have at least ${limit} ${limit === "1" ? "entry" : "entries"}`,
        example ? `write for example ${example}` : "add an entry",
      );
    case "maxItems":
    case "items":
    case "additionalItems":
      return finding(
        "wrong-length",
        path,
        `${at} must have at most ${limit} ${limit === "1" ? "entry" : "entries"}`,
        "remove the others",
      );
    case "maxLength":
      return finding("wrong-length", path, `${at} must have at most ${limit} characters`, "shorten it");
    case "uniqueItems":
      return finding(
        "wrong-value",
        [...path, Number(params["i"])],
        `${at} holds the same entry twice`,
        "remove one",
      );
    default:
      return finding("wrong-value", path, `${at} ${error.message ?? "is not valid"}`, "see docs/config.md");
  }
}

function unknownKey(path: Path, key: string, known: readonly string[]): Finding {
  const full = [...path, key];
  const near = nearest(key, known);
  const elsewhere = homesOf(key).filter((home) => home !== formatPath(full));
  const hint = near
    ? `did you mean "${near}"?`
    : elsewhere.length > 0
      ? `"${key}" exists as ${listed(elsewhere, "or")}; move it there`
      : known.length > 0
        ? `remove it; the keys here are ${listed(known)}`
        : `write a K3s flag in lower case, without dashes in front`;
  const where = path.length === 0 ? "the top level" : formatPath(path);
  return finding("unknown-key", full, `${where} has no key ${show(key)}`, hint, { onKey: true });
}

function article(type: unknown): string {
  const names: Readonly<Record<string, string>> = {
    object: "an object",
    array: "a list",
    string: "a string",
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
  };
  const types = Array.isArray(type) ? type.map(String) : String(type).split(",");
  return listed(
    types.map((each) => names[each] ?? each),
    "or",
  );
}

function wantsNoQuotes(data: unknown, type: SchemaNode["type"]): boolean {
  if (typeof data !== "string") return false;
  if (type === "boolean") return data === "true" || data === "false";
  return (type === "integer" || type === "number") && /^\d+$/.test(data);
}

function firstSentence(text: string): string {
  return text.replace(/[.:;] .*$/s, "").replace(/\.$/, "");
}

/** An Ajv instancePath as a path: steps into a list are numbers. */
function toPath(pointer: string, root: unknown): Path {
  let here: unknown = root;
  return pointer
    .split("/")
    .slice(1)
    .map((raw) => {
      const key = raw.replaceAll("~1", "/").replaceAll("~0", "~");
      const step = Array.isArray(here) ? Number(key) : key;
      here = (here as Record<string, unknown> | undefined)?.[key];
      return step;
    });
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], root);
}
