// Whether a cluster answers already: every server and the registration address, asked at once, without any credentials.
import { createHash, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { API_PORT_ON_SERVERS, type Cluster, ofRole } from "../model/cluster.ts";

/** Milliseconds for each address, a TCP connection and an answer together. */
const LIMIT_MS = 3000;
const LONGEST_ANSWER = 64 * 1024;

export interface Answer {
  readonly name: string;
  readonly address: string;
  /**
   * cluster: a K3s gave its certificates. busy: something took the connection and said something else. silent: nobody
   * there, or a load balancer without a server behind it.
   */
  readonly said: "cluster" | "busy" | "silent";
  /** SHA-256 over the certificates as K3s counts it; null but for a cluster. */
  readonly caHash: string | null;
}

/** Asks all; takes LIMIT_MS at the longest. */
export async function lookForCluster(cluster: Cluster): Promise<readonly Answer[]> {
  const { registration } = cluster;
  const servers = ofRole(cluster, "server").map(({ name, address }) => ({
    name,
    address,
    port: API_PORT_ON_SERVERS,
  }));
  const places =
    registration.holder === "server"
      ? servers
      : [
          { name: "the registration address", address: registration.address, port: registration.port },
          ...servers,
        ];
  return Promise.all(
    places.map(({ name, address, port }, index) =>
      ask(name, address, port, index >= places.length - servers.length),
    ),
  );
}

/** True where this computer has an address in the cluster's subnet: only then does silence say anything. */
export function isInSubnet(cluster: Cluster): boolean {
  const [network, prefix] = ipaddr.parseCIDR(cluster.network.subnet.cidr);
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .some(({ address }) => ipaddr.parse(address).match(network, prefix));
}

async function ask(name: string, address: string, port: number, isServer: boolean): Promise<Answer> {
  const { body, connected } = await certificates(address, port);
  if (body !== null) return { name, address, said: "cluster", caHash: caHash(body) };
  // A load balancer without servers takes a connection and closes it; on a server only K3s listens there.
  return { name, address, said: connected && isServer ? "busy" : "silent", caHash: null };
}

/** K3s gives its CA certificates to everybody at /cacerts (docs/facts.md); they prove nothing, so nothing is sent. */
async function certificates(
  host: string,
  port: number,
): Promise<{ readonly body: string | null; readonly connected: boolean }> {
  const connected = await connects(host, port);
  if (!connected) return { body: null, connected };
  const body = await new Promise<string | null>((resolve) => {
    const asked = request(
      {
        host,
        port,
        path: "/cacerts",
        rejectUnauthorized: false,
        agent: false,
        signal: AbortSignal.timeout(LIMIT_MS / 2),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
          if (text.length > LONGEST_ANSWER) response.destroy();
        });
        response.on("close", () => {
          const whole = response.complete && response.statusCode === 200;
          resolve(whole && text.includes("-----BEGIN CERTIFICATE-----") ? text : null);
        });
      },
    );
    asked.on("error", () => resolve(null));
    asked.end();
  });
  return { body, connected };
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (connected: boolean) => {
      socket.destroy();
      resolve(connected);
    };
    socket.setTimeout(LIMIT_MS / 2, () => end(false));
    socket.on("connect", () => end(true)).on("error", () => end(false));
  });
}

/**
 * The hash in a K10 token: over the text of one certificate, and of a bundle over the last one, its root, in DER
 * (k3s-io/k3s:pkg/clientaccess/token.go; the node program counts alike). Null for no certificate.
 */
function caHash(pem: string): string | null {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    const counted = all.length > 1 ? new X509Certificate(all.at(-1) ?? "").raw : pem;
    return createHash("sha256").update(counted).digest("hex");
  } catch {
    return null;
  }
}
