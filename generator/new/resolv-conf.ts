// The resolvers that a resolv.conf names.
import { isIpv4 } from "../config/formats.ts";

/** IPv4 ones, in order, each once (resolv.conf(5)). */
export function resolversIn(text: string): readonly string[] {
  const found = text.split("\n").flatMap((line) => {
    const [key, address = ""] = line.trim().split(/\s+/);
    return key === "nameserver" && isIpv4(address) ? [address] : [];
  });
  return [...new Set(found)];
}

/** True where systemd-resolved stands between: it says elsewhere whom it asks (systemd-resolved.service(8), /etc/resolv.conf). */
export function isStub(resolvers: readonly string[]): boolean {
  return resolvers.some((address) => address === "127.0.0.53" || address === "127.0.0.54");
}
