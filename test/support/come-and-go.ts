// A cluster of five servers that was one of three, and the other way round: for tests of machines that come and go.
import type { Cluster } from "../../generator/model/cluster.ts";
import { makePlan, type Plan } from "../../generator/plan/plan.ts";
import { type ApplyPlay, applyPlay } from "./apply-play.ts";
import { makeCluster } from "./clusters.ts";
import { TEMPLATES } from "./fixtures.ts";
import { knowing, machine, recordOf } from "./plan-play.ts";

export const SILENT = {
  files: null,
  problem: { message: "no answer", next: "look" },
  voter: false,
  ready: false,
};

/** The plan from one cluster to another, as those who answer have it. */
export function planFor(
  before: Cluster,
  after: Cluster,
  more: Readonly<Record<string, Parameters<typeof machine>[2]>> = {},
): Plan {
  const there = new Set(before.nodes.map(({ name }) => name));
  const all = new Map([...after.nodes, ...before.nodes].map((node) => [node.name, node]));
  const every = { ...after, nodes: [...all.values()] };
  const observed = [...all.keys()].map((name) => ({
    ...machine(name, [], {}, every),
    ...(there.has(name) ? {} : SILENT),
    ...more[name],
  }));
  return makePlan(after, TEMPLATES, observed, knowing(recordOf(before)));
}

export const THREE = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });
export const FIVE = makeCluster({ servers: 5, agents: 1, loadBalancers: 2 });
const NEW = ["server-4", "server-5"];

/** Five machines of which two are not there yet. */
export function growing(meddle?: Parameters<typeof applyPlay>[1]): ApplyPlay {
  const play = applyPlay(
    FIVE,
    meddle,
    THREE.nodes.map(({ name }) => name),
  );
  for (const name of NEW) play.of(name).status = null;
  return play;
}

export const outcomes = (results: readonly { readonly name: string; readonly outcome: string }[]) =>
  results.filter(({ outcome }) => outcome !== "unchanged").map(({ name, outcome }) => `${name} ${outcome}`);

/** Five machines of the cluster, and the config has three. */
export function shrinking(
  meddle?: Parameters<typeof applyPlay>[1],
  reachable?: readonly string[],
): ApplyPlay {
  const play = applyPlay(FIVE, meddle, reachable, THREE);
  for (const { name, role } of FIVE.nodes) if (role === "server") play.of(name).status = { members: 5 };
  return play;
}
export const fewer = (play: ApplyPlay) => (name: string, verb: string) => {
  if (verb !== "delete") return;
  const members = FIVE.nodes.filter((node) => node.role === "server" && play.of(node.name).known).length - 1;
  for (const { name: each, role } of FIVE.nodes) if (role === "server") play.of(each).status = { members };
  void name;
};
