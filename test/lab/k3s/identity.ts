// Who asks: a client certificate of the cluster's client CA, or basic authentication by a token, or nobody.
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { Secrets } from "./credentials.ts";

export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
  /** By a certificate; the API takes nothing else. */
  readonly certified: boolean;
  /** Credentials were sent and are not right: 401 where none at all are 403 (k3s.md section 4, "Endpoints on 6443"). */
  readonly wrong: boolean;
  /** From 127.0.0.1 or ::1. */
  readonly local: boolean;
}

export function identify(request: IncomingMessage, secrets: Secrets): Identity {
  const { socket } = request;
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const local = address === "127.0.0.1" || address === "::1";
  const subject =
    socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().subject : null;
  // A resumed TLS session, as HAProxy's checks have it, is "authorized" in Node.js also without any certificate.
  if (subject?.CN) {
    const groups = [subject.O ?? []].flat();
    return { name: String(subject.CN), groups, certified: true, wrong: false, local };
  }
  const nobody = { name: "", groups: [], certified: false, wrong: false, local };
  const [, encoded] = /^Basic (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (encoded === undefined) return nobody;
  const [, user = "", password = ""] =
    /^([^:]*):([^]*)$/.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  // Each user has one role: the server's token does not open what is for agents.
  const users: Readonly<Record<string, readonly [group: string, password: string]>> = {
    server: ["k3s:server", secrets.token],
    node: ["k3s:agent", secrets.agentToken],
  };
  const known = users[user];
  if (!known || !isSame(known[1], password)) return { ...nobody, wrong: true };
  return { ...nobody, name: user, groups: [known[0]] };
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
