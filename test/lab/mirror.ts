// The lab's download server: a release of K3s, or its stand-in, over HTTP, good or broken in every way that tests need.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** down: refuses connections. fail: 503. slow: 20 kB/s. corrupt: the binary has other bytes than its hash file says. */
export type MirrorMood = "good" | "down" | "fail" | "slow" | "corrupt";

export interface Mirror {
  readonly behave: (mood: MirrorMood) => Promise<void>;
  /** "GET /install.sh 200", in the order of arrival. */
  readonly requests: () => readonly string[];
  readonly close: () => Promise<void>;
}

export interface MirrorOptions {
  readonly address: string;
  readonly port: number;
  /** Holds install.sh, k3s and sha256sum-amd64.txt: one release, served under any version. */
  readonly folder: string;
  /** The folders of single versions, such as "v1.36.5+k3s1", where there are several. */
  readonly versions?: Readonly<Record<string, string>>;
}

const SLOW_CHUNK = 4096;
const SLOW_PAUSE_MS = 200;

/**
 * `/install.sh` and `/releases/VERSION/FILE`, the version as in the URLs of real releases: `v1.36.4%2Bk3s1`. Files are read
 * at each request.
 */
export async function startMirror({ address, port, folder, versions = {} }: MirrorOptions): Promise<Mirror> {
  const log: string[] = [];
  let mood: MirrorMood = "good";
  let server: Server | undefined;

  const send = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = mood === "fail" ? undefined : fileOf(folder, versions, request.url ?? "/");
    const status = mood === "fail" ? 503 : body ? 200 : 404;
    log.push(
      `${request.method} ${request.url} ${status}${request.headers.range ? ` ${request.headers.range}` : ""}`,
    );
    if (!body) {
      response.writeHead(status).end();
      return;
    }
    const isBinary = basename(request.url ?? "").startsWith("k3s");
    const whole = mood === "corrupt" && isBinary ? flipped(body) : body;
    // As GitHub's downloads: they go on where they broke off.
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const sent = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      "Content-Length": sent.length,
      "Content-Type": "application/octet-stream",
      ...(from > 0 && { "Content-Range": `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (mood !== "slow") {
      response.end(sent);
      return;
    }
    for (let at = 0; at < sent.length && !response.destroyed; at += SLOW_CHUNK) {
      response.write(sent.subarray(at, at + SLOW_CHUNK));
      // The rest comes at once when the mirror is well again.
      await sleep(mood === "slow" ? SLOW_PAUSE_MS : 0);
    }
    response.end();
  };
  const open = async (): Promise<void> => {
    const opened = createServer((request, response) => void send(request, response));
    await new Promise<void>((resolve, reject) => {
      opened.once("error", reject).listen(port, address, resolve);
    });
    server = opened;
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (!closing) return;
    const closed = new Promise((resolve) => closing.close(resolve));
    closing.closeAllConnections();
    await closed;
  };
  await open();
  return {
    behave: async (wanted) => {
      mood = wanted;
      if (wanted === "down") await close();
      else if (!server) await open();
    },
    requests: () => [...log],
    close,
  };
}

/** The requested file, or undefined where the mirror has none of that name. */
function fileOf(
  folder: string,
  versions: Readonly<Record<string, string>>,
  url: string,
): Uint8Array | undefined {
  const path = decodeURIComponent(url.split("?")[0] ?? "");
  const [, version, name] = /^\/releases\/([^/]+)\/([\w.-]+)$/.exec(path) ?? [];
  const file =
    path === "/install.sh"
      ? join(folder, "install.sh")
      : version && name
        ? join(versions[version] ?? folder, name)
        : undefined;
  try {
    return file === undefined ? undefined : readFileSync(file);
  } catch {
    return undefined;
  }
}

function flipped(body: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(body);
  for (let at = copy.length >> 1; at < copy.length; at += 1021) copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
