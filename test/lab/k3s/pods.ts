// K3s' own pods, as far as somebody asks for them by their label: worked out from the nodes, for nothing is scheduled here.
import type { Node } from "./objects.ts";

/** The labels of traefik's chart and of coredns.yaml (k3s-io/k3s:manifests), and K3s' names of the two. */
const APPS: Readonly<Record<string, { readonly name: string; readonly most: number }>> = {
  "app.kubernetes.io/name=traefik": { name: "traefik", most: Infinity },
  "k8s-app=kube-dns": { name: "coredns", most: 2 },
};
/** Both tolerate these taints and no others (k3s.md section 6). */
const TOLERATED = ["CriticalAddonsOnly", "node-role.kubernetes.io/control-plane"];

/**
 * Traefik on every node that takes it, CoreDNS on the first two of them that are ready. A pod on a node that is not Ready is not
 * ready either (kubernetes/kubernetes:pkg/controller/nodelifecycle, MarkPodsNotReady).
 */
export function podsOf(
  selector: string | null,
  nodes: readonly Node[],
  disabled: readonly string[],
): readonly object[] {
  const app = APPS[selector ?? ""];
  if (!app || disabled.includes(app.name)) return [];
  const takes = nodes.filter(({ spec }) => (spec.taints ?? []).every(({ key }) => TOLERATED.includes(key)));
  const inOrder = [...takes.filter(isReady), ...takes.filter((node) => !isReady(node))];
  return inOrder.slice(0, app.most).map((node) => ({
    metadata: { name: `${app.name}-${node.metadata.name}`, namespace: "kube-system" },
    spec: { nodeName: node.metadata.name },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: isReady(node) ? "True" : "False" }],
    },
  }));
}

function isReady({ status }: Node): boolean {
  return status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True");
}
