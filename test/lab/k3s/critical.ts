// The settings that K3s compares when a server joins for the first time (k3s.md section 2, "Must be identical"), under the
// names that its /v1-k3s/config has for them.
import { log } from "./log.ts";
import type { Settings } from "./settings.ts";

type Value = string | boolean | { readonly IP: string; readonly Mask: string };
type Critical = Readonly<Record<string, { readonly flag: string; readonly value: Value }>>;

export function criticalSettings(settings: Settings): Critical {
  const word = (flag: string, normal: string) => ({ flag, value: settings.get(flag) ?? normal });
  const is = (flag: string) => ({ flag, value: settings.is(flag) });
  const range = (flag: string, normal: string) => ({ flag, value: ipNet(settings.list(flag)[0] ?? normal) });
  return {
    ClusterDNS: word("cluster-dns", "10.43.0.10"),
    ClusterDomain: word("cluster-domain", "cluster.local"),
    ClusterIPRange: range("cluster-cidr", "10.42.0.0/16"),
    DisableCCM: is("disable-cloud-controller"),
    DisableHelmController: is("disable-helm-controller"),
    DisableNPC: is("disable-network-policy"),
    DisableServiceLB: { flag: "disable-service-lb", value: settings.list("disable").includes("servicelb") },
    EgressSelectorMode: word("egress-selector-mode", "agent"),
    EmbeddedRegistry: is("embedded-registry"),
    EncryptProvider: word("secrets-encryption-provider", "aescbc"),
    EncryptSecrets: is("secrets-encryption"),
    FlannelBackend: word("flannel-backend", "vxlan"),
    FlannelExternalIP: is("flannel-external-ip"),
    FlannelIPv6Masq: is("flannel-ipv6-masq"),
    ServiceIPRange: range("service-cidr", "10.43.0.0/16"),
    SupervisorMetrics: is("supervisor-metrics"),
  };
}

/** What an agent or a joining server is told of this server: of K3s' answer, the part that somebody reads. */
export function configAnswer(settings: Settings, critical: Critical): Readonly<Record<string, unknown>> {
  const values = Object.entries(critical).map(([field, { value }]) => [field, value]);
  const disabled = settings.list("disable").map((name) => [name, true]);
  return { ...Object.fromEntries(values), Disables: Object.fromEntries(disabled) };
}

/** Throws where another server's values differ, after a warning for each. */
export function compareCritical(mine: Critical, theirs: Readonly<Record<string, unknown>>): void {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const different = Object.entries(mine).filter(([field, { value }]) => !same(value, theirs[field]));
  for (const [, { flag }] of different) log("warning", `critical configuration mismatched: ${flag}`);
  if (different.length) throw new Error("critical configuration value mismatch between servers");
}

/** Go's JSON of an IPv4 network: the mask in base64. */
function ipNet(cidr: string): Value {
  const [IP = "", bits = ""] = cidr.split("/");
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE(Number((0xffffffffn << BigInt(32 - Number(bits))) & 0xffffffffn));
  return { IP, Mask: mask.toString("base64") };
}
