// Control groups of the machines: each its own, or their systemds would take each other's services for theirs.
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "quorate-";

/** Where the hierarchies are in which a systemd keeps its services: the unified one, and version 1's own of systemd. */
function hierarchies(): readonly string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => / - cgroup2 /.test(line) || / - cgroup .*name=systemd/.test(line))
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith("/sys/fs/cgroup"));
}

/** Makes a machine's groups, and says where their lists of processes are. */
export function openCgroups(lab: string, machine: string): readonly string[] {
  return hierarchies().map((top) => {
    const folder = join(top, `${PREFIX}${lab}-${machine}`);
    mkdirSync(folder, { recursive: true });
    return join(folder, "cgroup.procs");
  });
}

/** Removes the groups of a lab whose processes are gone; of one machine where it is named. */
export function removeCgroups(lab: string, machine = ""): void {
  for (const top of hierarchies()) {
    for (const name of readdirSync(top)) {
      const wanted =
        machine === "" ? name.startsWith(`${PREFIX}${lab}-`) : name === `${PREFIX}${lab}-${machine}`;
      if (wanted) removeTree(join(top, name));
    }
  }
}

/** Ids of all labs that have groups, dead ones too. */
export function labsOfCgroups(): readonly string[] {
  return hierarchies()
    .flatMap((top) => readdirSync(top))
    .flatMap((name) => /^quorate-([0-9a-f]{8})-/.exec(name)?.[1] ?? []);
}

function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(folder, entry.name));
    }
    rmdirSync(folder);
  } catch {
    // A process that is still dying holds it: the next sweep takes it.
  }
}
