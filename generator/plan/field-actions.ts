// What an edit of each field of the config brings to a running cluster that is recorded. docs/actions.md is made from this; a
// test edits every field and holds the plan against it.
import type { ActionClass } from "../model/action.ts";
import type { Role } from "../model/cluster.ts";
import { K3S_PATHS } from "../render/k3s.ts";
import { NODE_PATHS } from "../render/node-paths.ts";

type ByRole = Partial<Readonly<Record<Role, ActionClass>>>;

export interface FieldAction {
  /** As docs/config.md names it. */
  readonly field: string;
  /** The files that differ, on whichever machine; all: a machine becomes another one. */
  readonly files: readonly string[] | "all";
  /** The action by role; absent where machines of that role have nothing to change. Of `nodes[]`: the machine itself. */
  readonly actions: ByRole;
  /** Of `nodes[]`: what it brings to the other machines. */
  readonly others?: ByRole;
  /** How it gets there, and what is left to a person. */
  readonly how: string;
}

const { settings, networkConfig, haproxy, keepalived, authorizedKeys, hostKey, manifests } = NODE_PATHS;
const { peerKey, peerAuthorizedKeys, peerKnownHosts } = NODE_PATHS;
const { config, installEnvironment, serverToken, agentToken } = K3S_PATHS;

const EVERYWHERE = (action: ActionClass): ByRole => ({ server: action, agent: action, loadbalancer: action });
const NODES = (action: ActionClass): ByRole => ({ server: action, agent: action });

const RESTARTS = "K3s restarts and reads it";
const HAPROXY = "HAProxy reloads";
const NETWORK =
  "the node program hands it to the machine's own network program (netplan, NetworkManager, networkd or ifupdown); a load balancer gives the registration address up first";
const FOR_EVER = "K3s takes it only when a cluster is founded";
const CARD = "only the first boot makes it: write a new card";
const NEXT_INSTALL = "used when K3s is next installed";

export const FIELD_ACTIONS: readonly FieldAction[] = [
  { field: "$schema", files: [], actions: {}, how: "for editors only" },
  { field: "version", files: [], actions: {}, how: "has one value" },
  {
    field: "cluster.name",
    files: [settings, haproxy, keepalived],
    actions: EVERYWHERE("refused"),
    how: "a running cluster keeps its name; another cluster has its own folder",
  },
  {
    field: "cluster.dnsName",
    files: [config],
    actions: { server: "restart" },
    how: "K3s restarts, and the API certificate names it; you make the DNS record",
  },
  {
    field: "cluster.vip",
    files: [settings, keepalived, config],
    actions: { ...NODES("restart"), loadbalancer: "reload" },
    how: "keepalived reloads and holds the new address (with one load balancer its network-config does); K3s restarts, with it as the server to join and in the API certificate; the router's rules and your kubeconfigs are yours to change",
  },
  {
    field: "cluster.vrrpId",
    files: [keepalived],
    actions: { loadbalancer: "reload" },
    how: "keepalived reloads; between the first load balancer and the last, two may hold the address",
  },
  { field: "network.subnet", files: [networkConfig], actions: EVERYWHERE("reload"), how: NETWORK },
  { field: "network.gateway", files: [networkConfig], actions: EVERYWHERE("reload"), how: NETWORK },
  { field: "network.dns", files: [networkConfig], actions: EVERYWHERE("reload"), how: NETWORK },
  {
    field: "network.interface",
    files: [settings, networkConfig, keepalived],
    actions: EVERYWHERE("reload"),
    how: `${NETWORK}; keepalived reloads`,
  },
  {
    field: "os",
    files: [settings, "/etc/rpi/swap.conf.d/90-quorate.conf"],
    actions: EVERYWHERE("reflash"),
    how: "another system is another image: write a new card",
  },
  { field: "access.user", files: [settings], actions: EVERYWHERE("reflash"), how: CARD },
  {
    field: "access.authorizedKeys",
    files: [authorizedKeys],
    actions: EVERYWHERE("none"),
    how: "the node program puts them into the login's authorized_keys; open sessions stay",
  },
  {
    field: "k3s.version",
    files: [installEnvironment],
    actions: NODES("upgrade"),
    how: "after a snapshot of etcd, servers one at a time, then agents: the node program fetches the release, checks its sum, installs it and restarts K3s; refused: an older version, a skipped minor, v1.34 or later before v1.33.7+k3s3",
  },
  {
    field: "k3s.tlsSans",
    files: [config],
    actions: { server: "restart" },
    how: "K3s restarts, and the API certificate names them",
  },
  {
    field: "k3s.disable",
    files: [config],
    actions: { server: "restart" },
    how: "K3s restarts, removes what is disabled and installs what is not any more",
  },
  { field: "k3s.clusterCidr", files: [config], actions: { server: "refused" }, how: FOR_EVER },
  { field: "k3s.serviceCidr", files: [config], actions: { server: "refused" }, how: FOR_EVER },
  { field: "k3s.flannelBackend", files: [config], actions: { server: "refused" }, how: FOR_EVER },
  { field: "k3s.secretsEncryption", files: [config], actions: { server: "refused" }, how: FOR_EVER },
  { field: "k3s.snapshots.schedule", files: [config], actions: { server: "restart" }, how: RESTARTS },
  { field: "k3s.snapshots.retention", files: [config], actions: { server: "restart" }, how: RESTARTS },
  {
    field: "k3s.serverConfig",
    files: [config],
    actions: { server: "restart" },
    how: `${RESTARTS}; refused for what it takes only when a cluster is founded, such as cluster-domain and cluster-dns`,
  },
  { field: "k3s.agentConfig", files: [config], actions: { agent: "restart" }, how: RESTARTS },
  {
    field: "k3s.artifacts.installScript",
    files: [installEnvironment],
    actions: NODES("none"),
    how: NEXT_INSTALL,
  },
  {
    field: "k3s.artifacts.installScriptSha256",
    files: [installEnvironment],
    actions: NODES("none"),
    how: NEXT_INSTALL,
  },
  { field: "k3s.artifacts.mirror", files: [installEnvironment], actions: NODES("none"), how: NEXT_INSTALL },
  {
    field: "ingress.kind",
    files: [haproxy, config, `${manifests}/quorate-traefik.yaml`],
    actions: { server: "restart", loadbalancer: "reload" },
    how: "K3s restarts and installs or removes Traefik; HAProxy reloads, with or without its ports",
  },
  { field: "ingress.ports", files: [haproxy], actions: { loadbalancer: "reload" }, how: HAPROXY },
  {
    field: "loadBalancer.apiPort",
    files: [settings, haproxy, config],
    actions: { ...NODES("restart"), loadbalancer: "reload" },
    how: "HAProxy reloads; K3s restarts, with it in the address to join; your kubeconfigs are yours to change",
  },
  {
    field: "loadBalancer.statusPort",
    files: [settings, haproxy, keepalived],
    actions: { ...NODES("none"), loadbalancer: "reload" },
    how: "HAProxy reloads, and keepalived, which asks there whether HAProxy lives",
  },
  {
    field: "loadBalancer.maxConnections",
    files: [haproxy],
    actions: { loadbalancer: "reload" },
    how: HAPROXY,
  },
  {
    field: "rollout.drain",
    files: [],
    actions: {},
    how: "no machine has it: it says how to change the machines",
  },
  {
    field: "rollout.agentBatch",
    files: [],
    actions: {},
    how: "no machine has it: it says how to change the machines",
  },
  {
    field: "secrets.generations.serverToken",
    files: [serverToken],
    actions: { server: "refused" },
    how: "K3s with another token cannot read what is in etcd, and does not start; Quorate does not change it yet",
  },
  {
    field: "secrets.generations.agentToken",
    files: [agentToken],
    actions: NODES("restart"),
    how: "K3s restarts, servers first: from then on an agent joins with the new one",
  },
  {
    field: "secrets.generations.sshHostKey",
    files: [hostKey, peerKey, peerAuthorizedKeys, peerKnownHosts],
    actions: EVERYWHERE("none"),
    how: "the node program puts the key in force and sshd reloads; who logs in expects the key of the config's generation, so a machine that has the older one is unknown to plan",
  },
  {
    field: "state.branch",
    files: [],
    actions: {},
    how: "no machine has it: it says where the pipeline keeps out/ and the record",
  },
  {
    field: "nodes[].name",
    files: [settings, haproxy, peerAuthorizedKeys, peerKnownHosts],
    actions: { server: "refused", agent: "add", loadbalancer: "add" },
    others: { ...NODES("none"), loadbalancer: "reload" },
    how: "a machine of another name is another machine: it gets a new card, and the old name stays recorded; K3s and etcd know a server by its name",
  },
  {
    field: "nodes[].role",
    files: "all",
    actions: EVERYWHERE("refused"),
    others: { server: "restart", agent: "none", loadbalancer: "reload" },
    how: "a machine keeps its role: one of another role is another machine, with a name of its own",
  },
  {
    field: "nodes[].address",
    files: [settings, networkConfig, haproxy, keepalived, config],
    actions: { server: "refused", agent: "reflash", loadbalancer: "reflash" },
    others: { server: "restart", agent: "none", loadbalancer: "reload" },
    how: "etcd knows a server by its address; another machine moves with a new card, and on the others what names its address restarts or reloads",
  },
  { field: "nodes[].mac", files: [networkConfig], actions: EVERYWHERE("reload"), others: {}, how: NETWORK },
  {
    field: "nodes[].disk",
    files: [],
    actions: {},
    others: {},
    how: "no machine has it: it is for what check says",
  },
  {
    field: "nodes[].os",
    files: [settings, "/etc/rpi/swap.conf.d/90-quorate.conf"],
    actions: EVERYWHERE("reflash"),
    others: {},
    how: "another system is another image: write a new card",
  },
  {
    field: "nodes[].interface",
    files: [settings, networkConfig, keepalived],
    actions: EVERYWHERE("reload"),
    others: {},
    how: `${NETWORK}; keepalived reloads`,
  },
  {
    field: "nodes[].labels",
    files: [config],
    actions: NODES("restart"),
    others: {},
    how: "K3s restarts, but sets labels only when a node first joins: for one that has, kubectl label node",
  },
  {
    field: "nodes[].taints",
    files: [config, haproxy],
    actions: NODES("restart"),
    others: { loadbalancer: "reload" },
    how: "K3s restarts, but sets taints only when a node first joins: for one that has, kubectl taint node; HAProxy reloads where Traefik comes to a node or leaves it",
  },
];
