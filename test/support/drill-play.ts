// A cluster for the drill without machines: an ssh that is played by a function, and load balancers' pages on addresses of this
// computer's own.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { RemoteResult } from "../../generator/apply/remote.ts";
import type { Drill } from "../../generator/drill/drill.ts";
import { scenarios, type Scenario } from "../../generator/drill/scenario.ts";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { ASK_SCRIPT } from "../../generator/status/ask.ts";
import { makeCluster } from "./clusters.ts";
import { statusText } from "./says.ts";

export interface DrillPlay {
  readonly drill: Drill;
  readonly cluster: Cluster;
  /** `MACHINE: SCRIPT`, of everything that was run, without the questions of how a machine is. */
  readonly ran: readonly string[];
  /** What was said to the person. */
  readonly said: readonly string[];
  /** What the next script on a machine that holds these words comes to. */
  readonly next: (words: string, result: Partial<RemoteResult> | ((name: string) => void)) => void;
  /** The machine is not ready so many times that it is asked. */
  readonly ill: (name: string, times: number) => void;
  /** Who answers at the registration address; null: nobody. */
  readonly holds: (name: string | null) => void;
  readonly scenario: (id: string, more?: Partial<Scenario>) => Scenario;
}

export const FENCE = "quorate-node lease take me 45 me || exit";
const VIP = "127.0.10.10";

/** Everybody is well, and lb-1 holds the registration address. */
export async function drillPlay(
  t: TestContext,
  more: Partial<Drill> = {},
  loadBalancers = 2,
): Promise<DrillPlay> {
  let holder: string | null = "lb-1";
  const made = makeCluster({ servers: 3, loadBalancers });
  const nodes = made.nodes.map((node): Node => ({
    ...node,
    address: node.address.replace(/^10\.0\./, "127.0."),
  }));
  const server = createServer(({ socket }, response) => {
    const name =
      socket.localAddress === VIP
        ? holder
        : nodes.find(({ address }) => address === socket.localAddress)?.name;
    if (name) response.end(`load balancer ${name}\nbe_api/server-1 UP\n`);
    else response.destroy();
  });
  await new Promise<void>((listening) => server.listen(0, "0.0.0.0", listening));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const cluster: Cluster = {
    ...made,
    nodes,
    registration: { ...made.registration, address: VIP },
    loadBalancer: { ...made.loadBalancer, statusPort: port },
  };
  const ran: string[] = [];
  const said: string[] = [];
  const ill = new Map<string, number>();
  const next = new Map<string, Partial<RemoteResult> | ((name: string) => void)>();
  const remote: Drill["remote"] = {
    run: async (name, script) => {
      const fine = { finished: true, exit: 0, stdout: "", stderr: "" } as const;
      if (script === ASK_SCRIPT) {
        const left = ill.get(name) ?? 0;
        ill.set(name, left - 1);
        return { ...fine, stdout: statusText(name, left > 0 ? { state: "working" } : {}) };
      }
      ran.push(`${name}: ${script}`);
      const [words = "", result = {}] = [...next].find(([part]) => script.includes(part)) ?? [];
      if (typeof result === "function") {
        result(name);
        return fine;
      }
      next.delete(words);
      return { ...fine, ...result } as RemoteResult;
    },
    close: async () => {},
  };
  const drill: Drill = {
    cluster,
    remote,
    targets: [],
    fence: FENCE,
    power: async () => {},
    say: (text) => void said.push(text),
    interrupted: new AbortController().signal,
    ...more,
  };
  return {
    drill,
    cluster,
    ran,
    said,
    next: (words, result) => void next.set(words, result),
    ill: (name, times) => void ill.set(name, times),
    holds: (name) => void (holder = name),
    scenario: (id, changes = {}) => {
      const found = scenarios(cluster).made.find((each) => each.id === id);
      if (!found) throw new Error(`there is no failure ${id}`);
      return { ...found, ...changes };
    },
  };
}
