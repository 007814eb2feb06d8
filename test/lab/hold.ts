// A lab for a person: a cluster that is booted and then left alone until it is taken down.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../../generator/model/cluster.ts";
import { knownHosts, makeCluster } from "./cluster.ts";
import { labCluster, readCluster } from "./configs.ts";
import { startLab } from "./lab.ts";
import { LABS } from "./paths.ts";
import { openMirror } from "./release.ts";

/** What `ssh` needs to enter, in the lab's folder as soon as the machines have booted. */
export interface Held {
  readonly user: string;
  /** Addresses by name. */
  readonly nodes: Readonly<Record<string, string>>;
}

/** Where a lab says that it is ready for a person. */
export function heldFile(id: string): string {
  return join(LABS, id, "held.json");
}

/** Boots the cluster of `what`, the path of a config or one of the lab's own, and stays until this process is ended. */
export async function hold(what: string): Promise<void> {
  const lab = await startLab();
  const cluster =
    what === "sample" || what === "full"
      ? labCluster(what, lab.key.publicKey)
      : readConfig(what, lab.key.publicKey);
  await openMirror(lab.id);
  const machines = makeCluster(lab, cluster);
  writeFileSync(join(LABS, lab.id, "known_hosts"), knownHosts(cluster));
  await Promise.all(
    machines.map(async (machine) => {
      await machine.powerOn();
      const milliseconds = await machine.booted();
      process.stdout.write(`lab: ${machine.name} booted in ${(milliseconds / 1000).toFixed(1)} s\n`);
    }),
  );
  const nodes = Object.fromEntries(cluster.nodes.map(({ name, address }) => [name, address]));
  writeFileSync(heldFile(lab.id), JSON.stringify({ user: cluster.access.user, nodes } satisfies Held));
  await new Promise((resolve) => process.once("SIGTERM", resolve));
  await lab.close();
}

/** A person's config; the lab may log in to its machines too. */
function readConfig(path: string, key: string): Cluster {
  const cluster = readCluster(readFileSync(path, "utf8"));
  return {
    ...cluster,
    access: { ...cluster.access, authorizedKeys: [...cluster.access.authorizedKeys, key] },
  };
}
