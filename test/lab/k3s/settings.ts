// The settings of one run: the config file, its drop-in folder, the command line and the environment (k3s.md section 2).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { load, YAML11_SCHEMA } from "js-yaml";
import { ENVIRONMENT, FLAGS, SWITCHES } from "./flags.ts";
import { log } from "./log.ts";

export interface Settings {
  /** The last value given, or undefined. */
  readonly get: (flag: string) => string | undefined;
  /** Every value given, split at commas: K3s does so for the lists that are read here (disable, tls-san, node-ip). */
  readonly list: (flag: string) => readonly string[];
  /** Every value given, as it is (node-label, node-taint). */
  readonly all: (flag: string) => readonly string[];
  readonly is: (flag: string) => boolean;
}

/**
 * A config value beats the environment, a command line argument beats both, also whole lists. Unknown keys of the config
 * are skipped with a warning for a server and are fatal for an agent (k3s.md section 2). Throws for those, and for a
 * config that cannot be read; a config that is not there is none.
 */
export function readSettings(
  command: "server" | "agent",
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const given = parseArguments(command, args);
  const file = env["K3S_CONFIG_FILE"] || given.get("config")?.[0] || "/etc/rancher/k3s/config.yaml";
  const values = new Map<string, readonly string[]>();
  for (const [flag, name] of Object.entries(ENVIRONMENT)) {
    const value = env[name];
    if (value) values.set(flag, [value]);
  }
  for (const [flag, list] of readConfig(file)) {
    if (FLAGS[command].has(flag)) values.set(flag, list);
    else if (command === "agent") throw new Error(`flag provided but not defined: -${flag}`);
    else log("warning", `Unknown flag --${flag} found in config.yaml, skipping\n`);
  }
  for (const [flag, list] of given) values.set(flag, list);

  const all = (flag: string) => values.get(flag) ?? [];
  return {
    all,
    get: (flag) => all(flag).at(-1) || undefined,
    list: (flag) => all(flag).flatMap((value) => value.split(",").filter(Boolean)),
    is: (flag) => /^(1|t|T|TRUE|true|True)$/.test(all(flag).at(-1) ?? ""),
  };
}

/** The trimmed text of a token file: waited for up to 4 minutes, asked every 2 s (k3s.md section 2). */
export async function readWhenThere(path: string): Promise<string> {
  const end = Date.now() + 240_000;
  while (!existsSync(path)) {
    if (Date.now() > end) throw new Error("timed out waiting for the condition");
    log("info", `Waiting for file "${path}" to be created\n`);
    await sleep(2000);
  }
  return readFileSync(path, "utf8").trim();
}

/** Files are read one after the other: a key of a later one replaces, `key+` appends. */
function readConfig(file: string): ReadonlyMap<string, readonly string[]> {
  const folder = `${file}.d`;
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const drops = names.filter((name) => /\.ya?ml$/i.test(name)).map((name) => join(folder, name));
  const values = new Map<string, readonly string[]>();
  for (const path of [file, ...drops]) {
    if (!existsSync(path)) continue;
    // YAML 1.1, as K3s' own reader: an unquoted 0644 is the number 420.
    const data = load(readFileSync(path, "utf8"), { schema: YAML11_SCHEMA, filename: path }) ?? {};
    for (const [key, value] of Object.entries(data)) {
      const flag = key.replace(/\+$/, "");
      const list = (Array.isArray(value) ? value : [value]).map((item: unknown) => String(item ?? ""));
      values.set(flag, key === flag ? list : [...(values.get(flag) ?? []), ...list]);
    }
  }
  return values;
}

function parseArguments(
  command: "server" | "agent",
  args: readonly string[],
): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, dashed, inline] = /^--?([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    const flag = { c: "config", d: "data-dir", s: "server", t: "token" }[dashed ?? ""] ?? dashed ?? "";
    if (!FLAGS[command].has(flag)) throw new Error(`flag provided but not defined: ${word}`);
    const value = inline ?? (SWITCHES.has(flag) ? "true" : rest.shift());
    if (value === undefined) throw new Error(`flag needs an argument: ${word}`);
    values.set(flag, [...(values.get(flag) ?? []), value]);
  }
  return values;
}
