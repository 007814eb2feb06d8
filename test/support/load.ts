// A program: asks one address again and again over new TLS connections, at a fixed rate whatever comes back, and keeps
// some long streams open. Prints a line when the streams stand, and all that it saw when standard input ends.
import { readFileSync } from "node:fs";
import { request } from "node:https";

export interface Load {
  readonly host: string;
  readonly port: number;
  /** New connections a second. */
  readonly rate: number;
  /** Streams that are opened first, one after the other, and then only watched. */
  readonly streams: number;
}

/** Times in milliseconds since 1970. */
export interface LoadReport {
  readonly requests: readonly { readonly at: number; readonly took: number; readonly ok: boolean }[];
  /** `server` is ADDRESS:PORT; `closed` is null for a stream that is still there. */
  readonly streams: readonly { readonly server: string; readonly closed: number | null }[];
}

const { host, port, rate, streams: count }: Load = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
// A client that never gives up would hide a loss.
const LIMIT = 10_000;
const common = { host, port, rejectUnauthorized: false, agent: false } as const;

const streams = await Promise.all(Array.from({ length: count }, openStream));
process.stdout.write("ready\n");

const started: Promise<LoadReport["requests"][number]>[] = [];
const begin = performance.now();
const timer = setInterval(() => {
  // Open loop: a late timer is made up for, so that a stall of this program or of the server costs no request.
  while (started.length < ((performance.now() - begin) / 1000) * rate) started.push(ask());
}, 5);
process.stdin.resume().on("end", () => {
  clearInterval(timer);
  void Promise.all(started).then((requests) => {
    process.stdout.write(`${JSON.stringify({ requests, streams } satisfies LoadReport)}\n`, () =>
      process.exit(0),
    );
  });
});

function ask(): Promise<LoadReport["requests"][number]> {
  const at = Date.now();
  return new Promise((resolve) => {
    const done = (ok: boolean) => resolve({ at, took: Date.now() - at, ok });
    request({ ...common, path: "/readyz", signal: AbortSignal.timeout(LIMIT) }, (response) => {
      response.resume().on("end", () => done(response.statusCode === 401));
    })
      .on("error", () => done(false))
      .end();
  });
}

function openStream(): Promise<{ server: string; closed: number | null }> {
  return new Promise((resolve, reject) => {
    request({ ...common, path: "/watch" }, (response) => {
      response.setEncoding("utf8").once("data", (server: string) => {
        const stream: { server: string; closed: number | null } = { server: server.trim(), closed: null };
        response.on("error", () => {}).on("close", () => (stream.closed = Date.now()));
        resolve(stream);
      });
    })
      .on("error", reject)
      .end();
  });
}
