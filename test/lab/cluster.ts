// A whole cluster in the lab: a machine for each node of a config, with the card that Quorate makes for it.
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { firstServer } from "../../generator/model/cluster.ts";
import type { ClusterRecord } from "../../generator/model/record.ts";
import { revealOn } from "../../generator/cards/reveal.ts";
import { nodeSeed } from "../../generator/cards/seed.ts";
import { deriveSecret, ROOT_BYTES, rootCheck } from "../../generator/secrets/derive.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { makeRecord } from "../support/record.ts";
import type { Lab } from "./lab.ts";
import type { Machine } from "./machine.ts";

/** The lab's root secret, which is none: every lab derives the same tokens and keys. */
export const LAB_ROOT: Uint8Array = new Uint8Array(ROOT_BYTES).fill(0x1a);

const TEMPLATES = readTemplates();

export interface SeedChoice {
  readonly mayFound?: boolean;
  readonly root?: Uint8Array;
  /** The cluster is recorded: the card then has tokens that name its certificates. */
  readonly record?: ClusterRecord | null;
}

/** The card of one node. `mayFound` as `card` decides it for a cluster that is not recorded yet, unless said otherwise. */
export function labSeed(
  cluster: Cluster,
  node: Node,
  { mayFound = node === firstServer(cluster), root = LAB_ROOT, record = null }: SeedChoice = {},
) {
  return nodeSeed(cluster, node, TEMPLATES, revealOn(node, root, record), { mayFound });
}

/** The record of a running cluster, with the certificates that `server` gives out. */
export async function labRecord(cluster: Cluster, server: Machine): Promise<ClusterRecord> {
  const sum = await server.must("curl -sfk https://127.0.0.1:6443/cacerts | sha256sum");
  const known = { name: cluster.name, caHash: sum.slice(0, 64), secretCheck: rootCheck(LAB_ROOT) };
  return makeRecord(
    known,
    cluster.nodes.map(({ name }) => name),
  );
}

/** Machines for all nodes, cards in, switched off, in the order of the config. */
export function makeCluster(lab: Lab, cluster: Cluster): readonly Machine[] {
  return cluster.nodes.map((node) => lab.machine(node.name, labSeed(cluster, node)));
}

/** Lines of a known_hosts file: the host keys that the cards carry, by address. */
export function knownHosts(cluster: Cluster): string {
  return cluster.nodes
    .map(({ name, address }) => {
      const ref = { secret: `ssh-host-key-public/${name}`, generation: cluster.generations["ssh-host-key"] };
      return `${address} ${deriveSecret(LAB_ROOT, ref)}\n`;
    })
    .join("");
}
