// Components that cannot be told apart by what their failure does: fail one of each class and every cluster is small.
import { type Cluster, ingressNodes, ofRole } from "../model/cluster.ts";
import {
  type Component,
  type ComponentKind,
  components,
  ingressDoor,
  KINDS,
  takesWorkloads,
} from "./component.ts";

export interface ComponentClass {
  readonly kind: ComponentKind;
  /** Never empty; in the order of the config, so that the nth Traefik pod is on the nth machine of its class. */
  readonly members: readonly Component[];
}

export interface PairClass {
  readonly left: number;
  readonly right: number;
  /** One pair of the class; fail it for all. */
  readonly pair: readonly [Component, Component];
  /** How many pairs are in it. */
  readonly count: number;
}

/** Every component of the cluster in exactly one class, the classes in the order of KINDS. */
export function classes(cluster: Cluster): readonly ComponentClass[] {
  const machine = machineClass(cluster);
  const byKey = new Map<string, Component[]>();
  for (const component of components(cluster)) {
    const key = "node" in component ? `${component.kind} ${machine(component.node)}` : component.kind;
    const members = byKey.get(key);
    if (members) members.push(component);
    else byKey.set(key, [component]);
  }
  return [...byKey.values()]
    .flatMap((members) => (members[0] ? [{ kind: members[0].kind, members }] : []))
    .toSorted((left, right) => KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind));
}

/**
 * Every pair of components in exactly one class; `left` and `right` index the classes, left <= right. A machine and the
 * Traefik pod on that same machine are a class apart from a machine and the pod of another.
 */
export function pairClasses(all: readonly ComponentClass[]): readonly PairClass[] {
  return all.flatMap((one, left) =>
    all.slice(left).flatMap((other, offset): PairClass[] => {
      const right = left + offset;
      const [a, second] = one.members;
      const [b, otherSecond] = other.members;
      if (!a || !b) return [];
      const size = one.members.length;
      if (offset === 0)
        return second ? [{ left, right, pair: [a, second], count: (size * (size - 1)) / 2 }] : [];
      if (!sameMachine(a, b)) return [{ left, right, pair: [a, b], count: size * other.members.length }];
      const together: PairClass = { left, right, pair: [a, b], count: size };
      return otherSecond
        ? [together, { left, right, pair: [a, otherSecond], count: size * (size - 1) }]
        : [together];
    }),
  );
}

function sameMachine(left: Component, right: Component): boolean {
  return "node" in left && "node" in right && left.node === right.node;
}

/** What the rules ask about a machine, in one word. Where CoreDNS may be follows from ingress and workloads (hostsDns). */
function machineClass(cluster: Cluster): (name: string) => string {
  const door = ingressDoor(cluster);
  const ingress = new Set(ingressNodes(cluster));
  const first = cluster.registration.holder === "server" ? ofRole(cluster, "server")[0] : undefined;
  const position = new Map(ofRole(cluster, "loadbalancer").map(({ name }, index) => [name, index]));
  const words = cluster.nodes.map((node) => {
    // Two load balancers at most fail together, so who is left is decided by the first two and the rest.
    const place = Math.min(2, position.get(node.name) ?? 0);
    const facts = [node === first, node.name === door, ingress.has(node.name), takesWorkloads(node)];
    return [node.name, `${node.role} ${place} ${facts.map(Number).join("")}`] as const;
  });
  const byName = new Map(words);
  return (name) => byName.get(name) ?? "";
}
