// The failures of a drill: what is done to which machine, for how long, and what the tolerance table promises about it.
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { fail } from "../tolerance/fail.ts";

export const MODES = ["power", "cut", "one-way", "hung", "stopped", "killed", "frozen", "loss"] as const;
export type Mode = (typeof MODES)[number];

export interface Scenario {
  /** `MACHINE/MODE`: what --only takes. */
  readonly id: string;
  readonly node: string;
  readonly mode: Mode;
  /** What happens, in words. */
  readonly title: string;
  /** Shell lines on that machine; null: its power, which no program on it can cut and bring back. */
  readonly script: { readonly make: string; readonly heal: string } | null;
  /** Nobody can reach the machine while it lasts: it is healed by itself only. */
  readonly unreachable: boolean;
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
  readonly script: (node: Node) => Scenario["script"];
  readonly unreachable?: true;
  readonly noticed: Scenario["noticed"];
}

/** Longer than the worst, so that a late notice is seen and not cut off. */
const MARGIN_SECONDS = 8;
/** Of packets from and to the machine; nft counts to a hundred. */
const LOSS_PERCENT = 10;

const link = ({ interface: name }: Node, how: "down" | "up") => `ip link set ${name} ${how}`;
const signal = (unit: string, name: string) => `systemctl kill --kill-who=main --signal=${name} ${unit}`;

const POWER: Kind = {
  mode: "power",
  title: "loses its power",
  script: () => null,
  unreachable: true,
  noticed: "node",
};
const CUT: Kind = {
  mode: "cut",
  title: "has its network cut, both ways",
  script: (node) => ({
    make: link(node, "down"),
    // networkd brings addresses and routes back with the link.
    heal: `${link(node, "up")}; networkctl reconfigure ${node.interface} 2>/dev/null || true`,
  }),
  unreachable: true,
  noticed: "node",
};
const ONE_WAY: Kind = {
  mode: "one-way",
  title: "hears everybody, and nobody hears it",
  script: () => ({ make: "ip rule add pref 10 blackhole", heal: "ip rule del pref 10" }),
  unreachable: true,
  noticed: "node",
};
const LOSS: Kind = {
  mode: "loss",
  title: `loses ${LOSS_PERCENT} of 100 packets`,
  script: () => ({
    make: `nft add table inet quorate_drill && nft add chain inet quorate_drill in '{ type filter hook input priority 0; }' && nft add rule inet quorate_drill in numgen random mod 100 '<' ${LOSS_PERCENT} drop`,
    heal: "nft delete table inet quorate_drill",
  }),
  noticed: "none",
};

const SERVER: readonly Kind[] = [
  POWER,
  CUT,
  ONE_WAY,
  {
    mode: "hung",
    title: "has a K3s that takes connections and answers nobody",
    script: () => ({ make: signal("k3s", "STOP"), heal: signal("k3s", "CONT") }),
    noticed: "api",
  },
  {
    mode: "stopped",
    title: "has its K3s stopped",
    script: () => ({ make: "systemctl stop k3s", heal: "systemctl start --no-block k3s" }),
    noticed: "api",
  },
  LOSS,
];
const AGENT: readonly Kind[] = [POWER, CUT];
const BALANCER: readonly Kind[] = [
  { ...POWER, noticed: "vip" },
  { ...CUT, noticed: "vip" },
  {
    mode: "stopped",
    title: "has its HAProxy stopped",
    script: () => ({ make: "systemctl stop haproxy", heal: "systemctl start haproxy" }),
    noticed: "vip",
  },
  {
    mode: "killed",
    title: "has its HAProxy killed",
    // systemd starts it again by itself (Restart=always in Debian's unit): the vip may stay or move.
    script: () => ({ make: signal("haproxy", "KILL"), heal: "systemctl start haproxy" }),
    noticed: "none",
  },
  {
    mode: "frozen",
    title: "has its HAProxy frozen",
    script: () => ({
      make: "systemctl kill --signal=STOP haproxy",
      heal: "systemctl kill --signal=CONT haproxy",
    }),
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
  const kinds = { server: SERVER, agent: AGENT, loadbalancer: BALANCER } as const;
  const all = cluster.nodes.flatMap((node) => kinds[node.role].map((kind) => ({ node, kind })));
  const judged = all.map(({ node, kind }) => ({
    id: `${node.name}/${kind.mode}`,
    node,
    kind,
    why: refusal(cluster, node),
  }));
  return {
    made: judged.flatMap(({ node, kind, why }) => (why === null ? [scenario(cluster, node, kind)] : [])),
    leftOut: judged.flatMap(({ id, why }) => (why === null ? [] : [{ id, why }])),
  };
}

/** Why this machine is not failed; null where the cluster carries it. */
function refusal(cluster: Cluster, node: Node): string | null {
  const { api, ingress } = fail(cluster, [{ kind: node.role, node: node.name }]).aspects;
  const lost = [api, ...(ingress ? [ingress] : [])].find(({ survives }) => !survives);
  if (lost) return lost.why ?? "the cluster does not carry it";
  if (ofRole(cluster, "loadbalancer").length === 0)
    return "there is no load balancer that would lead around it";
  return null;
}

function scenario(cluster: Cluster, node: Node, kind: Kind): Scenario {
  const { api, ingress } = fail(cluster, [{ kind: node.role, node: node.name }]).aspects;
  const worst = {
    api: api.worstSeconds * 1000,
    ingress: ingress === null ? null : ingress.worstSeconds * 1000,
  };
  const felt = Math.max(api.worstSeconds, ingress?.worstSeconds ?? 0);
  return {
    id: `${node.name}/${kind.mode}`,
    node: node.name,
    mode: kind.mode,
    title: `${node.name} ${kind.title}`,
    script: kind.script(node),
    unreachable: kind.unreachable ?? false,
    seconds: Math.ceil(felt) + MARGIN_SECONDS,
    worst,
    noticed: kind.noticed === "node" && node.role === "agent" && !ingress ? "none" : kind.noticed,
  };
}
