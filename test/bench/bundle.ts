// One file of JavaScript out of the command line, its templates inside: what runs where there is no checkout.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { TEMPLATE_NAMES } from "../../generator/render/template.ts";

const generator = new URL("../../generator/", import.meta.url);

/** Writes the bundle to a path ending in .cjs. */
export async function bundle(outfile: string): Promise<void> {
  const templates = Object.fromEntries(
    TEMPLATE_NAMES.map((name) => [name, readFileSync(new URL(`templates/${name}.ejs`, generator), "utf8")]),
  );
  await build({
    entryPoints: [fileURLToPath(new URL("cli.ts", generator))],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    // jsonc-parser's CommonJS is UMD, which no bundler can follow.
    mainFields: ["module", "main"],
    plugins: [
      {
        name: "templates",
        setup({ onLoad }) {
          onLoad({ filter: /templates[\\/]read\.ts$/ }, () => ({
            contents: `export const readTemplates = () => (${JSON.stringify(templates)});`,
            loader: "ts",
          }));
        },
      },
    ],
  });
}
