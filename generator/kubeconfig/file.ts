// A kubeconfig on this computer: a new one, or one that this cluster is added to. Whole or not at all, under kubectl's lock.
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { writePrivateFile } from "../private-file.ts";
import type { ClusterAccess } from "./fetched.ts";
import { mergedKubeconfig, newKubeconfig } from "./merged.ts";

/** Writes a file that is not there yet; says what became of it. Throws a Failure where one is. */
export function writeKubeconfig(path: string, access: ClusterAccess): string {
  try {
    writePrivateFile(path, newKubeconfig(access), true);
    return "in it alone";
  } catch (error) {
    throw explained(error, path);
  }
}

/** Adds the cluster to what is there, if anything; says what became of it. Throws a Failure, and then nothing is changed. */
export function mergeIntoKubeconfig(path: string, access: ClusterAccess): string {
  let lock = "";
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // A link stays one: what it points at is changed.
    const real = existing(path);
    // kubectl's own lock (k8s.io/client-go:tools/clientcmd/loader.go, lockFile).
    const lockPath = `${real ?? path}.lock`;
    closeSync(openSync(lockPath, "wx"));
    lock = lockPath;
    const before = real === null ? "" : readFileSync(real, "utf8");
    const after = before.trim() === "" ? newKubeconfig(access) : mergedKubeconfig(before, access);
    if (after === before) return "in it already";
    writePrivateFile(real ?? path, after, false);
    return before.trim() === "" ? "in it alone" : "in it beside the others";
  } catch (error) {
    if (error instanceof Failure)
      throw new Failure(`${path}: ${error.message}; nothing was changed`, error.hint, error);
    throw explained(error, path);
  } finally {
    if (lock !== "") rmSync(lock, { force: true });
  }
}

function existing(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function explained(error: unknown, path: string): Failure {
  const { code, message, path: at = "" } = error as NodeJS.ErrnoException;
  if (code === "EEXIST" && at.endsWith(".lock"))
    return new Failure(
      `${path} is locked by another program (${at}); nothing was changed`,
      `if no kubectl runs: rm ${asArgument(at)}`,
      error,
    );
  if (code === "EEXIST")
    return new Failure(
      `${path} is there already, and was not overwritten`,
      "name another file, or use --merge",
      error,
    );
  return new Failure(
    `cannot write ${path}: ${message}; nothing was changed`,
    "name a place where you may write",
    error,
  );
}
