// The lines about this computer: its programs, the cluster's secret, the machines from here, its clock, the checkout.
import { counted, listed } from "../model/words.ts";
import { VERIFY_LIMITS } from "../model/timing.ts";
import { type Line, lineOf } from "./line.ts";

/** What this computer answers. */
export interface ComputerAnswers {
  /** Node's version without its v, and what package.json asks for, such as `>=20.19`. */
  readonly node: { readonly version: string; readonly wanted: string };
  /** What `git --version` prints; null: there is no git. */
  readonly git: string | null;
  /** What `ssh -V` prints; null: there is no ssh. */
  readonly ssh: string | null;
  readonly record: RecordAnswer;
  readonly secret: SecretAnswer;
  /** In the order of the config. */
  readonly machines: readonly MachineAnswer[] | Unasked;
  readonly checkout: CheckoutAnswer;
  /** Files of out/ that differ from what render makes. */
  readonly out: readonly string[] | Unasked;
}

/** Why something was not asked, and what would make it possible. */
export interface Unasked {
  readonly why: string;
  readonly next: string;
}

export type RecordAnswer =
  | { readonly readable: false; readonly why: string; readonly next: string }
  | {
      readonly readable: true;
      /** How many machines something was applied to; null: nothing is recorded. */
      readonly machines: number | null;
      /** Why the shared branch could not be looked at; null: it was. */
      readonly problem: string | null;
    };

export type SecretAnswer =
  /** It cannot be used: missing, broken, open to others, or another cluster's. */
  | { readonly usable: false; readonly missing: boolean; readonly why: string; readonly next: string }
  | {
      readonly usable: true;
      readonly check: string;
      /** The record names the same; false: nothing is recorded yet. */
      readonly fits: boolean;
      /** When it was last exported or imported here, such as 2026-11-22; null: nobody noted that. */
      readonly exported: string | null;
      /** Days since it was written here; null: it comes from the environment, and lies where that has it from. */
      readonly days: number | null;
    };

export interface MachineAnswer {
  readonly name: string;
  /** Why it could not be asked; null: it could. */
  readonly problem: { readonly message: string; readonly next: string } | null;
  /** How far its clock is ahead of this computer's, in seconds; null where it did not say. */
  readonly ahead: number | null;
}

export type CheckoutAnswer =
  | { readonly repository: false; readonly why: string }
  | {
      readonly repository: true;
      /** Paths that are changed or new, and not committed. */
      readonly changed: readonly string[];
      /** The branch that is followed, such as origin/main; null: none. */
      readonly upstream: string | null;
      /** Commits there that are not here, and here that are not there. */
      readonly behind: number;
      readonly ahead: number;
    };

const GROUP = "this computer";
/** Younger than this, a secret that nobody exported is told as a warning: older ones were most likely carried elsewhere before. */
const NEW_SECRET_DAYS = 30;
/** The newest option in our ssh_config, UpdateHostKeys, came with OpenSSH 6.8 (openssh.com/txt/release-6.8). */
const OPENSSH = [6, 8] as const;
const LISTED = 3;

/** In the order in which they are printed. */
export function computerLines(answers: ComputerAnswers): readonly Line[] {
  return [
    nodeLine(answers),
    gitLine(answers),
    sshLine(answers),
    recordLine(answers),
    secretLine(answers),
    backupLine(answers),
    ...machineLines(answers),
    clockLine(answers),
    checkoutLine(answers),
    outLine(answers),
  ];
}

function nodeLine({ node: { version, wanted } }: ComputerAnswers): Line {
  const line = lineOf(GROUP, "node", `Node ${wanted}`);
  const least = numbersOf(wanted);
  if (version === "") return line.unknown("nobody told the version of Node", "node --version");
  return isOlder(numbersOf(version), least)
    ? line.fail(`Node ${version}`, `install Node ${least.join(".")} or newer, then npm ci`)
    : line.ok(`Node ${version}`);
}

function gitLine({ git }: ComputerAnswers): Line {
  const line = lineOf(GROUP, "git", "git, by which the record is found and shared");
  const [version] = /\d+\.\d+[\d.]*/.exec(git ?? "") ?? [];
  return version === undefined
    ? line.fail("there is no git on this computer", "install git")
    : line.ok(`git ${version}`);
}

function sshLine({ ssh }: ComputerAnswers): Line {
  const line = lineOf(GROUP, "ssh", `an OpenSSH client, ${OPENSSH.join(".")} or newer`);
  if (ssh === null)
    return line.fail("there is no ssh on this computer", "install the OpenSSH client (openssh-client)");
  const [, version = ""] = /OpenSSH\D*?_(\d+\.\d+)/.exec(ssh) ?? [];
  if (version === "")
    return line.fail(
      `it calls itself ${ssh}`,
      "put OpenSSH's client first in PATH: ssh -V shows which it is",
    );
  return isOlder(numbersOf(version), OPENSSH)
    ? line.fail(`OpenSSH ${version}`, "install a newer OpenSSH client")
    : line.ok(`OpenSSH ${version}`);
}

function recordLine({ record }: ComputerAnswers): Line {
  const line = lineOf(GROUP, "record", "the record of what was applied, as the others see it");
  if (!record.readable) return line.fail(record.why, record.next);
  const { machines, problem } = record;
  const seen = machines === null ? "nothing was applied yet" : `${counted(machines, "machine")} recorded`;
  if (problem === null) return line.ok(seen);
  return line.warn(
    `${seen}, here; the shared branch could not be looked at (${problem})`,
    "git fetch shows what is wrong",
  );
}

/** Machines are expected to answer, and a secret to be here. */
function isRecorded({ record }: ComputerAnswers): boolean {
  return record.readable && record.machines !== null;
}

function secretLine(answers: ComputerAnswers): Line {
  const { secret } = answers;
  const line = lineOf(
    GROUP,
    "secret",
    "the cluster's secret, private to this person, the recorded cluster's",
  );
  if (secret.usable)
    return line.ok(
      `check value ${secret.check}, ${secret.fits ? "the recorded cluster's" : "nothing is recorded yet"}`,
    );
  // Before the first card there is none, and whoever only reviews needs none.
  if (secret.missing && !isRecorded(answers))
    return line.warn(secret.why, "npx quorate card makes it with the first card; or npx quorate secret new");
  return line.fail(secret.why, secret.next);
}

function backupLine({ secret }: ComputerAnswers): Line {
  const line = lineOf(
    GROUP,
    "backup",
    "the secret also lies somewhere else: snapshots are worthless without it",
  );
  const next = "npx quorate secret export FILE, and keep FILE outside of git and of this computer";
  if (!secret.usable) return line.unknown("see secret", "");
  if (secret.days === null) return line.ok("it comes from the environment, and lies where that has it from");
  if (secret.exported !== null) return line.ok(`exported or imported here on ${secret.exported}`);
  return secret.days < NEW_SECRET_DAYS
    ? line.warn(`it is ${counted(secret.days, "day")} old, and was not exported here yet`, next)
    : line.unknown("nothing here tells whether it was ever exported", next);
}

function machineLines(answers: ComputerAnswers): readonly Line[] {
  const { machines } = answers;
  const what = "every machine lets this computer in by ssh, as itself";
  if (!isList(machines)) return [lineOf(GROUP, "machines", what).unknown(machines.why, machines.next)];
  const silent = machines.flatMap(({ name, problem }) => (problem ? [{ name, ...problem }] : []));
  if (silent.length === 0)
    return [lineOf(GROUP, "machines", what).ok(`${counted(machines.length, "machine")} answered`)];
  return silent.map(({ name, message, next }) => {
    const line = lineOf(GROUP, `machine/${name}`, what);
    // Nothing was applied: they may still lie in their boxes.
    return isRecorded(answers)
      ? line.fail(message, next)
      : line.warn(`${message}; nothing is recorded yet`, next);
  });
}

function clockLine({ machines }: ComputerAnswers): Line {
  const { skewSeconds } = VERIFY_LIMITS;
  const line = lineOf(GROUP, "clock", `this computer's clock within ${skewSeconds} s of the machines'`);
  const clocks = isList(machines)
    ? machines.flatMap(({ name, ahead }) => (ahead === null ? [] : [{ name, ahead }]))
    : [];
  if (clocks.length === 0) return line.unknown("no machine told its time", "");
  const wrong = clocks.filter(({ ahead }) => Math.abs(ahead) > skewSeconds);
  if (wrong.length === 0) return line.ok(`within ${skewSeconds} s of ${counted(clocks.length, "machine")}`);
  const [first] = wrong;
  const alike = wrong.every(({ ahead }) => Math.abs(ahead - (first?.ahead ?? 0)) <= skewSeconds);
  // One machine against one computer: nothing tells which of the two is wrong.
  if (alike && wrong.length === clocks.length && clocks.length > 1) {
    const seconds = first?.ahead ?? 0;
    return line.fail(
      `${Math.abs(seconds)} s ${seconds > 0 ? "behind" : "ahead of"} all ${clocks.length} machines`,
      "let this computer ask a time server: timedatectl set-ntp true",
    );
  }
  const said = wrong.map(
    ({ name, ahead }) => `${name} is ${Math.abs(ahead)} s ${ahead > 0 ? "ahead" : "behind"}`,
  );
  return line.warn(listed(said), "npx quorate verify says which clock is not synchronised");
}

function checkoutLine({ checkout }: ComputerAnswers): Line {
  const line = lineOf(
    GROUP,
    "checkout",
    "a checkout as it is on the server, with nothing that is not committed",
  );
  if (!checkout.repository)
    return line.warn(checkout.why, "git init, commit everything, and push it to a private repository");
  const { changed, upstream, behind, ahead } = checkout;
  if (changed.length > 0)
    return line.warn(
      `not committed: ${few(changed)}`,
      "git status, then commit, or git restore what is not meant",
    );
  if (upstream === null)
    return line.warn("this branch follows none on a server", "git push --set-upstream origin HEAD");
  if (behind > 0)
    return line.warn(
      `${counted(behind, "commit")} of ${upstream} ${behind === 1 ? "is" : "are"} not here`,
      "git pull",
    );
  return line.ok(ahead > 0 ? `clean, ${counted(ahead, "commit")} not pushed` : `clean, as ${upstream}`);
}

function outLine({ out }: ComputerAnswers): Line {
  const line = lineOf(GROUP, "out", "out/ is what render makes of the config");
  if (!isList(out)) return line.fail(out.why, out.next);
  if (out.length === 0) return line.ok("in step with the config");
  return line.fail(
    `${counted(out.length, "file")} not as render makes ${out.length === 1 ? "it" : "them"}: ${few(out)}`,
    "npm run render, then commit out/ together with the config",
  );
}

function isList<Each>(answer: readonly Each[] | Unasked): answer is readonly Each[] {
  return Array.isArray(answer);
}

/** "a, b and 7 more". */
export function few(names: readonly string[]): string {
  const more = names.length - LISTED;
  return more > 0 ? `${names.slice(0, LISTED).join(", ")} and ${more} more` : listed(names);
}

function numbersOf(version: string): readonly number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
}

function isOlder(version: readonly number[], least: readonly number[]): boolean {
  const at = least.findIndex((number, index) => number !== (version[index] ?? 0));
  return at >= 0 && (version[at] ?? 0) < (least[at] ?? 0);
}
