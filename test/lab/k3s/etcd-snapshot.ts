// `k3s etcd-snapshot save | ls`: a client of this machine's own server, by the token that lies there (k3s-io/k3s:
// pkg/cli/etcdsnapshot). Left out: every flag but --name, -o json and -o standard.
import { readFileSync } from "node:fs";
import { ask, type Answer } from "./ask.ts";
import type { SnapshotRequest } from "./db-snapshot.ts";
import { log } from "./log.ts";
import { accessTo } from "./token.ts";

const SERVER = "https://127.0.0.1:6443";
const TOKEN = "/var/lib/rancher/k3s/server/token";

interface ListedFile {
  readonly spec: { readonly snapshotName: string; readonly location: string };
  readonly status: { readonly size: string; readonly creationTime: string };
}

/** Throws what K3s ends with. */
export async function runEtcdSnapshot([word = "save", ...args]: readonly string[]): Promise<void> {
  if (word === "save") {
    const name = flag(args, ["--name"]) ?? "on-demand";
    const { created = [] } = JSON.parse(await post({ operation: "save", name: [name] })) as {
      readonly created?: readonly string[];
    };
    for (const each of created) log("info", `Snapshot ${each} saved.`);
    return;
  }
  if (word !== "ls" && word !== "list" && word !== "l") throw new Error(`No help topic for '${word}'`);
  const form = flag(args, ["-o", "--output"]) ?? "standard";
  const text = await post({ operation: "list" });
  if (form === "json") return void process.stdout.write(`${text.trim()}\n`);
  const { items } = JSON.parse(text) as { readonly items: readonly ListedFile[] };
  const rows = items.map(
    ({ spec, status }) => `${spec.snapshotName} ${spec.location} ${status.size} ${status.creationTime}`,
  );
  process.stdout.write(["Name Location Size Created", ...rows, ""].join("\n"));
}

function flag(args: readonly string[], names: readonly string[]): string | undefined {
  const [name = "", value, ...more] = args.flatMap((word) => word.split("="));
  if (name === "") return undefined;
  if (!names.includes(name) || more.length > 0)
    throw new Error(`flag provided but not defined: ${more[0] ?? name}`);
  if (value === undefined) throw new Error(`flag needs an argument: ${name}`);
  return value;
}

async function post(asked: SnapshotRequest): Promise<string> {
  const { url, question } = await accessTo(SERVER, readFileSync(TOKEN, "utf8").trim(), "server");
  const { status, body }: Answer = await ask(`${url}/db/snapshot`, {
    ...question,
    method: "POST",
    body: JSON.stringify(asked),
    limit: 120_000,
  });
  if (status === 200) return body;
  throw new Error(`see server log for details: ${url}/db/snapshot: ${status} ${messageOf(body)}`);
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { readonly message?: unknown }).message ?? "");
  } catch {
    return body.trim();
  }
}
