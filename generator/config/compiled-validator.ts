// From the published schema to the JavaScript that checks it: Ajv's own code, written down once instead of compiled at each start.
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { FORMATS } from "./formats.ts";
import { publishedSchema } from "./published-schema.ts";

/**
 * The text of validator.js, which imports nothing: loading Ajv and compiling the schema took four times as long as all the
 * rest of a check. String formats are left to format-findings.ts, which has their messages.
 */
export function compiledValidator(): string {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strictTypes: false,
    // Lengths in UTF-16 units: the only string with a limit is ASCII anyway, and code points would need an import.
    unicode: false,
    // It would say at each run that `unicode` is deprecated.
    logger: false,
    code: { source: true, esm: true },
    formats: Object.fromEntries(Object.keys(FORMATS).map((name) => [name, true])),
  });
  const code = standalone.default(ajv, ajv.compile(JSON.parse(publishedSchema()) as object));
  return `// Made by Ajv from schema.ts: \`npm run generate\`. Edit that, not this.\n${code}\n`;
}
