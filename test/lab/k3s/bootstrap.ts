// Before a server starts: its tokens, and what it takes from the cluster that it joins or was a member of.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { get } from "./ask.ts";
import { takeBootstrapData } from "./credentials.ts";
import { compareCritical, type criticalSettings } from "./critical.ts";
import type { Start } from "./decide.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { log, reason } from "./log.ts";
import type { Place } from "./place.ts";
import { readWhenThere, type Settings } from "./settings.ts";
import { type Access, accessTo } from "./token.ts";

/** `token-file` beats `token`. */
export async function tokenOf(settings: Settings, flag: "token" | "agent-token"): Promise<string> {
  const file = settings.get(`${flag}-file`);
  return file === undefined ? (settings.get(flag) ?? "") : readWhenThere(file);
}

export interface Wish {
  readonly server: string;
  readonly token: string;
  readonly agentToken: string;
  readonly critical: ReturnType<typeof criticalSettings>;
}

/**
 * A new server takes the CAs of the cluster that it joins, and cannot start without. A member of old asks too, and goes
 * on where nobody answers: so all can be started at once from cold (k3s.md section 4, decision table).
 */
export async function bootstrap(place: Place, start: Start, wish: Wish): Promise<Access | undefined> {
  const { server, token, agentToken, critical } = wish;
  const pinned = join(place.tls, "server-ca.crt");
  if (start === "existing") {
    log("info", "Managed etcd cluster bootstrap already complete and initialized");
    if (server === "" || token === "") return undefined;
    const access = await accessTo(server, token, "server", pinned).catch(() => undefined);
    try {
      if (!access) throw new Error("server cannot be asked");
      takeBootstrapData(place, await askBootstrap(access));
      log("info", "Successfully reconciled with remote datastore");
    } catch (error) {
      if (reason(error).includes("newer than datastore")) {
        log("fatal", reason(error));
        process.exit(1);
      }
      log("warning", `Unable to reconcile with remote datastore: ${reason(error)}`);
    }
    return access;
  }
  if (start === "new") log("info", "Managed etcd cluster initializing");
  if (start !== "join") return undefined;
  const access = await accessTo(server, token, "server", pinned).catch((error: unknown) => {
    throw new Error(
      `failed to check if bootstrap data has been initialized: failed to validate token: ${reason(error)}`,
    );
  });
  log("info", "Managed etcd cluster not yet initialized");
  await compareConfig(server, agentToken || token, pinned, critical);
  takeBootstrapData(place, await askBootstrap(access));
  return access;
}

const askBootstrap = (access: Access) =>
  get(`${access.url}/v1-k3s/server-bootstrap`, { ...access.question, limit: 15_000 });

/** Skipped, not failed, where the other server does not take the agent token (k3s.md section 2). */
async function compareConfig(
  server: string,
  token: string,
  pinned: string,
  critical: ReturnType<typeof criticalSettings>,
): Promise<void> {
  let text: string;
  try {
    const access = await accessTo(server, token, "node", pinned);
    text = await get(`${access.url}/v1-k3s/config`, access.question);
  } catch (error) {
    return log("warning", `Skipping cluster configuration validation: ${reason(error)}`);
  }
  try {
    compareCritical(critical, JSON.parse(text));
  } catch (error) {
    throw new Error(`failed to validate server configuration: ${reason(error)}`, { cause: error });
  }
}

/** K3s keeps the CAs in etcd under a name made from the token: another token finds another name, and K3s ends. */
export async function checkBootstrapKey(etcd: EtcdClient, token: string): Promise<void> {
  const key = `/bootstrap/${createHash("sha256").update(token).digest("hex").slice(0, 12)}`;
  const kept = await etcd.range("/bootstrap/", true);
  if (kept.length && !kept.some((entry) => entry.key === key)) {
    throw new Error(
      "failed to save bootstrap data: bootstrap data already found and encrypted with different token",
    );
  }
  await etcd.write(key, "stand-in", "0");
}
