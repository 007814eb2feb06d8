// A program: plays K3s servers, ingress nodes and load balancers on the addresses it is given, and changes on command.
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { TLSSocket } from "node:tls";

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly delay?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for a client with a certificate of `clientCa`; 401 for others. */
  readonly certified?: boolean;
}

/**
 * What one address answers: a status and a body for each path, 404 for any other. "silent" accepts and says nothing, "cut"
 * accepts and closes, "refused" does not listen.
 */
export type Behaviour = "silent" | "cut" | "refused" | Readonly<Record<string, Answer>>;

/** The file that the argument names, as JSON. The keys of `at` are ADDRESS:PORT. */
export interface StandIn {
  /** A file with key and certificate, for every port but those of PLAIN_PORTS. */
  readonly pem: string;
  /** A file with the CA of clients. */
  readonly clientCa?: string;
  readonly at: Readonly<Record<string, Behaviour>>;
  /** Milliseconds: a watch says something so often. Default: only once, at its begin. */
  readonly tick?: number;
}

/** A line on standard input changes some of it. */
export interface StandInChange {
  readonly at: StandIn["at"];
  /** Another file with key and certificate, by ADDRESS:PORT. */
  readonly pems: Readonly<Record<string, string>>;
}

/** The answer to a line: so many connections were open at the same time, at most, since the last line. */
export interface StandInReport {
  readonly peak: number;
}

const PLAIN_PORTS = ["80", "8404"];

const { pem, at, clientCa, tick }: StandIn = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const behaviours = new Map(Object.entries(at));
const listeners = new Map<string, Server>();
const tlsServers = new Map<string, TlsServer>();
const key = readFileSync(pem);
const clients = clientCa === undefined ? {} : { ca: readFileSync(clientCa), requestCert: true };
let open = 0;
let peak = 0;

for (const place of behaviours.keys()) {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const behaviour = behaviours.get(place);
    if (behaviour === undefined || typeof behaviour === "string") return;
    // A watch stays open, and says where it ended up.
    if (request.url === "/watch") {
      response.writeHead(200).write(`${place}\n`);
      if (tick === undefined) return;
      const timer = setInterval(() => response.write("\n"), tick);
      return void response.on("close", () => clearInterval(timer));
    }
    const { status = 404, body = "", delay = 0, headers, certified } = behaviour[request.url ?? ""] ?? {};
    const { socket } = request;
    const known = !certified || (socket instanceof TLSSocket && socket.authorized);
    const [code, text] = known ? [status, body] : [401, ""];
    setTimeout(() => response.writeHead(code, { "content-type": "text/plain", ...headers }).end(text), delay);
  };
  const isPlain = PLAIN_PORTS.includes(place.split(":")[1] ?? "");
  const tls = isPlain
    ? undefined
    : createTlsServer({ key, cert: key, ...clients, rejectUnauthorized: false }, answer);
  const inner = tls ?? createHttpServer(answer);
  if (tls)
    tlsServers.set(
      place,
      tls.on("tlsClientError", () => {}),
    );
  const outer = createTcpServer((socket: Socket) => {
    open += 1;
    peak = Math.max(peak, open);
    socket.on("close", () => (open -= 1)).on("error", () => {});
    const behaviour = behaviours.get(place);
    if (behaviour === "cut") socket.destroy();
    else if (behaviour !== "silent") inner.emit("connection", socket);
  });
  listeners.set(place, outer);
  await listenAsTold(place);
}
process.stdout.write("ready\n");

for await (const line of createInterface({ input: process.stdin })) {
  const { at: changes, pems }: StandInChange = JSON.parse(line);
  for (const [place, behaviour] of Object.entries(changes)) {
    behaviours.set(place, behaviour);
    await listenAsTold(place);
  }
  for (const [place, file] of Object.entries(pems)) {
    const own = readFileSync(file);
    tlsServers.get(place)?.setSecureContext({ key: own, cert: own, ...clients });
  }
  process.stdout.write(`${JSON.stringify({ peak } satisfies StandInReport)}\n`);
  peak = open;
}
process.exit(0);

async function listenAsTold(place: string): Promise<void> {
  const outer = listeners.get(place);
  const [host = "", port = ""] = place.split(":");
  const wanted = behaviours.get(place) !== "refused";
  if (!outer || outer.listening === wanted) return;
  if (!wanted) return void outer.close();
  await new Promise<void>((resolve) => outer.listen({ host, port: Number(port), backlog: 1024 }, resolve));
}
