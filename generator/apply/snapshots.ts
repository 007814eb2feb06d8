// Snapshots of etcd on the servers, by K3s' own command. It finds its token by itself: none is given or read here.
import { asArgument, printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import { parseSnapshots, type Snapshot, snapshotFile } from "../snapshot/snapshots.ts";
import { TAKEN, takenOver } from "./job.ts";
import type { Remote } from "./remote.ts";

const K3S = "/usr/local/bin/k3s etcd-snapshot";
/** K3s' own client waits two minutes, and a Pi needs some of them for a large etcd. */
const SAVE_LIMIT_MS = 180_000;
const LIST_LIMIT_MS = 30_000;
/** Where K3s puts them, unless k3s.serverConfig names another place. */
const FOLDER = "/var/lib/rancher/k3s/server/db/snapshots";
/** What a name is made of: it becomes one of a file and of a Kubernetes object. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,60}$/;

export interface SaveOptions {
  /** What a script of an apply begins with. */
  readonly fence?: string;
  readonly signal?: AbortSignal;
}

/**
 * Takes a snapshot on that server and looks whether it is there. `name`: K3s adds the server and the time to it. Throws a
 * Failure, which says that nothing else was touched where that is so.
 */
export async function saveSnapshot(
  remote: Remote,
  server: string,
  name: string,
  { fence = "", signal }: SaveOptions = {},
): Promise<Snapshot> {
  if (!NAME.test(name)) throw new Error(`no name of a snapshot: ${name}`);
  const result = await remote.run(server, saveScript(name, fence), {
    limit: SAVE_LIMIT_MS,
    ...(signal && { signal }),
  });
  if (!result.finished) throw new Failure(`${server}: ${result.message}`, result.next);
  if (result.exit === TAKEN) throw takenOver(server, result.stdout);
  const lines = result.stdout.split("\n");
  if (result.exit !== 0) {
    const words = complaint(result.stderr) || complaint(result.stdout) || `it ended with ${result.exit}`;
    throw new Failure(`${server} takes no snapshot: ${words}`, nextOf(server, words));
  }
  const look = `look at it: npx quorate ssh ${server} -- sudo k3s etcd-snapshot ls`;
  const there = parseSnapshots(decoded(lines, "snapshots"), server);
  if (!there) throw new Failure(`${server} does not say which snapshots it has`, look);
  const begun =
    lines.flatMap((line) => /^begun (\d{1,11})$/.exec(line)?.[1] ?? []).map(Number)[0] ?? Infinity;
  // One that K3s could not write is no error of its command: it just names none (k3s-io/k3s: pkg/etcd/snapshot.go, Snapshot).
  const found = there
    .filter((each) => each.name.startsWith(`${name}-`) && Date.parse(each.created) >= (begun - 1) * 1000)
    .toSorted((one, other) => (one.created < other.created ? 1 : -1))[0];
  if (!found)
    throw new Failure(
      `${server} says that the snapshot is taken, and has none of now`,
      nextOf(server, result.stderr),
    );
  if (found.fault !== null || found.bytes === 0)
    throw new Failure(`the snapshot on ${server} is of no use: ${found.fault ?? "it is empty"}`, look);
  return found;
}

function saveScript(name: string, fence: string): string {
  // Its own words are kept for whoever has to know why not. What it has is told by the list, in every version alike.
  return `${fence}
printf 'begun %s\\n' "$(date +%s)"
${K3S} save --name ${name} >&2 || exit 1
printf 'snapshots %s\\n' "$(${K3S} ls -o json 2>/dev/null | base64 -w 0)"
`;
}

export interface Told {
  readonly snapshots: readonly Snapshot[];
  /** Why that may not be all; null where it is. */
  readonly problem: { readonly message: string; readonly next: string } | null;
}

/** What that server has: by K3s' word, else what lies in its folder. Never rejects for what a machine does. */
export async function snapshotsOn(remote: Remote, cluster: Cluster, server: string): Promise<Told> {
  const folder = cluster.k3s.serverConfig["etcd-snapshot-dir"];
  const script = listScript(typeof folder === "string" ? folder : FOLDER);
  const result = await remote.run(server, script, { limit: LIST_LIMIT_MS });
  if (!result.finished) return { snapshots: [], problem: { message: result.message, next: result.next } };
  const lines = result.stdout.split("\n");
  const next = `look at it: npx quorate ssh ${server} -- sudo k3s etcd-snapshot ls`;
  if (result.exit !== 0 || lines.at(-2) !== "end")
    return { snapshots: [], problem: { message: "it did not answer to the end", next } };
  if (lines.some((line) => line.startsWith("snapshots "))) {
    const snapshots = parseSnapshots(decoded(lines, "snapshots"), server);
    if (snapshots) return { snapshots, problem: null };
    return {
      snapshots: [],
      problem: { message: "its list cannot be read: it has a K3s before v1.30", next },
    };
  }
  const files = lines.flatMap((line) =>
    line.startsWith("file ") ? (snapshotFile(line.slice("file ".length), server) ?? []) : [],
  );
  return { snapshots: files, problem: null };
}

/** Where K3s does not run, which is when they are wanted most, the files are there all the same. */
function listScript(folder: string): string {
  return `if answer=$(timeout 20 ${K3S} ls -o json 2>/dev/null) && [ -n "$answer" ]; then
  printf 'snapshots %s\\n' "$(printf '%s\\n' "$answer" | base64 -w 0)"
else
  folder=${asArgument(folder)}
  for file in "$folder"/*; do [ ! -f "$file" ] || printf 'file %s\\n' "$(stat -c '%s %Y %n' "$file")"; done
fi
echo end
`;
}

function decoded(lines: readonly string[], kind: string): string {
  const line = lines.find((each) => each.startsWith(`${kind} `)) ?? "";
  return Buffer.from(line.slice(kind.length + 1), "base64").toString("utf8");
}

/** The last thing that K3s complained about, out of the form of its log. */
function complaint(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((each) => /level=(fatal|error)/.test(each)) ?? lines.at(-1) ?? "";
  const message = /\bmsg="(.*)"\s*$/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? line;
  return printable(maskSecrets(message.replace(/^Error: /, "")).slice(0, 300));
}

function nextOf(server: string, words: string): string {
  if (/no space left|disk quota/i.test(words))
    return `free some space (npx quorate ssh ${server} -- df -h /var/lib/rancher); old ones: npx quorate snapshot list`;
  return `look at it: npx quorate ssh ${server} -- sudo journalctl -u k3s -n 50`;
}
