// Reads the template sources from beside this file, once.
import { readFileSync } from "node:fs";
import { TEMPLATE_NAMES, type Templates } from "../render/template.ts";

/** All templates by name. Throws where one is missing: the checkout is then incomplete. */
export function readTemplates(): Templates {
  return Object.fromEntries(
    TEMPLATE_NAMES.map((name) => [name, readFileSync(new URL(`./${name}.ejs`, import.meta.url), "utf8")]),
  ) as Templates;
}
