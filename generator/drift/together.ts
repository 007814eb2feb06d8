// What the servers tell of their cluster, against the record: which one it is, its members and its nodes.
import type { Cluster, Role } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import { listed } from "../model/words.ts";
import { type Difference, difference, onMachine } from "./difference.ts";
import type { SeenCluster, SeenMachine, SeenMember, SeenNode } from "./seen.ts";

export interface Together {
  /** About one machine of the record, by its name. */
  readonly machines: ReadonlyMap<string, readonly Difference[]>;
  /** About no machine that is known. */
  readonly cluster: readonly Difference[];
}

interface Context {
  readonly record: ClusterRecord;
  readonly config: Cluster;
  readonly seen: ReadonlyMap<string, SeenMachine>;
  /** Role and address of every machine that is recorded or in the config: what is recorded counts. */
  readonly known: ReadonlyMap<string, { readonly role: Role; readonly address: string }>;
}

const STOP =
  "change nothing; find out which machine has that address, and look at npx quorate status --bundle FILE";

/** `seen`: the machines that told something, by name. */
export function together(
  record: ClusterRecord,
  config: Cluster,
  seen: ReadonlyMap<string, SeenMachine>,
): Together {
  const known = new Map<string, { readonly role: Role; readonly address: string }>([
    ...config.nodes.map(({ name, role, address }) => [name, { role, address }] as const),
    ...record.machines,
  ]);
  const context = { record, config, seen, known };
  const servers = [...seen].flatMap(([name, { cluster }]) => (cluster ? [{ name, cluster }] : []));
  const told: (readonly [string, Difference])[] = servers.flatMap(({ name, cluster }) =>
    identity(context, name, cluster).map((each) => [name, each] as const),
  );
  const ours = servers.filter(({ cluster }) => isRecorded(record, cluster));
  const byMembers = ours.find(({ cluster }) => cluster.members !== null);
  const byNodes = ours.find(({ cluster }) => cluster.nodes !== null);
  const members = byMembers?.cluster.members ?? null;
  const nodes = byNodes?.cluster.nodes ?? null;
  told.push(
    ...(members && byMembers ? votes(context, byMembers.name, members) : []),
    ...(nodes && byNodes ? nodesOf(context, byNodes.name, nodes) : []),
  );
  const machines = new Map<string, Difference[]>();
  for (const [name, each] of told) machines.set(name, [...(machines.get(name) ?? []), each]);
  return {
    machines,
    cluster: [
      ...disagreement(record, servers),
      ...(members && byMembers ? strangeMembers(context, byMembers.name, members) : []),
      ...(nodes && byNodes ? strangeNodes(context, byNodes.name, nodes) : []),
    ],
  };
}

function isRecorded({ cluster }: ClusterRecord, { caHash, uid }: SeenCluster): boolean {
  return caHash === cluster.caHash && (cluster.uid === null || uid === null || uid === cluster.uid);
}

function identity({ record, seen }: Context, name: string, cluster: SeenCluster): readonly Difference[] {
  const { caHash, uid } = record.cluster;
  if (cluster.caHash !== null && cluster.caHash !== caHash) {
    return [
      difference(
        "cluster, by its certificate",
        `the recorded one (${caHash.slice(0, 12)})`,
        `another one (${cluster.caHash.slice(0, 12)})`,
        STOP,
      ),
    ];
  }
  if (cluster.uid !== null && uid !== null && cluster.uid !== uid)
    return [difference("cluster, by its kube-system", uid, `${cluster.uid}: a second cluster`, STOP)];
  if (cluster.caHash !== null && cluster.uid !== null) return [];
  // What does not run does not answer, and was told of.
  const machine = seen.get(name);
  const runs = machine?.units.some((unit) => unit.name === "k3s" && unit.active === "active") ?? false;
  if (!runs || !machine?.status.ok || machine.status.status.state !== "ready") return [];
  return [
    difference(
      "Kubernetes API",
      "an answer to this server itself",
      "none",
      onMachine(name, "journalctl -u k3s -n 50"),
    ),
  ];
}

/** Where the record knows no UID, two servers that have different ones are two clusters all the same. */
function disagreement(
  { cluster }: ClusterRecord,
  servers: readonly { readonly name: string; readonly cluster: SeenCluster }[],
): readonly Difference[] {
  const uids = servers.flatMap(({ name, cluster: { uid } }) => (uid === null ? [] : [{ name, uid }]));
  if (cluster.uid !== null || new Set(uids.map(({ uid }) => uid)).size < 2) return [];
  const seen = listed(uids.map(({ name, uid }) => `${name} ${uid}`));
  return [difference("kube-system", "the same on every server", `two clusters: ${seen}`, STOP)];
}

/** K3s names a member after its node, with a hyphen and 8 hex digits (k3s-io/k3s:pkg/etcd/etcd.go). */
function machineOf({ name }: SeenMember): string {
  return name.replace(/-[0-9a-f]{8}$/, "");
}

function votes(
  { record }: Context,
  speaker: string,
  members: readonly SeenMember[],
): readonly (readonly [string, Difference])[] {
  return [...record.machines].flatMap(([name, { role, address }]) => {
    if (role !== "server") return [];
    const own = members.find(
      (member) => machineOf(member) === name || (member.name === "" && member.address === address),
    );
    const what = "etcd member";
    const watch = "npx quorate status --watch";
    if (!own) {
      const next = `is it on? ${watch}; what etcd counts: ${onMachine(speaker, "curl -sk https://127.0.0.1:6443/db/info")}`;
      return [[name, difference(what, "a vote", "no member any more", next)] as const];
    }
    if (own.address !== address && own.address !== "")
      return [[name, difference(what, `at ${address}`, `at ${own.address}`, STOP)] as const];
    return own.learner ? [[name, difference(what, "a vote", "a member without a vote", watch)] as const] : [];
  });
}

function strangeMembers(
  { known }: Context,
  speaker: string,
  members: readonly SeenMember[],
): readonly Difference[] {
  const addresses = new Set([...known.values()].map(({ address }) => address));
  return members
    .filter((member) =>
      member.name === "" ? !addresses.has(member.address) : known.get(machineOf(member))?.role !== "server",
    )
    .map((member) => {
      const shown = member.name === "" ? `at ${member.address}` : member.name;
      const name = machineOf(member);
      return difference(
        `etcd member ${shown}`,
        "no such member: it is neither recorded nor in the config",
        `${member.learner ? "a member without a vote" : "a member with a vote"}, at ${member.address || "no address"}`,
        name === ""
          ? "it never started: it is dropped after five minutes; if it stays, find out which machine has that address"
          : `${member.learner ? "" : "it counts for the majority: "}find out what has that address; if it is gone for good, ${onMachine(speaker, `k3s kubectl delete node ${name}`)}`,
      );
    });
}

function nodesOf(
  { record, config, seen }: Context,
  speaker: string,
  nodes: readonly SeenNode[],
): readonly (readonly [string, Difference])[] {
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

function strangeNodes(
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
