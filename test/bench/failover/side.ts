// The two that are compared: what is on their load balancers, and how each is looked after by the book.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Node } from "../../../generator/model/cluster.ts";
import { API_CHECK } from "../../../generator/model/timing.ts";
import { haproxyConfig } from "../../../generator/render/haproxy.ts";
import { keepalivedConfig } from "../../../generator/render/keepalived.ts";
import { makeCluster } from "../../support/clusters.ts";
import { TEMPLATES } from "../../support/fixtures.ts";
import { type Machine, until } from "../../support/namespace.ts";
import { type RunningHaproxy, startCondition } from "../../support/programs.ts";
import { sampleHaproxy, sampleKeepalived } from "./k3s-sample.ts";

export interface Side {
  /** As the tables call it. */
  readonly name: string;
  readonly haproxy: (cluster: Cluster) => string;
  readonly keepalived: (cluster: Cluster, node: Node) => string;
  /** A line of shell before each start of HAProxy. */
  readonly before: (cluster: Cluster) => string;
  /** Between two checks of a server, milliseconds: a failure may come at any moment of it. */
  readonly inter: number;
  /** Milliseconds. Before its checks have passed, HAProxy takes a server out at the first failed one. */
  readonly warmUp: number;
  readonly reload: (machine: Machine, haproxy: RunningHaproxy) => Promise<void>;
  /** Before a server is stopped on purpose, and when it is there again. */
  readonly takeOut: (haproxy: RunningHaproxy, server: string) => Promise<void>;
  readonly takeBack: (haproxy: RunningHaproxy, server: string) => Promise<void>;
}

/** For open streams, before they are closed; an apply gives them longer (APPLY_TIMING.drainSeconds). Milliseconds. */
const DRAIN = 3000;
/** What has a state of its own; be_https follows be_http. */
const OWN_BACKENDS = ["be_api", "be_http"];

/** As quorate-node does it. */
export const OURS: Side = {
  name: "Quorate",
  haproxy: (cluster) => haproxyConfig(cluster, TEMPLATES),
  keepalived: (cluster, node) => keepalivedConfig(cluster, node, TEMPLATES),
  before: startCondition,
  inter: API_CHECK.inter,
  warmUp: 10_000,
  async reload(machine, haproxy) {
    const state = join(machine.root, "run/haproxy/server-state");
    writeFileSync(state, await haproxy.ask("show servers state"));
    await plainReload(machine, haproxy);
    writeFileSync(state, "1\n");
  },
  async takeOut(haproxy, server) {
    for (const backend of OWN_BACKENDS) await haproxy.ask(`set server ${backend}/${server} state drain`);
    await sleep(DRAIN);
    for (const backend of [...OWN_BACKENDS, "be_https"])
      await haproxy.ask(`shutdown sessions server ${backend}/${server}`);
  },
  async takeBack(haproxy, server) {
    await until(`${server} is up`, 10_000, async () => {
      // The sixth word: srv_op_state, 0 when it is down, 1 while it gets its share of connections step by step.
      const rows = (await haproxy.ask("show servers state")).split("\n").map((row) => row.split(" "));
      const own = rows.filter((row) => row[3] === server && OWN_BACKENDS.includes(row[1] ?? ""));
      return own.every((row) => row[5] !== "0") || undefined;
    });
    for (const backend of OWN_BACKENDS) await haproxy.ask(`set server ${backend}/${server} state ready`);
  },
};

/** Its page says nothing of upkeep: a server is stopped and started, and Debian's `systemctl reload` reloads. */
export const SAMPLE: Side = {
  name: "K3s' sample",
  haproxy: sampleHaproxy,
  keepalived: sampleKeepalived,
  before: () => ":",
  inter: 10_000,
  warmUp: 45_000,
  reload: plainReload,
  takeOut: () => sleep(DRAIN),
  takeBack: async () => {},
};

/** Ours with another text in its haproxy.cfg, to see whether that is better. Null where no directive has that text. */
export function changed(side: Side, from: string, to: string): Side | null {
  const directives = side.haproxy(makeCluster()).replaceAll(/#.*$/gm, "");
  if (from === "" || !directives.includes(from)) return null;
  return {
    ...side,
    name: `${side.name}, ${to}`,
    haproxy: (cluster) => side.haproxy(cluster).replaceAll(from, to),
  };
}

/** ExecReload of Debian's unit. Returns when a new worker answers. */
async function plainReload(machine: Machine, haproxy: RunningHaproxy): Promise<void> {
  const worker = async () => /^Pid: (\d+)$/m.exec(await haproxy.ask("show info").catch(() => ""))?.[1];
  const before = await worker();
  await machine.must(["haproxy", "-Ws", "-f", "/run/haproxy.cfg", "-c", "-q"]);
  await machine.must(["sh", "-c", 'kill -USR2 "$(cat /run/haproxy.pid)"']);
  await until("a new worker", 5000, async () => {
    const now = await worker();
    return (now !== undefined && now !== before) || undefined;
  });
}
