// The verb secret: the life of the cluster's root secret outside of cards. It is shown by one of its words only: export -.
import { readFileSync } from "node:fs";
import { refuseNewSecret, refuseOtherSecret } from "../cards/known.ts";
import { seeCluster } from "../cards/see-cluster.ts";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { wouldBeCommitted } from "../git.ts";
import type { Cluster } from "../model/cluster.ts";
import { writePrivateFile } from "../private-file.ts";
import { programs, type RunProgram } from "../program.ts";
import { readRecord, type RecordPlace } from "../read-record.ts";
import { rootCheck } from "../secrets/derive.ts";
import { noteExport } from "../secrets/exported.ts";
import { exportText, importText } from "../secrets/export-text.ts";
import {
  hasRootSecret,
  newRootSecret,
  readRootSecret,
  rootSecretPath,
  writeRootSecret,
} from "../secrets/root.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { Interrupted } from "../dialogue.ts";
import { loadConfig } from "./load.ts";

const STDIO = "-";
/** This verb is about the file beside the config, and about no other place. */
const NO_ENVIRONMENT = {};

interface Task {
  readonly cluster: Cluster;
  readonly config: string;
  readonly file: string | undefined;
  readonly run: RunProgram;
  readonly invocation: Invocation;
}

/** What became of it: for people and, without any secret in it, for --json. */
interface Done {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const WORDS: Readonly<Record<string, (task: Task) => Promise<Done>>> = {
  new: makeNew,
  export: exportIt,
  import: importIt,
  check,
};

/** Exit 0 done, 1 where it could not be, 3 for bad words or a bad config. */
export const secret: Command = async (invocation) => {
  const { config, json, colour, words, environment } = invocation;
  const [word = "", file] = words;
  const work = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (!work) return usage(`there is no "${word}"; it takes ${Object.keys(WORDS).join(", ")}`);
  if (file !== undefined && (word === "new" || word === "check")) return usage(`${word} takes no file`);
  if (file === undefined && word === "export")
    return usage(`export needs a FILE, or ${STDIO} for standard output`);
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  try {
    const { text, json: document } = await work({
      cluster,
      config,
      file,
      run: programs(environment),
      invocation,
    });
    if (!json || (word === "export" && file === STDIO)) return { exit: 0, stdout: text, stderr: "" };
    return { exit: 0, stdout: `${JSON.stringify(document, null, 2)}\n`, stderr: text };
  } catch (error) {
    if (error instanceof Interrupted) return { exit: 130, stdout: "", stderr: "nothing was changed\n" };
    throw error;
  }
};

function usage(message: string): Result {
  return { exit: 3, stdout: "", stderr: `error: secret: ${message}\n  next: npx quorate secret --help\n` };
}

async function makeNew({ cluster, config, run, invocation }: Task): Promise<Done> {
  const path = rootSecretPath(config);
  if (hasRootSecret(config)) {
    throw new Failure(
      `${path} is there already, and nothing was changed`,
      "npx quorate secret check says what it is",
    );
  }
  const sight = await seeCluster(cluster, config, run, invocation.flags["offline"] === true);
  refuseNewSecret(sight);
  const root = newRootSecret();
  writeRootSecret(config, root);
  return {
    text: [
      ...sight.notes.map((note) => `note: ${note}`),
      `${path} is made (check value ${rootCheck(root)}): every key and token of the cluster comes from it`,
      "back this up now: npx quorate secret export FILE, and keep FILE outside of git and of this computer",
      "",
    ].join("\n"),
    json: { path, check: rootCheck(root), notes: sight.notes },
  };
}

async function exportIt({ cluster, config, file = STDIO, run }: Task): Promise<Done> {
  const root = readRootSecret(config, NO_ENVIRONMENT);
  const text = exportText(cluster.name, root);
  if (file === STDIO) {
    noteExport(config, root, Date.now());
    return { text, json: {} };
  }
  if (await wouldBeCommitted(run, file)) {
    throw new Failure(
      `${file} lies in a git repository that does not ignore it: the secret would be pushed one day`,
      "name a place outside of it, best on another disk",
    );
  }
  try {
    writePrivateFile(file, text, true);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(
      code === "EEXIST"
        ? `${file} is there already, and was not overwritten`
        : `cannot write ${file}: ${message}`,
      "name another file",
      error,
    );
  }
  noteExport(config, root, Date.now());
  return {
    text: `${file} holds the secret of ${cluster.name} now (check value ${rootCheck(root)})\n  next: put it into a password manager or on a disk in a drawer, then delete it here. On another computer: npx quorate secret import ${asArgument(file)}\n`,
    json: { file, check: rootCheck(root) },
  };
}

async function importIt({ cluster, config, file, run, invocation }: Task): Promise<Done> {
  const imported = importText(await inputOf(file, invocation));
  const path = rootSecretPath(config);
  const where = file === undefined || file === STDIO ? "what was given" : file;
  if (!imported.ok) {
    throw new Failure(
      `${where} is not taken: ${imported.reason}; nothing was changed`,
      "give the whole text that npx quorate secret export wrote",
    );
  }
  if (imported.cluster !== null && imported.cluster !== cluster.name) {
    throw new Failure(
      `${where} is the secret of the cluster ${imported.cluster}, and the config describes ${cluster.name}; nothing was changed`,
      "take the secret of this cluster, or go to the folder of that one",
    );
  }
  const { root } = imported;
  const { record } = await readRecord(config, run, placeOf(cluster, invocation));
  refuseOtherSecret(root, { record, answers: [], blind: null });
  if (hasRootSecret(config) && rootCheck(readRootSecret(config, NO_ENVIRONMENT)) === rootCheck(root))
    return {
      text: `${path} holds this secret already; nothing was changed\n`,
      json: { path, check: rootCheck(root) },
    };
  writeRootSecret(config, root);
  noteExport(config, root, Date.now());
  return {
    text: `${path} is written (check value ${rootCheck(root)}${record ? ", the recorded cluster's" : ""})\n  next: npx quorate status\n`,
    json: { path, check: rootCheck(root) },
  };
}

async function inputOf(file: string | undefined, { session }: Invocation): Promise<string> {
  if (file === STDIO) return session.readInput();
  if (file === undefined) {
    if (session.terminal)
      return session.dialogue.hidden({ message: "The line quorate-secret:1:... (it is not shown)" });
    throw new Failure(
      "nobody sits at a terminal to be asked for the secret",
      `npx quorate secret import FILE, or npx quorate secret import ${STDIO} with it on standard input`,
    );
  }
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure(
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
      "name the file that npx quorate secret export wrote",
      error,
    );
  }
}

function placeOf({ state }: Cluster, { flags }: Invocation): RecordPlace {
  return { branch: state.branch, fetches: flags["offline"] !== true };
}

async function check({ cluster, config, run, invocation }: Task): Promise<Done> {
  const root = readRootSecret(config, NO_ENVIRONMENT);
  const { record, problem } = await readRecord(config, run, placeOf(cluster, invocation));
  refuseOtherSecret(root, { record, answers: [], blind: null });
  const fits = record
    ? "it is the recorded cluster's"
    : "no cluster is recorded yet, so nothing says whether it is the right one";
  const unseen =
    problem === null || invocation.flags["offline"] === true
      ? ""
      : `note: the record on the shared branch could not be looked at (${problem})\n`;
  return {
    text: `${unseen}${rootSecretPath(config)} is whole and private, check value ${rootCheck(root)}: ${fits}\n`,
    json: { path: rootSecretPath(config), check: rootCheck(root), recorded: record !== null },
  };
}
