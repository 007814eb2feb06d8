// The failures of a drill: what is done to which machine, for how long, and what the tolerance table promises about it.
import { type Cluster, ingressNodes, type Node, ofRole } from "../model/cluster.ts";
import { fail } from "../tolerance/fail.ts";

export const MODES = [
  "power",
  "cut",
  "one-way",
  "hung",
  "stopped",
  "killed",
  "frozen",
  "loss",
  "restart",
  "reload",
] as const;
export type Mode = (typeof MODES)[number];

/** Shell lines on a machine. `heal` does no harm, and succeeds, where it is well already. */
export interface Broken {
  readonly make: string;
  readonly heal: string;
}

/**
 * power: no program on the machine can cut it and bring it back. script: `unreachable` where nobody can reach the machine
 * while it lasts, so that it is healed by itself only. restart: of K3s, as apply does it. reload: of HAProxy, while the API of
 * the server `down` is.
 */
export type Work =
  | { readonly how: "power" }
  | ({ readonly how: "script"; readonly unreachable: boolean } & Broken)
  | { readonly how: "restart" }
  | { readonly how: "reload"; readonly down: string };

export interface Scenario {
  /** `MACHINE/MODE`: what --only takes. */
  readonly id: string;
  readonly node: string;
  readonly mode: Mode;
  /** What happens, in words. */
  readonly title: string;
  readonly work: Work;
  /** It is work as apply does it, and no request may fail. */
  readonly planned: boolean;
  /** How long it is kept, in seconds: until everybody has noticed for sure. */
  readonly seconds: number;
  /** For how long API and ingress are felt at worst, in milliseconds, by the tolerance table; null: there is no ingress. */
  readonly worst: { readonly api: number; readonly ingress: number | null };
  /**
   * By what one sees that it is noticed. node: the load balancers see nothing of the machine up; api: its API down; vip:
   * another one holds the address. none: nothing has to be.
   */
  readonly noticed: "node" | "api" | "vip" | "none";
}

/** A failure that is not made, and why. */
export interface LeftOut {
  readonly id: string;
  readonly why: string;
}

interface Kind {
  readonly mode: Mode;
  readonly title: string;
  readonly work: (node: Node) => Work;
  readonly noticed: Scenario["noticed"];
  readonly planned?: boolean;
}

/** Longer than the worst, so that a late notice is seen and not cut off. */
const MARGIN_SECONDS = 8;
/** Of packets from and to the machine; nft counts to a hundred. */
const LOSS_PERCENT = 10;

/** Of work that is planned: what it may have done to requests is seen by then. */
const PLANNED_SECONDS = 6;

const link = ({ interface: name }: Node, how: "down" | "up") => `ip link set ${name} ${how}`;
const signal = (unit: string, name: string) => `systemctl kill --kill-who=main --signal=${name} ${unit}`;
const script =
  (make: string, heal: string, unreachable = false) =>
  (): Work => ({ how: "script", make, heal, unreachable });

/** K3s ends, and what it has open is closed. */
export const STOPPED: Broken = { make: "systemctl stop k3s", heal: "systemctl start --no-block k3s" };

const POWER: Kind = {
  mode: "power",
  title: "loses its power",
  work: () => ({ how: "power" }),
  noticed: "node",
};
const CUT: Kind = {
  mode: "cut",
  title: "has its network cut, both ways",
  // networkd brings addresses and routes back with the link.
  work: (node) =>
    script(
      link(node, "down"),
      `${link(node, "up")}; networkctl reconfigure ${node.interface} 2>/dev/null || true`,
      true,
    )(),
  noticed: "node",
};
const ONE_WAY: Kind = {
  mode: "one-way",
  title: "hears everybody, and nobody hears it",
  work: script("ip rule add pref 10 blackhole", "ip rule del pref 10", true),
  noticed: "node",
};
const LOSS: Kind = {
  mode: "loss",
  title: `loses ${LOSS_PERCENT} of 100 packets`,
  work: script(
    `nft add table inet quorate_drill && nft add chain inet quorate_drill in '{ type filter hook input priority 0; }' && nft add rule inet quorate_drill in numgen random mod 100 '<' ${LOSS_PERCENT} drop`,
    "! nft list table inet quorate_drill >/dev/null 2>&1 || nft delete table inet quorate_drill",
  ),
  noticed: "none",
};

const SERVER: readonly Kind[] = [
  POWER,
  CUT,
  ONE_WAY,
  {
    mode: "hung",
    title: "has a K3s that takes connections and answers nobody",
    work: script(signal("k3s", "STOP"), signal("k3s", "CONT")),
    noticed: "api",
  },
  {
    mode: "stopped",
    title: "has its K3s stopped",
    work: script(STOPPED.make, STOPPED.heal),
    noticed: "api",
  },
  LOSS,
  {
    mode: "restart",
    title: "restarts its K3s, as apply does it",
    work: () => ({ how: "restart" }),
    noticed: "none",
    planned: true,
  },
];
const AGENT: readonly Kind[] = [POWER, CUT];
const BALANCER: readonly Kind[] = [
  { ...POWER, noticed: "vip" },
  { ...CUT, noticed: "vip" },
  {
    mode: "stopped",
    title: "has its HAProxy stopped",
    work: script("systemctl stop haproxy", "systemctl start haproxy"),
    noticed: "vip",
  },
  {
    mode: "killed",
    title: "has its HAProxy killed",
    // systemd starts it again by itself (Restart=always in Debian's unit): the vip may stay or move.
    work: script(signal("haproxy", "KILL"), "systemctl start haproxy"),
    noticed: "none",
  },
  {
    mode: "frozen",
    title: "has its HAProxy frozen",
    work: script("systemctl kill --signal=STOP haproxy", "systemctl kill --signal=CONT haproxy"),
    noticed: "vip",
  },
];

/**
 * The failures of a cluster, in the order of its machines, and those that are left out because the cluster would not carry
 * them. Of machines of one kind each is failed in its turn; the one that is worst for etcd, its leader, is among them.
 */
export function scenarios(cluster: Cluster): {
  readonly made: readonly Scenario[];
  readonly leftOut: readonly LeftOut[];
} {
  const kinds = {
    server: SERVER,
    agent: AGENT,
    loadbalancer: [...BALANCER, ...reloads(cluster)],
  } as const;
  const all = cluster.nodes.flatMap((node) => kinds[node.role].map((kind) => ({ node, kind })));
  const judged = all.map(({ node, kind }) => ({
    id: `${node.name}/${kind.mode}`,
    node,
    kind,
    why: refusal(cluster, kind.mode === "reload" ? down(cluster) : node),
  }));
  return {
    made: judged.flatMap(({ node, kind, why }) => (why === null ? [scenario(cluster, node, kind)] : [])),
    leftOut: judged.flatMap(({ id, why }) => (why === null ? [] : [{ id, why }])),
  };
}

/** The server that is down while HAProxy is loaded anew: the last one, which has founded nothing. */
function down(cluster: Cluster): Node | undefined {
  return ofRole(cluster, "server").at(-1);
}

function reloads(cluster: Cluster): readonly Kind[] {
  const server = down(cluster)?.name;
  if (server === undefined) return [];
  return [
    {
      mode: "reload",
      title: `loads its HAProxy anew while the K3s of ${server} is stopped`,
      work: () => ({ how: "reload", down: server }),
      noticed: "none",
      planned: true,
    },
  ];
}

/** Why this machine is not failed; null where the cluster carries it. */
function refusal(cluster: Cluster, node: Node | undefined): string | null {
  if (!node) return "there is no server";
  const { api, ingress } = fail(cluster, [{ kind: node.role, node: node.name }]).aspects;
  const lost = [api, ...(ingress ? [ingress] : [])].find(({ survives }) => !survives);
  if (lost) return lost.why ?? "the cluster does not carry it";
  if (ofRole(cluster, "loadbalancer").length === 0)
    return "there is no load balancer that would lead around it";
  return null;
}

function scenario(
  cluster: Cluster,
  node: Node,
  { mode, title, work, noticed, planned = false }: Kind,
): Scenario {
  const { api, ingress } = fail(cluster, [{ kind: node.role, node: node.name }]).aspects;
  const worstSeconds = planned
    ? { api: 0, ingress: ingress && 0 }
    : { api: api.worstSeconds, ingress: ingress && ingress.worstSeconds };
  const felt = Math.max(worstSeconds.api, worstSeconds.ingress ?? 0);
  return {
    id: `${node.name}/${mode}`,
    node: node.name,
    mode,
    title: `${node.name} ${title}`,
    work: work(node),
    planned,
    seconds: planned ? PLANNED_SECONDS : Math.ceil(felt) + MARGIN_SECONDS,
    worst: {
      api: worstSeconds.api * 1000,
      ingress: worstSeconds.ingress === null ? null : worstSeconds.ingress * 1000,
    },
    // An agent that no load balancer knows is missed by none.
    noticed: node.role === "agent" && !ingressNodes(cluster).includes(node.name) ? "none" : noticed,
  };
}
