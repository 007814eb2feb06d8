// The root secret of a cluster, which lies beside its config or comes from the environment: read, and written once. Never shown.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { ensurePrivateFolder, writePrivateFile } from "../private-file.ts";
import { ROOT_BYTES } from "./derive.ts";
import { importText } from "./export-text.ts";
import { ROOT_FILE_VARIABLE, ROOT_VARIABLE, variable } from "./variables.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const FOLDER = ".secrets";
const FILE = "cluster-secret";
/** 64 hex digits and a newline. */
const FORM = /^([0-9a-f]{64})\n$/;
const OTHERS = 0o077;

/** `.secrets` beside the config: git-ignored, and open to this person only. */
export function secretsFolder(config: string): string {
  return join(dirname(config), FOLDER);
}

/** Where the secret is, or would be. */
export function rootSecretPath(config: string): string {
  return join(secretsFolder(config), FILE);
}

/** Whether something is there, in whatever state. */
export function hasRootSecret(config: string): boolean {
  return existsSync(rootSecretPath(config));
}

/** A new one: 32 bytes of the system's own randomness. */
export function newRootSecret(): Uint8Array {
  return randomBytes(ROOT_BYTES);
}

/** Writes it where none is yet. Throws a Failure where one is, or where it cannot be written; nothing is changed then. */
export function writeRootSecret(config: string, root: Uint8Array): void {
  const path = rootSecretPath(config);
  try {
    ensurePrivateFolder(secretsFolder(config));
    writePrivateFile(path, `${Buffer.from(root).toString("hex")}\n`, true);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      throw new Failure(
        `${path} is there already, and nothing was changed`,
        "npx quorate secret check says what it is; to use another one, move it away first, to a safe place",
        error,
      );
    }
    throw new Failure(`cannot write ${path}: ${message}`, "make that folder writable for yourself", error);
  }
}

/** Whether the environment gives one: where no person works, no file lies beside the config. */
export function givesRootSecret(environment: Environment): boolean {
  return variable(environment, ROOT_VARIABLE) !== null || variable(environment, ROOT_FILE_VARIABLE) !== null;
}

/**
 * The 32 bytes that QUORATE_CLUSTER_SECRET holds, else those of the file that QUORATE_CLUSTER_SECRET_FILE names, else those in
 * `.secrets/cluster-secret` beside the config. Throws a Failure where it is missing, not of that form, or where others on this
 * computer may read a file or list the folder (POSIX only: Windows has no such bits).
 */
export function readRootSecret(config: string, environment: Environment): Uint8Array {
  const given = variable(environment, ROOT_VARIABLE);
  if (given !== null) return imported(ROOT_VARIABLE, given);
  const file = variable(environment, ROOT_FILE_VARIABLE);
  if (file !== null) {
    const text = read(file, environment);
    refuseShared(file, "600");
    return imported(file, text);
  }
  const folder = secretsFolder(config);
  const path = rootSecretPath(config);
  const text = read(path, environment);
  refuseShared(path, "600");
  refuseShared(folder, "700");
  const [, hex] = FORM.exec(text) ?? [];
  if (hex === undefined) {
    throw new Failure(
      `${path} does not hold a cluster secret: 64 lower-case hex digits and a newline`,
      "move it away; on the computer where the cards were written: npx quorate secret export; here: npx quorate secret import",
    );
  }
  return Buffer.from(hex, "hex");
}

function imported(where: string, text: string): Uint8Array {
  const read = importText(text);
  if (read.ok) return read.root;
  throw new Failure(
    `${where} does not hold a cluster secret: ${read.reason}`,
    "put there what npx quorate secret export - prints, on the computer where the cards were written",
  );
}

function read(path: string, environment: Environment): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new Failure(
        `there is no ${path}: the keys of this cluster's machines are not known here`,
        `on the computer where the cards were written: npx quorate secret export; ${
          environment["GITHUB_ACTIONS"] === "true"
            ? `what it prints belongs into the secret ${ROOT_VARIABLE} of this job's environment, or into a file on the runner that ${ROOT_FILE_VARIABLE} names in the runner's .env`
            : "here: npx quorate secret import"
        }`,
        error,
      );
    }
    throw new Failure(
      `cannot read ${path}: ${message}`,
      `make it readable for yourself: ls -l ${asArgument(path)}`,
      error,
    );
  }
}

/** The mode is 0 in all of "group" and "others", or it is Windows, which answers with made-up ones. */
function refuseShared(path: string, wanted: "600" | "700"): void {
  if (sep === "\\") return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & OTHERS) === 0) return;
  throw new Failure(
    `${path} is open to other users of this computer (mode ${mode.toString(8).padStart(4, "0")})`,
    `chmod ${wanted} ${asArgument(path)}; if others use this computer, treat the secret as known to them`,
  );
}
