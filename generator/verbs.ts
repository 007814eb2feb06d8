// The table of verbs, and from arguments to a result: the command line without its process.
import { parseArgs } from "node:util";
import project from "../package.json" with { type: "json" };
import type { Command, Invocation, Result, Session } from "./commands/command.ts";
import { Interrupted, NOBODY } from "./dialogue.ts";
import { Failure } from "./failure.ts";

interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly text: string;
  /** May be given again and again; its value is then a list. */
  readonly multiple?: true;
}

interface Verb {
  readonly text: string;
  readonly flags: readonly Flag[];
  /** The words that it needs, in order, as the help shows them. */
  readonly words?: readonly string[];
  /** Words that may follow, or stand instead of those: the verb itself says which. As the help shows them. */
  readonly moreWords?: readonly string[];
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
const WAIT_FLAG: Flag = {
  name: "wait",
  value: "MINUTES",
  text: "how long a new machine may be silent before it joins (default: 15 on a terminal, else 0)",
};
/** For callers that have no terminal. */
export const NO_SESSION: Session = {
  interrupted: new AbortController().signal,
  needs: () => {},
  screen: false,
  terminal: false,
  dialogue: NOBODY,
  show: () => {},
  readInput: async () => "",
  runtime: "",
};

/** Every verb. docs/cli.md is made from this table. */
export const VERBS: Readonly<Record<string, Verb>> = {
  new: {
    text: "Write a cluster.config.json for this LAN: asks, and proposes what it sees. Each flag is an answer, and is not asked.",
    flags: [
      { name: "name", value: "NAME", text: "what the cluster is called" },
      { name: "subnet", value: "CIDR", text: "the LAN of the machines, such as 192.168.1.0/24" },
      { name: "gateway", value: "ADDRESS", text: "the router's address" },
      { name: "dns", value: "ADDRESS", text: "a DNS server; may be given again", multiple: true },
      { name: "servers", value: "HOW", text: "how many, such as 3, or their addresses with commas between" },
      { name: "load-balancers", value: "HOW", text: "the same: 0, 1, 2 or addresses" },
      { name: "agents", value: "HOW", text: "the same, of machines that only run workloads" },
      { name: "vip", value: "ADDRESS", text: "the free address that the load balancers hold" },
      { name: "dns-name", value: "NAME", text: "a DNS name for that address (default: none)" },
      { name: "os", value: "OS", text: "raspberry-pi-os, ubuntu or debian" },
      { name: "disk", value: "DISK", text: "what the servers run from: sd or ssd" },
      { name: "user", value: "NAME", text: "the login on every machine (default: ops)" },
      {
        name: "key",
        value: "KEY",
        text: "an SSH public key line or a .pub file; may be given again",
        multiple: true,
      },
      { name: "k3s", value: "VERSION", text: "the K3s release (default: the one of the sample)" },
      { name: "yes", text: "take every proposal, ask nothing" },
      {
        name: "overwrite",
        text: "replace the config that is there; other than the sample it is kept as FILE.old",
      },
      { name: "config", value: "FILE", text: "the config to write (default: cluster.config.json)" },
    ],
    load: async () => (await import("./commands/new.ts")).newConfig,
  },
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
  card: {
    text: "Write the card of a machine, or all of them: it boots into the cluster by itself.",
    moreWords: ["NAME", "TARGET"],
    flags: [
      { name: "all", value: "DIR", text: "write every machine's files into DIR/NAME, to be copied on cards" },
      { name: "list", text: "show the cards in this computer, and what is on them" },
      { name: "diagnose", value: "TARGET", text: "read back what the machine last wrote on its card" },
      { name: "offline", text: "do not look whether the cluster answers, nor fetch the record" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/card.ts")).card,
  },
  secret: {
    text: "Make, export, import or check the cluster's secret: WORD is new, export, import or check.",
    words: ["WORD"],
    moreWords: ["FILE"],
    flags: [{ name: "offline", text: "do not look whether the cluster answers, nor fetch the record" }],
    load: async () => (await import("./commands/secret.ts")).secret,
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
  plan: {
    text: "Ask every machine what it has, and show what differs from the config, why, and how a change would be felt.",
    flags: [
      {
        name: "offline",
        text: "ask no machine: compare with the record, needing neither network nor secret",
      },
      { name: "exit-code", text: "exit 2 where something would change" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  apply: {
    text: "Carry the plan out, machine by machine, so that nobody notices; and record what runs where.",
    flags: [
      { name: "node", value: "NAME", text: "only this machine; may be given again", multiple: true },
      { name: "yes", text: "do not ask before the first change" },
      { name: "dry-run", text: "show the plan and the steps, and change nothing" },
      { name: "accept-outage", text: "also where the plan says that it is an outage" },
      WAIT_FLAG,
      { name: "without-snapshot", text: "exchange K3s on servers without a snapshot of etcd before" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/apply.ts")).apply,
  },
  snapshot: {
    text: "Snapshots of etcd: WORD is now (take one, on a server that is ready) or list (what every server has).",
    words: ["WORD"],
    flags: [IDENTITY_FLAG],
    load: async () => (await import("./commands/snapshot.ts")).snapshot,
  },
  replace: {
    text: "Put a new machine under the name of a dead one: the cluster forgets the older one, the card is written where a TARGET is named (where the flashed card is mounted: npx quorate card --list), and the new one is waited for.",
    words: ["NAME"],
    moreWords: ["TARGET"],
    flags: [{ name: "yes", text: "the older one is gone for good: do not ask" }, WAIT_FLAG, IDENTITY_FLAG],
    load: async () => (await import("./commands/replace.ts")).replace,
  },
  uninstall: {
    text: "Take a machine out of the cluster and remove what is on it, or the whole cluster. Its name has to be typed.",
    moreWords: ["NAME"],
    flags: [
      { name: "all", text: "every machine of the cluster" },
      {
        name: "confirm",
        value: "NAME",
        text: "the name of the machine or the cluster, instead of typing it",
      },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/uninstall.ts")).uninstall,
  },
  drift: {
    text: "Hold the machines against what was last applied to them: files, units, versions, members. It needs no secret; exit 2 where something differs.",
    flags: [IDENTITY_FLAG],
    load: async () => (await import("./commands/drift.ts")).drift,
  },
  verify: {
    text: "Ask whether the cluster works: out/verify.sh, Kubernetes, and the machines themselves. Changes nothing.",
    flags: [
      { name: "tap", text: "print it as Test Anything Protocol" },
      { name: "quiet", text: "print only what fails: for cron" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  doctor: {
    text: "Can this computer, this repository and GitHub do their job? Each line that is not well says what to do. Only asks; for GitHub it takes GITHUB_TOKEN or GH_TOKEN.",
    flags: [
      {
        name: "runner",
        value: "DIR",
        text: "also the GitHub runner in this folder of this computer: its hook is tried with forged jobs",
      },
      { name: "offline", text: "ask neither the machines nor GitHub" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  drill: {
    text: "Make the failures that the cluster survives, one after the other, and measure what is felt against what is promised.",
    flags: [
      {
        name: "only",
        value: "WHAT",
        text: "a machine, a kind of failure, or both: server-1/hung; may be given again",
        multiple: true,
      },
      { name: "dry-run", text: "list the failures and what is promised about each; nothing is done" },
      { name: "yes", text: "do not ask before the first failure" },
      {
        name: "power",
        value: "CMD",
        text: "a command that switches a machine's power: it is given NAME and off or on",
      },
      { name: "svg", value: "FILE", text: "also draw it as a picture" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/drill.ts")).drill,
  },
  kubeconfig: {
    text: "Fetch the administrator's kubeconfig: into a FILE, or beside the clusters that you have.",
    moreWords: ["FILE"],
    flags: [
      { name: "merge", text: "into ~/.kube/config (or KUBECONFIG), where everything else stays" },
      { name: "as", value: "NAME", text: "the name of the context (default: the cluster's)" },
      IDENTITY_FLAG,
    ],
    load: async () => (await import("./commands/kubeconfig.ts")).kubeconfig,
  },
  pipeline: {
    text: "For workflows, not for people: WORD is plan (of a pull request), comment (on it), apply (after its merge) or drift.",
    words: ["WORD"],
    flags: [
      { name: "out", value: "DIR", text: "plan: where to write report.json" },
      { name: "from", value: "DIR", text: "comment: where another job's report.json is" },
    ],
    load: async () => (await import("./commands/pipeline.ts")).pipeline,
  },
  ssh: {
    text: "Log in to a machine, or run a command there; its host key is known from the cluster's secret.",
    words: ["NAME"],
    rest: "COMMAND...",
    interactive: true,
    flags: [IDENTITY_FLAG],
    load: async () => (await import("./commands/ssh.ts")).ssh,
  },
  "runner-hook": {
    text: "Print the hook by which the runner in the LAN refuses every job that is not an apply or a drift check of this repository.",
    flags: [
      { name: "repository", value: "OWNER/NAME", text: "on GitHub (default: that of git's remote origin)" },
      {
        name: "branch",
        value: "NAME",
        text: "the branch that is applied (default: origin's default branch, or main)",
      },
    ],
    load: async () => (await import("./commands/runner-hook.ts")).printRunnerHook,
  },
};

function flagsOf(verb: Verb): readonly Flag[] {
  const common = verb.interactive ? COMMON_FLAGS.filter((flag) => flag !== JSON_FLAG) : COMMON_FLAGS;
  const own = new Set(verb.flags.map(({ name }) => name));
  return [...verb.flags, ...common.filter(({ name }) => !own.has(name))];
}

/** The text of --help, for one verb or for all. */
export function helpText(name?: string): string {
  const verb = name === undefined ? undefined : VERBS[name];
  const flagLines = (flags: readonly Flag[]) => {
    const shown = flags.map(({ name: flag, value }) => `--${flag}${value ? ` ${value}` : ""}`);
    const width = Math.max(16, ...shown.map((flag) => flag.length + 2));
    return flags.map(({ text }, index) => `  ${shown[index]?.padEnd(width)}${text}`);
  };
  if (verb) {
    const more = (verb.moreWords ?? []).map((word) => `[${word}]`);
    const behind = verb.rest === undefined ? [] : [`[-- ${verb.rest}]`];
    return [
      ["npx quorate", name, ...(verb.words ?? []), ...more, "[flags]", ...behind].join(" "),
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
    "A machine is dead: docs/operations.md",
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
        flags.map((flag) => [
          flag.name,
          { type: flag.value ? ("string" as const) : ("boolean" as const), multiple: flag.multiple ?? false },
        ]),
      ),
    });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    return usage(`${name}: ${reason}`, `npx quorate ${name} --help`);
  }
  const again = new Set(flags.filter(({ multiple }) => multiple).map((flag) => flag.name));
  const names = parsed.tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
  const twice = names.find((each, index) => names.indexOf(each) !== index && !again.has(each));
  if (twice !== undefined) return usage(`${name}: --${twice} is there twice`, `npx quorate ${name} --help`);
  // parseArgs takes what is behind the first -- as positionals too.
  const end = parsed.tokens.find(({ kind }) => kind === "option-terminator")?.index ?? rest.length;
  const behind = rest.slice(end + 1);
  const words = parsed.positionals.slice(0, parsed.positionals.length - behind.length);
  const wanted = verb.words ?? [];
  const most = wanted.length + (verb.moreWords ?? []).length;
  const stray = verb.rest === undefined && behind.length > 0 ? behind[0] : words[most];
  if (stray !== undefined) {
    return usage(`${name}: "${stray}" belongs to no flag`, `npx quorate ${name} --help`);
  }
  const values = parsed.values as Invocation["flags"];
  const empty = flags.find((flag) => [values[flag.name]].flat().includes(""));
  if (empty) return usage(`${name}: --${empty.name} needs a ${empty.value}`, `npx quorate ${name} --help`);
  if (values["help"] === true) return { exit: 0, stdout: helpText(name), stderr: "" };
  const lacking = wanted.find((_, index) => !words[index]);
  if (lacking !== undefined) return usage(`${name} needs a ${lacking}`, `npx quorate ${name} --help`);
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
    // A question is asked before the first change; a verb that asks later says itself what it has done.
    if (error instanceof Interrupted) return { exit: 130, stdout: "", stderr: "nothing was changed\n" };
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
