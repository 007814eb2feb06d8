// The flags of K3s 1.36 that may stand in a config file, from the tables of its own command line (k3s.md section 2).

const BOTH = `bind-address config container-runtime-endpoint data-dir debug default-runtime
disable-apiserver-lb disable-default-registry-endpoint docker enable-pprof flannel-cni-conf flannel-conf flannel-iface
image-credential-provider-bin-dir image-credential-provider-config image-service-endpoint kube-proxy-arg kubelet-arg
lb-server-port log alsologtostderr airgap-extra-registry node-external-dns node-external-ip node-internal-dns node-ip
node-label node-name node-taint nonroot-devices pause-image prefer-bundled-bin private-registry protect-kernel-defaults
resolv-conf rootless selinux server snapshotter token token-file v vmodule vpn-auth vpn-auth-file with-node-id`;

const SERVER = `advertise-address advertise-port agent-token agent-token-file apiserver-bind-address apiserver-port
cluster-cidr cluster-dns cluster-domain cluster-init cluster-reset cluster-reset-restore-path datastore-cafile
datastore-certfile datastore-endpoint datastore-keyfile default-local-storage-path disable disable-agent
disable-apiserver disable-cloud-controller disable-controller-manager disable-etcd disable-helm-controller
disable-kube-proxy disable-network-policy disable-scheduler egress-selector-mode embedded-registry etcd-arg
etcd-disable-snapshots etcd-expose-metrics etcd-s3 etcd-s3-access-key etcd-s3-bucket etcd-s3-bucket-lookup-type
etcd-s3-config-secret etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-folder etcd-s3-insecure etcd-s3-proxy
etcd-s3-region etcd-s3-retention etcd-s3-secret-key etcd-s3-session-token etcd-s3-skip-ssl-verify etcd-s3-timeout
etcd-snapshot-compress etcd-snapshot-dir etcd-snapshot-name etcd-snapshot-reconcile-interval etcd-snapshot-retention
etcd-snapshot-schedule-cron flannel-backend flannel-external-ip flannel-ipv6-masq helm-controller-arg helm-job-image
https-listen-port kine-tls kube-apiserver-arg kube-cloud-controller-arg kube-cloud-controller-manager-arg
kube-controller-arg kube-controller-manager-arg kube-scheduler-arg secrets-encryption secrets-encryption-provider
service-cidr service-node-port-range servicelb-namespace supervisor-metrics supervisor-port system-default-registry
tls-san tls-san-security write-kubeconfig write-kubeconfig-group write-kubeconfig-mode write-kubeconfig-name`;

const words = (text: string) => text.split(/\s+/);

export const FLAGS: Readonly<Record<"server" | "agent", ReadonlySet<string>>> = {
  server: new Set([...words(BOTH), ...words(SERVER)]),
  agent: new Set(words(BOTH)),
};

/** Flags that are true when they stand alone. */
export const SWITCHES: ReadonlySet<string> = new Set(
  words(`cluster-init cluster-reset debug disable-agent disable-apiserver disable-apiserver-lb disable-cloud-controller
disable-controller-manager disable-etcd disable-helm-controller disable-kube-proxy disable-network-policy
disable-scheduler embedded-registry etcd-disable-snapshots etcd-expose-metrics etcd-s3 etcd-s3-insecure
etcd-s3-skip-ssl-verify etcd-snapshot-compress flannel-external-ip flannel-ipv6-masq prefer-bundled-bin
protect-kernel-defaults rootless secrets-encryption selinux supervisor-metrics tls-san-security with-node-id`),
);

/** What the environment may hold instead of a flag (k3s.md section 2); only what Quorate could use. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  "agent-token": "K3S_AGENT_TOKEN",
  "agent-token-file": "K3S_AGENT_TOKEN_FILE",
  "cluster-init": "K3S_CLUSTER_INIT",
  "data-dir": "K3S_DATA_DIR",
  "node-name": "K3S_NODE_NAME",
  server: "K3S_URL",
  token: "K3S_TOKEN",
  "token-file": "K3S_TOKEN_FILE",
};
