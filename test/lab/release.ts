// The K3s that the lab's mirror serves: the stand-in, or real artifacts where K3S_ARTIFACTS names a folder of them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildStandIn } from "./k3s/bundle.ts";
import { type Mirror, startMirror } from "./mirror.ts";
import { REAL_ARTIFACTS } from "./needs.ts";
import { LABS } from "./paths.ts";

/** The version that the stand-in says it is, and the one to download. */
export const K3S_VERSION = "v1.36.4+k3s1";

/** Opens the mirror of a lab, with stand-ins of later versions where some are named. Throws where K3S_ARTIFACTS is not what a release page has. */
export async function openMirror(labId: string, later: readonly string[] = []): Promise<Mirror> {
  const folder = REAL_ARTIFACTS ?? join(LABS, labId, "k3s");
  if (REAL_ARTIFACTS === undefined) await buildStandIn(folder, K3S_VERSION);
  for (const file of ["install.sh", "k3s", "sha256sum-amd64.txt"]) {
    if (!existsSync(join(folder, file))) throw new Error(`${folder} has no ${file}`);
  }
  const versions = Object.fromEntries(
    later.map((version) => [version, join(LABS, labId, `k3s-${version}`)] as const),
  );
  for (const [version, place] of Object.entries(versions)) await buildStandIn(place, version);
  return startMirror({ address: "10.88.0.1", port: 8000, folder, versions });
}
