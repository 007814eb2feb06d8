// The labs that stay in the background for a person: start one, enter its machines, take it down.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./command.ts";
import { type Held, heldFile } from "./hold.ts";
import { enter, type Inside, inside, LAB_VARIABLE } from "./inside.ts";
import { LABS, labFile, PROJECT } from "./paths.ts";
import { runningLabs, sweep } from "./sweep.ts";

const BOOT_MS = 180_000;

/** Boots a cluster: in the foreground until Ctrl-C, or with `keep` in the background. Returns the exit code. */
export async function up(what: string, keep: boolean): Promise<number> {
  const place = inside([process.execPath, "--import", "tsx", labFile("run.ts"), "hold", what], {
    withParent: !keep,
  });
  if (!keep) return enter(place);
  const { pid, ended } = background(place);
  writeFileSync(pidFile(place.id), String(pid));
  await until("the cluster to boot", BOOT_MS, () => ended() || existsSync(heldFile(place.id)) || undefined);
  process.stdout.write(readFileSync(join(place.folder, "log"), "utf8"));
  if (ended()) return 1;
  const { nodes } = held(place.id);
  const [first = ""] = Object.keys(nodes);
  const lines = Object.entries(nodes).map(([name, address]) => `  ${name}  ${address}`);
  process.stdout.write(
    `${lines.join("\n")}\nEnter:  npm run lab -- ssh ${first} [COMMAND]\nRemove: npm run lab -- down\n`,
  );
  return 0;
}

/** Ends every lab that `up` left behind, and says how many. */
export async function down(): Promise<number> {
  const labs = kept();
  for (const id of labs) process.kill(labPid(id), "SIGKILL");
  await until(
    "the machines to end",
    30_000,
    () => !runningLabs().some((id) => labs.includes(id)) || undefined,
  );
  sweep();
  process.stdout.write(`lab: ${labs.length} taken down\n`);
  return 0;
}

/** Enters a machine of a lab that `up` left behind, over SSH as a person would; or runs a command there. Returns its exit code. */
export function ssh(name: string, words: readonly string[]): number {
  const id = kept().find((id) => Object.hasOwn(held(id).nodes, name));
  if (id === undefined) {
    process.stderr.write(`lab: no machine ${name} is up. Next: npm run lab -- up --keep\n`);
    return 1;
  }
  const folder = join(LABS, id);
  const { user, nodes } = held(id);
  const first = readFileSync(`/proc/${labPid(id)}/task/${labPid(id)}/children`, "utf8").trim();
  const { status } = spawnSync(
    "nsenter",
    [
      "-t",
      first,
      "--net",
      "--mount",
      "--pid",
      "ssh",
      "-F",
      "none",
      "-i",
      join(folder, "key"),
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      "StrictHostKeyChecking=yes",
      "-o",
      "ConnectTimeout=10",
      "-o",
      `UserKnownHostsFile=${join(folder, "known_hosts")}`,
      "-l",
      user,
      nodes[name] ?? "",
      ...words,
    ],
    { stdio: "inherit" },
  );
  return status ?? 1;
}

function background(place: Inside): { readonly pid: number; readonly ended: () => boolean } {
  const log = openSync(join(place.folder, "log"), "w");
  const child = spawn(place.file, place.args, {
    env: place.env,
    cwd: PROJECT,
    stdio: ["ignore", log, log],
    detached: true,
  });
  child.unref();
  return { pid: child.pid ?? 0, ended: () => child.exitCode !== null || child.signalCode !== null };
}

function kept(): readonly string[] {
  return runningLabs().filter((id) => existsSync(pidFile(id)) && existsSync(heldFile(id)) && labPid(id) > 0);
}

function held(id: string): Held {
  return JSON.parse(readFileSync(heldFile(id), "utf8"));
}

/** The process that the lab ends with; 0 where that number belongs to another process now. */
function labPid(id: string): number {
  const pid = Number(readFileSync(pidFile(id), "utf8"));
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${LAB_VARIABLE}=${id}`) ? pid : 0;
  } catch {
    return 0;
  }
}

function pidFile(id: string): string {
  return join(LABS, id, "pid");
}
