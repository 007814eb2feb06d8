// Holds a parsed value against the schema: Ajv's errors as findings. Fills in the schema's defaults, in place.
import { Ajv, type ErrorObject } from "ajv";
import schema from "./cluster.schema.json" with { type: "json" };
import { type Finding, finding, formatPath, type Path } from "./finding.ts";
import { FORMATS } from "./formats.ts";
import { nearest, show } from "./show.ts";
import { listed } from "../model/words.ts";

const ajv = new Ajv({
  allErrors: true,
  useDefaults: true,
  verbose: true,
  // The schema is ours and held in step by a test; checking it again at each start costs more than the validation.
  validateSchema: false,
  strictTypes: false,
  formats: Object.fromEntries(Object.entries(FORMATS).map(([name, { test }]) => [name, test])),
});
const validate = ajv.compile(schema);

/** All findings of the schema. The value gets the defaults of every object that is there. */
export function validateShape(value: unknown): readonly Finding[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).flatMap((error) => toFinding(error, value));
}

function toFinding(error: ErrorObject, root: unknown): readonly Finding[] {
  const path = toPath(error.instancePath, root);
  const at = path.length === 0 ? "the config" : formatPath(path);
  const seen = show(error.data);
  const params = error.params as Readonly<Record<string, unknown>>;
  const limit = String(params["limit"]);
  const example = exampleOf(error.parentSchema);
  switch (error.keyword) {
    case "additionalProperties":
      return [unknownKey(path, String(params["additionalProperty"]), propertiesOf(error.parentSchema))];
    case "required": {
      const key = String(params["missingProperty"]);
      const missing = (error.parentSchema as SchemaNode).properties?.[key];
      return [
        finding(
          "missing-key",
          path,
          `${formatPath([...path, key])} is missing`,
          `add "${key}": ${exampleOf(missing) ?? "…"}${missing?.description ? ` (${firstSentence(missing.description)})` : ""}`,
        ),
      ];
    }
    case "type":
      return [
        finding(
          "wrong-type",
          path,
          `${at} must be ${article(params["type"])}, not ${seen}${typeof error.data === "string" ? ", a string" : ""}`,
          wantsNoQuotes(error)
            ? `write ${String(error.data)} without quotes`
            : `write it as ${example ?? article(params["type"])}`,
        ),
      ];
    case "enum": {
      const allowed = (params["allowedValues"] as readonly unknown[]).map(String);
      const near = typeof error.data === "string" ? nearest(error.data, allowed) : undefined;
      return [
        finding(
          "wrong-value",
          path,
          `${at} must be ${listed(allowed, "or")}, not ${seen}`,
          near ? `did you mean "${near}"?` : `write one of ${allowed.map((each) => `"${each}"`).join(", ")}`,
        ),
      ];
    }
    case "const":
      return [
        finding(
          "wrong-value",
          path,
          `${at} must be ${show(params["allowedValue"])}, not ${seen}`,
          path[0] === "version"
            ? `this Quorate reads version 1; write "version": 1`
            : `write ${show(params["allowedValue"])}`,
        ),
      ];
    case "format": {
      const format = FORMATS[String(params["format"])];
      if (!format || typeof error.data !== "string") return [];
      return [finding(format.code, path, `${at} ${format.must}, not ${seen}`, format.hint(error.data))];
    }
    case "minimum":
    case "maximum": {
      const { minimum, maximum } = error.parentSchema as SchemaNode;
      return [
        finding(
          "wrong-value",
          path,
          `${at} must be from ${minimum} to ${maximum}, not ${seen}`,
          `write a number in that range${example ? `, such as ${example}` : ""}`,
        ),
      ];
    }
    case "minItems":
      return [
        finding(
          "wrong-length",
          path,
          `${at} must have at least ${limit} ${limit === "1" ? "entry" : "entries"}`,
          example ? `write for example ${example}` : "add an entry",
        ),
      ];
    case "maxItems":
    case "items":
    case "additionalItems":
      return [
        finding(
          "wrong-length",
          path,
          `${at} must have at most ${limit} ${limit === "1" ? "entry" : "entries"}`,
          "remove the others",
        ),
      ];
    case "maxLength":
      return [finding("wrong-length", path, `${at} must have at most ${limit} characters`, "shorten it")];
    case "uniqueItems":
      return [
        finding(
          "wrong-value",
          [...path, Number(params["i"])],
          `${at} holds the same entry twice`,
          "remove one",
        ),
      ];
    default:
      return [finding("wrong-value", path, `${at} ${error.message ?? "is not valid"}`, "see docs/config.md")];
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

// --- the schema as data ---

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Paths at which a key of that name is known, e.g. `cluster.vip`, `nodes[].name`. */
function homesOf(key: string): readonly string[] {
  const homes: string[] = [];
  const visit = (node: SchemaNode, path: string): void => {
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      const here = path ? `${path}.${name}` : name;
      if (name === key) homes.push(here);
      visit(child, here);
      if (child.items && !Array.isArray(child.items)) visit(child.items as SchemaNode, `${here}[]`);
    }
  };
  visit(schema as SchemaNode, "");
  return homes;
}

function propertiesOf(node: unknown): readonly string[] {
  return Object.keys((node as SchemaNode).properties ?? {});
}

/** An example as JSON; of an object its required keys with theirs. */
function exampleOf(node: unknown): string | undefined {
  const { examples, properties, required = [] } = (node ?? {}) as SchemaNode;
  if (examples) return JSON.stringify(examples[0]);
  if (!properties) return undefined;
  const parts = required.map((key) => `"${key}": ${exampleOf(properties[key]) ?? "…"}`);
  return `{ ${parts.join(", ")} }`;
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

function wantsNoQuotes(error: ErrorObject): boolean {
  if (typeof error.data !== "string") return false;
  const type = (error.parentSchema as SchemaNode).type;
  if (type === "boolean") return error.data === "true" || error.data === "false";
  return (type === "integer" || type === "number") && /^\d+$/.test(error.data);
}

function firstSentence(text: string): string {
  return text.replace(/[.:;] .*$/s, "").replace(/\.$/, "");
}

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
