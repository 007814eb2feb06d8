// A cluster of six machines and what they answer, for tests of the plan.
import assert from "node:assert/strict";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { fixedSettings } from "../../generator/model/fixed.ts";
import type { ClusterRecord } from "../../generator/model/record.ts";
import { type Known, NOTHING_KNOWN } from "../../generator/plan/known.ts";
import type { ObservedFile, ObservedMachine } from "../../generator/plan/observed.ts";
import { type MachinePlan, makePlan, type Plan } from "../../generator/plan/plan.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { makeCluster } from "./clusters.ts";
import { TEMPLATES } from "./fixtures.ts";
import { makeRecord, recordedMachine } from "./record.ts";

/** server-1 to server-3, agent-1, lb-1 and lb-2. */
export const SIX = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });

export function nodeOf(name: string, cluster: Cluster = SIX): Node {
  const found = cluster.nodes.find((node) => node.name === name);
  assert.ok(found, name);
  return found;
}

export function filesOf(name: string, cluster: Cluster = SIX): ReturnType<typeof nodeFiles> {
  return nodeFiles(cluster, nodeOf(name, cluster), TEMPLATES);
}

/** A machine that answers, and has all that it should have but these files. */
export function machine(
  name: string,
  files: readonly ObservedFile[] = [],
  more: Partial<ObservedMachine> = {},
  cluster: Cluster = SIX,
): ObservedMachine {
  const voter = nodeOf(name, cluster).role === "server";
  return {
    name,
    files,
    problem: null,
    k3s: "",
    voter,
    vip: false,
    ready: true,
    unfinished: null,
    unconfirmed: false,
    cordoned: false,
    drains: [],
    ...more,
  };
}

/** The plan where all machines but these are as they should be. */
export function planWith(machines: readonly ObservedMachine[], known?: Known, cluster: Cluster = SIX): Plan {
  const given = new Set(machines.map(({ name }) => name));
  const others = cluster.nodes.filter(({ name }) => !given.has(name));
  const observed = [...machines, ...others.map(({ name }) => machine(name, [], {}, cluster))];
  return makePlan(cluster, TEMPLATES, observed, known);
}

export function planOf(name: string, plan: Plan): MachinePlan {
  const found = plan.machines.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

/** A file with another text than it should have. */
export function different(path: string, text: string | null = "", sum?: string): ObservedFile {
  return { path, is: "different", mode: "0644", text, ...(sum !== undefined && { sum }) };
}

/** The record that an apply of that cluster leaves behind. */
export function recordOf(cluster: Cluster): ClusterRecord {
  return {
    ...makeRecord({ name: cluster.name, fixed: fixedSettings(cluster) }),
    machines: new Map(
      cluster.nodes.map(({ name, role, address }) => [name, recordedMachine({ role, address })]),
    ),
  };
}

/** What is known where that is the record. */
export function knowing(record: ClusterRecord | null, more: Partial<Known> = {}): Known {
  return { ...NOTHING_KNOWN, record, ...more };
}

/** All of SIX is recorded as it is. */
export const RECORDED = knowing(recordOf(SIX));

/** The plan of a cluster where these files are not as they should be. */
export function planned(
  cluster: Cluster,
  known = RECORDED,
  ...files: readonly (readonly [string, ObservedFile])[]
): Plan {
  return planWith(
    files.map(([name, file]) => machine(name, [file], {}, cluster)),
    known,
    cluster,
  );
}
