// Looks at this computer: its cards, default routes, resolvers and public keys. It sends nothing and opens no private key.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir, networkInterfaces, platform } from "node:os";
import { join } from "node:path";
import type { RunProgram } from "../program.ts";
import { linuxRoutes, macRoutes } from "./default-route.ts";
import { linuxNeighbours, macNeighbours } from "./neighbours.ts";
import type { Card, DefaultRoute, Observed } from "./observed.ts";
import { isStub, resolversIn } from "./resolv-conf.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds. An agent that asks the person first, or a `route` that looks up names, is not waited for. */
const LIMIT_MS = 2000;
/** Bytes; a public key is below one kilobyte. */
const LARGEST_KEY = 64 * 1024;

/** What cannot be seen is left out. Rejects for nothing. */
export async function observe(environment: Environment, run: RunProgram): Promise<Observed> {
  const [routes, inAgent] = await Promise.all([defaultRoutes(run), agentKeys(run)]);
  return { cards: cards(), routes, dns: resolvers(), keys: [...fileKeys(environment), ...inAgent] };
}

/** Addresses of neighbours that the kernel has heard of. */
export async function neighbours(run: RunProgram): Promise<readonly string[]> {
  if (platform() === "linux") return linuxNeighbours(textOf("/proc/net/arp"));
  if (platform() !== "darwin") return [];
  const { stdout } = await run("arp", ["-an"], { limit: LIMIT_MS });
  return macNeighbours(stdout.toString("utf8"));
}

/** The person's own folder. */
export function homeOf(environment: Environment): string {
  return environment["HOME"] ?? homedir();
}

function cards(): readonly Card[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, internal, address, cidr }) =>
      family === "IPv4" && !internal ? [{ name, address, prefix: Number(cidr?.split("/")[1] ?? 32) }] : [],
    ),
  );
}

async function defaultRoutes(run: RunProgram): Promise<readonly DefaultRoute[]> {
  if (platform() === "linux") return linuxRoutes(textOf("/proc/net/route"));
  if (platform() !== "darwin") return [];
  const { stdout } = await run("route", ["-n", "get", "default"], { limit: LIMIT_MS });
  return macRoutes(stdout.toString("utf8"));
}

function resolvers(): readonly string[] {
  const named = resolversIn(textOf("/etc/resolv.conf"));
  return isStub(named) ? resolversIn(textOf("/run/systemd/resolve/resolv.conf")) : named;
}

async function agentKeys(run: RunProgram): Promise<readonly string[]> {
  const { status, stdout } = await run("ssh-add", ["-L"], { limit: LIMIT_MS });
  return status === 0 ? linesOf(stdout.toString("utf8")) : [];
}

function fileKeys(environment: Environment): readonly string[] {
  const folder = join(homeOf(environment), ".ssh");
  return namesIn(folder)
    .filter((name) => name.endsWith(".pub"))
    .toSorted()
    .flatMap((name) => linesOf(publicText(join(folder, name))));
}

/** The text of a .pub file; "" where it is none. */
export function publicText(path: string): string {
  try {
    const stats = statSync(path);
    return path.endsWith(".pub") && stats.isFile() && stats.size <= LARGEST_KEY ? textOf(path) : "";
  } catch {
    return "";
  }
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
