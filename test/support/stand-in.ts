// A program: plays K3s servers, ingress nodes and load balancers on the addresses it is given, and changes on command.
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** What one address answers: a status and a body for each path, 404 for any other. "silent" accepts and says nothing. */
export type Behaviour =
  | "silent"
  | Readonly<Record<string, { readonly status: number; readonly body?: string; readonly delay?: number }>>;

/** The argument, as JSON. The keys of `at` are ADDRESS:PORT. A line of the same form on standard input changes them. */
export interface StandIn {
  /** A file with key and certificate, for every port but those of PLAIN_PORTS. */
  readonly pem: string;
  readonly at: Readonly<Record<string, Behaviour>>;
}

/** The answer to a line: so many connections were open at the same time, at most, since the last line. */
export interface StandInReport {
  readonly peak: number;
}

const PLAIN_PORTS = ["80", "8404"];

const { pem, at }: StandIn = JSON.parse(process.argv[2] ?? "");
const behaviours = new Map(Object.entries(at));
const key = readFileSync(pem);
let open = 0;
let peak = 0;

for (const place of behaviours.keys()) {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const behaviour = behaviours.get(place);
    if (behaviour === undefined || behaviour === "silent") return;
    // A watch stays open, and says where it ended up.
    if (request.url === "/watch") return void response.writeHead(200).write(`${place}\n`);
    const { status = 404, body = "", delay = 0 } = behaviour[request.url ?? ""] ?? {};
    setTimeout(() => response.writeHead(status, { "content-type": "text/plain" }).end(body), delay);
  };
  const [host, port = ""] = place.split(":");
  const inner = PLAIN_PORTS.includes(port)
    ? createHttpServer(answer)
    : createTlsServer({ key, cert: key }, answer);
  const outer = createTcpServer((socket: Socket) => {
    open += 1;
    peak = Math.max(peak, open);
    socket.on("close", () => (open -= 1)).on("error", () => {});
    if (behaviours.get(place) !== "silent") inner.emit("connection", socket);
  });
  await new Promise<void>((resolve) => outer.listen({ host, port: Number(port), backlog: 1024 }, resolve));
}
process.stdout.write("ready\n");

for await (const line of createInterface({ input: process.stdin })) {
  const changes: Readonly<Record<string, Behaviour>> = JSON.parse(line);
  for (const [place, behaviour] of Object.entries(changes)) behaviours.set(place, behaviour);
  process.stdout.write(`${JSON.stringify({ peak } satisfies StandInReport)}\n`);
  peak = open;
}
process.exit(0);
