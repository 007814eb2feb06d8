// cloud-init's own schema of user-data, as installed, with the questions that plain validation does not answer.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import draft4 from "ajv-draft-04";
import { runPython } from "./python.ts";

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly deprecated?: boolean;
  readonly changed?: boolean;
}

export interface CloudConfigSchema {
  /** What is wrong with a user-data, in Ajv's words; empty where it is valid. */
  readonly errors: (userData: unknown) => readonly string[];
  /** Paths in a user-data whose key or form cloud-init calls deprecated or changed. Validation says nothing about them. */
  readonly deprecations: (userData: unknown) => readonly string[];
  /** Whether there is such a key at all. List items are numbers: ["users", "0", "name"]. */
  readonly knows: (path: readonly string[]) => boolean;
}

const SCHEMA_FOLDER = "import cloudinit.config.schema as s; print(json.dumps(s.get_schema_dir()))";

/** The schema of the cloud-init on this computer, which Python finds. */
export function installedSchema(): CloudConfigSchema {
  const file = join(String(runPython(SCHEMA_FOLDER, null)), "schema-cloud-config-v1.json");
  const root: Schema = JSON.parse(readFileSync(file, "utf8"));
  // The file is draft-04 with keywords of its own. Formats are not loaded; we emit no value that has one.
  const ajv = new draft4.default({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(root);

  const checks = new Map<Schema, (value: unknown) => unknown>();
  const matches = (schema: Schema, value: unknown): boolean => {
    const check = checks.get(schema) ?? ajv.compile({ ...schema, $defs: root.$defs });
    checks.set(schema, check);
    return check(value) === true;
  };

  // A schema with all that it is made of; `applies` chooses among alternatives.
  const parts = (schema: Schema, applies: (branch: Schema) => boolean): readonly Schema[] => {
    const target = schema.$ref?.replace("#/$defs/", "");
    const referred = target === undefined ? [] : [root.$defs?.[target] ?? {}];
    const branches = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].filter(applies);
    return [
      schema,
      ...[...referred, ...(schema.allOf ?? []), ...branches].flatMap((part) => parts(part, applies)),
    ];
  };

  const deprecations = (
    value: unknown,
    at: readonly Schema[],
    path: readonly string[],
  ): readonly string[] => {
    const all = at.flatMap((schema) => parts(schema, (branch) => matches(branch, value)));
    const here = all.some((part) => part.deprecated === true || part.changed === true)
      ? [path.join(".")]
      : [];
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    const inside = entries.flatMap(([key, item]) =>
      deprecations(
        item,
        all.flatMap((part) => below(part, key)),
        [...path, key],
      ),
    );
    return [...here, ...inside];
  };

  return {
    errors: (userData) =>
      validate(userData) ? [] : (validate.errors ?? []).map((error) => JSON.stringify(error)),
    deprecations: (userData) => deprecations(userData, [root], []),
    knows: (path) => {
      const step = (at: readonly Schema[], key: string) =>
        at.flatMap((schema) => parts(schema, () => true)).flatMap((part) => below(part, key));
      return path.reduce(step, [root]).length > 0;
    },
  };
}

/** Schemas for one key, or for an item where the key is a number. */
function below(schema: Schema, key: string): readonly Schema[] {
  const patterns = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) =>
    new RegExp(pattern).test(key),
  );
  const item = /^\d+$/.test(key) ? schema.items : undefined;
  return [schema.properties?.[key] ?? [], item ?? [], patterns.map(([, part]) => part)].flat();
}
