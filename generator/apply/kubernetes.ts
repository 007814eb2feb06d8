// What Kubernetes knows of a machine, asked on a server.
import { Failure } from "../failure.ts";
import { type Node, ofRole } from "../model/cluster.ts";
import { askNode } from "./ask-node.ts";
import { type Job, runOn } from "./job.ts";

export interface KubernetesNode {
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** K3s' own word that it votes in etcd, told every 15 s by the server that leads (k3s-io/k3s:pkg/etcd/etcd.go, EtcdIsVoter). */
  readonly voter: boolean;
}

/** A server that is ready, another one than `besides` where there is one. Throws a Failure where there is none. */
export async function kubernetesServer(job: Job, besides: Node): Promise<Node> {
  const servers = ofRole(job.cluster, "server").filter(({ name }) => job.reachable.has(name));
  const inOrder = [
    ...servers.filter((server) => server !== besides),
    ...servers.filter((each) => each === besides),
  ];
  for (const server of inOrder) {
    if ((await askNode(job.remote, job.cluster, server)).state === "ready") return server;
  }
  throw new Failure(
    "no server is ready to be asked about Kubernetes",
    "npx quorate status says what they wait for; when one is ready, run the same command again",
  );
}

/** Null where Kubernetes does not know it: a control plane without a kubelet, or one that never joined. Throws a Failure. */
export async function kubernetesNode(job: Job, through: Node, node: Node): Promise<KubernetesNode | null> {
  const script = `/usr/local/bin/k3s kubectl get node ${node.name} --ignore-not-found -o json\n`;
  const text = await runOn(job, through.name, script);
  return text.trim() === "" ? null : parseNode(text);
}

/** A Node object as the API gives it. */
function parseNode(text: string): KubernetesNode {
  const value = JSON.parse(text) as {
    readonly spec?: { readonly unschedulable?: boolean };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };
  const is = (wanted: string) =>
    value.status?.conditions?.some(({ type, status }) => type === wanted && status === "True") ?? false;
  return { ready: is("Ready"), unschedulable: value.spec?.unschedulable === true, voter: is("EtcdIsVoter") };
}
