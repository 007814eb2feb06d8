// Where one server is: its node, its address and its folders.
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Settings } from "./settings.ts";

export interface Place {
  readonly node: string;
  /** The first node-ip: of etcd's peer and client, and of the API. */
  readonly address: string;
  readonly port: number;
  readonly server: string;
  readonly agent: string;
  readonly tls: string;
  readonly cred: string;
  readonly db: string;
  readonly etcd: string;
}

/** The node's name is lower case. K3s takes the address of the default route where no node-ip is given; this, the first. */
export function placeOf(settings: Settings): Place {
  const data = settings.get("data-dir") ?? "/var/lib/rancher/k3s";
  const server = join(data, "server");
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const first =
    addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";
  return {
    node: (settings.get("node-name") ?? hostname()).toLowerCase(),
    address: settings.list("node-ip")[0] ?? first,
    port: Number(settings.get("https-listen-port") ?? 6443),
    server,
    agent: join(data, "agent"),
    tls: join(server, "tls"),
    cred: join(server, "cred"),
    db: join(server, "db"),
    etcd: join(server, "db", "etcd"),
  };
}
