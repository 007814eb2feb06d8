// In which order machines are worked on, those that come and those that go among them.
import type { Cluster, Node, Role } from "../model/cluster.ts";
import type { ClusterRecord, RecordedMachine } from "../model/record.ts";
import type { ObservedMachine } from "./observed.ts";

/** A machine that is recorded and not in the config any more. */
export interface Gone extends Pick<RecordedMachine, "role" | "address"> {
  readonly name: string;
}

export type Entry = { readonly node: Node } | { readonly gone: Gone };

/** Recorded machines that the config names no more, by their names. */
export function goneMachines({ nodes }: Cluster, record: ClusterRecord | null): readonly Gone[] {
  const names = new Set(nodes.map(({ name }) => name));
  return [...(record?.machines ?? [])]
    .filter(([name]) => !names.has(name))
    .map(([name, { role, address }]) => ({ name, role, address }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** A machine of the record as the steps of an apply know machines: nothing is rendered for it. */
export function formerNode({ name, role, address }: Gone): Node {
  const unknown = { mac: null, interface: "", os: "debian", disk: "ssd", labels: {}, taints: [] } as const;
  return { name, role, address, ...unknown };
}

/**
 * Load balancers first, the holder of the vip last; servers; agents. Of each kind first those that do not work, for the others
 * need them. A load balancer goes before the others are alone. A dead server goes before a new one comes, for etcd takes none
 * while a member is silent (etcd: server/etcdserver/server.go, mayAddMember), and a living one only after the new ones are
 * there. `added`: names of those that nothing was applied to.
 */
export function inOrder(
  cluster: Cluster,
  seen: ReadonlyMap<string, ObservedMachine>,
  added: ReadonlySet<string>,
  gone: readonly Gone[],
): readonly Entry[] {
  const is = (name: string, what: (machine: ObservedMachine) => boolean | null): boolean => {
    const machine = seen.get(name);
    return machine !== undefined && what(machine) === true;
  };
  const of = (role: Role, place: (name: string) => number): readonly Entry[] =>
    cluster.nodes
      .filter((node) => node.role === role)
      .map((node) => ({ node, place: place(node.name) }))
      .toSorted((one, other) => one.place - other.place)
      .map(({ node }) => ({ node }));
  const going = (role: Role, which: (name: string) => boolean = () => true): readonly Entry[] =>
    gone.filter((machine) => machine.role === role && which(machine.name)).map((each) => ({ gone: each }));
  const works = (name: string) => (is(name, ({ ready }) => ready) ? 2 : added.has(name) ? 1 : 0);
  const votes = (name: string) => is(name, ({ voter }) => voter);
  return [
    ...going("loadbalancer"),
    ...of("loadbalancer", (name) => (is(name, ({ vip }) => vip) ? 3 : works(name))),
    ...going("server", (name) => !votes(name)),
    ...of("server", works),
    ...going("server", votes),
    ...of("agent", (name) => (added.has(name) ? 3 : works(name))),
    ...going("agent"),
  ];
}
