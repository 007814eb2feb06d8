// The flags of `k3s kubectl`, each command's own: one that kubectl does not know has to fail here too.

export interface Line {
  readonly verb: string;
  /** What is no flag, behind the verb. */
  readonly words: readonly string[];
  /** By their long names; a switch is "true" or "false". */
  readonly flags: ReadonlyMap<string, string>;
}

type Kind = "text" | "switch" | "duration" | "number";

const EVERYWHERE: Readonly<Record<string, Kind>> = {
  kubeconfig: "text",
  namespace: "text",
  "request-timeout": "text",
};
const FLAGS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  get: { output: "text", raw: "text", "ignore-not-found": "switch" },
  delete: { timeout: "duration" },
  cordon: {},
  uncordon: {},
  drain: {
    "ignore-daemonsets": "switch",
    "delete-emptydir-data": "switch",
    force: "switch",
    timeout: "duration",
    "grace-period": "number",
  },
  annotate: { overwrite: "switch" },
};
const SHORT: Readonly<Record<string, string>> = { o: "output", n: "namespace" };

/** Go's words for what its parsers refuse; null is fine. */
const REFUSED: Readonly<Record<Kind, (value: string) => string | null>> = {
  text: () => null,
  switch: (value) =>
    /^(true|false|t|f|1|0)$/i.test(value) ? null : `strconv.ParseBool: parsing "${value}": invalid syntax`,
  duration: (value) =>
    /^(0|(\d+(\.\d+)?(ms|[hms]))+)$/.test(value)
      ? null
      : /^\d+$/.test(value)
        ? `time: missing unit in duration "${value}"`
        : `time: invalid duration "${value}"`,
  number: (value) =>
    /^[+-]?\d+$/.test(value) ? null : `strconv.ParseInt: parsing "${value}": invalid syntax`,
};

/** Throws kubectl's words for a command or a flag that there is not, and for a value that a flag does not take. */
export function readLine(args: readonly string[]): Line {
  const verb = args.find((word) => Object.hasOwn(FLAGS, word));
  if (verb === undefined) throw new Error(`error: unknown command "${args[0] ?? ""}" for the stand-in`);
  const known = { ...EVERYWHERE, ...FLAGS[verb] };
  const usage = (what: string) => new Error(`error: ${what}\nSee 'kubectl ${verb} --help' for usage.`);
  const words: string[] = [];
  const flags = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { long, given } = split(word);
    if (long === undefined) {
      words.push(word);
      continue;
    }
    const kind = known[long];
    if (kind === undefined) {
      throw usage(
        word.startsWith("--")
          ? `unknown flag: --${long}`
          : `unknown shorthand flag: '${word[1] ?? ""}' in ${word}`,
      );
    }
    const value = given ?? (kind === "switch" ? "true" : rest.shift());
    if (value === undefined) throw usage(`flag needs an argument: ${word}`);
    const why = REFUSED[kind](value);
    if (why !== null) throw usage(`invalid argument "${value}" for "--${long}" flag: ${why}`);
    flags.set(long, kind === "switch" ? String(/^(true|t|1)$/i.test(value)) : value);
  }
  words.splice(words.indexOf(verb), 1);
  return { verb, words, flags };
}

/** `--output=json`, `--output`, `-o=json`, `-ojson` and `-o`; no `long`: it is no flag. */
function split(word: string): { readonly long?: string; readonly given?: string | undefined } {
  const [, long, longGiven] = /^--([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
  if (long !== undefined) return { long, given: longGiven };
  const [, short, shortGiven] = /^-([a-z])(?:=?([^]+))?$/.exec(word) ?? [];
  return short === undefined ? {} : { long: SHORT[short] ?? short, given: shortGiven };
}
