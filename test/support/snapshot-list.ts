// What `k3s etcd-snapshot ls -o json` prints (k3s-io/k3s: pkg/apis/k3s.cattle.io/v1/types.go, ETCDSnapshotFileList).

export interface ListedSnapshot {
  readonly name: string;
  /** Default: a file in the usual folder. */
  readonly location?: string;
  readonly node?: string;
  /** As Kubernetes writes a quantity. */
  readonly size?: string;
  readonly created?: string;
  readonly error?: string;
  /** It lies in a bucket. */
  readonly s3?: true;
}

export function snapshotList(snapshots: readonly ListedSnapshot[]): string {
  const items = snapshots.map(
    ({
      name,
      location = `file:///var/lib/rancher/k3s/server/db/snapshots/${name}`,
      node = "server-1",
      size = "4128800",
      created = "2026-11-26T09:00:00Z",
      error,
      s3 = false,
    }) => ({
      metadata: { name: `local-${name}`, creationTimestamp: null },
      spec: { snapshotName: name, nodeName: node, location, ...(s3 && { s3: { bucket: "b" } }) },
      status: {
        size,
        creationTime: created,
        readyToUse: error === undefined,
        ...(error !== undefined && { error: { time: created, message: error } }),
      },
    }),
  );
  return `${JSON.stringify({ kind: "List", apiVersion: "k3s.cattle.io/v1", metadata: {}, items })}\n`;
}
