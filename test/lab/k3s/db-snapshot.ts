// POST /db/snapshot: what `k3s etcd-snapshot` asks of its server (k3s-io/k3s: pkg/etcd/snapshot_handler.go, snapshot.go).
// Left out: prune, delete, compression, S3, extra metadata, and the schedule.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { EtcdClient } from "./etcd-client.ts";
import type { Identity } from "./identity.ts";
import { log, reason } from "./log.ts";
import type { Place } from "./place.ts";
import { type Fail, readBody, sendJson } from "./reply.ts";

export interface SnapshotRequest {
  readonly operation: string;
  /** Of `save`: the base name, to which node and time are added. */
  readonly name?: readonly string[];
}

let busy = false;

/** Only for who has the server's token; on loopback too, unlike /db/info. */
export async function answerSnapshot(
  {
    etcd,
    place,
    snapshots,
  }: { readonly etcd: EtcdClient | null; readonly place: Place; readonly snapshots: string },
  who: Identity,
  request: IncomingMessage,
  response: ServerResponse,
  fail: Fail,
): Promise<void> {
  if (!etcd) return fail(400, "etcd datastore disabled");
  if (who.wrong) return fail(401, "not authorized");
  if (!who.groups.includes("k3s:server")) return fail(403, "forbidden");
  if (request.method !== "POST") return fail(405, "method not allowed");
  const asked: SnapshotRequest = JSON.parse(await readBody(request));
  switch (asked.operation) {
    case "list":
      return sendJson(response, {
        kind: "List",
        apiVersion: "k3s.cattle.io/v1",
        metadata: {},
        items: listed(place, snapshots),
      });
    case "save":
      if (busy) return fail(500, "snapshot save already in progress");
      busy = true;
      try {
        return sendJson(response, {
          created: await save(etcd, place, snapshots, asked.name?.[0] ?? "etcd-snapshot"),
        });
      } catch (error) {
        return fail(500, reason(error));
      } finally {
        busy = false;
      }
    default:
      return fail(400, "invalid snapshot operation");
  }
}

/** The names of what was made: none where it could not be written, which is no error of the request. */
async function save(
  etcd: EtcdClient,
  place: Place,
  folder: string,
  base: string,
): Promise<readonly string[]> {
  const status = await etcd.status().catch((error: unknown) => {
    throw new Error(`failed to check etcd status for snapshot: ${reason(error)}`, { cause: error });
  });
  if (status.isLearner) throw new Error("not supported for learner");
  const name = `${base}-${place.node}-${Math.round(Date.now() / 1000)}`;
  const path = join(folder, name);
  log("info", `Saving etcd snapshot to ${path}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(`${path}.part`, await etcd.snapshot(), { mode: 0o600 });
    renameSync(`${path}.part`, path);
    return [name];
  } catch (error) {
    rmSync(`${path}.part`, { force: true });
    log("error", `Failed to take etcd snapshot: ${reason(error)}`);
    return [];
  }
}

/** Every file there, as an ETCDSnapshotFile; the time is the number at the end of its name, where there is one. */
function listed(place: Place, folder: string): readonly object[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      const [, digits] = /-(\d+)(?:\.zip)?$/.exec(name) ?? [];
      const time = digits === undefined ? mtimeMs : Number(digits) * 1000;
      return {
        metadata: { labels: { "etcd.k3s.cattle.io/snapshot-storage-node": place.node } },
        spec: { snapshotName: name, nodeName: place.node, location: `file://${join(folder, name)}` },
        status: {
          size: decimal(size),
          creationTime: new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
          readyToUse: true,
        },
      };
    });
}

/** A Kubernetes quantity in its shortest form: 4128000 is 4128k. */
function decimal(bytes: number): string {
  const units = ["", "k", "M", "G"];
  let [value, at] = [bytes, 0];
  while (value !== 0 && value % 1000 === 0 && at < units.length - 1) [value, at] = [value / 1000, at + 1];
  return `${value}${units[at] ?? ""}`;
}
