// A folder with the config of a fixture, and the verb card on it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Result } from "../../generator/commands/command.ts";
import type { Os } from "../../generator/model/cluster.ts";
import { run } from "../../generator/verbs.ts";
import { fixturePath } from "./fixtures.ts";
import { scratch } from "./scratch.ts";

export interface CardPlace {
  readonly folder: string;
  readonly config: string;
  /** The verb, with nothing asked on a network. */
  readonly card: (...argv: readonly string[]) => Promise<Result>;
  /** The same as a command of its own, to be run elsewhere: in a namespace, by another user. */
  readonly command: (...argv: readonly string[]) => readonly string[];
}

// Absolute: in a namespace the current folder is another.
const LOADER = import.meta.resolve("tsx/esm");
const CLI = fileURLToPath(new URL("../../generator/cli.ts", import.meta.url));

/** `path`: the folders that are searched for programs, as PATH names them. Default: those of this process. */
export function cardPlace(
  t: TestContext,
  { os, path = process.env["PATH"] }: { readonly os?: Os; readonly path?: string } = {},
): CardPlace {
  const folder = scratch(t);
  const config = join(folder, "cluster.config.json");
  const text = readFileSync(fixturePath("agents-and-two-load-balancers"), "utf8");
  writeFileSync(config, os === undefined ? text : text.replace("{", `{ "os": "${os}",`));
  const command = (...argv: readonly string[]) => ["card", ...argv, "--config", config];
  return {
    folder,
    config,
    card: (...argv) => run([...command(...argv), "--offline"], { PATH: path }, false),
    command: (...argv) => [process.execPath, "--import", LOADER, CLI, ...command(...argv)],
  };
}
