// The root file system that all machines share: built once, kept on disk, named after what it is made of.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { CACHE, labFile } from "./paths.ts";
import { runningLabs } from "./sweep.ts";

const RECIPE = labFile("image.sh");
/** A slow mirror and a slow disk together. */
const LIMIT_MS = 20 * 60_000;

/** Where the image of this recipe is, or will be. */
export function imagePath(): string {
  const hash = createHash("sha256").update(readFileSync(RECIPE)).digest("hex").slice(0, 12);
  return join(CACHE, `root-${hash}`);
}

/**
 * Builds the image where it is missing, and returns its path. What it does goes to stderr.
 * Two processes never build at once: the second waits, and finds it there. A build that was cut off leaves no image. Throws where it fails.
 */
export function ensureImage(): string {
  return ensureBuilt(imagePath(), RECIPE);
}

/** The same for any recipe: `sh RECIPE FOLDER ARGUMENTS... MIRROR` fills an empty folder, which then becomes `path`, KIND-HASH in the cache. */
export function ensureBuilt(path: string, recipe: string, ...args: readonly string[]): string {
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true, mode: 0o755 });
  const building = `${path}.building`;
  // The lock is held by the shell: it falls with it. The recipe's own mounts end with its mount namespace.
  const script = `[ -d "$1" ] && exit 0
path=$1 && shift
rm -rf "$2" && mkdir -m 755 "$2" && unshare --mount --propagation slave sh "$@" && sync -f "$2" && mv -T "$2" "$path"`;
  const { status, error } = spawnSync(
    "flock",
    [
      join(CACHE, "build.lock"),
      "sh",
      "-c",
      script,
      "sh",
      path,
      recipe,
      building,
      ...args,
      process.env["QUORATE_LAB_MIRROR"] ?? "",
    ],
    { stdio: ["ignore", 2, 2], timeout: LIMIT_MS },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`the lab's image could not be built; ${building}.log has the reason`);
  if (runningLabs().length === 0) prune(path);
  return path;
}

/** Images of older recipes go, as soon as nothing runs on them. */
function prune(path: string): void {
  const [kind = ""] = basename(path).split("-");
  for (const name of readdirSync(CACHE).filter((name) => name.startsWith(`${kind}-`))) {
    const old = join(CACHE, name);
    if (!old.startsWith(path)) rmSync(old, { recursive: true, force: true });
  }
}
