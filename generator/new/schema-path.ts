// Where an editor finds the schema, seen from the folder of a config.
import { realpathSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { SCHEMA_FILE } from "../places.ts";

/** A relative reference: `./generator/config/cluster.schema.json`. The config's folder must be there. */
export function schemaFrom(config: string): string {
  const path = relative(realpathSync(dirname(config)), realpathSync(fileURLToPath(SCHEMA_FILE)));
  const reference = path.split(sep).map(encodeURIComponent).join("/");
  return reference.startsWith("../") ? reference : `./${reference}`;
}
