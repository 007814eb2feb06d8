// Snapshots for people: a line each, and what could not be looked at.
import { counted, listed } from "../model/words.ts";
import type { Snapshot } from "./snapshots.ts";

/** A server whose snapshots are not all known. */
export interface Untold {
  readonly server: string;
  readonly message: string;
  readonly next: string;
}

/** Time, size, where; below them which servers did not tell. */
export function formatSnapshots(snapshots: readonly Snapshot[], untold: readonly Untold[]): string {
  const rows = snapshots.map(
    (each) => [each.created || "?", size(each.bytes), each.on, where(each)] as const,
  );
  const widths = [0, 1, 2].map((at) => Math.max(0, ...rows.map((row) => (row[at] ?? "").length)));
  const lines = rows.map(([time, bytes, on, place]) =>
    [time.padEnd(widths[0] ?? 0), bytes.padStart(widths[1] ?? 0), on.padEnd(widths[2] ?? 0), place].join(
      "  ",
    ),
  );
  const troubles = untold.flatMap(({ server, message, next }) => [
    `error: ${server}: ${message}`,
    `  next: ${next}`,
  ]);
  return [...lines, ...troubles, `snapshots: ${summary(snapshots)}`, ""].join("\n");
}

/** "4.1 MB"; "?" where nobody knows. */
export function size(bytes: number | null): string {
  if (bytes === null) return "?";
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function where({ place, name, fault }: Snapshot): string {
  const there = place === "" ? name : place;
  return fault === null ? there : `${there} (cannot be restored: ${fault})`;
}

function summary(snapshots: readonly Snapshot[]): string {
  const good = snapshots.filter(({ fault }) => fault === null);
  const places = [...new Set(good.map(({ on }) => on))].toSorted();
  if (good.length === 0) return "none that could be restored; take one: npx quorate snapshot now";
  return `${counted(good.length, "snapshot")} on ${listed(places)}, the newest of ${good[0]?.created || "an unknown time"}`;
}
