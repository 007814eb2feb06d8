// The password by which the servers know a node again: made once on the node, and kept by the servers as a hash.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Store } from "./store.ts";

export const PASSWORD_FILE = "/etc/rancher/node/password";

export function nodePassword(): string {
  if (!existsSync(PASSWORD_FILE)) {
    mkdirSync("/etc/rancher/node", { recursive: true });
    writeFileSync(PASSWORD_FILE, `${randomBytes(16).toString("hex")}\n`, { mode: 0o600 });
  }
  return readFileSync(PASSWORD_FILE, "utf8").trim();
}

const passwordKey = (node: string) => `/registry/secrets/kube-system/${node.toLowerCase()}.node-password.k3s`;

/** False where the node is known with another password; the first one that is told is kept (k3s.md section 4). */
export async function isNodePassword(store: Store, node: string, password: string): Promise<boolean> {
  const hash = createHash("sha256").update(`${node}:${password}`).digest("hex");
  if (await store.write(passwordKey(node), hash, "0")) return true;
  const [entry] = await store.range(passwordKey(node));
  return entry?.value === hash;
}

/** Kubernetes does this by itself: the Secret belongs to the Node. */
export const forgetNodePassword = (store: Store, node: string): Promise<boolean> =>
  store.remove(passwordKey(node));
