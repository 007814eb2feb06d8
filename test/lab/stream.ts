// A connection to the cluster that is opened once and kept, as those of a watch, of a kubelet or of a download are.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Often enough that no server takes the connection for idle: the stand-in's ends those after 5 s. */
const PULSE_MS = 1000;
const LIMIT_MS = 5000;

export interface Stream {
  /** When it was cut, in milliseconds since 1970, and why; null while it stands. A busy test hears of it late. */
  readonly cut: { readonly at: number; readonly reason: string } | null;
  /** Ends it from this side, which is no cut. */
  readonly close: () => void;
}

/** Opens a connection to the host of an http or https URL, and asks for it there again and again. Returns after the first answer. */
export async function holdStream(url: string): Promise<Stream> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const secure = protocol === "https:";
  const place = { host: hostname, port: Number(port) || (secure ? 443 : 80) };
  const socket: Socket = secure ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
  let cut: Stream["cut"] = null;
  let closed = false;
  let reason = "closed by the other side";
  let waiting = 0;

  const ask = () => {
    if (waiting > 0) return;
    waiting = performance.now();
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  };
  const pulse = setInterval(() => {
    if (waiting > 0 && performance.now() - waiting > LIMIT_MS) socket.destroy(new Error("no answer"));
    else ask();
  }, PULSE_MS);
  socket
    .on("error", (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message))
    .on("data", () => (waiting = 0))
    .on("close", () => {
      clearInterval(pulse);
      if (!closed) cut = { at: Date.now(), reason };
    });
  ask();
  await new Promise((resolve, reject) => {
    socket.once("data", resolve).once("close", () => reject(new Error(`${url}: ${reason}`)));
  });
  return {
    get cut() {
      return cut;
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}
