// The committed files that are made from code, by their path from the project's root.
import { compiledValidator } from "../config/compiled-validator.ts";
import { publishedSchema } from "../config/published-schema.ts";
import { actionsPage } from "./actions-page.ts";
import { cliPage } from "./cli-page.ts";
import { configPage } from "./config-page.ts";

/** Path → text. A test holds each against the committed file. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["generator/config/cluster.schema.json", publishedSchema()],
    ["generator/config/validator.js", compiledValidator()],
    ["docs/config.md", configPage()],
    ["docs/cli.md", cliPage()],
    ["docs/actions.md", actionsPage()],
  ]);
}
