// What an apply does not do with a new k3s.version, by what the machines run: each refusal says which version comes first.
import type { Cluster, Node } from "../model/cluster.ts";
import { compareK3s, type K3sVersion, minorOf, minorsAhead, parseK3sVersion } from "../model/k3s-version.ts";
import type { ClusterRecord } from "../model/record.ts";
import { listed } from "../model/words.ts";
import type { ObservedMachine } from "./observed.ts";
import type { Refusal } from "./refusals.ts";

/** A machine that runs K3s, and which. */
interface Running {
  readonly name: string;
  readonly role: Node["role"];
  readonly version: K3sVersion;
}

const FIELD = "k3s.version";
const RELEASES = "https://github.com/k3s-io/k3s/releases";
/**
 * K3s 1.34 brings etcd 3.6. Coming from an etcd before 3.5.26, members that were removed long ago can come back there
 * (K3s' release notes of v1.33; etcd-io/etcd#20793). This is the first v1.33 that has it.
 */
const ETCD_3_6_SINCE = 34;
const LAST_WITH_3_5 = parseK3sVersion("v1.33.7+k3s3");
/** How far a kubelet may be behind its API server (Kubernetes' version skew policy). */
const AGENT_BEHIND = 3;

/** All of them at once; none where no machine of the config is known to run another version. */
export function otherVersion(
  cluster: Cluster,
  record: ClusterRecord | null,
  observed: readonly ObservedMachine[],
): readonly Refusal[] {
  const wanted = parseK3sVersion(cluster.k3s.version);
  if (!wanted) return [];
  const running = runningOn(cluster, record, observed);
  const servers = running.filter(({ role }) => role === "server");
  const agents = running.filter(({ role }) => role === "agent");
  return [
    ...byVersion(running.filter(({ version }) => compareK3s(version, wanted) > 0)).map((group) =>
      backwards(group, wanted, running),
    ),
    ...byVersion(servers.filter(({ version }) => minorsAhead(version, wanted) > 1)).map((group) =>
      skipped(group, wanted, servers),
    ),
    ...byVersion(servers.filter(({ version }) => isEtcdTrap(version, wanted))).map((group) =>
      etcdTrap(group, wanted),
    ),
    ...byVersion(agents.filter(({ version }) => minorsAhead(version, wanted) > AGENT_BEHIND)).map((group) =>
      leftBehind(group, wanted),
    ),
  ];
}

/**
 * What each server and agent of the config has: by its own word, else by the record. An apply that failed is recorded too,
 * and nobody knows what such a machine runs: then only its own word counts.
 */
function runningOn(
  { nodes }: Cluster,
  record: ClusterRecord | null,
  observed: readonly ObservedMachine[],
): readonly Running[] {
  return nodes.flatMap(({ name, role }) => {
    if (role === "loadbalancer") return [];
    const recorded = record?.machines.get(name);
    const said = observed.find((machine) => machine.name === name)?.k3s ?? "";
    const version =
      parseK3sVersion(said) ??
      (recorded?.role === role && recorded.result === "applied" ? parseK3sVersion(recorded.k3s) : null);
    return version ? [{ name, role, version }] : [];
  });
}

/** In the order in which the versions come. */
function byVersion(machines: readonly Running[]): readonly (readonly [Running, ...Running[]])[] {
  const groups = new Map<string, [Running, ...Running[]]>();
  for (const machine of machines) {
    const group = groups.get(machine.version.text);
    if (group) group.push(machine);
    else groups.set(machine.version.text, [machine]);
  }
  return [...groups.values()];
}

/** "server-1 and server-2 run K3s v1.35.1+k3s1, and the config says v1.36.4+k3s1". */
function said(group: readonly [Running, ...Running[]], wanted: K3sVersion): string {
  const verb = group.length === 1 ? "runs" : "run";
  return `${listed(namesOf(group))} ${verb} K3s ${group[0].version.text}, and the config says ${wanted.text}`;
}

function namesOf(group: readonly Running[]): readonly string[] {
  return group.map(({ name }) => name);
}

function backwards(
  group: readonly [Running, ...Running[]],
  wanted: K3sVersion,
  running: readonly Running[],
): Refusal {
  const base = { field: FIELD, machines: namesOf(group) };
  const newer = running.filter(({ version }) => compareK3s(version, wanted) > 0);
  const newest =
    newer
      .map(({ version }) => version)
      .toSorted(compareK3s)
      .at(-1) ?? group[0].version;
  if (newer.every(({ role }) => role === "agent"))
    return {
      ...base,
      message: `${said(group, wanted)}; an agent must not be newer than its servers, and K3s does not go back`,
      next: `put "${newest.text}" or later into the config, which upgrades the servers first; or write a new card: ${cardsOf(group)}`,
    };
  return {
    ...base,
    message: `${said(group, wanted)}; K3s does not go back: what a newer one has written an older one may not read`,
    next: `put "${newest.text}" back, or take a later release of ${minorOf(newest)}; to an older one leads only a snapshot of etcd from before: npx quorate snapshot list`,
  };
}

function cardsOf(group: readonly Running[]): string {
  return listed(group.map(({ name }) => `npx quorate card ${name}`));
}

function skipped(
  group: readonly [Running, ...Running[]],
  wanted: K3sVersion,
  servers: readonly Running[],
): Refusal {
  const [{ version }] = group;
  return {
    field: FIELD,
    message: `${said(group, wanted)}; Kubernetes takes one minor version after the other`,
    next: `first ${nextMinor(version, servers)}: put it into the config and apply it; then ${wanted.text}`,
    machines: namesOf(group),
  };
}

/** The version to go to first: the one that another server has already, else the newest of the next minor. */
function nextMinor(from: K3sVersion, servers: readonly Running[]): string {
  const next = { major: from.major, minor: from.minor + 1 };
  const there = servers
    .map(({ version }) => version)
    .filter(({ major, minor }) => major === next.major && minor === next.minor)
    .toSorted(compareK3s)
    .at(-1);
  if (there) return `"${there.text}", which another server has`;
  const least =
    LAST_WITH_3_5?.minor === next.minor ? `, which is to be "${LAST_WITH_3_5.text}" or later` : "";
  return `the newest release of ${minorOf(next)}${least} (${RELEASES})`;
}

function isEtcdTrap(version: K3sVersion, wanted: K3sVersion): boolean {
  return (
    LAST_WITH_3_5 !== null &&
    // From an earlier minor the next one comes first anyway.
    version.minor === LAST_WITH_3_5.minor &&
    version.major === LAST_WITH_3_5.major &&
    wanted.minor >= ETCD_3_6_SINCE &&
    compareK3s(version, LAST_WITH_3_5) < 0
  );
}

function etcdTrap(group: readonly [Running, ...Running[]], wanted: K3sVersion): Refusal {
  const least = LAST_WITH_3_5?.text ?? "";
  return {
    field: FIELD,
    message: `${said(group, wanted)}; it brings etcd 3.6, and after an etcd before 3.5.26 members that were removed long ago can come back`,
    next: `first "${least}" or a later v1.33, on all servers: put it into the config and apply it; then ${wanted.text} (${RELEASES})`,
    machines: namesOf(group),
  };
}

function leftBehind(group: readonly [Running, ...Running[]], wanted: K3sVersion): Refusal {
  const [{ version }] = group;
  return {
    field: FIELD,
    message: `${said(group, wanted)}; an agent may be at most ${AGENT_BEHIND} minor versions behind its servers`,
    next: `first a release of ${minorOf({ ...version, minor: version.minor + AGENT_BEHIND })}: put it into the config and apply it; or write a new card: ${cardsOf(group)}`,
    machines: namesOf(group),
  };
}
