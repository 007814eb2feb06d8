// A LAN for verify.sh: machines that answer as they should or as a test says, and the script run among them.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Cluster, ofRole } from "../../generator/model/cluster.ts";
import { verifyScript } from "../../generator/render/verify.ts";
import { TEMPLATES } from "./fixtures.ts";
import { type Machine, openLan, type Program } from "./namespace.ts";
import { makeCertificate, type RunningStandIn, startStandIn } from "./programs.ts";
import type { Behaviour, StandIn } from "./stand-in.ts";

interface Cast {
  /** Instead of what a healthy machine answers. */
  readonly at?: StandIn["at"];
  /** Nobody listens there. */
  readonly absent?: readonly string[];
  /** Milliseconds until an answer. */
  readonly delay?: number;
}

interface Verdict {
  readonly status: number | string;
  readonly lines: readonly string[];
  readonly stderr: string;
  /** Temporary files that are still there. */
  readonly left: readonly string[];
  /** Milliseconds. */
  readonly took: number;
}

export interface Play {
  readonly lan: Machine;
  readonly change: RunningStandIn["change"];
  /** Runs verify.sh to its end. Environment as NAME=VALUE. */
  readonly verify: (shell?: string, environment?: readonly string[]) => Promise<Verdict>;
  /** Starts verify.sh. */
  readonly start: (shell: string) => Promise<Program>;
  /** Its temporary files. */
  readonly temporary: () => readonly string[];
}

/** A server that is up, of the cluster that its certificate names. */
export function server(cluster: string, delay = 0): Behaviour {
  return { "/readyz": { status: 401, delay }, "/cacerts": { status: 200, body: `${cluster}\n`, delay } };
}

/** Every place that verify.sh asks, as ADDRESS:PORT. */
export function placesOf(cluster: Cluster): readonly string[] {
  const { address } = cluster.registration;
  const servers = ofRole(cluster, "server").map((node) => `${node.address}:6443`);
  const balancers = ofRole(cluster, "loadbalancer").map((node) => `${node.address}:8404`);
  return [...new Set([`${address}:6443`, ...servers]), ...balancers, `${address}:80`, `${address}:443`];
}

/** A LAN in which everything answers as it should, apart from what is said. */
export async function play(t: TestContext, cluster: Cluster, cast: Cast = {}): Promise<Play> {
  const { at = {}, absent = [], delay = 0 } = cast;
  const places = placesOf(cluster);
  const hosts = new Set(places.map((place) => `${place.split(":")[0]}/32`));
  const lan = await openLan(t, [...hosts]);
  const page = { "/backends": { status: 200, body: "load balancer x\nbe_api/a UP\nbe_http/b UP\n", delay } };
  const healthy = places.map(
    (place) => [place, place.endsWith(":6443") ? server("one", delay) : page] as const,
  );
  const behaviours = Object.entries({ ...Object.fromEntries(healthy), ...at });
  const present = behaviours.filter(([place]) => !absent.includes(place));
  const { change } = await startStandIn(lan, { pem: makeCertificate(t), at: Object.fromEntries(present) });

  const [folder, script] = ["/run/tmp", "/run/verify.sh"];
  mkdirSync(join(lan.root, folder));
  writeFileSync(join(lan.root, script), verifyScript(cluster, TEMPLATES));
  const command = (shell: string, environment: readonly string[] = []) => [
    "env",
    `TMPDIR=${folder}`,
    ...environment,
    shell,
    script,
  ];
  const temporary = () => readdirSync(join(lan.root, folder));
  const verify = async (shell = "sh", environment: readonly string[] = []): Promise<Verdict> => {
    const begin = performance.now();
    const { status, stdout, stderr } = await lan.run(command(shell, environment));
    const took = Math.round(performance.now() - begin);
    return { status, lines: stdout.trimEnd().split("\n"), stderr, left: temporary(), took };
  };
  return { lan, change, verify, start: (shell) => lan.start(command(shell)), temporary };
}
