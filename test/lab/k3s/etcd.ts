// The real etcd of one server: the child process, its name, and its life as a member (k3s.md section 4).
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { log } from "./log.ts";
import type { Place } from "./place.ts";

export const peerUrl = (place: Place) => `https://${place.address}:2380`;
const clientUrl = (place: Place) => `https://${place.address}:2379`;

/** A WAL folder is what K3s takes as "was a member before". */
export function isInitialized(place: Place): boolean {
  return (
    existsSync(join(place.etcd, "member", "wal")) && statSync(join(place.etcd, "member", "wal")).isDirectory()
  );
}

/**
 * The member's name, `<node-name>-<8 hex>`, drawn once per data folder. A tombstone, left where etcd learnt that it had
 * been removed, needs `server`: the folder is set aside and the machine joins anew.
 */
export function memberName(place: Place, joinUrl: string): string {
  if (existsSync(join(place.etcd, "tombstone"))) {
    if (joinUrl === "") {
      throw new Error(
        "preparing server: failed to start supervisor listener: tombstone file has been detected but --server is empty: backup and delete ${datadir}/server/db to create a " +
          "new cluster, or set --server to rejoin the cluster",
      );
    }
    log("info", "tombstone file has been detected, removing ${datadir}/server/db to rejoin the cluster");
    cpSync(place.etcd, `${place.etcd}-old-${Math.floor(Date.now() / 1000)}`, { recursive: true });
    rmSync(place.etcd, { recursive: true });
  }
  const file = join(place.etcd, "name");
  if (!existsSync(file)) {
    mkdirSync(place.etcd, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${place.node}-${randomBytes(4).toString("hex")}`, { mode: 0o600 });
  }
  return readFileSync(file, "utf8");
}

export interface Etcd {
  readonly stop: () => Promise<void>;
}

/**
 * Starts etcd as K3s configures it. `initial`: the members as NAME=PEERURL. In K3s etcd is part of the process; here it
 * is a child that the kernel kills together with its parent. `gone` is called when it ends without having been stopped,
 * or removed from the cluster.
 */
export function startEtcd(
  place: Place,
  name: string,
  initial: { readonly cluster: readonly string[]; readonly state: "new" | "existing" },
  exposeMetrics: boolean,
  gone: (why: string) => void,
): Etcd {
  const tls = (path: string) => join(place.tls, "etcd", path);
  const metrics = ["http://127.0.0.1:2381", ...(exposeMetrics ? [`http://${place.address}:2381`] : [])];
  const options = {
    name,
    "data-dir": place.etcd,
    "listen-client-urls": `https://127.0.0.1:2379,${clientUrl(place)}`,
    "advertise-client-urls": clientUrl(place),
    "listen-peer-urls": `https://127.0.0.1:2380,${peerUrl(place)}`,
    "initial-advertise-peer-urls": peerUrl(place),
    "initial-cluster": initial.cluster.join(","),
    "initial-cluster-state": initial.state,
    "listen-metrics-urls": metrics.join(","),
    "cert-file": tls("server-client.crt"),
    "key-file": tls("server-client.key"),
    "trusted-ca-file": tls("server-ca.crt"),
    "client-cert-auth": "true",
    "peer-cert-file": tls("peer-server-client.crt"),
    "peer-key-file": tls("peer-server-client.key"),
    "peer-trusted-ca-file": tls("peer-ca.crt"),
    "peer-client-cert-auth": "true",
    "heartbeat-interval": "500",
    "election-timeout": "5000",
    "snapshot-count": "10000",
    // The default of the etcd 3.6 in K3s.
    "pre-vote": "true",
    logger: "zap",
    "log-level": "info",
    "log-outputs": "stderr",
  };
  const args = Object.entries(options).map(([flag, value]) => `--${flag}=${value}`);
  // NOTIFY_SOCKET is kept from it: etcd would tell systemd that K3s is ready.
  const unsupported = process.arch === "x64" ? {} : { ETCD_UNSUPPORTED_ARCH: process.arch };
  const env = { PATH: process.env["PATH"], ...unsupported };
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "etcd", ...args], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stopping = false;
  let removed = false;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.includes("permanently removed from the cluster")) removed = true;
    if (!line.includes('"level":"info"')) process.stderr.write(`${line}\n`);
  });
  const exited = ended(child).then((why) => {
    if (stopping) return;
    // So that the next start can tell a removed member from a broken one.
    if (!removed) return gone(`etcd ended: ${why}`);
    writeFileSync(join(place.etcd, "tombstone"), "");
    // Recorded from a real server: its process goes on, its API too (401), and only /db/info fails, until it is restarted.
    log("info", "This node has been removed from the cluster - please restart k3s to rejoin the cluster");
  });
  return {
    stop: async () => {
      stopping = true;
      child.kill("SIGTERM");
      const patience = setTimeout(() => child.kill("SIGKILL"), 8000);
      await exited;
      clearTimeout(patience);
    },
  };
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child
      .on("error", (error) => resolve(error.message))
      .on("close", (code, signal) => resolve(`${code ?? signal}`));
  });
}
