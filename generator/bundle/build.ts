// The command line as one file of JavaScript, with what it reads beside it: it runs where there is Node.js and nothing else.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { SCHEMA_FILE, TEMPLATES_FOLDER } from "../places.ts";
import { TEMPLATE_NAMES } from "../render/template.ts";

const GENERATOR = fileURLToPath(new URL("../", import.meta.url));
/** The file's name in its folder. */
export const BUNDLE = "quorate.mjs";

// Some packages are CommonJS and ask for Node's own modules by require, which a module has not.
const REQUIRE = `import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);`;

/**
 * Fills a folder with quorate.mjs, templates/ and config/: nothing else is left in it. Returns the modules that the file still
 * imports at run time: Node's own, and no others. The same sources give the same bytes. Throws where something cannot be resolved.
 */
export async function buildBundle(folder: string): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(GENERATOR, "cli.ts")],
    outfile: join(folder, BUNDLE),
    absWorkingDir: dirname(GENERATOR),
    bundle: true,
    minify: true,
    // A fault that somebody reports is read by the names of functions.
    keepNames: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    // jsonc-parser's CommonJS is UMD, which no bundler can follow.
    mainFields: ["module", "main"],
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: "error",
  });
  const files = [
    ...TEMPLATE_NAMES.map((name) => fileURLToPath(new URL(`${name}.ejs`, TEMPLATES_FOLDER))),
    fileURLToPath(SCHEMA_FILE),
  ];
  // As they lie around generator/cli.ts, so they lie around the bundle.
  for (const file of files) cpSync(file, join(folder, relative(GENERATOR, file)));
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return [...new Set(imports.flatMap(({ path, external }) => (external ? [path] : [])))].toSorted();
}
