// What the lab needs of the computer it runs on, and how to get it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  ["systemd-nspawn", "systemd-container"],
  ["debootstrap", "debootstrap"],
  ["journalctl", "systemd"],
  ["ip", "iproute2"],
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
  ["setpriv", "util-linux"],
  ["flock", "util-linux"],
  ["qemu-system-x86_64", "qemu-system-x86"],
  ["mkfs.vfat", "dosfstools"],
  ["mcopy", "mtools"],
  ["sfdisk", "fdisk"],
  ["mke2fs", "e2fsprogs"],
  ["ssh", "openssh-client"],
  ["ssh-keygen", "openssh-client"],
];

/** What is missing, as sentences that say what to do; nothing where the lab can run. */
export function missingForLab(): readonly string[] {
  if (process.platform !== "linux") return ["the lab runs on Linux only"];
  if (process.getuid?.() !== 0) return ["the lab needs root: it boots machines. Next: sudo npm run lab"];
  const packages = PROGRAMS.filter(([program]) => !isThere(program)).map(([, name]) => name);
  if (packages.length > 0) {
    const names = [...new Set(packages)].join(" ");
    return [`programs are missing. Next: apt-get install ${names}`];
  }
  if (
    !/\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8")) &&
    spawnSync("modprobe", ["overlay"]).status !== 0
  )
    return ["this kernel has no overlay file system"];
  const spaces = spawnSync("unshare", ["--net", "--mount", "--pid", "--fork", "--mount-proc", "true"]);
  return spaces.status === 0
    ? []
    : [`this computer makes no namespaces: a container without rights? ${String(spaces.stderr).trim()}`];
}

function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
}
