// Makes the release files of a stand-in for K3s: one program, its hash file, and the installer.
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Where the lab's machines have Node.js. */
const NODE = "/usr/local/lib/quorate-lab/node";

/** `version`: as K3s writes it, such as "v1.36.4+k3s1". Writes k3s, sha256sum-amd64.txt and install.sh into the folder. */
export async function buildStandIn(folder: string, version: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "k3s");
  await build({
    entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    define: { STAND_IN_VERSION: JSON.stringify(version) },
    banner: { js: `#!${NODE}` },
    logLevel: "error",
  });
  chmodSync(program, 0o755);
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  // The real file lists the image tarballs too, which nobody downloads here.
  const lines = [
    `${sha256(version)}  k3s-airgap-images-amd64.tar.zst`,
    `${sha256(readFileSync(program))}  k3s`,
  ];
  writeFileSync(join(folder, "sha256sum-amd64.txt"), `${lines.join("\n")}\n`);
  copyFileSync(new URL("install.sh", import.meta.url), join(folder, "install.sh"));
}
