// The API's objects that the stand-in knows: nodes, at Kubernetes' own keys.
import { randomUUID } from "node:crypto";
import { arch, release, totalmem } from "node:os";
import type { Store } from "./store.ts";
import { VERSION } from "./version.ts";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime?: string;
  readonly lastTransitionTime?: string;
}

export interface Node {
  readonly apiVersion: "v1";
  readonly kind: "Node";
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly spec: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  };
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly Condition[];
    readonly nodeInfo: Readonly<Record<string, string>>;
    readonly capacity: Readonly<Record<string, string>>;
  };
}

export const NODES = "/registry/minions/";
export const NAMESPACES = "/registry/namespaces/";
/** The addresses at which kube-apiservers live now, each kept by its server for 15 s. */
export const API_SERVERS = "/registry/masterleases/";

export const ETCD_NAME = "etcd.k3s.cattle.io/node-name";
export const ETCD_ADDRESS = "etcd.k3s.cattle.io/node-address";
const ETCD_ROLE = "node-role.kubernetes.io/etcd";
/** `EtcdIsVoter` in K3s' words. */
export const VOTER: Pick<Condition, "status" | "reason" | "message"> = {
  status: "True",
  reason: "MemberNotLearner",
  message: "Node is a voting member of the etcd cluster",
};
export const LEARNER: typeof VOTER = {
  status: "False",
  reason: "MemberIsLearner",
  message: "Node has not been promoted to voting member of the etcd cluster",
};
export const NO_MEMBER: typeof VOTER = {
  status: "False",
  reason: "NotAMember",
  message: "Node is not a member of the etcd cluster",
};

const now = () => new Date().toISOString().replace(/\.\d+/, "");

export interface NewNode {
  readonly name: string;
  readonly address: string;
  readonly labels: readonly string[];
  readonly taints: readonly string[];
  /** The etcd member of a server; undefined for agents and for the single node without etcd. */
  readonly member?: string;
  readonly server: boolean;
}

/** Labels and taints of the config count only when the node is new (k3s.md section 2); the rest is told at every start. */
export async function registerNode(store: Store, node: NewNode): Promise<void> {
  const { name, address, member, server } = node;
  const pairs = node.labels.map(
    (label) => [label.split("=")[0] ?? "", label.split("=").slice(1).join("=")] as const,
  );
  const taints = node.taints.flatMap((taint) => {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(taint) ?? [];
    return key && effect ? [{ key, ...(value && { value }), effect }] : [];
  });
  const labels = {
    "kubernetes.io/arch": arch() === "x64" ? "amd64" : arch(),
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": "k3s",
    ...(server && { "node-role.kubernetes.io/control-plane": "true" }),
    ...(member && { [ETCD_ROLE]: "true" }),
  };
  const annotations = {
    "k3s.io/internal-ip": address,
    "k3s.io/hostname": name,
    ...(member && { [ETCD_NAME]: member, [ETCD_ADDRESS]: address }),
  };
  await changeNode(store, name, (old) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: old?.metadata.uid ?? randomUUID(),
      creationTimestamp: old?.metadata.creationTimestamp ?? now(),
      labels: { ...(old ? old.metadata.labels : Object.fromEntries(pairs)), ...labels },
      annotations: { ...old?.metadata.annotations, ...annotations },
    },
    spec: old?.spec ?? (taints.length ? { taints } : {}),
    status: {
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      conditions: withCondition(old?.status.conditions ?? [], "Ready", READY),
      nodeInfo: {
        architecture: labels["kubernetes.io/arch"],
        kernelVersion: release(),
        kubeletVersion: VERSION,
        operatingSystem: "linux",
        osImage: "stand-in",
        containerRuntimeVersion: "standin://0",
      },
      capacity: { memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: "110" },
    },
  }));
}

const READY = { status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" } as const;
const SILENT = {
  status: "Unknown",
  reason: "NodeStatusUnknown",
  message: "Kubelet stopped posting node status.",
} as const;

/** The kubelet's word that it lives. A node that was deleted is not made again by it: only a restart registers. */
export const heartbeat = (store: Store, name: string): Promise<void> =>
  setCondition(store, name, "Ready", READY);

/** What the node controller says about a node that has been silent for `limit` milliseconds. */
export async function markSilentNodes(store: Store, limit: number): Promise<void> {
  for (const node of await listNodes(store)) {
    const ready = node.status.conditions.find(({ type }) => type === "Ready");
    const age = Date.now() - Date.parse(ready?.lastHeartbeatTime ?? "1970-01-01");
    if (ready?.status === "True" && age > limit)
      await setCondition(store, node.metadata.name, "Ready", SILENT, true);
  }
}

/** `keepTime`: the time of the last heartbeat stays what it was. */
export async function setCondition(
  store: Store,
  name: string,
  type: string,
  said: typeof VOTER,
  keepTime = false,
): Promise<void> {
  await changeNode(store, name, (node) => {
    if (!node) return undefined;
    const conditions = withCondition(node.status.conditions, type, said, keepTime);
    return { ...node, status: { ...node.status, conditions } };
  });
}

function withCondition(
  conditions: readonly Condition[],
  type: string,
  said: typeof VOTER,
  keepTime = false,
): readonly Condition[] {
  const old = conditions.find((condition) => condition.type === type);
  const lastTransitionTime = old?.status === said.status ? (old.lastTransitionTime ?? now()) : now();
  const lastHeartbeatTime = keepTime ? (old?.lastHeartbeatTime ?? now()) : now();
  const changed = { type, ...said, lastHeartbeatTime, lastTransitionTime };
  return [...conditions.filter((condition) => condition.type !== type), changed];
}

export async function listNodes(store: Store): Promise<readonly Node[]> {
  return (await store.range(NODES, true)).map(({ value, revision }) => withVersion<Node>(value, revision));
}

/** An object as the API shows it: its version is the revision of its key. */
export function withVersion<T>(value: string, revision: string): T {
  const object = JSON.parse(value);
  return { ...object, metadata: { ...object.metadata, resourceVersion: revision } };
}

/** Reads, changes and writes; again from the start where somebody else was faster. `undefined` leaves all as it is. */
async function changeNode(
  store: Store,
  name: string,
  change: (node: Node | undefined) => Node | undefined,
): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const [entry] = await store.range(`${NODES}${name}`);
    const node = change(entry && JSON.parse(entry.value));
    if (!node || (await store.write(`${NODES}${name}`, JSON.stringify(node), entry?.revision ?? "0"))) return;
  }
  throw new Error(`node ${name}: changed by others all the time`);
}
