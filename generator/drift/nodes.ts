// The nodes of Kubernetes, as one server of the recorded cluster knows them, against the record.
import type { Context, OfMachine } from "./context.ts";
import { type Difference, difference, onMachine } from "./difference.ts";
import type { SeenNode } from "./seen.ts";

/** Whether Kubernetes knows every recorded server and agent, and how they are. `speaker`: the server that told. */
export function nodesOf(
  { record, config, seen }: Context,
  speaker: string,
  nodes: readonly SeenNode[],
): readonly OfMachine[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  // Without a kubelet a server is in no list of nodes.
  const withoutKubelets = config.k3s.serverConfig["disable-agent"] === true;
  return [...record.machines].flatMap(([name, { role, k3s }]) => {
    if (role === "loadbalancer") return [];
    const unit = role === "server" ? "k3s" : "k3s-agent";
    const node = byName.get(name);
    if (!node) {
      if (role === "server" && withoutKubelets) return [];
      const next = `${onMachine(name, `journalctl -u ${unit} -n 50`)}; npx quorate status`;
      return [[name, difference("Kubernetes node", "known to the cluster", "unknown to it", next)] as const];
    }
    const found = [
      ...(node.ready
        ? []
        : [
            difference(
              "Kubernetes node",
              "Ready",
              "not Ready",
              onMachine(name, `journalctl -u ${unit} -n 50`),
            ),
          ]),
      ...(node.unschedulable
        ? [
            difference(
              "Kubernetes node",
              "takes new pods",
              "closed to new pods (cordoned)",
              seen.get(name)?.cordoned
                ? "an apply closed it and ended early: npx quorate apply opens it again"
                : onMachine(speaker, `k3s kubectl uncordon ${name}`),
            ),
          ]
        : []),
      ...(node.ready && node.version !== k3s && seen.get(name)?.k3s === k3s
        ? [
            difference(
              "K3s, running",
              k3s,
              node.version,
              `${onMachine(name, `systemctl restart ${unit}`)}: one machine at a time`,
            ),
          ]
        : []),
    ];
    return found.map((each) => [name, each] as const);
  });
}

/** Nodes that no machine of the record or the config is. */
export function strangeNodes(
  { known }: Context,
  speaker: string,
  nodes: readonly SeenNode[],
): readonly Difference[] {
  return nodes
    .filter(({ name }) => !known.has(name))
    .map(({ name, ready }) =>
      difference(
        `Kubernetes node ${name}`,
        "no such node: it is neither recorded nor in the config",
        ready ? "Ready" : "not Ready",
        `if it is yours, put it into the config; if it is gone for good: ${onMachine(speaker, `k3s kubectl delete node ${name}`)}`,
      ),
    );
}
