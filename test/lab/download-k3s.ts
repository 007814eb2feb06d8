// Downloads the release of K3s that the lab imitates, for K3S_ARTIFACTS: `node --import tsx test/lab/download-k3s.ts FOLDER`.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { K3S_VERSION } from "./release.ts";

/** A slow line: the program has 80 MB. */
const LIMIT_MS = 10 * 60_000;
const TRIES = 3;

export interface K3sSource {
  /** Where releases lie: RELEASES/VERSION/FILE. */
  readonly releases: string;
  /** Where the repository's files of a tag lie: SOURCES/VERSION/FILE. The one that get.k3s.io gives is whatever it is today. */
  readonly sources: string;
}

const UPSTREAM: K3sSource = {
  releases: "https://github.com/k3s-io/k3s/releases/download",
  sources: "https://raw.githubusercontent.com/k3s-io/k3s",
};

/**
 * Fills the folder with k3s, sha256sum-amd64.txt and install.sh of one version. Throws where a file is not to be had, or the
 * program is not the one that the release's own list of hashes has; the folder is gone then.
 */
export async function downloadK3s(
  folder: string,
  version: string,
  from: K3sSource = UPSTREAM,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const tag = encodeURIComponent(version);
    const [program, hashes, script] = await Promise.all([
      download(`${from.releases}/${tag}/k3s`),
      download(`${from.releases}/${tag}/sha256sum-amd64.txt`),
      download(`${from.sources}/${tag}/install.sh`),
    ]);
    const hash = createHash("sha256").update(program).digest("hex");
    const known = Buffer.from(hashes).toString("utf8").split("\n");
    if (!known.includes(`${hash}  k3s`))
      throw new Error(`k3s ${version} is not what its list of hashes says`);
    writeFileSync(join(folder, "k3s"), program);
    chmodSync(join(folder, "k3s"), 0o755);
    writeFileSync(join(folder, "sha256sum-amd64.txt"), hashes);
    writeFileSync(join(folder, "install.sh"), script);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function download(url: string): Promise<Uint8Array> {
  for (let left = TRIES - 1; ; left--) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
      if (!response.ok) throw new Error(`${url} answers ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("usage: download-k3s.ts FOLDER");
  await downloadK3s(folder, K3S_VERSION);
  process.stdout.write(`K3s ${K3S_VERSION} is in ${folder}\n`);
}
