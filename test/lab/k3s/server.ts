// `k3s server`: from the decision what to be, through the phases of k3s.md section 4, to a server that is ready.
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootstrap, checkBootstrapKey, tokenOf } from "./bootstrap.ts";
import { prepareCredentials, secretsOf, writeTokens } from "./credentials.ts";
import { configAnswer, criticalSettings } from "./critical.ts";
import { decide, type Start } from "./decide.ts";
import { standForElection } from "./election.ts";
import { etcdClient, type EtcdClient } from "./etcd-client.ts";
import { type Etcd, isInitialized, memberName, peerUrl, startEtcd } from "./etcd.ts";
import { ensureIngress } from "./ingress.ts";
import { type EtcdTls, joinEtcd } from "./join.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { die, log, reason } from "./log.ts";
import { manageMembers, removeMemberOf } from "./members.ts";
import { isNodePassword, nodePassword } from "./node-password.ts";
import { makeNamespaces } from "./namespaces.ts";
import { tellReady } from "./notify.ts";
import { API_SERVERS, heartbeat, markSilentNodes, registerNode } from "./objects.ts";
import { type Place, placeOf } from "./place.ts";
import type { Settings } from "./settings.ts";
import { fileStore, readEntries, type Store } from "./store.ts";
import { listen, type Supervisor } from "./supervisor.ts";
import type { Access } from "./token.ts";
import { VERSION } from "./version.ts";

/** K3s asks etcd this often whether it is a voter with a leader. */
const ETCD_TEST = 5000;
/** Phase 1. A real server took 1 to 3 s. */
const HANDLER_START = 1000;
/** From the voter to an API that answers 401; from that to READY; from READY to the controllers. Real: 3, 7 and 2 s. */
const API_START = 1000;
const READY_START = 2000;
const CORE_START = 1000;
const HEARTBEAT = 10_000;
/** The controller manager's node-monitor-grace-period. */
const SILENT = 50_000;

/** Returns when the server is ready; it then goes on until its process is ended. Throws what K3s ends for. */
export async function runServer(settings: Settings): Promise<void> {
  log("info", `Starting k3s ${VERSION} (standin0)`);
  const place = placeOf(settings);
  const server = settings.get("server") ?? "";
  const token = await tokenOf(settings, "token");
  const agentToken = await tokenOf(settings, "agent-token");
  const critical = criticalSettings(settings);

  let start: Start;
  let access: Access | undefined;
  try {
    start = decide({
      initialized: isInitialized(place),
      clusterInit: settings.is("cluster-init"),
      server,
      token,
    });
    access = await bootstrap(place, start, { server, token, agentToken, critical });
  } catch (error) {
    throw new Error(`preparing server: failed to bootstrap cluster data: ${reason(error)}`, {
      cause: error,
    });
  }
  const secrets = secretsOf(place, token, agentToken);
  const name = start === "sqlite" ? "" : memberName(place, server);
  prepareCredentials(place, settings.list("tls-san"), secrets);
  const tls = etcdTls(place);
  const etcd = start === "sqlite" ? null : etcdClient("https://127.0.0.1:2379", tls);
  const config = configAnswer(settings, critical);
  const supervisor: Supervisor = {
    place,
    secrets,
    config,
    snapshots: settings.get("etcd-snapshot-dir") ?? join(place.db, "snapshots"),
    etcd,
    handling: false,
    api: undefined,
    core: false,
  };
  await listen(supervisor);
  await sleep(HANDLER_START);
  supervisor.handling = true;
  writeTokens(place, secrets);
  const kubeconfig = settings.get("write-kubeconfig") ?? "/etc/rancher/k3s/k3s.yaml";
  writeKubeconfig(place, kubeconfig, settings.get("write-kubeconfig-mode") ?? "600");

  if (!etcd) return serve(settings, supervisor, fileStore(join(place.db, "state.db")), undefined);
  void manageMembers(etcd, tls, () => supervisor.api?.store);
  // A member that had been removed has just lost its data for its tombstone, and joins anew.
  const joins = start === "join" || (start === "existing" && !isInitialized(place));
  const initial =
    access && joins
      ? await joinEtcd(place, name, access, tls).catch(shutDown)
      : ({ cluster: [`${name}=${peerUrl(place)}`], state: "new" } as const);
  log("info", start === "existing" && !joins ? "Starting etcd for existing cluster member" : "Starting etcd");
  stopWith(startEtcd(place, name, initial, settings.is("etcd-expose-metrics"), (why) => die(new Error(why))));
  await untilVoter(etcd);
  if (start === "new") await migrate(place, etcd);
  await checkBootstrapKey(etcd, secrets.token);
  return serve(settings, supervisor, etcd, name);
}

/** K3s takes a join that must not be for a wish to stop: exit 0, and systemd starts it again all the same. */
function shutDown(error: unknown): never {
  log("error", `Shutdown request received: ${JSON.stringify(reason(error))}`);
  process.exit(0);
}

function etcdTls(place: Place): EtcdTls {
  const read = (name: string) => readFileSync(join(place.tls, "etcd", name), "utf8");
  return { ca: read("server-ca.crt"), cert: read("client.crt"), key: read("client.key") };
}

/** systemd stops the main process only (KillMode=process): etcd is stopped from here. */
function stopWith(etcd: Etcd): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void etcd.stop().then(() => {
        log("info", "etcd server stopped");
        process.exit(0);
      });
    });
  }
}

/** Phase 2: without a leader, or as a learner, this may take for ever. */
async function untilVoter(etcd: EtcdClient): Promise<void> {
  for (;;) {
    try {
      const { isLearner, leader, version } = await etcd.status();
      if (isLearner) throw new Error("this server has not yet been promoted from learner to voting member");
      if (leader === "0") throw new Error("etcdserver: no leader");
      log("info", `Connected to etcd v${version}`);
      return log("info", "Connection to etcd is ready");
    } catch (error) {
      log("info", `Failed to test etcd connection: ${reason(error)}`);
    }
    await sleep(ETCD_TEST);
  }
}

/** A single node without etcd that is given cluster-init later takes its objects along (k3s.md section 4, last line). */
async function migrate(place: Place, etcd: EtcdClient): Promise<void> {
  const file = join(place.db, "state.db");
  if (!existsSync(file)) return;
  log("info", "Migrating content from sqlite to etcd");
  for (const { key, value } of readEntries(file)) await etcd.put(key, value);
  renameSync(file, `${file}.migrated`);
}

/** Phases 3 and 4. */
async function serve(
  settings: Settings,
  supervisor: Supervisor,
  store: Store,
  member: string | undefined,
): Promise<void> {
  const { place, etcd } = supervisor;
  const tls = etcd ? etcdTls(place) : {};
  if (etcd) log("info", "ETCD server is now running");
  await sleep(API_START);
  await again(() => makeNamespaces(store));
  const disabled = settings.list("disable");
  supervisor.api = { store, disabled, removed: (node) => void (etcd && removeMemberOf(etcd, tls, node)) };
  const here = `${place.address}:${place.port}`;
  const stay = () => store.put(`${API_SERVERS}${place.address}`, here, 15);
  await again(stay);
  every(5000, stay);
  await sleep(READY_START);
  log("info", "Kube API server is now running");
  log("info", "k3s is up and running");
  tellReady();

  await sleep(CORE_START);
  supervisor.core = true;
  const { elected } = standForElection(store, member ?? place.node, process.env);
  every(5000, async () => {
    if (elected()) await markSilentNodes(store, SILENT);
  });
  if (settings.is("disable-agent")) return;
  await again(() => runKubelet(settings, place, store, member));
  if (!settings.list("disable").includes("traefik")) ensureIngress();
}

/** A server's own node. Its password is checked here and a wrong one only told (k3s.md section 4, "Node password"). */
async function runKubelet(
  settings: Settings,
  place: Place,
  store: Store,
  member: string | undefined,
): Promise<void> {
  const { node: name, address } = place;
  if (!(await isNodePassword(store, name, nodePassword()))) {
    log(
      "warning",
      "NodePasswordValidationFailed: Deferred node password secret validation failed: hash does not match",
    );
  }
  const [labels, taints] = [settings.all("node-label"), settings.all("node-taint")];
  await registerNode(store, { name, address, labels, taints, server: true, ...(member && { member }) });
  every(HEARTBEAT, () => heartbeat(store, name));
}

/** Until it succeeds: etcd may lose its leader at any moment. */
async function again(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      log("error", reason(error));
      await sleep(1000);
    }
  }
}

function every(milliseconds: number, work: () => Promise<void>): void {
  const run = async () => {
    for (;;) {
      await sleep(milliseconds);
      await work().catch((error: unknown) => log("error", reason(error)));
    }
  };
  void run();
}
