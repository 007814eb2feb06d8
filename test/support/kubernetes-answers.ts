// What a healthy kube-apiserver answers to verify.sh, in the form and order of the real one: structs in the order of their Go
// fields (kubernetes/kubernetes:staging/src/k8s.io/api/core/v1/types.go; k3s-io/api:k3s.cattle.io/v1/types.go), and indented,
// as it does for curl (kubernetes/apiserver:pkg/endpoints/handlers/negotiation/negotiate.go, isPrettyPrint).

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface NodeAnswer {
  readonly name: string;
  readonly version: string;
  readonly ready?: Condition;
  readonly voter?: Condition | null;
  readonly cordoned?: boolean;
  readonly born?: string;
}

export interface SnapshotAnswer {
  readonly node: string;
  /** Hours. */
  readonly age: number;
  readonly failed?: boolean;
}

const READY: Condition = {
  type: "Ready",
  status: "True",
  reason: "KubeletReady",
  message: "kubelet is posting ready status",
};
const VOTER: Condition = {
  type: "EtcdIsVoter",
  status: "True",
  reason: "MemberNotLearner",
  message: "Node is a voting member of the etcd cluster",
};
const LONG_AGO = "2026-01-02T03:04:05Z";

/** A list as the API gives it. */
function list(kind: string, apiVersion: string, items: readonly object[]): string {
  return `${JSON.stringify({ kind, apiVersion, metadata: { resourceVersion: "4711" }, items }, null, 2)}\n`;
}

/** Some other conditions stand before those that count, with braces, quotes and backslashes in their messages. */
export function nodesAnswer(nodes: readonly NodeAnswer[]): string {
  const items = nodes.map(
    ({ name, version, ready = READY, voter = VOTER, cordoned = false, born = LONG_AGO }) => ({
      metadata: {
        name,
        uid: `uid-of-${name}`,
        creationTimestamp: born,
        labels: { "kubernetes.io/hostname": name, name: "not the name" },
        annotations: { "k3s.io/node-args": String.raw`["server","--token-file","C:\\" }, {"]` },
      },
      spec: {
        podCIDR: "10.42.0.0/24",
        ...(cordoned && {
          taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }],
          unschedulable: true,
        }),
      },
      status: {
        capacity: { memory: "8052764Ki", pods: "110" },
        conditions: [
          {
            type: "MemoryPressure",
            status: "False",
            lastHeartbeatTime: LONG_AGO,
            reason: "KubeletHasSufficientMemory",
            message: 'a "message" with } and { and [',
          },
          ...(voter ? [stamped(voter)] : []),
          stamped(ready),
        ],
        addresses: [{ type: "Hostname", address: name }],
        nodeInfo: {
          kernelVersion: "6.12",
          osImage: "Debian",
          containerRuntimeVersion: "containerd://2",
          kubeletVersion: version,
        },
        images: [{ names: ["rancher/mirrored-pause:3.6"], sizeBytes: 301463 }],
      },
    }),
  );
  return list("NodeList", "v1", items);
}

/** Pods of one kind, by the nodes they are on; a name behind `!` is of one that is not ready. */
export function podsAnswer(nodes: readonly string[]): string {
  const items = nodes.map((node, index) => ({
    metadata: {
      name: `pod-${index}`,
      namespace: "kube-system",
      uid: `p${index}`,
      creationTimestamp: LONG_AGO,
    },
    spec: { containers: [{ name: "one", image: "rancher/one" }], nodeName: node.replace("!", "") },
    status: {
      phase: "Running",
      conditions: [
        { type: "Initialized", status: "True" },
        { type: "Ready", status: node.startsWith("!") ? "False" : "True" },
      ],
      containerStatuses: [{ name: "one", ready: true }],
    },
  }));
  return list("PodList", "v1", items);
}

export function snapshotsAnswer(snapshots: readonly SnapshotAnswer[]): string {
  const items = snapshots.map(({ node, age, failed = false }, index) => {
    const time = new Date(Date.now() - age * 3_600_000).toISOString().replace(/\.\d+/, "");
    return {
      apiVersion: "k3s.cattle.io/v1",
      kind: "ETCDSnapshotFile",
      metadata: { name: `local-etcd-snapshot-${index}`, uid: `s${index}`, creationTimestamp: time },
      spec: {
        snapshotName: `etcd-snapshot-${index}`,
        nodeName: node,
        location: `file:///var/lib/rancher/k3s/server/db/snapshots/${index}`,
      },
      status: failed
        ? { creationTime: time, readyToUse: false, error: { time, message: "no space left on device" } }
        : { size: "5Mi", creationTime: time, readyToUse: true },
    };
  });
  return list("ETCDSnapshotFileList", "k3s.cattle.io/v1", items);
}

export function namespaceAnswer(uid: string): string {
  const metadata = { name: "kube-system", uid, resourceVersion: "5", creationTimestamp: LONG_AGO };
  return `${JSON.stringify({ kind: "Namespace", apiVersion: "v1", metadata, status: { phase: "Active" } }, null, 2)}\n`;
}

function stamped({ type, status, reason, message }: Condition): object {
  return { type, status, lastHeartbeatTime: LONG_AGO, lastTransitionTime: LONG_AGO, reason, message };
}
