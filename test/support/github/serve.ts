// The stand-in behind a port of this computer's loopback: for programs that are told GITHUB_API_URL.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { FakeGithub } from "./fake.ts";

export interface Served {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export async function serveGithub(fake: FakeGithub): Promise<Served> {
  const server = createServer((request, response) => {
    void readWhole(request).then((body) => {
      const got = fake.answer({
        method: request.method ?? "",
        url: `http://${request.headers.host ?? ""}${request.url ?? ""}`,
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([key, value]) => [key, String(value)]),
        ),
        body,
      });
      if (got === "silent") return;
      if (got === "lost") request.socket.destroy();
      else response.writeHead(got.status, got.headers).end(got.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readWhole(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
