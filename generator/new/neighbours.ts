// The neighbours that the kernel has heard of: whoever answers ARP, also where no port does.

/** ATF_COM in include/uapi/linux/if_arp.h: the entry has a hardware address. */
const COMPLETE = 0x2;

/** Addresses in /proc/net/arp that answered, now or a while ago. */
export function linuxNeighbours(text: string): readonly string[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [address = "", , flags = ""] = line.trim().split(/\s+/);
      return (Number(flags) & COMPLETE) !== 0 ? [address] : [];
    });
}

/** The same in the answer of macOS' `arp -an`. */
export function macNeighbours(text: string): readonly string[] {
  return [...text.matchAll(/\((\d+(?:\.\d+){3})\) at [0-9a-f]{1,2}:/gi)].map(([, address = ""]) => address);
}
