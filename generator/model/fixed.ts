// What a running cluster keeps for ever: K3s compares these when a server joins, and takes no other value later.
import type { Cluster } from "./cluster.ts";

/**
 * Flags that K3s compares and that a person can set by k3s.serverConfig, with what counts where nobody does
 * (k3s-io/k3s:pkg/daemons/config/types.go, CriticalControlArgs; pkg/cluster/bootstrap.go, compareConfig).
 */
const BY_FLAG: Readonly<Record<string, string>> = {
  "cluster-dns": "",
  "cluster-domain": "cluster.local",
  "disable-cloud-controller": "false",
  "disable-helm-controller": "false",
  "disable-network-policy": "false",
  "egress-selector-mode": "agent",
  "embedded-registry": "false",
  "flannel-external-ip": "false",
  "flannel-ipv6-masq": "false",
  "supervisor-metrics": "false",
};

/** The settings as texts, by their names in the config. The record keeps them, and a plan compares with it. */
export function fixedSettings({ k3s }: Cluster): Readonly<Record<string, string>> {
  return {
    "k3s.clusterCidr": k3s.clusterCidr,
    "k3s.serviceCidr": k3s.serviceCidr,
    "k3s.flannelBackend": k3s.flannelBackend,
    "k3s.secretsEncryption": String(k3s.secretsEncryption),
    ...Object.fromEntries(
      Object.entries(BY_FLAG).map(([flag, unset]) => [
        `k3s.serverConfig.${flag}`,
        // A key with + adds to what K3s has read before, and here that is nothing else.
        [k3s.serverConfig[flag] ?? k3s.serverConfig[`${flag}+`] ?? unset].flat().join(","),
      ]),
    ),
  };
}
