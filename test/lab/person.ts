// What a person has on the own computer: a folder with the config and the cluster's secret, and the command.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LAB_ROOT } from "./cluster.ts";
import { command, type Result } from "./command.ts";
import { PROJECT } from "./paths.ts";

export interface Person {
  /** The folder. */
  readonly home: string;
  readonly config: string;
  /** Puts fields into the config, at the top, and returns what takes them out again. */
  readonly edit: (more: Readonly<Record<string, unknown>>) => () => void;
  /** The command as it is typed there, to its end. */
  readonly quorate: (verb: string, ...args: readonly string[]) => Promise<Result>;
  /** The same, begun: to be watched on its standard error, and killed. */
  readonly begin: (verb: string, ...args: readonly string[]) => ChildProcess;
  readonly leave: () => void;
}

/** `key`: a private key that the machines take. */
export function makePerson(config: Readonly<Record<string, unknown>>, key: string): Person {
  const home = mkdtempSync(join(tmpdir(), "quorate-home-"));
  const file = join(home, "cluster.config.json");
  writeFileSync(file, JSON.stringify(config, null, 2));
  mkdirSync(join(home, ".secrets"), { mode: 0o700 });
  const secret = `${Buffer.from(LAB_ROOT).toString("hex")}\n`;
  writeFileSync(join(home, ".secrets/cluster-secret"), secret, { mode: 0o600 });
  const words = (verb: string, args: readonly string[]) => [
    "--import",
    "tsx",
    join(PROJECT, "generator/cli.ts"),
    verb,
    "--config",
    file,
    "--identity",
    key,
    ...args,
  ];
  return {
    home,
    config: file,
    edit: (more) => {
      const before = readFileSync(file, "utf8");
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(before) as object), ...more }, null, 2));
      return () => writeFileSync(file, before);
    },
    quorate: (verb, ...args) => command(process.execPath, words(verb, args), { timeoutMs: 600_000 }),
    begin: (verb, ...args) =>
      spawn(process.execPath, words(verb, args), { stdio: ["ignore", "pipe", "pipe"] }),
    leave: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** The nodes of a config, one of them with these labels: K3s restarts there to take them. */
export function labelled(
  config: Readonly<Record<string, unknown>>,
  name: string,
  labels: Readonly<Record<string, string>>,
): readonly object[] {
  const nodes = config["nodes"] as readonly { readonly name: string }[];
  return nodes.map((node) => (node.name === name ? { ...node, labels } : node));
}
