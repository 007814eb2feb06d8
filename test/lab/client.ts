// The client of the tests that must lose no request: every way into the cluster, asked many times a second, from the lab's
// own computer.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ClientPlan, Report, Target } from "./client-program.ts";
import { labFile, PROJECT } from "./paths.ts";

export type { Failure, Report, Seen, Target } from "./client-program.ts";

export interface ClientOptions {
  readonly targets: readonly Target[];
  /** Requests a second, of all targets together: 200 unless said otherwise. */
  readonly rate?: number;
  /** How often a failed request is made once more: once unless said otherwise. */
  readonly retries?: number;
  /** For one request: 5 s unless said otherwise. */
  readonly limitMs?: number;
}

export interface Client {
  /** Sends no more, waits for what is under way, and says what was seen. Throws where the client ended before. */
  readonly stop: () => Promise<Report>;
}

/** The three ways into a cluster through its vip: the API, and the ingress, which answers 404 where no Ingress matches. */
export function waysInto(vip: string): readonly Target[] {
  return [
    // Without credentials an API server that is up says 401 (k3s.md section 4).
    { name: "api", url: `https://${vip}:6443/readyz`, expect: [200, 401] },
    { name: "http", url: `http://${vip}/`, expect: [404] },
    { name: "https", url: `https://${vip}/`, expect: [404] },
  ];
}

/** Starts asking in a process of its own, in this one's network. Returns when the first request is out. */
export async function startClient({
  targets,
  rate = 200,
  retries = 1,
  limitMs = 5000,
}: ClientOptions): Promise<Client> {
  const plan: ClientPlan = { targets, rate, retries, limit: limitMs };
  const args = ["--import", "tsx", labFile("client-program.ts"), JSON.stringify(plan)];
  // Its input ends with this process, and it with its input.
  const child = spawn(process.execPath, args, { cwd: PROJECT, stdio: "pipe" });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => (complaint += part));
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout });
  const nextLine = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`the lab's client ended by itself: ${complaint.slice(-2000)}`));
      if (child.exitCode !== null || child.signalCode !== null) return ended();
      lines.once("line", (line) => {
        child.off("close", ended);
        resolve(line);
      });
      child.once("error", reject).once("close", ended);
    });
  await nextLine();
  return {
    stop: () => {
      const report = nextLine();
      child.stdin.end();
      return report.then((line) => JSON.parse(line) as Report);
    },
  };
}
