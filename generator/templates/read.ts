// Reads the template sources, once.
import { readFileSync } from "node:fs";
import { TEMPLATES_FOLDER } from "../places.ts";
import { TEMPLATE_NAMES, type Templates } from "../render/template.ts";

/** All templates by name. Throws where one is missing: the checkout is then incomplete. */
export function readTemplates(): Templates {
  return Object.fromEntries(
    TEMPLATE_NAMES.map((name) => [name, readFileSync(new URL(`${name}.ejs`, TEMPLATES_FOLDER), "utf8")]),
  ) as Templates;
}
