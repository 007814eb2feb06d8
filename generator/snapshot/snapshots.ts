// Snapshots of etcd, as a server tells of them: read without trust.
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";

export interface Snapshot {
  /** As K3s calls it: what it was asked for, the server and the time, such as on-demand-server-1-1764147600. */
  readonly name: string;
  /** The server that has it; s3: it lies in a bucket. */
  readonly on: string;
  /** The path on that server, or an s3:// address. */
  readonly place: string;
  /** Null where nobody says. */
  readonly bytes: number | null;
  /** `2026-11-26T09:00:00Z`. */
  readonly created: string;
  /** Why it is none that can be restored; null where it can. */
  readonly fault: string | null;
}

const S3 = "s3";

/**
 * The answer of `k3s etcd-snapshot ls -o json` on that server, since K3s 1.30 a list of ETCDSnapshotFile (k3s-io/k3s:
 * pkg/cli/etcdsnapshot, pkg/apis/k3s.cattle.io/v1/types.go). Null where it is something else.
 */
export function parseSnapshots(text: string, server: string): readonly Snapshot[] | null {
  const value = parsed(text);
  if (!isObject(value)) return null;
  // Go writes a list that is empty as null.
  const items: unknown = value["items"] ?? [];
  if (!Array.isArray(items)) return null;
  const found = items.map((item: unknown) => snapshotOf(item, server));
  return found.every((each) => each !== null) ? found : null;
}

function snapshotOf(item: unknown, server: string): Snapshot | null {
  const { spec, status } = isObject(item) ? item : {};
  if (!isObject(spec) || typeof spec["snapshotName"] !== "string") return null;
  const said = isObject(status) ? status : {};
  const { message } = isObject(said["error"]) ? said["error"] : {};
  const location = typeof spec["location"] === "string" ? spec["location"] : "";
  const ready = said["readyToUse"] === true;
  return {
    name: clean(spec["snapshotName"]),
    // Of one in a bucket nodeName is the server that has put it there (pkg/etcd/snapshot/types.go).
    on: isObject(spec["s3"]) || spec["nodeName"] === S3 ? S3 : server,
    place: clean(location.replace(/^file:\/\//, "")),
    bytes: quantity(said["size"]),
    created: instant(said["creationTime"]),
    fault: ready
      ? unfinished(spec["snapshotName"])
      : clean(typeof message === "string" && message !== "" ? message : "it is not ready"),
  };
}

/** From a line `SIZE SECONDS PATH`, as stat gives it: a file where snapshots lie. Null for any other line. */
export function snapshotFile(line: string, server: string): Snapshot | null {
  const [, size = "", seconds = "", path = ""] = /^(\d{1,15}) (\d{1,11}) (\/.*)$/.exec(line) ?? [];
  if (path === "") return null;
  return {
    name: clean(path.slice(path.lastIndexOf("/") + 1)),
    on: server,
    place: clean(path),
    bytes: Number(size),
    created: instant(Number(seconds) * 1000),
    fault: unfinished(path),
  };
}

/** etcd writes into a file of that name first, and K3s lists it like any other. */
function unfinished(name: string): string | null {
  return name.endsWith(".part") ? "it is not written to its end" : null;
}

/** The newest first; one in a bucket, which every server tells of, once. */
export function inOrder(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const once = new Map(snapshots.map((each) => [`${each.on} ${each.place} ${each.name}`, each]));
  return [...once.values()].toSorted(
    (one, other) =>
      compare(other.created, one.created) || compare(one.on, other.on) || compare(one.name, other.name),
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A number of bytes as Kubernetes writes one: `4128k` is 4128000 (k8s.io/apimachinery: pkg/api/resource). */
function quantity(value: unknown): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,15})([kMGT]|[KMGT]i)?$/.exec(String(value)) ?? [];
  const factor = FACTORS[unit];
  return digits === "" || factor === undefined ? null : Number(digits) * factor;
}

function instant(value: unknown): string {
  const date = new Date(typeof value === "number" ? value : String(value));
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(/\.\d+Z$/, "Z");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function clean(text: string): string {
  return printable(maskSecrets(text)).slice(0, 300);
}
