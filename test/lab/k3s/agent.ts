// `k3s agent`: waits for a server for as long as it takes, gets a certificate for its node's password, and registers.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, get, type Question } from "./ask.ts";
import { ensureIngress } from "./ingress.ts";
import { log, reason } from "./log.ts";
import { nodePassword, PASSWORD_FILE } from "./node-password.ts";
import { tellReady } from "./notify.ts";
import { makeRequest } from "./pki.ts";
import { type Place, placeOf } from "./place.ts";
import { readWhenThere, type Settings } from "./settings.ts";
import { type Access, accessTo } from "./token.ts";
import { VERSION } from "./version.ts";

/** k3s.md section 1, "Blocking in cloud-init": 2 s between attempts, for ever. */
const RETRY = 2000;
/** K3s waits 5 to 10 s between attempts to get its configuration. */
const CONFIG_RETRY = 5000;
const HEARTBEAT = 10_000;

/** Returns when the node is registered. Throws only for a config that can never work. */
export async function runAgent(settings: Settings): Promise<void> {
  log("info", `Starting k3s agent ${VERSION} (standin0)`);
  const tokenFile = settings.get("token-file");
  const token = tokenFile === undefined ? (settings.get("token") ?? "") : await readWhenThere(tokenFile);
  const server = settings.get("server");
  if (token === "") throw new Error("--token is required");
  if (server === undefined) throw new Error("--server is required");
  const place = placeOf(settings);
  const balancer = loadBalancer(place, server);

  await untilConnected(balancer, token, server);
  const { cert, key, ca, disabled } = await untilConfigured(place, balancer, token);
  const question = { cert, key, ca };
  await untilRegistered(settings, place, balancer, question);
  tellReady();
  log("info", "k3s agent is up and running");
  if (!disabled.includes("traefik")) ensureIngress();
  void stay(place, balancer, question);
}

interface Balancer {
  /** Asks one server after the other, the last that answered first; throws the last failure. */
  readonly ask: <T>(question: (url: string) => Promise<T>) => Promise<T>;
  readonly learn: (addresses: readonly string[]) => void;
}

/**
 * K3s' client load balancer, without its listener on 127.0.0.1:6444. What it learns is kept in a file and used after a
 * restart only where `server` is what it was (k3s.md section 5).
 */
function loadBalancer(place: Place, server: string): Balancer {
  const file = join(place.agent, "etc", "k3s-agent-load-balancer.json");
  const ServerURL = `https://${new URL(server).host}${new URL(server).port ? "" : ":443"}`;
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  let learnt: readonly string[] = kept.ServerURL === ServerURL ? (kept.ServerAddresses ?? []) : [];
  let last = "";
  const save = () => {
    mkdirSync(join(place.agent, "etc"), { recursive: true });
    writeFileSync(file, JSON.stringify({ ServerURL, ServerAddresses: learnt }, null, 2));
  };
  save();
  return {
    ask: async (question) => {
      const urls = [...new Set([last, ...learnt.map((address) => `https://${address}`), server])].filter(
        Boolean,
      );
      let failure: unknown;
      for (const url of urls) {
        try {
          const answer = await question(url);
          last = url;
          return answer;
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
    learn: (addresses) => {
      if (addresses.length === 0 || addresses.join() === learnt.join()) return;
      learnt = addresses;
      save();
    },
  };
}

async function untilConnected(balancer: Balancer, token: string, server: string): Promise<void> {
  for (;;) {
    try {
      await balancer.ask((url) => accessTo(url, token, "node"));
      return;
    } catch (error) {
      log("error", `Failed to validate connection to cluster at ${server}: ${reason(error)}`);
    }
    await sleep(RETRY);
  }
}

interface Configured {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly disabled: readonly string[];
}

/** A wrong token and a refused password end here: logged, and tried again for ever. */
async function untilConfigured(place: Place, balancer: Balancer, token: string): Promise<Configured> {
  for (;;) {
    try {
      return await balancer.ask(async (url) => configure(place, await accessTo(url, token, "node")));
    } catch (error) {
      log("info", `Waiting to retrieve agent configuration; server is not ready: ${reason(error)}`);
    }
    await sleep(CONFIG_RETRY * (1 + Math.random()));
  }
}

async function configure(place: Place, { url, question }: Access): Promise<Configured> {
  const text = await get(`${url}/v1-k3s/config`, question).catch((error: unknown) => {
    throw new Error(`failed to retrieve configuration from server: ${reason(error)}`);
  });
  const { Disables }: { readonly Disables?: Readonly<Record<string, boolean>> } = JSON.parse(text);
  const path = join(place.agent, "client-kubelet");
  const body = makeRequest(path, `system:node:${place.node}`);
  const headers = {
    "k3s-Node-Name": place.node,
    "k3s-Node-Password": nodePassword(),
    "k3s-Node-IP": place.address,
  };
  const where = `${url}/v1-k3s/client-kubelet.crt`;
  const answer = await ask(where, { ...question, method: "POST", body, headers });
  if (answer.status === 403) {
    throw new Error(
      `Node password rejected, duplicate hostname or contents of '${PASSWORD_FILE}' may not match server ` +
        "node-passwd entry, try enabling a unique node name with the --with-node-id flag",
    );
  }
  if (answer.status !== 200) throw new Error(`${where}: ${answer.status}`);
  writeFileSync(`${path}.crt`, answer.body, { mode: 0o600 });
  const key = readFileSync(`${path}.key`, "utf8");
  return { cert: answer.body, key, ca: question.ca ?? "", disabled: Object.keys(Disables ?? {}) };
}

async function untilRegistered(
  settings: Settings,
  place: Place,
  balancer: Balancer,
  question: Question,
): Promise<void> {
  const { node: name, address } = place;
  const body = JSON.stringify({
    name,
    address,
    labels: settings.all("node-label"),
    taints: settings.all("node-taint"),
  });
  for (;;) {
    try {
      // One private path instead of a kubelet's several: see register in api.ts.
      await balancer.ask((url) =>
        get(`${url}/api/v1/nodes/${name}/register`, { ...question, method: "PUT", body }),
      );
      log("info", `Successfully registered node ${name}`);
      return;
    } catch (error) {
      log("error", `Unable to register node with API server: ${reason(error)}`);
    }
    await sleep(RETRY);
  }
}

/** Heartbeats, and the addresses of the servers that there are now. */
async function stay(place: Place, balancer: Balancer, question: Question): Promise<never> {
  for (;;) {
    try {
      const text = await balancer.ask((url) => get(`${url}/v1-k3s/apiservers`, question));
      balancer.learn(JSON.parse(text));
      const beat = { ...question, method: "PUT" };
      await balancer.ask((url) => get(`${url}/api/v1/nodes/${place.node}/heartbeat`, beat));
    } catch (error) {
      log("error", `Error updating node status, will retry: ${reason(error)}`);
    }
    await sleep(HEARTBEAT);
  }
}
