// What a choice of machines survives: the tolerance of a real cluster of that many, in the words of render.
import { parseConfig } from "../config/parse.ts";
import { parseCidr } from "../config/network.ts";
import { faultTolerance } from "../tolerance/tolerance.ts";
import { verdict } from "../tolerance/verdict.ts";
import { USUAL } from "./answers.ts";
import { configText } from "./config-text.ts";
import { layOut, type Wanted } from "./layout.ts";

/** Nobody's LAN, with room for any cluster; no address is in the sentence. */
const SUBNET = "172.16.0.0/16";
const GATEWAY = "172.16.0.1";
/** An Ed25519 key of zeros: the rules want one, and it is written nowhere. */
export const ANY_KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;

/** Undefined where no such cluster is allowed. */
export function sentenceOf(wanted: Omit<Wanted, "vip">): string | undefined {
  const subnet = parseCidr(SUBNET);
  const all = { ...wanted, vip: wanted.loadBalancers > 0 };
  const layout = subnet && layOut(subnet, GATEWAY, all, () => true);
  if (!layout) return undefined;
  const lan = { subnet: SUBNET, gateway: GATEWAY, dns: [GATEWAY] };
  const rest = { name: "home", os: "raspberry-pi-os", disk: "ssd", keys: [ANY_KEY], ...USUAL };
  const { cluster } = parseConfig(configText({ ...rest, ...lan, layout }, ""));
  return cluster && verdict(faultTolerance(cluster));
}
