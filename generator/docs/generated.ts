// The committed files that are made from code, by their path from the project's root.
import { compiledValidator } from "../config/compiled-validator.ts";
import { publishedSchema } from "../config/published-schema.ts";
import { actionsPage } from "./actions-page.ts";
import { cliPage } from "./cli-page.ts";
import { configPage } from "./config-page.ts";
import { shippedWorkflows } from "./shipped-workflows.ts";

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

/**
 * The same of what a person may well edit: the workflows. Were it held by the hermetic tests, another hour for the drift check
 * would stop build.yml, and with it every apply; the contract tests hold it, and doctor tells.
 */
export function generatedFromEdited(): ReadonlyMap<string, string> {
  return new Map([["generator/doctor/shipped.json", shippedWorkflows()]]);
}
