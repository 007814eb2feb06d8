// What the servers of one cluster share: CAs, keys and passwords, made once, handed to those who join, kept under server/.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { ensureCa, ensureLeaf } from "./pki.ts";
import type { Place } from "./place.ts";
import { fullToken, parseToken } from "./token.ts";

export interface Secrets {
  readonly token: string;
  readonly agentToken: string;
}

/** The names of K3s' bootstrap data, and the files under server/tls that hold them. */
const SHARED: Readonly<Record<string, string>> = {
  ServerCA: "server-ca.crt",
  ServerCAKey: "server-ca.key",
  ClientCA: "client-ca.crt",
  ClientCAKey: "client-ca.key",
  RequestHeaderCA: "request-header-ca.crt",
  RequestHeaderCAKey: "request-header-ca.key",
  ETCDServerCA: "etcd/server-ca.crt",
  ETCDServerCAKey: "etcd/server-ca.key",
  ETCDPeerCA: "etcd/peer-ca.crt",
  ETCDPeerCAKey: "etcd/peer-ca.key",
  PasswdFile: "../cred/passwd",
};
/** K3s takes clocks for equal up to this many seconds. */
const SKEW = 3;

/** From the config, else from an earlier start, else drawn. Throws where a token could be read in two ways (section 3). */
export function secretsOf(place: Place, token: string, agentToken: string): Secrets {
  if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)) throw new Error("failed to normalize server token");
  const file = join(place.server, "token");
  const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  const password = token || kept ? parseToken(token || kept).password : randomBytes(16).toString("hex");
  return { token: password, agentToken: agentToken ? parseToken(agentToken).password : password };
}

/** The answer of /v1-k3s/server-bootstrap: every shared file with the second of its last change. */
export function bootstrapData(place: Place): string {
  const entries = Object.entries(SHARED).map(([name, file]) => {
    const path = join(place.tls, file);
    const Content = readFileSync(path).toString("base64");
    return [name, { Timestamp: new Date(statSync(path).mtimeMs).toISOString(), Content }] as const;
  });
  return JSON.stringify(Object.fromEntries(entries));
}

/**
 * Writes another server's files over ours. A machine that was a member before keeps its files where they differ and are
 * newer, and throws: K3s does not dare to choose. So ends a server that has another agent token than the cluster, when it
 * is restarted.
 */
export function takeBootstrapData(place: Place, text: string): void {
  const data: Readonly<Record<string, { readonly Timestamp: string; readonly Content: string } | undefined>> =
    JSON.parse(text);
  const fresh = !existsSync(join(place.cred, "passwd"));
  for (const [name, file] of Object.entries(SHARED)) {
    const path = join(place.tls, file);
    const theirs = data[name];
    if (!theirs) continue;
    const content = Buffer.from(theirs.Content, "base64");
    if (existsSync(path) && readFileSync(path).equals(content)) continue;
    const time = Date.parse(theirs.Timestamp) / 1000;
    if (!fresh && existsSync(path) && statSync(path).mtimeMs / 1000 - time >= SKEW) {
      throw new Error(
        `${path} newer than datastore and could cause a cluster outage. Remove the file(s) from disk and restart ` +
          "to be recreated from datastore.",
      );
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, content, { mode: 0o600 });
    utimesSync(path, time, time);
  }
}

/** Makes what is missing. CAs that lie there before the first start are used (k3s.md section 7). */
export function prepareCredentials(place: Place, sans: readonly string[], secrets: Secrets): void {
  const tls = (path: string) => join(place.tls, path);
  ensureCa(tls("server-ca"), "k3s-server-ca");
  ensureCa(tls("client-ca"), "k3s-client-ca");
  ensureCa(tls("request-header-ca"), "k3s-request-header-ca");
  ensureCa(tls("etcd/server-ca"), "etcd-server-ca");
  ensureCa(tls("etcd/peer-ca"), "etcd-peer-ca");

  const here = ["DNS:localhost", `DNS:${place.node}`, "IP:127.0.0.1", "IP:::1", `IP:${place.address}`];
  const both = "serverAuth,clientAuth";
  const etcd = { sans: here, usage: both, organization: "k3s" } as const;
  ensureLeaf({ path: tls("etcd/server-client"), ca: tls("etcd/server-ca"), name: "etcd-server", ...etcd });
  ensureLeaf({ path: tls("etcd/peer-server-client"), ca: tls("etcd/peer-ca"), name: "etcd-peer", ...etcd });
  ensureLeaf({
    path: tls("etcd/client"),
    ca: tls("etcd/server-ca"),
    name: "etcd-client",
    usage: "clientAuth",
  });
  const admin = { name: "system:admin", organization: "system:masters", usage: "clientAuth" } as const;
  ensureLeaf({ path: tls("client-admin"), ca: tls("client-ca"), ...admin });
  const kubernetes = ["", ".default", ".default.svc", ".default.svc.cluster.local"].map(
    (end) => `DNS:kubernetes${end}`,
  );
  const named = sans.map((san) => `${/^[\d.]+$|:/.test(san) ? "IP" : "DNS"}:${san}`);
  const all = [...new Set([...kubernetes, ...here, "IP:10.43.0.1", ...named])];
  ensureLeaf({
    path: tls("dynamic-cert"),
    ca: tls("server-ca"),
    name: "k3s",
    organization: "k3s",
    sans: all,
    usage: "serverAuth",
  });

  mkdirSync(place.cred, { recursive: true, mode: 0o700 });
  const users = [`${secrets.agentToken},node,node,k3s:agent`, `${secrets.token},server,server,k3s:server`];
  const passwd = join(place.cred, "passwd");
  const text = `${users.join("\n")}\n`;
  // Its age counts: see takeBootstrapData.
  if (!existsSync(passwd) || readFileSync(passwd, "utf8") !== text)
    writeFileSync(passwd, text, { mode: 0o600 });
}

/** The full tokens, where people look for them. */
export function writeTokens(place: Place, { token, agentToken }: Secrets): void {
  const ca = readFileSync(join(place.tls, "server-ca.crt"), "utf8");
  const at = (name: string) => join(place.server, name);
  for (const name of ["token", "node-token", "agent-token"]) rmSync(at(name), { force: true });
  writeFileSync(at("token"), `${fullToken(ca, "server", token)}\n`, { mode: 0o600 });
  symlinkSync(at("token"), at("node-token"));
  if (token === agentToken) symlinkSync(at("token"), at("agent-token"));
  else writeFileSync(at("agent-token"), `${fullToken(ca, "node", agentToken)}\n`, { mode: 0o600 });
}
