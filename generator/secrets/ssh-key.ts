// The private key that an environment variable holds, as the file that ssh wants.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { SSH_KEY_VARIABLE, variable } from "./variables.ts";

const LABEL = "[A-Z0-9 ]*PRIVATE KEY";
const KEY = new RegExp(`^-----BEGIN ${LABEL}-----\\n[A-Za-z0-9+/=:, \\n-]+\\n-----END ${LABEL}-----\\n$`);

export interface KeyFile {
  readonly path: string;
  /** Takes it away again. */
  readonly remove: () => void;
}

/**
 * Writes the key into a folder of its own, for this user alone, where the runner itself clears up should this program be
 * killed (RUNNER_TEMP). Null where the variable holds none. Throws a Failure for what is no private key; it never shows it.
 */
export function sshKeyFile(environment: Readonly<Record<string, string | undefined>>): KeyFile | null {
  const given = variable(environment, SSH_KEY_VARIABLE);
  if (given === null) return null;
  // ssh refuses a key with Windows' line ends, or whose last line has none: pasting makes both.
  const text = `${given.replaceAll("\r", "")}\n`;
  if (!KEY.test(text)) {
    throw new Failure(
      `${SSH_KEY_VARIABLE} does not hold a private key`,
      "put the whole file there, from -----BEGIN to the end of its last line; or leave it empty: ssh then uses the keys of this user",
    );
  }
  const folder = mkdtempSync(join(variable(environment, "RUNNER_TEMP") ?? tmpdir(), "quorate-key-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "key");
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
    return { path, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
