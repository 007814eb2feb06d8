// Writes the committed files that are made from code: `npm run generate`.
import { writeFileSync } from "node:fs";
import { generatedFiles, generatedFromEdited } from "./docs/generated.ts";

for (const [path, text] of [...generatedFiles(), ...generatedFromEdited()])
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
