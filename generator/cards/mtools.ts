// The files of a FAT file system inside a file, by mtools: no root, no mount.
import { Failure } from "../failure.ts";
import type { Ran, RunProgram } from "../program.ts";

export interface Fat {
  readonly label: () => Promise<string | null>;
  /** The names at its top. */
  readonly names: () => Promise<readonly string[]>;
  /** Null where it is not there. */
  readonly read: (path: string) => Promise<Buffer | null>;
  /** Throws a Failure where it does not fit. */
  readonly write: (path: string, text: string) => Promise<void>;
}

/** `file` is the FAT file system itself, from its first sector on. */
export function openFat(file: string, run: RunProgram): Fat {
  // Geometry from 1990 makes mtools refuse good images.
  const call = async (
    name: string,
    args: readonly string[],
    input: string | Uint8Array = "",
  ): Promise<Ran> => {
    const ran = await run(name, args, { input, environment: { MTOOLS_SKIP_CHECK: "1" } });
    if (!ran.missing) return ran;
    throw new Failure(
      "an image file is edited with mtools, which is not on this computer",
      "apt-get install mtools, or on a Mac: brew install mtools",
    );
  };
  return {
    label: async () => {
      const { stdout } = await call("mlabel", ["-s", "-i", file, "::"]);
      return /Volume label is (.+?)\s*(?:\(abbr=.*\))?$/m.exec(stdout.toString("utf8"))?.[1] ?? null;
    },
    names: async () => {
      const { status, stdout, stderr } = await call("mdir", ["-b", "-a", "-i", file, "::/"]);
      if (status !== 0) throw broken(stderr);
      return stdout
        .toString("utf8")
        .split(/\r?\n/)
        .flatMap((line) => /^::\/([^/]+)\/?$/.exec(line)?.[1] ?? []);
    },
    read: async (path) => {
      const { status, stdout } = await call("mcopy", ["-n", "-i", file, `::/${path}`, "-"]);
      return status === 0 ? stdout : null;
    },
    write: async (path, text) => {
      const { status, stderr } = await call("mcopy", ["-o", "-i", file, "-", `::/${path}`], text);
      // What comes from standard input and does not fit is cut off, and the exit status is 0 (mtools 4.0.32).
      const isFull = /disk full|no free cluster|no space left/i.test(stderr);
      if (status === 0 && !isFull) return;
      if (isFull) {
        throw new Failure(
          `the boot partition of the image is full; nothing in the image was changed`,
          "take a fresh copy of the image",
        );
      }
      throw broken(stderr);
    },
  };
}

function broken(stderr: string): Failure {
  // Of a damaged one it may die: mtools 4.0.32 divides by its sectors in a cluster.
  const why = stderr.trim().split("\n").at(-1) || "it ended without a word";
  return new Failure(
    `mtools cannot use the FAT file system of the image (${why}); nothing in the image was changed`,
    "take a fresh copy of the image",
  );
}
