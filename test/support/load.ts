// A program: asks one address again and again over new TLS connections, at a fixed rate whatever comes back, and keeps
// some long streams open. Prints a line when the streams stand, another for each line on standard input (how many streams
// are silent), and all that it saw when standard input ends.
import { readFileSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createInterface } from "node:readline";

export interface Load {
  readonly host: string;
  /** 80: an ingress without TLS, which knows no such host. Else the API of a K3s server. */
  readonly port: number;
  /** New connections a second. */
  readonly rate: number;
  /** So many requests, then none. Default: until standard input ends. */
  readonly requests?: number;
  /** Streams that are opened first, and then only watched. */
  readonly streams: number;
  /** true: a stream that ends is opened anew, as a Kubernetes client does. */
  readonly reopen?: boolean;
}

/** Times in milliseconds, `at` and `closed` since 1970. */
export interface LoadReport {
  /** `server` is what the answer's body says. */
  readonly requests: readonly {
    readonly at: number;
    readonly took: number;
    readonly ok: boolean;
    readonly server: string;
  }[];
  /**
   * `server` is ADDRESS:PORT, of the first opening; `closed` is its end, null for a stream that is still there; `silence`
   * is the longest time without a word, over all openings.
   */
  readonly streams: readonly {
    readonly server: string;
    readonly closed: number | null;
    readonly silence: number;
  }[];
}

type Request = LoadReport["requests"][number];

interface Stream {
  server: string;
  closed: number | null;
  silence: number;
  heard: number;
}

const load: Load = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const { host, port, rate, requests: most = Infinity } = load;
// A client that never gives up would hide a loss.
const LIMIT = 10_000;
/** Between two attempts to open a stream. */
const PAUSE = 100;
const [request, path, expected] =
  port === 80 ? ([httpRequest, "/", 404] as const) : ([httpsRequest, "/readyz", 401] as const);
const common = { host, port, rejectUnauthorized: false, agent: false } as const;

const streams = await Promise.all(Array.from({ length: load.streams }, openStream));
process.stdout.write("ready\n");

const started: Promise<Request>[] = [];
const begin = performance.now();
const timer = setInterval(() => {
  // Open loop: a late timer is made up for, so that a stall of this program or of the server costs no request.
  const due = Math.min(most, ((performance.now() - begin) / 1000) * rate);
  while (started.length < due) started.push(ask());
}, 5);
createInterface({ input: process.stdin })
  .on("line", () => {
    const silent = streams.filter(({ heard }) => performance.now() - heard > 1000);
    process.stdout.write(`${silent.length}\n`);
  })
  .on("close", () => {
    clearInterval(timer);
    for (const stream of streams) hear(stream);
    const seen = streams.map(({ server, closed, silence }) => ({ server, closed, silence }));
    void Promise.all(started).then((requests) => {
      process.stdout.write(`${JSON.stringify({ requests, streams: seen } satisfies LoadReport)}\n`, () =>
        process.exit(0),
      );
    });
  });

function ask(): Promise<Request> {
  const at = Date.now();
  const clock = performance.now();
  return new Promise((resolve) => {
    const done = (ok: boolean, server = "") =>
      resolve({ at, took: Math.round((performance.now() - clock) * 10) / 10, ok, server });
    get(path, AbortSignal.timeout(LIMIT), (response) => {
      const body: string[] = [];
      response
        .setEncoding("utf8")
        .on("data", (part: string) => body.push(part))
        .on("end", () => done(response.statusCode === expected, body.join("").trim()))
        .on("error", () => done(false));
    }).on("error", () => done(false));
  });
}

/** Returns when it says where it ended up. Throws where the first opening fails. */
function openStream(): Promise<Stream> {
  return new Promise((resolve, reject) => {
    let stream: Stream | undefined;
    const open = () => {
      // Whoever opens a stream waits for its begin as long as for any other answer.
      const limit = new AbortController();
      const giveUp = setTimeout(() => limit.abort(), LIMIT);
      const ended = () => {
        clearTimeout(giveUp);
        if (stream === undefined) return reject(new Error("a stream was not opened"));
        stream.closed ??= Date.now();
        if (load.reopen) setTimeout(open, PAUSE);
      };
      get("/watch", limit.signal, (response) => {
        response
          .setEncoding("utf8")
          .once("data", () => clearTimeout(giveUp))
          .on("data", (text: string) => {
            if (stream === undefined) {
              stream = { server: text.trim(), closed: null, silence: 0, heard: performance.now() };
              resolve(stream);
            }
            hear(stream);
          })
          .on("error", () => {});
      })
        .on("error", () => {})
        .on("close", ended);
    };
    open();
  });
}

function hear(stream: Stream): void {
  const now = performance.now();
  stream.silence = Math.max(stream.silence, Math.round(now - stream.heard));
  stream.heard = now;
}

function get(
  path: string,
  signal: AbortSignal,
  answered: (response: IncomingMessage) => void,
): ClientRequest {
  const made = request({ ...common, path, signal }, answered);
  made.end();
  return made;
}
