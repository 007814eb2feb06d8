// What no apply can bring to a running cluster: the field of the config, why not, and what to do instead.
import { type Cluster, type Node, ofRole, type Role } from "../model/cluster.ts";
import { fixedSettings } from "../model/fixed.ts";
import { listed } from "../model/words.ts";
import type { ClusterRecord, RecordedMachine } from "../model/record.ts";
import { K3S_PATHS } from "../render/k3s.ts";
import { otherVersion } from "./k3s-versions.ts";
import type { ObservedMachine } from "./observed.ts";

export interface Refusal {
  /** The field of the config, as docs/config.md names it; a machine by its number in the list. */
  readonly field: string;
  readonly message: string;
  readonly next: string;
  /** Names of the machines that it concerns. */
  readonly machines: readonly string[];
}

const ROLES: Readonly<Record<Role, string>> = {
  server: "a server",
  agent: "an agent",
  loadbalancer: "a load balancer",
};

/** All of them at once; none where nothing is recorded and the machines have the tokens and K3s that they should have. */
export function refusals(
  cluster: Cluster,
  record: ClusterRecord | null,
  observed: readonly ObservedMachine[],
): readonly Refusal[] {
  const found = [...otherVersion(cluster, record, observed), ...otherToken(cluster, observed)];
  if (!record) return found;
  return [
    ...otherName(cluster, record),
    ...otherSettings(cluster, record),
    ...otherMachines(cluster, record),
    ...exchangedBalancer(cluster, record, observed),
    ...found,
  ];
}

function otherName({ name, nodes }: Cluster, { cluster }: ClusterRecord): readonly Refusal[] {
  if (cluster.name === name) return [];
  return [
    {
      field: "cluster.name",
      message: `the cluster ${cluster.name} is recorded, and the config describes ${name}; a running cluster keeps its name`,
      next: `put ${JSON.stringify(cluster.name)} back; another cluster has its own folder`,
      machines: nodes.map((node) => node.name),
    },
  ];
}

// K3s refuses a server that joins with other values, and a server that has joined does not compare them any more.
function otherSettings(cluster: Cluster, { cluster: { fixed } }: ClusterRecord): readonly Refusal[] {
  const now = fixedSettings(cluster);
  return Object.entries(fixed).flatMap(([field, before]) => {
    const after = now[field];
    if (after === undefined || after === before) return [];
    return [
      {
        field,
        message: `the cluster was founded with ${shown(before)}, and the config says ${shown(after)}; K3s takes this only when a cluster is founded`,
        next: `put ${shown(before)} back; for another value found a new cluster, in a folder of its own, and move the workloads`,
        machines: serversOf(cluster),
      },
    ];
  });
}

function shown(value: string): string {
  return value === "" ? "nothing" : value;
}

function otherMachines({ nodes }: Cluster, { machines }: ClusterRecord): readonly Refusal[] {
  return nodes.flatMap((node, index) => {
    const recorded = machines.get(node.name);
    if (!recorded) return renamed(node, index, machines, nodes);
    const base = { machines: [node.name] };
    if (recorded.role !== node.role)
      return [
        {
          ...base,
          field: `nodes[${index}].role`,
          message: `${node.name} is recorded as ${ROLES[recorded.role]}, and the config makes it ${ROLES[node.role]}; a machine keeps its role`,
          next: `put ${JSON.stringify(recorded.role)} back; a machine of another role is another machine, with a name of its own`,
        },
      ];
    if (node.role !== "server" || recorded.address === node.address) return [];
    return [
      {
        ...base,
        field: `nodes[${index}].address`,
        message: `${node.name} is recorded at ${recorded.address}, and the config says ${node.address}; etcd knows a server by its address`,
        next: `put ${JSON.stringify(recorded.address)} back; to move it, give it a new name too: then a new server comes, and this one goes after it`,
      },
    ];
  });
}

/** A server under a new name at the address of a recorded one, whose name is gone: the same machine. */
function renamed(
  { name, role, address }: Node,
  index: number,
  machines: ReadonlyMap<string, RecordedMachine>,
  nodes: readonly Node[],
): readonly Refusal[] {
  if (role !== "server") return [];
  const before = [...machines].find(
    ([old, machine]) =>
      machine.role === "server" && machine.address === address && nodes.every((node) => node.name !== old),
  );
  if (!before) return [];
  return [
    {
      field: `nodes[${index}].name`,
      message: `the server at ${address} is recorded as ${before[0]}, and the config calls it ${name}; K3s and etcd know a server by its name`,
      next: `put ${JSON.stringify(before[0])} back; a server with another name is another one, and needs an address of its own`,
      machines: [name, before[0]],
    },
  ];
}

/**
 * The only load balancer, and another one in its place: its own network holds the registration address, and that stays when it is
 * cleared; and the new one would come after it. A dead one may go so.
 */
function exchangedBalancer(
  cluster: Cluster,
  { machines }: ClusterRecord,
  observed: readonly ObservedMachine[],
): readonly Refusal[] {
  const [only, ...more] = [...machines].flatMap(([name, { role }]) =>
    role === "loadbalancer" ? [name] : [],
  );
  const others = ofRole(cluster, "loadbalancer").map(({ name }) => name);
  if (only === undefined || more.length > 0 || others.length === 0 || others.includes(only)) return [];
  const machine = observed.find(({ name }) => name === only);
  if (!machine?.files || machine.unfinished !== null) return [];
  return [
    {
      field: "nodes",
      message: `${only} is the only load balancer so far, and holds the registration address until ${listed(others)} can`,
      next: `put ${only} back beside ${listed(others)}, npx quorate apply, and only then take it out; if it is dead: put it back in the place of ${listed(others)}, and npx quorate replace ${only}`,
      machines: [only],
    },
  ];
}

// What servers share lies in etcd, encrypted with the token: K3s with another one does not start
// (k3s-io/k3s:pkg/cluster/storage.go, "bootstrap data already found and encrypted with different token").
function otherToken(cluster: Cluster, observed: readonly ObservedMachine[]): readonly Refusal[] {
  const wanted = cluster.generations["server-token"];
  const seen = observed.flatMap(({ name, files }) => {
    const file = files?.find(({ path }) => path === K3S_PATHS.serverToken);
    const text = file?.is === "different" ? (file.text ?? "") : "";
    const generation = Number(/@@quorate:secret:server-token:(\d+)@@/.exec(text)?.[1] ?? wanted);
    return generation === wanted ? [] : [{ name, generation }];
  });
  const [first] = seen;
  if (!first) return [];
  return [
    {
      field: "secrets.generations.serverToken",
      message: `the servers have the token of generation ${first.generation}, and the config asks for ${wanted}; with another one K3s cannot read what is in etcd, and does not start`,
      next: `put ${first.generation} back; Quorate does not change the server token of a running cluster yet`,
      machines: seen.map(({ name }) => name),
    },
  ];
}

function serversOf({ nodes }: Cluster): readonly string[] {
  return nodes.filter(({ role }) => role === "server").map(({ name }) => name);
}
