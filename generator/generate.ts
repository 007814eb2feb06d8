// Writes the committed files that are made from code: `npm run generate`.
import { writeFileSync } from "node:fs";
import { generatedFiles } from "./docs/generated.ts";

for (const [path, text] of generatedFiles()) writeFileSync(new URL(`../${path}`, import.meta.url), text);
