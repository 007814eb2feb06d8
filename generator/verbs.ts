// The table of verbs, and from arguments to a result: the command line without its process.
import { parseArgs } from "node:util";
import project from "../package.json" with { type: "json" };
import type { Command, Result, Session } from "./commands/command.ts";
import { Failure } from "./failure.ts";

interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly text: string;
}

interface Verb {
  readonly text: string;
  readonly flags: readonly Flag[];
  /** The one word that it needs, as the help shows it. */
  readonly word?: string;
  /** What may stand behind `--`, as the help shows it. */
  readonly rest?: string;
  /** Hands the terminal on to another program: it has no --json. */
  readonly interactive?: true;
  /** Loaded only when the verb is called: --help must not pay for it. */
  readonly load: () => Promise<Command>;
}

const JSON_FLAG: Flag = {
  name: "json",
  text: "print one JSON document on stdout, text for people on stderr",
};
const COMMON_FLAGS: readonly Flag[] = [
  { name: "config", value: "FILE", text: "the config to read (default: cluster.config.json)" },
  JSON_FLAG,
  { name: "help", text: "print this" },
];
const IDENTITY_FLAG: Flag = {
  name: "identity",
  value: "FILE",
  text: "the private key to log in with (default: as ssh finds it)",
};
/** For callers that have no terminal. */
const NO_SESSION: Session = {
  interrupted: new AbortController().signal,
  screen: false,
  show: () => {},
  runtime: "",
};

/** Every verb. docs/cli.md is made from this table. */
export const VERBS: Readonly<Record<string, Verb>> = {
  check: {
    text: "Check the config and print everything that is wrong with it, at once.",
    flags: [],
    load: async () => (await import("./commands/check.ts")).check,
  },
  render: {
    text: "Render every file of the cluster into out/.",
    flags: [
      { name: "out", value: "DIR", text: "where to write (default: out)" },
      { name: "check", text: "write nothing; exit 2 when the folder differs from what render would write" },
    ],
    load: async () => (await import("./commands/render.ts")).render,
  },
  status: {
    text: "Ask every machine what it does, and count the voters. Exit 0 when all are ready.",
    flags: [
      { name: "watch", text: "ask again until all are ready" },
      { name: "bundle", value: "FILE", text: "write one file for a bug report, with the secrets taken out" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/status.ts")).status,
  },
  ssh: {
    text: "Log in to a machine, or run a command there; its host key is known from the cluster's secret.",
    word: "NAME",
    rest: "COMMAND...",
    interactive: true,
    flags: [IDENTITY_FLAG],
    load: async () => (await import("./commands/ssh.ts")).ssh,
  },
};

function flagsOf(verb: Verb): readonly Flag[] {
  const common = verb.interactive ? COMMON_FLAGS.filter((flag) => flag !== JSON_FLAG) : COMMON_FLAGS;
  return [...verb.flags, ...common];
}

/** The text of --help, for one verb or for all. */
export function helpText(name?: string): string {
  const verb = name === undefined ? undefined : VERBS[name];
  const flagLines = (flags: readonly Flag[]) =>
    flags.map(
      ({ name: flag, value, text }) => `  ${`--${flag}${value ? ` ${value}` : ""}`.padEnd(16)}${text}`,
    );
  if (verb) {
    const usageLine = ["npx quorate", name, verb.word, "[flags]", verb.rest && `[-- ${verb.rest}]`];
    return [
      usageLine.filter((part) => part !== undefined).join(" "),
      "",
      verb.text,
      "",
      ...flagLines(flagsOf(verb)),
      "",
    ].join("\n");
  }
  return [
    "npx quorate VERB [flags]      (npm run VERB without flags)",
    "",
    ...Object.entries(VERBS).map(([verbName, { text }]) => `  ${verbName.padEnd(16)}${text}`),
    "",
    ...flagLines(COMMON_FLAGS),
    "  --version       print the version of Quorate",
    "",
    "Exit status: 0 done, 1 failed, 2 differences, 3 bad config or usage, 130 interrupted.",
    "",
  ].join("\n");
}

/** What one invocation prints and exits with. `environment` tells which flags npm kept for itself. */
export async function run(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  colour: boolean,
  session: Session = NO_SESSION,
): Promise<Result> {
  const [name = "", ...rest] = argv;
  if (name === "" || name === "--help" || name === "-h" || name === "help") {
    return {
      exit: name === "" ? 3 : 0,
      stdout: name === "" ? "" : helpText(rest[0]),
      stderr: name === "" ? helpText() : "",
    };
  }
  if (name === "--version") return { exit: 0, stdout: `${project.version}\n`, stderr: "" };
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb)
    return usage(
      `there is no verb "${name}"; the verbs are ${Object.keys(VERBS).join(", ")}`,
      "npx quorate --help",
    );
  const flags = flagsOf(verb);
  const kept = flags.find((flag) => keptByNpm(flag.name, environment));
  if (kept) {
    return usage(
      `npm kept --${kept.name} for itself, so it did not reach ${name}`,
      `npx quorate ${name} --${kept.name}${kept.value ? ` ${kept.value}` : ""}`,
    );
  }
  let parsed;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      tokens: true,
      options: Object.fromEntries(
        flags.map((flag) => [flag.name, { type: flag.value ? ("string" as const) : ("boolean" as const) }]),
      ),
    });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    return usage(`${name}: ${reason}`, `npx quorate ${name} --help`);
  }
  const names = parsed.tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) return usage(`${name}: --${twice} is there twice`, `npx quorate ${name} --help`);
  // parseArgs takes what is behind the first -- as positionals too.
  const end = parsed.tokens.find(({ kind }) => kind === "option-terminator")?.index ?? rest.length;
  const behind = rest.slice(end + 1);
  const words = parsed.positionals.slice(0, parsed.positionals.length - behind.length);
  const stray = verb.rest === undefined && behind.length > 0 ? behind[0] : words[verb.word ? 1 : 0];
  if (stray !== undefined) {
    return usage(`${name}: "${stray}" belongs to no flag`, `npx quorate ${name} --help`);
  }
  const values = parsed.values as Readonly<Record<string, string | boolean | undefined>>;
  const empty = flags.find((flag) => values[flag.name] === "");
  if (empty) return usage(`${name}: --${empty.name} needs a ${empty.value}`, `npx quorate ${name} --help`);
  if (values["help"] === true) return { exit: 0, stdout: helpText(name), stderr: "" };
  if (verb.word !== undefined && !words[0]) {
    return usage(`${name} needs a ${verb.word}`, `npx quorate ${name} --help`);
  }
  const command = await verb.load();
  const { config = "cluster.config.json", json = false, ...own } = values;
  try {
    return await command({
      config: String(config),
      json: json === true,
      colour,
      flags: own,
      words,
      rest: behind,
      environment,
      session,
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { exit: 1, stdout: "", stderr: `error: ${error.message}\n  next: ${error.hint}\n` };
  }
}

function usage(message: string, next: string): Result {
  return { exit: 3, stdout: "", stderr: `error: ${message}\n  next: ${next}\n` };
}

/** `npm run render --check` gives npm_config_check=true to the script and no argument: running without it would be wrong. */
function keptByNpm(flag: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  const script = environment["npm_lifecycle_event"];
  if (script === undefined || script === "npx") return false;
  const value = environment[`npm_config_${flag.replaceAll("-", "_")}`];
  return value !== undefined && value !== "" && value !== "false";
}
