// GitHub's own description of the operations that Quorate uses: which one a request is, and whether it and its answer fit.
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly route: string;
  /** The parts of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
}

type Node = { readonly [key: string]: unknown };
type Schema = Node;

const FILE = new URL("../../fixtures/github-openapi/operations.json", import.meta.url);
const description = standard(JSON.parse(readFileSync(FILE, "utf8"))) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Node>>>>;
  readonly components: { readonly examples: Readonly<Record<string, { readonly value: unknown }>> } & Node;
};

const formats = {
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  uri: (text: string) => URL.canParse(text),
  int64: true,
  email: /^\S+@\S+$/,
} as const;
const options = { strict: false, formats } as const;
const bodies = new Ajv(options).addSchema(description, "github");
/** What stands in a URL is text. */
const parameters = new Ajv({ ...options, coerceTypes: "array" }).addSchema(description, "github");
const compiled = new Map<string, ValidateFunction>();

const routes = Object.entries(description.paths).flatMap(([route, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    route,
    method: method.toUpperCase(),
    id: String(operation["operationId"]),
    pattern: new RegExp(`^${route.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
  })),
);

/** Undefined for a request that none of the operations is. */
export function findOperation(method: string, pathname: string): Operation | undefined {
  for (const { pattern, route, id, method: own } of routes) {
    const match = own === method ? pattern.exec(pathname) : null;
    if (!match) continue;
    const parts = Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]);
    return { id, method, route, path: Object.fromEntries(parts) as Readonly<Record<string, string>> };
  }
  return undefined;
}

/** What in the request does not fit, in sentences. Words that the description does not know count too: GitHub would ignore them. */
export function requestFaults(
  operation: Operation,
  query: URLSearchParams,
  body: unknown,
): readonly string[] {
  const { id, path, method, route } = operation;
  const at = pointer(route, method);
  const known = (operationOf(operation)["parameters"] ?? []) as readonly Node[];
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [index, each] of known.entries()) {
    const { name, in: place, required } = resolved(each) as { name: string; in: string; required?: boolean };
    if (place !== "path" && place !== "query") continue;
    const value = place === "path" ? path[name] : (query.get(name) ?? undefined);
    if (place === "query") seen.add(name);
    if (value === undefined) {
      if (required === true) faults.push(`${id}: ${name} is missing`);
      continue;
    }
    const ref =
      typeof each["$ref"] === "string" ? String(each["$ref"]).slice(1) : `${at}/parameters/${index}`;
    faults.push(...validated(parameters, `${ref}/schema`, { value }, `${id}: ${name}`));
  }
  for (const name of query.keys()) if (!seen.has(name)) faults.push(`${id}: no parameter is called ${name}`);
  const content = (operationOf(operation)["requestBody"] as Node | undefined)?.["content"] as
    | Node
    | undefined;
  if (!content) return body === undefined ? faults : [...faults, `${id}: it takes no body`];
  const schema = `${at}/requestBody/content/application~1json/schema`;
  faults.push(...validated(bodies, schema, { value: body }, `${id}: body`));
  const json = (content["application/json"] as Node)["schema"] as Schema;
  if (json["additionalProperties"] === undefined && isNode(json["properties"]) && isNode(body)) {
    const names = json["properties"];
    for (const key of Object.keys(body)) if (!(key in names)) faults.push(`${id}: body has no ${key}`);
  }
  return faults;
}

/** What in an answer of the stand-in is not as GitHub describes it. */
export function answerFaults(operation: Operation, status: number, body: unknown): readonly string[] {
  const { id, method, route } = operation;
  const responses = operationOf(operation)["responses"] as Readonly<Record<string, Node>>;
  const own = responses[String(status)];
  if (!own && status < 400) return [`${id}: the description knows no answer ${status}`];
  // Many errors are not described, or without what is in them.
  if (!own || (status >= 400 && !resolved(own)["content"]))
    return isNode(body) && typeof body["message"] === "string" ? [] : [`${id}: an error without message`];
  const at =
    typeof own["$ref"] === "string" ? own["$ref"].slice(1) : `${pointer(route, method)}/responses/${status}`;
  const content = resolved(own)["content"] as Node | undefined;
  if (!content?.["application/json"]) return body === undefined ? [] : [`${id}: ${status} has no body`];
  const schema = `${at}/content/application~1json/schema`;
  return validated(bodies, schema, { value: body }, `${id}: answer ${status}`);
}

/** GitHub's example of that name, to be changed by whoever asks for it. */
export function example<T = Record<string, unknown>>(name: string): T {
  return structuredClone(description.components.examples[name]?.value) as T;
}

// Ajv changes a text into a number in place where the value has a parent.
function validated(ajv: Ajv, path: string, holder: { value: unknown }, what: string): readonly string[] {
  const key = `${ajv === bodies ? "body" : "parameter"} ${path}`;
  let validate = compiled.get(key);
  if (!validate) {
    const schema = {
      type: "object",
      required: ["value"],
      properties: { value: { $ref: `github#${path}` } },
    };
    validate = ajv.compile(schema);
    compiled.set(key, validate);
  }
  if (validate(holder)) return [];
  const [first] = validate.errors ?? [];
  return [`${what}${first?.instancePath.replace("/value", "") ?? ""} ${first?.message ?? "does not fit"}`];
}

function operationOf({ route, method }: Operation): Node {
  return description.paths[route]?.[method.toLowerCase()] ?? {};
}

function pointer(route: string, method: string): string {
  // Braces must be escaped too: it becomes a part of a URI.
  const name = encodeURIComponent(route.replaceAll("~", "~0").replaceAll("/", "~1"));
  return `/paths/${name}/${method.toLowerCase()}`;
}

function resolved(value: Node): Node {
  const ref = value["$ref"];
  if (typeof ref !== "string") return value;
  return ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => (at as Node)[key], description) as Node;
}

/** OpenAPI 3.0 says `nullable` where JSON Schema says a type; Ajv knows the word, and only beside `type`. */
function standard(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(standard);
  if (!isNode(value)) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, standard(each)]));
  const { nullable, ...rest } = inner;
  if (nullable !== true) return inner;
  if (rest["type"] === undefined) return { anyOf: [rest, { type: "null" }] };
  // Null must then be among the values too.
  return Array.isArray(rest["enum"]) ? { anyOf: [rest, { type: "null" }] } : inner;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
