// The listener on 6443: one port for the supervisor's endpoints and the API, as the table of k3s.md section 4 has them.
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type Api, answerApi } from "./api.ts";
import { bootstrapData, type Secrets } from "./credentials.ts";
import { answerInfo } from "./db-info.ts";
import { answerSnapshot } from "./db-snapshot.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { identify } from "./identity.ts";
import { log, reason } from "./log.ts";
import { isNodePassword } from "./node-password.ts";
import { API_SERVERS } from "./objects.ts";
import { signRequest } from "./pki.ts";
import type { Place } from "./place.ts";
import { type Fail, readBody, sendError, sendJson, sendText } from "./reply.ts";

/** Everything that the phases of a server change. */
export interface Supervisor {
  readonly place: Place;
  readonly secrets: Secrets;
  /** What agents and joining servers are told of this server's config. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The folder of etcd's snapshots. */
  readonly snapshots: string;
  /** Null: this server has no etcd (sqlite). */
  etcd: EtcdClient | null;
  /** Phase 1 ends: until then everything is 503 `starting`, but for /db/info. */
  handling: boolean;
  /** Phase 3: kube-apiserver is up. */
  api: Api | undefined;
  /** Phase 4: controllers run. */
  core: boolean;
}

/** Listens on every address; throws where the port is taken. */
export async function listen(supervisor: Supervisor): Promise<Server> {
  const { place } = supervisor;
  const tls = (name: string) => readFileSync(join(place.tls, name));
  const options = {
    cert: [tls("dynamic-cert.crt"), tls("server-ca.crt")].join(""),
    key: tls("dynamic-cert.key"),
    // Requested and not required.
    ca: tls("client-ca.crt"),
    requestCert: true,
    rejectUnauthorized: false,
  };
  const https = createHttps(options, (request, response) => {
    const time = labTime();
    if (time !== null) response.setHeader("Date", time.toUTCString());
    answer(supervisor, request, response).catch((error: unknown) => {
      log("error", `Sending 500 response to ${request.socket.remoteAddress}: ${reason(error)}`);
      if (!response.headersSent) sendError(response, 500, reason(error));
    });
  });
  // Node.js ends an idle connection after 5 s; a Go server lets it be.
  https.keepAliveTimeout = 0;
  https.on("clientError", (_, socket) => socket.destroy());
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (first) => {
      socket.pause();
      if (first[0] !== 0x16) return refusePlain(socket);
      socket.unshift(first);
      https.emit("connection", socket);
      return undefined;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(place.port, resolve);
  });
  return server;
}

/** What a lab's machine takes for the time, where a test has said so (test/lab/image.sh). */
function labTime(): Date | null {
  try {
    return new Date(1000 * Number(readFileSync("/etc/lab/epoch", "utf8")));
  } catch {
    return null;
  }
}

/** Go's answer to HTTP on a TLS port. */
function refusePlain(socket: Socket): void {
  const text = "Client sent an HTTP request to an HTTPS server.\n";
  socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${text}`);
}

async function answer(
  supervisor: Supervisor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const who = identify(request, supervisor.secrets);
  const fail = (code: number, message: string) => {
    if (message !== "apiserver not ready") {
      log("error", `Sending HTTP/1.1 ${code} response to ${request.socket.remoteAddress}: ${message}`);
    }
    sendError(response, code, message);
  };
  if (path === "/db/info") return answerInfo(supervisor, who, request, response, fail);
  if (!supervisor.handling) return fail(503, "starting");
  if (path === "/db/snapshot") return answerSnapshot(supervisor, who, request, response, fail);
  if (path === "/ping") return sendText(response, "pong");
  if (path === "/cacerts")
    return sendText(
      response,
      readFileSync(join(supervisor.place.tls, "server-ca.crt"), "utf8"),
      "text/plain",
    );

  const [, endpoint] = /^\/v1-k3s\/(.+)$/.exec(path) ?? [];
  const role = ROLES[endpoint ?? ""];
  if (endpoint !== undefined && role) {
    if (who.wrong) return fail(401, "not authorized");
    if (!role.some((group) => who.groups.includes(group))) return fail(403, "forbidden");
    return answerEndpoint(supervisor, endpoint, request, response, fail);
  }
  if (!supervisor.api) return fail(503, "apiserver not ready");
  return answerApi(supervisor.api, who, request, response);
}

const AGENTS = ["k3s:agent", "system:nodes", "system:bootstrappers"];
const SERVERS = ["k3s:server"];
/** Who may ask what below /v1-k3s/. What is not here goes to the API, as in K3s. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  readyz: AGENTS,
  config: AGENTS,
  apiservers: AGENTS,
  "client-ca.crt": AGENTS,
  "server-ca.crt": AGENTS,
  "client-kubelet.crt": AGENTS,
  "server-bootstrap": SERVERS,
};

async function answerEndpoint(
  supervisor: Supervisor,
  endpoint: string,
  request: IncomingMessage,
  response: ServerResponse,
  fail: Fail,
): Promise<void> {
  const { place, api } = supervisor;
  switch (endpoint) {
    case "readyz":
      return supervisor.core ? sendText(response, "ok") : fail(503, "runtime core not ready");
    case "config":
      return sendJson(response, supervisor.config);
    case "apiservers": {
      const entries = api ? await api.store.range(API_SERVERS, true) : [];
      return sendJson(
        response,
        entries.map(({ value }) => value),
      );
    }
    case "server-bootstrap":
      return supervisor.etcd ? sendJson(response, bootstrapData(place)) : fail(400, "etcd disabled");
    case "client-kubelet.crt":
      return answerKubelet(supervisor, request, response, fail);
    default:
      return sendText(response, readFileSync(join(place.tls, endpoint), "utf8"));
  }
}

/** A node's certificate, for the password that the node is known by. */
async function answerKubelet(
  { api, core, place }: Supervisor,
  request: IncomingMessage,
  response: ServerResponse,
  fail: Fail,
): Promise<void> {
  const name = String(request.headers["k3s-node-name"] ?? "").toLowerCase();
  const password = String(request.headers["k3s-node-password"] ?? "");
  if (name === "") return fail(400, "node name not set");
  if (password === "") return fail(400, "node password not set");
  if (!api || !core) return fail(503, "runtime core not ready");
  if (!(await isNodePassword(api.store, name, password))) {
    return fail(403, `unable to verify password for node ${name}: hash does not match`);
  }
  const csr = await readBody(request);
  return sendText(
    response,
    signRequest(csr, join(place.tls, "client-ca"), `system:node:${name}`, "system:nodes"),
  );
}
