/**
 * Flags of K3s that a config.yaml may hold, by their long names, without the dashes; hidden,
 * experimental and deprecated ones included, removed ones left out.
 *
 * Source: k3s-io/k3s pkg/cli/cmds/{server,agent}.go (with the shared variables of log.go and
 * root.go), read at commit 66a14f0e872c3fa6f7817ad4d81d3c15134dfb56 (main, 2026-07-28,
 * Kubernetes v1.36.3). Younger than v1.36.2: `helm-controller-arg` (2026-06-29) and
 * `write-kubeconfig-name` (2026-07-27).
 *
 * What K3s does with a key it does not know differs: `k3s server` skips it with a warning in its
 * log, so a typo silently loses the setting; `k3s agent` is not filtered and dies with "flag
 * provided but not defined" (k3s#6565). A key may end in `+` (append to a value of an earlier
 * file); strip that before looking it up. `config` is left out: it names the file itself and
 * does nothing inside it. The one-letter aliases (c, d, i, l, o, s, t) are left out too; `v` is
 * a flag of its own.
 */

/** Valid for `k3s server` and `k3s agent`. */
const COMMON: readonly string[] = [
  "airgap-extra-registry",
  "alsologtostderr",
  "bind-address",
  "container-runtime-endpoint",
  "data-dir",
  "debug",
  "default-runtime",
  "disable-default-registry-endpoint",
  "docker",
  "enable-pprof",
  "flannel-cni-conf",
  "flannel-conf",
  "flannel-iface",
  "image-credential-provider-bin-dir",
  "image-credential-provider-config",
  "image-service-endpoint",
  "kube-proxy-arg",
  "kubelet-arg",
  "lb-server-port",
  "log",
  "node-external-dns",
  "node-external-ip",
  "node-internal-dns",
  "node-ip",
  "node-label",
  "node-name",
  "node-taint",
  "nonroot-devices",
  "pause-image",
  "prefer-bundled-bin",
  "private-registry",
  "protect-kernel-defaults",
  "resolv-conf",
  "rootless",
  "selinux",
  "server",
  "snapshotter",
  "token",
  "token-file",
  "v",
  "vmodule",
  "vpn-auth",
  "vpn-auth-file",
  "with-node-id",
];

/** Valid for `k3s server` only. */
const SERVER_ONLY: readonly string[] = [
  "advertise-address",
  "advertise-port",
  "agent-token",
  "agent-token-file",
  "apiserver-bind-address",
  "apiserver-port",
  "cluster-cidr",
  "cluster-dns",
  "cluster-domain",
  "cluster-init",
  "cluster-reset",
  "cluster-reset-restore-path",
  "datastore-cafile",
  "datastore-certfile",
  "datastore-endpoint",
  "datastore-keyfile",
  "default-local-storage-path",
  "disable",
  "disable-agent",
  "disable-apiserver",
  "disable-cloud-controller",
  "disable-controller-manager",
  "disable-etcd",
  "disable-helm-controller",
  "disable-kube-proxy",
  "disable-network-policy",
  "disable-scheduler",
  "egress-selector-mode",
  "embedded-registry",
  "etcd-arg",
  "etcd-disable-snapshots",
  "etcd-expose-metrics",
  "etcd-s3",
  "etcd-s3-access-key",
  "etcd-s3-bucket",
  "etcd-s3-bucket-lookup-type",
  "etcd-s3-config-secret",
  "etcd-s3-endpoint",
  "etcd-s3-endpoint-ca",
  "etcd-s3-folder",
  "etcd-s3-insecure",
  "etcd-s3-proxy",
  "etcd-s3-region",
  "etcd-s3-retention",
  "etcd-s3-secret-key",
  "etcd-s3-session-token",
  "etcd-s3-skip-ssl-verify",
  "etcd-s3-timeout",
  "etcd-snapshot-compress",
  "etcd-snapshot-dir",
  "etcd-snapshot-name",
  "etcd-snapshot-reconcile-interval",
  "etcd-snapshot-retention",
  "etcd-snapshot-schedule-cron",
  "flannel-backend",
  "flannel-external-ip",
  "flannel-ipv6-masq",
  "helm-controller-arg",
  "helm-job-image",
  "https-listen-port",
  "kine-tls",
  "kube-apiserver-arg",
  "kube-cloud-controller-arg",
  "kube-cloud-controller-manager-arg",
  "kube-controller-arg",
  "kube-controller-manager-arg",
  "kube-scheduler-arg",
  "secrets-encryption",
  "secrets-encryption-provider",
  "service-cidr",
  "service-node-port-range",
  "servicelb-namespace",
  "supervisor-metrics",
  "supervisor-port",
  "system-default-registry",
  "tls-san",
  "tls-san-security",
  "write-kubeconfig",
  "write-kubeconfig-group",
  "write-kubeconfig-mode",
  "write-kubeconfig-name",
];

/** Valid for `k3s agent` only. */
const AGENT_ONLY: readonly string[] = ["disable-apiserver-lb"];

/** Keys that `k3s server` reads; it skips any other with a warning. */
export const K3S_SERVER_FLAGS: ReadonlySet<string> = new Set([...COMMON, ...SERVER_ONLY]);

/** Keys that `k3s agent` reads; any other stops it at its start (k3s#6565). */
export const K3S_AGENT_FLAGS: ReadonlySet<string> = new Set([...COMMON, ...AGENT_ONLY]);
