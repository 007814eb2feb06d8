// Asks this computer for its disks.
import type { RunProgram } from "../program.ts";
import { type Volume, volumesOfDiskutil, volumesOfLsblk } from "./disks.ts";

/** Null where neither lsblk (Linux) nor diskutil (macOS) answers. */
export async function listDisks(run: RunProgram): Promise<readonly Volume[] | null> {
  const linux = await run("lsblk", ["--json", "--bytes", "--output-all"]);
  if (linux.status === 0) return volumesOfLsblk(linux.stdout.toString("utf8"));
  const mac = await run("diskutil", ["list", "-plist"]);
  if (mac.status !== 0) return null;
  const json = await run("plutil", ["-convert", "json", "-o", "-", "-"], { input: mac.stdout });
  return json.status === 0 ? volumesOfDiskutil(json.stdout.toString("utf8")) : null;
}
