// Join tokens: their two forms, the hash of the cluster's CA, and the check of a server before a secret is sent to it.
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { ask, get, type Question } from "./ask.ts";
import { log, reason } from "./log.ts";

export interface Access {
  readonly url: string;
  readonly password: string;
  readonly question: Question;
}

/** Both forms: a bare password, or `K10<64 hex>::<user>:<password>`. Throws K3s' messages (k3s.md section 3). */
export function parseToken(token: string): { readonly hash: string; readonly password: string } {
  if (token === "") throw new Error("token must not be empty");
  if (!token.startsWith("K10")) return { hash: "", password: token };
  const [, hash, credentials] = /^K10([^]*?)::([^]*)$/.exec(token) ?? [];
  if (hash === undefined || credentials === undefined) throw new Error("invalid token format");
  if (hash !== "" && hash.length !== 64) throw new Error("invalid token CA hash length");
  const [, password] = /^[^:]*:([^]+)$/.exec(credentials) ?? [];
  if (password === undefined) throw new Error("invalid token format");
  return { hash, password };
}

/** One certificate: the bytes of the file. Several: the DER of the root that the first one chains to (section 3). */
export function caHash(pem: string): string {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  if (certificates.length < 2) return sha256(pem);
  const roots = certificates.map((text) => new X509Certificate(text)).filter((one) => one.checkIssued(one));
  return sha256(roots[0]?.raw ?? pem);
}

/** The full token of a cluster with this CA. */
export const fullToken = (ca: string, user: "server" | "node", password: string): string =>
  `K10${caHash(ca)}::${user}:${password}`;

/**
 * What K3s does before it joins: the CA is downloaded unchecked, must then vouch for the server, and must have the hash of
 * the token where that has one. The password has not been sent yet. A server that already holds a CA file pins to it.
 */
export async function accessTo(
  url: string,
  token: string,
  user: "server" | "node",
  pinned = "",
): Promise<Access> {
  const { hash, password } = parseToken(token);
  if (!url.startsWith("https://")) {
    throw new Error(`only https:// URLs are supported, invalid scheme: ${url}`);
  }
  const base = url.replace(/\/+$/, "");
  const ca =
    pinned && existsSync(pinned) ? readFileSync(pinned, "utf8") : await downloadCa(`${base}/cacerts`);
  if (hash === "") {
    log(
      "warning",
      "Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
        "Use the full token from the server's node-token file to enable Cluster CA validation.",
    );
  } else if (hash !== caHash(ca)) {
    throw new Error(`token CA hash does not match the Cluster CA certificate hash: ${hash} != ${caHash(ca)}`);
  }
  return { url: base, password, question: { ca, auth: `${user}:${password}` } };
}

async function downloadCa(url: string): Promise<string> {
  const fetched = await get(url, { blind: true }).catch((error: unknown) => {
    throw new Error(`failed to get CA certs: ${reason(error)}`);
  });
  await ask(url, { ca: fetched }).catch((error: unknown) => {
    throw new Error(`CA cert validation failed: ${reason(error)}`);
  });
  return fetched;
}
