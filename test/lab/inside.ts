// The namespaces that a lab lives in: the kernel takes its links, mounts and processes away when its first process ends, however it ends.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "./command.ts";
import { LABS, PROJECT } from "./paths.ts";
import { runningLabs, sweep } from "./sweep.ts";

/** Set for every process of a lab: its id. */
export const LAB_VARIABLE = "QUORATE_LAB_ID";

export interface Inside {
  /** Eight hex digits. */
  readonly id: string;
  /** The lab's disk: locked while it runs, swept when it is gone. */
  readonly folder: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

// A shell as the first process takes care of orphans. nspawn wants a /run/systemd to itself.
const FIRST =
  'mkdir -p /run/systemd && mount -t tmpfs -o mode=755 tmpfs /run/systemd || exit 3; "$@"; exit $?';

/**
 * How to start a command in a lab of its own: an own network, own mounts that nobody else sees, and own processes.
 * `withParent`: it ends with the process that starts it. What it is started with holds the lock of the lab's folder until the last one is gone.
 */
export function inside(
  command: readonly string[],
  { withParent = true }: { readonly withParent?: boolean } = {},
): Inside {
  const id = randomBytes(4).toString("hex");
  const folder = join(LABS, id);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const chain = [
    ...(withParent ? ["setpriv", "--pdeathsig", "KILL"] : []),
    "flock",
    "--no-fork",
    "--nonblock",
    join(folder, "lock"),
    "unshare",
    "--net",
    "--mount",
    "--propagation",
    "slave",
    "--pid",
    "--mount-proc",
    "--fork",
    "--kill-child=KILL",
    "sh",
    "-c",
    FIRST,
    "sh",
    ...command,
  ];
  return {
    id,
    folder,
    file: chain[0] ?? "",
    args: chain.slice(1),
    env: { ...process.env, [LAB_VARIABLE]: id },
  };
}

/**
 * Starts what `inside` made and waits for its end. Ctrl-C, SIGTERM and the end of `limitMs` kill all of it at once. Then what
 * it left on disk is swept. Returns the exit code, as a shell counts.
 */
export function enter(place: Inside, env: NodeJS.ProcessEnv = {}, limitMs = 2 ** 31 - 1): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(place.file, place.args, {
      cwd: PROJECT,
      env: { ...place.env, ...env },
      stdio: "inherit",
    });
    const end = () => child.kill("SIGKILL");
    const timer = setTimeout(end, limitMs);
    process.once("SIGINT", end).once("SIGTERM", end);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(timer);
      process.off("SIGINT", end).off("SIGTERM", end);
      // The kernel is still busy with the ones that were killed.
      until("the processes of the lab to end", 20_000, () => !runningLabs().includes(place.id) || undefined)
        .then(sweep)
        .then(() => resolve(status ?? 137), reject);
    });
  });
}
