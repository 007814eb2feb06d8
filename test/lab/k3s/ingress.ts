// What stands on ports 80 and 443 of a node: a 404 for every host, as Traefik answers where no Ingress matches.
// K3s' packaged Traefik runs in pods, which outlive a stop of k3s and end with k3s-killall.sh or the machine: so this is a
// process of its own, which the unit's KillMode=process leaves alone.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import type { Server } from "node:net";
import { join } from "node:path";
import { log, reason } from "./log.ts";
import { ensureCa } from "./pki.ts";

const FOLDER = "/run/k3s";
const PID = join(FOLDER, "ingress.pid");

/** Starts it where it does not run yet. It is told by its process number, which a reboot forgets. */
export function ensureIngress(): void {
  const pid = existsSync(PID) ? readFileSync(PID, "utf8").trim() : "";
  if (pid !== "" && isIngress(pid)) return;
  mkdirSync(FOLDER, { recursive: true });
  const { NOTIFY_SOCKET: _, ...env } = process.env;
  const child = spawn(process.execPath, [process.argv[1] ?? "", "ingress"], {
    detached: true,
    stdio: "ignore",
    env,
  });
  if (child.pid !== undefined) writeFileSync(PID, `${child.pid}\n`);
  child.on("error", (error) => log("error", `ingress: ${reason(error)}`));
  child.unref();
}

/** The process behind it. A port that is taken ends it, as a pod whose host port is taken is not started. */
export function runIngress(): void {
  process.title = "k3s ingress";
  const answer: RequestListener = (_, response) => {
    const headers = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };
    response.writeHead(404, headers).end("404 page not found\n");
  };
  const certificate = join(FOLDER, "ingress");
  ensureCa(certificate, "TRAEFIK DEFAULT CERT");
  const read = (end: string) => readFileSync(`${certificate}.${end}`);
  const servers: readonly (readonly [Server, number])[] = [
    [createHttp(answer), 80],
    [createHttps({ cert: read("crt"), key: read("key") }, answer), 443],
  ];
  for (const [server, port] of servers) server.on("error", () => process.exit(1)).listen(port);
}

function isIngress(pid: string): boolean {
  try {
    // The title takes the place of the command line.
    return readFileSync(`/proc/${Number(pid)}/cmdline`, "utf8").includes("ingress");
  } catch {
    return false;
  }
}
