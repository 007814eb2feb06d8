// The real programs that contract tests run: found on this computer, or missed aloud.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const LIMIT_MS = 60_000;

/** Where `name` is, or null. Looks into the sbin folders too, which are not in everybody's PATH. */
function findTool(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  const places = isAbsolute(name) ? [name] : folders.filter(isAbsolute).map((folder) => join(folder, name));
  return places.find(isExecutable) ?? null;
}

/** Whether that program is on this computer. */
export function isThere(name: string): boolean {
  return findTool(name) !== null;
}

/**
 * For the `skip` option of a test: false where the tool is there, else a message with the line that installs it.
 * Throws instead where CI is set, so that a test cannot vanish from a green run.
 */
export function requireTool(name: string, installLine: string): string | false {
  return findTool(name) === null ? missing(name, installLine) : false;
}

/** The answer of `requireTool` for something that is no program, such as a Python module. Throws where CI is set. */
export function missing(what: string, installLine: string): string {
  const message = `${what} is missing; install it: ${installLine}`;
  if (process.env["CI"]) throw new Error(message);
  return message;
}

export interface Run {
  /** The exit code, or the signal's name. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool with plain English messages. Throws where it cannot be started or takes longer than a minute. */
export function runTool(name: string, args: readonly string[], input = ""): Run {
  const file = findTool(name);
  if (file === null) throw new Error(`${name} is not on this computer`);
  const env = { ...process.env, LC_ALL: "C.UTF-8" };
  const run = spawnSync(file, args, { input, env, encoding: "utf8", timeout: LIMIT_MS, maxBuffer: 2 ** 26 });
  if (run.error) throw run.error;
  return { status: run.status ?? run.signal ?? "unknown", stdout: run.stdout, stderr: run.stderr };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
