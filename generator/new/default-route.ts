// The default routes of this computer, out of what the kernel or `route` says.
import type { DefaultRoute } from "./observed.ts";

// include/uapi/linux/route.h
const UP = 0x1;
const REJECT = 0x200;

/** Reads /proc/net/route: addresses are hex in the byte order of the machine, which is little-endian wherever Node runs on Linux but s390x. */
export function linuxRoutes(text: string): readonly DefaultRoute[] {
  const routes = text.split("\n").flatMap((line) => {
    const [card = "", to = "", gateway = "", flags = "", , , metric = "", mask = ""] = line
      .trim()
      .split(/\s+/);
    if (to !== "00000000" || mask !== "00000000" || !/^[0-9A-F]{8}$/i.test(gateway)) return [];
    const bits = Number.parseInt(flags, 16);
    if ((bits & UP) === 0 || (bits & REJECT) !== 0) return [];
    return [{ card, gateway: gateway === "00000000" ? null : fromHex(gateway), metric: Number(metric) }];
  });
  return routes
    .toSorted((left, right) => left.metric - right.metric)
    .map(({ card, gateway }) => ({ card, gateway }));
}

/** Reads the answer of macOS' `route -n get default`. */
export function macRoutes(text: string): readonly DefaultRoute[] {
  const value = (key: string) => new RegExp(`^\\s*${key}:\\s*(\\S+)\\s*$`, "m").exec(text)?.[1];
  const card = value("interface");
  const gateway = value("gateway") ?? "";
  if (card === undefined) return [];
  return [{ card, gateway: /^\d+(\.\d+){3}$/.test(gateway) ? gateway : null }];
}

function fromHex(text: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(text.slice(at, at + 2), 16)).join(".");
}
