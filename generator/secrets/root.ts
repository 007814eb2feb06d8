// Reads the root secret of a cluster, which lies beside its config. Makes none, and never shows one.
import { readFileSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";

const FOLDER = ".secrets";
const FILE = "cluster-secret";
/** 64 hex digits and a newline. */
const FORM = /^([0-9a-f]{64})\n$/;
const OTHERS = 0o077;

/**
 * The 32 bytes in `.secrets/cluster-secret` beside the config. Throws a Failure where it is missing, not of that form, or
 * where others on this computer may read it or list its folder (POSIX only: Windows has no such bits).
 */
export function readRootSecret(config: string): Uint8Array {
  const folder = join(dirname(config), FOLDER);
  const path = join(folder, FILE);
  const text = read(path);
  refuseShared(path, "600");
  refuseShared(folder, "700");
  const [, hex] = FORM.exec(text) ?? [];
  if (hex === undefined) {
    throw new Failure(
      `${path} does not hold a cluster secret: 64 lower-case hex digits and a newline`,
      `copy ${FOLDER}/ again from the computer where the cards were written, as whole files`,
    );
  }
  return Buffer.from(hex, "hex");
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new Failure(
        `there is no ${path}: the keys of this cluster's machines are not known here`,
        `copy ${FOLDER}/ from the computer where the cards were written to the folder of the config`,
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
