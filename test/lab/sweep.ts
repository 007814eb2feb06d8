// Takes away what is left of labs whose processes are gone: folders and control groups. The kernel has already taken the rest.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { labsOfCgroups, removeCgroups } from "./cgroup.ts";
import { LABS } from "./paths.ts";

/** Ids of the labs that run now. */
export function runningLabs(): readonly string[] {
  return labIds().filter(isRunning);
}

/** Removes what dead labs left on this computer. Safe at any time and from several processes. */
export function sweep(): void {
  // A group outlives its lab's folder where a process took its time to die.
  for (const id of new Set([...labIds(), ...labsOfCgroups()].filter((id) => !isRunning(id)))) {
    removeCgroups(id);
    rmSync(join(LABS, id), { recursive: true, force: true });
  }
}

function labIds(): readonly string[] {
  return existsSync(LABS) ? readdirSync(LABS).filter((name) => /^[0-9a-f]{8}$/.test(name)) : [];
}

/** A lab's first process holds the lock until it ends. A new folder without a lock file is one that is just being made. */
function isRunning(id: string): boolean {
  const folder = join(LABS, id);
  const lock = join(folder, "lock");
  try {
    return existsSync(lock)
      ? spawnSync("flock", ["--nonblock", lock, "true"]).status !== 0
      : Date.now() - statSync(folder).mtimeMs < 60_000;
  } catch {
    return false;
  }
}
