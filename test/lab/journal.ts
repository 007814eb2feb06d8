// What a machine leaves behind for the one who looks for the reason of a failed test.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FAILURES } from "./paths.ts";

const UNITS = ["quorate-node", "k3s", "k3s-agent", "haproxy", "keepalived", "ssh"];
const FILES = ["/var/log/cloud-init.log", "/var/log/cloud-init-output.log", "/etc/issue"];
/** Older ones go. */
const KEPT = 40;

/** Writes the journals, cloud-init's logs and the console of a machine into a new folder, and returns its path. The machine may be off. */
export function saveJournal(lab: string, name: string, disk: string, console: string): string {
  const folder = join(FAILURES, `${new Date().toISOString().replace(/[:.]/g, "-")}-${lab}-${name}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "console.txt"), console);
  const journal = (...args: readonly string[]) =>
    spawnSync(
      "journalctl",
      ["--no-pager", "-o", "short-precise", "-D", join(disk, "var/log/journal"), ...args],
      {
        encoding: "utf8",
        maxBuffer: 2 ** 28,
        timeout: 30_000,
      },
    ).stdout;
  writeFileSync(join(folder, "journal.txt"), journal());
  for (const unit of UNITS) {
    const text = journal("-u", unit);
    if (text && !text.startsWith("-- No entries --")) writeFileSync(join(folder, `${unit}.txt`), text);
  }
  for (const path of FILES.filter((path) => existsSync(join(disk, path)))) {
    cpSync(join(disk, path), join(folder, path.slice(path.lastIndexOf("/") + 1)));
  }
  for (const old of readdirSync(FAILURES).toSorted().slice(0, -KEPT)) {
    rmSync(join(FAILURES, old), { recursive: true, force: true });
  }
  return folder;
}
