// The lab's LAN: one bridge, with the lab's computer on it, and a link for each machine.
import { readFileSync } from "node:fs";
import { mustRun, until } from "./command.ts";

const BRIDGE = "br0";
/** The lab's computer: mirror, gateway, and the DNS server that never answers. */
const LAB_ADDRESS = "10.88.0.1";

/** Makes the LAN in this process's network namespace. Throws where it is there already. */
export function openNetwork(): void {
  mustRun("ip", "link", "set", "lo", "up");
  mustRun("ip", "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0");
  mustRun("ip", "address", "add", `${LAB_ADDRESS}/16`, "dev", BRIDGE);
  mustRun("ip", "link", "set", BRIDGE, "up");
}

/** The name of a machine's end of the link on the bridge. The kernel allows 15 characters. */
export function linkName(machine: string, index: number): string {
  const name = `v-${machine}`;
  return name.length <= 15 ? name : `v${index}`;
}

/** Waits until the link is there and plugs it into the bridge; `up`: with the cable in. */
export async function plugIn(link: string, up: boolean, isAlive: () => boolean): Promise<void> {
  await until(`link ${link}`, 20_000, () => {
    if (!isAlive()) throw new Error(`the machine of ${link} ended before it had a network`);
    return hasLink(link) || undefined;
  });
  mustRun("ip", "link", "set", link, "master", BRIDGE, up ? "up" : "down");
}

/** Pulls a cable, or puts it back. Nothing happens where there is no such link. */
export function setLink(link: string, up: boolean): void {
  if (hasLink(link)) mustRun("ip", "link", "set", link, up ? "up" : "down");
}

/** Lets through what goes to the machine of that link at no more than so many kbit a second; null: as fast as it can. */
export function throttleLink(link: string, kbit: number | null): void {
  if (kbit === null) mustRun("tc", "qdisc", "del", "dev", link, "root");
  else
    mustRun(
      "tc",
      ..."qdisc replace dev".split(" "),
      link,
      ...`root tbf rate ${kbit}kbit burst 1600 latency 2s`.split(" "),
    );
}

/** Takes a link away at once, before the kernel gets round to it. */
export function removeLink(link: string): void {
  try {
    if (hasLink(link)) mustRun("ip", "link", "delete", link);
  } catch {
    // The kernel was faster.
  }
}

/** Takes the LAN away. */
export function closeNetwork(): void {
  mustRun("ip", "link", "delete", BRIDGE);
}

// /sys still shows the network in which it was mounted; /proc shows the one of the process that reads.
function hasLink(link: string): boolean {
  return readFileSync("/proc/self/net/dev", "utf8")
    .split("\n")
    .some((line) => line.trimStart().startsWith(`${link}:`));
}
