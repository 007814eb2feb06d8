// A load balancer's status page, read from outside and without credentials: its name, and whom it sees.
import { get } from "node:http";

export interface Page {
  /** The load balancer that answered. */
  readonly name: string;
  /** `be_api/server-1` and whether it is up. */
  readonly servers: ReadonlyMap<string, boolean>;
}

/** A page that takes longer is none: somebody asks again soon. */
export const PAGE_MS = 800;

/** The page at that address, or null where none comes within `limit` milliseconds. */
export function askPage(address: string, port: number, limit: number): Promise<Page | null> {
  return new Promise((resolve) => {
    const asked = get({ host: address, port, path: "/backends", agent: false }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (part: string) => (text += part))
        .on("error", () => done(null))
        .on("end", () => done(parsePage(text)));
    });
    const late = setTimeout(() => asked.destroy(new Error("too late")), limit);
    const done = (page: Page | null) => {
      clearTimeout(late);
      resolve(page);
    };
    asked.on("error", () => done(null));
  });
}

/** Null for a text that is no such page. */
export function parsePage(text: string): Page | null {
  const [first = "", ...lines] = text.trim().split("\n");
  const [, name] = /^load balancer (\S+)$/.exec(first) ?? [];
  if (name === undefined) return null;
  const servers = lines.flatMap((line) => {
    const [, server, state] = /^(\S+\/\S+) (UP|DOWN)$/.exec(line) ?? [];
    return server === undefined ? [] : [[server, state === "UP"] as const];
  });
  return { name, servers: new Map(servers) };
}
