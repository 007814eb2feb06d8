// Servers and agents of the stand-in in namespaces, for its own tests: each with an address, an /etc and a /var/lib of its
// own, and without systemd, so that a test starts and restarts them itself.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Machine, openLan, openMachine, type Program, until } from "../../support/namespace.ts";
import { scratch } from "../../support/scratch.ts";
import { buildStandIn } from "./bundle.ts";

export const VERSION = "v1.36.4+k3s1";

export interface Lan {
  readonly machine: Machine;
  readonly program: string;
}

export interface K3sMachine extends Machine {
  readonly address: string;
  /** Writes config.yaml; JSON is YAML. */
  readonly configure: (config: Readonly<Record<string, unknown>>) => void;
  readonly k3s: (...args: readonly string[]) => Promise<Program>;
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  /** The status and the body; status 0 where nobody answers. From the machine itself. */
  readonly ask: (
    path: string,
    options?: Asked,
  ) => Promise<Asked & { readonly status: number; readonly body: string }>;
}

export interface Asked {
  /** USER:PASSWORD. */
  readonly user?: string;
  /** Instead of this machine's address on the LAN. */
  readonly host?: string;
  readonly scheme?: "http" | "https";
}

export async function openK3sLan(t: TestContext): Promise<Lan> {
  const folder = scratch(t);
  await buildStandIn(folder, VERSION);
  return { machine: await openLan(t, ["10.0.0.200/16"]), program: join(folder, "k3s") };
}

/** `number`: the last part of its address. */
export async function openK3sMachine(
  t: TestContext,
  lan: Lan,
  name: string,
  number: number,
): Promise<K3sMachine> {
  const machine = await openMachine(t, name);
  const address = `10.0.0.${number}`;
  await machine.plug(lan.machine, "eth0", [`${address}/16`]);
  // What is written there is gone with the machine.
  const overlay = ["/etc", "/var/lib"].map((folder, number) => {
    const own = `/run/own-${number}`;
    const options = `lowerdir=${folder},upperdir=${own}/upper,workdir=${own}/work`;
    return `mkdir -p ${own}/upper ${own}/work && mount -t overlay overlay -o ${options} ${folder}`;
  });
  await machine.must(["sh", "-ec", [...overlay, "mkdir -p /etc/rancher/k3s"].join("\n")]);
  return {
    ...machine,
    address,
    configure: (config) => {
      const folder = join(machine.root, "etc/rancher/k3s");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "config.yaml"), JSON.stringify(config));
    },
    k3s: (...args) => machine.start([process.execPath, lan.program, ...args]),
    kubectl: (...args) => machine.must([process.execPath, lan.program, "kubectl", ...args]),
    ask: async (path, asked = {}) => {
      const { user, host = address, scheme = "https" } = asked;
      const url = path.startsWith(":") ? `${scheme}://${host}${path}` : `${scheme}://${host}:6443${path}`;
      const auth = user === undefined ? [] : ["-u", user];
      const { stdout } = await machine.run(["curl", "-sk", "-m", "5", "-w", "\n%{http_code}", ...auth, url]);
      const at = stdout.lastIndexOf("\n");
      return { ...asked, status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) };
    },
  };
}

/** Waits for a text in what a program says; throws what it said where it ends before, or after the limit. */
export async function untilSaid(program: Program, text: string, limit: number): Promise<void> {
  let ended = false;
  void program.exited.then(() => (ended = true));
  const said = async () => program.output().includes(text) || (ended ? false : undefined);
  const heard = await until(text, limit, said).catch(() => false);
  if (!heard) throw new Error(`k3s did not say "${text}" within ${limit} ms, but:\n${program.output()}`);
}
