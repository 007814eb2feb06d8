// A lab: a LAN and the machines on it, inside the namespaces that `npm run lab` has made for this process.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Seed } from "../../generator/cards/seed.ts";
import { mustRun } from "./command.ts";
import { ensureImage } from "./image.ts";
import { LAB_VARIABLE } from "./inside.ts";
import { saveJournal } from "./journal.ts";
import { type Machine, makeMachine } from "./machine.ts";
import { closeNetwork, openNetwork } from "./network.ts";
import { LABS } from "./paths.ts";

export interface Lab {
  /** Eight hex digits; the lab's folder and control groups are named after it. */
  readonly id: string;
  /** A new machine with this seed on its card, switched off. Names are unique in a lab. */
  readonly machine: (name: string, seed: Seed) => Machine;
  readonly machines: readonly Machine[];
  /** Saves what machine `name` logged, and returns the folder. */
  readonly journal: (name: string) => string;
  /** An SSH key made for this lab, to be put among a config's authorized keys. */
  readonly key: { readonly file: string; readonly publicKey: string };
  /** Pulls every plug and takes everything away. */
  readonly close: () => Promise<void>;
}

/** Opens a lab in this process, which must be inside one: `npm run lab` does that. One at a time. Builds the image where it is missing. */
export async function startLab(): Promise<Lab> {
  const id = process.env[LAB_VARIABLE] ?? "";
  if (!/^[0-9a-f]{8}$/.test(id)) {
    throw new Error("this is not inside a lab. Next: npm run lab, or npm run lab -- exec COMMAND");
  }
  const image = ensureImage();
  const folder = join(LABS, id);
  openNetwork();
  const key = join(folder, "key");
  mustRun("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", key);
  const made = new Map<string, ReturnType<typeof makeMachine>>();

  const journal = (name: string) => {
    const { machine } = made.get(name) ?? {};
    if (!machine) throw new Error(`no machine ${name} in this lab`);
    return saveJournal(id, name, machine.disk, machine.console());
  };
  return {
    id,
    machine: (name, seed) => {
      if (made.has(name)) throw new Error(`there is a machine ${name} already`);
      const one = makeMachine(name, seed, { lab: id, folder, image, index: made.size });
      made.set(name, one);
      return one.machine;
    },
    get machines() {
      return [...made.values()].map(({ machine }) => machine);
    },
    journal,
    key: { file: key, publicKey: readFileSync(`${key}.pub`, "utf8").trim() },
    close: async () => {
      await Promise.all([...made.values()].map(({ discard }) => discard()));
      made.clear();
      closeNetwork();
      for (const file of [key, `${key}.pub`]) rmSync(file);
    },
  };
}

/** A test's body that, where it fails, saves what all machines logged and says where. `lab` is asked when the test runs. */
export function watched(lab: () => Lab, body: (t: TestContext) => Promise<void>) {
  return async (t: TestContext): Promise<void> => {
    try {
      await body(t);
    } catch (error) {
      for (const { name } of lab().machines) t.diagnostic(`${name}: ${lab().journal(name)}`);
      throw error;
    }
  };
}
