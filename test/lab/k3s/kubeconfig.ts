// The administrator's kubeconfig: written by a server, read by kubectl.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import type { Question } from "./ask.ts";
import type { Place } from "./place.ts";

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** `mode`: octal digits, "0600" by default (k3s.md section 2). */
export function writeKubeconfig(place: Place, path: string, mode: string): void {
  const data = (name: string) => readFileSync(join(place.tls, name)).toString("base64");
  const cluster = {
    "certificate-authority-data": data("server-ca.crt"),
    server: `https://127.0.0.1:${place.port}`,
  };
  const user = {
    "client-certificate-data": data("client-admin.crt"),
    "client-key-data": data("client-admin.key"),
  };
  const config = {
    apiVersion: "v1",
    clusters: [{ cluster, name: "default" }],
    contexts: [{ context: { cluster: "default", user: "default" }, name: "default" }],
    "current-context": "default",
    kind: "Config",
    preferences: {},
    users: [{ name: "default", user }],
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, dump(config, { lineWidth: -1 }), { mode: 0o600 });
  chmodSync(path, Number.parseInt(mode, 8));
}

/** Where the API is and how to be believed there. Throws where the file cannot be read. */
export function readKubeconfig(path: string): { readonly server: string; readonly question: Question } {
  const { clusters, users } = load(readFileSync(path, "utf8")) as Kubeconfig;
  const { cluster } = clusters[0];
  const { user } = users[0];
  const text = (value = "") => Buffer.from(value, "base64").toString("utf8");
  const ca = text(cluster["certificate-authority-data"]);
  const cert = text(user["client-certificate-data"]);
  const key = text(user["client-key-data"]);
  return { server: cluster["server"] ?? "", question: { ca, cert, key } };
}
