// Makes one failure after the other: a client asks all the while, the machine heals itself whatever becomes of us, and nothing
// goes on before everything is well again.
import { setTimeout as sleep } from "node:timers/promises";
import { askNode } from "../apply/ask-node.ts";
import type { Remote } from "../apply/remote.ts";
import { Failure } from "../failure.ts";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { shellQuote } from "../render/k3s.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { startClient, type Target } from "./client.ts";
import { askPage, type Page } from "./page.ts";
import { broken, type Measured } from "./report.ts";
import { feltAt } from "./sample.ts";
import type { Scenario } from "./scenario.ts";

export interface Drill {
  readonly cluster: Cluster;
  readonly remote: Remote;
  readonly targets: readonly Target[];
  /** Cuts a machine's power and brings it back: a person, or a switch that obeys a program. Resolves when it is done. */
  readonly power: (machine: string, to: "off" | "on") => Promise<void>;
  readonly say: (text: string) => void;
  readonly interrupted: AbortSignal;
}

/** The failure could not be made on that machine, and nothing is left of it: the others can be. */
export class NotMade extends Failure {}

const RATE = 60;
const REQUEST_MS = 10_000;
/** Before and after a failure, so that both are seen to be quiet. */
const QUIET_MS = 3000;
const LOOK_MS = 200;
const PAGE_MS = 800;
/** A machine heals itself so many seconds after nobody has said any more that it should wait. */
const HEAL_SECONDS = 20;
const RENEW_MS = 5000;
/** Before a network is cut. */
const DELAY_SECONDS = 0.5;
const WELL_MS = 300_000;
const SCRIPT_MS = 15_000;

/** Throws a Failure where something is not well: the drill has made nothing then. */
export async function refuseIll(drill: Drill): Promise<void> {
  const wrong = await notWell(drill);
  if (wrong === null) return;
  throw new Failure(
    `no drill on a cluster that is not well: ${wrong}`,
    "npx quorate status says what is waited for; npx quorate verify what does not answer",
  );
}

/** One failure, from quiet to quiet. Throws a Failure where it could not be made, or the cluster does not get well again. */
export async function play(drill: Drill, scenario: Scenario): Promise<Measured> {
  const node = nodeOf(drill.cluster, scenario.node);
  if (node.role === "loadbalancer") await holdVip(drill, node);
  const client = startClient({ targets: drill.targets, rate: RATE, limit: REQUEST_MS });
  let result;
  try {
    await pause(drill, QUIET_MS);
    drill.say(`${scenario.title}, for ${scenario.seconds} s`);
    const made = await make(drill, node, scenario).catch((error: unknown) => {
      throw error instanceof Failure ? new NotMade(error.message, error.hint, error) : error;
    });
    const noticed = await keep(drill, node, scenario, made);
    await heal(drill, node, scenario);
    const healed = Date.now();
    drill.say(`${node.name} is back; waiting until everything is well`);
    await untilWell(drill);
    const well = Date.now() - healed;
    await pause(drill, QUIET_MS);
    result = { noticed, well, made, healed };
  } finally {
    // Also where it was interrupted: the machine must not wait for its own healing.
    if (!result && scenario.script) await heal(drill, node, scenario).catch(() => {});
    await client.stop();
  }
  const { samples, from, to, drift } = await client.stop();
  const felt = drill.targets.map(({ name }) => feltAt(name, samples, from, to));
  return {
    id: scenario.id,
    title: scenario.title,
    worst: scenario.worst,
    felt,
    noticed: result.noticed,
    well: result.well,
    drift,
    moments: { from, made: result.made, healed: result.healed, to },
    samples,
    broken: broken(scenario.worst, felt),
  };
}

/** Arms the healing first, and makes the failure only where that has worked. Returns when it began, in ms since 1970. */
async function make(drill: Drill, node: Node, { script, unreachable, seconds }: Scenario): Promise<number> {
  if (!script) {
    await drill.power(node.name, "off");
    return Date.now();
  }
  const armed = `${arming(script.heal, unreachable ? seconds : HEAL_SECONDS)} || { echo 'its healing could not be armed' >&2; exit 1; }`;
  if (!unreachable) {
    // Here one sees whether it could be made.
    const undone = "{ systemctl stop quorate-drill.service; exit 1; }";
    await must(drill, node, `${armed}\n{ ${script.make}; } || ${undone}\n`);
    return Date.now();
  }
  // The connection has to end before the network does.
  const delayed = shellQuote(`sleep ${DELAY_SECONDS}; ${script.make}`);
  const unit = "systemd-run --quiet --collect --unit=quorate-drill-make /bin/sh -c";
  await must(drill, node, `${armed}\n${unit} ${delayed}\n`);
  return Date.now() + DELAY_SECONDS * 1000;
}

/** A unit that sleeps and then heals. No timer: a daemon-reload would begin its time anew (systemd: timer_coldplug). */
function arming(heal: string, seconds: number): string {
  return `{ systemctl stop quorate-drill.service 2>/dev/null; systemd-run --quiet --collect --unit=quorate-drill /bin/sh -c ${shellQuote(`sleep ${seconds}; ${heal}`)}; }`;
}

/** While it lasts: who notices, and when. Renews the machine's waiting where it can be reached. */
async function keep(drill: Drill, node: Node, scenario: Scenario, made: number): Promise<number | null> {
  const end = made + scenario.seconds * 1000;
  let noticed: number | null = null;
  let renewed = Date.now();
  while (Date.now() < end && !drill.interrupted.aborted) {
    if (noticed === null && scenario.noticed !== "none" && (await isNoticed(drill, node, scenario)))
      noticed = Math.max(0, Date.now() - made);
    if (scenario.script && !scenario.unreachable && Date.now() - renewed >= RENEW_MS) {
      renewed = Date.now();
      await drill.remote.run(node.name, arming(scenario.script.heal, HEAL_SECONDS), { limit: SCRIPT_MS });
    }
    await pause(drill, LOOK_MS);
  }
  if (drill.interrupted.aborted) throw new Failure("interrupted", "run npx quorate drill again");
  return noticed;
}

async function isNoticed(drill: Drill, node: Node, { noticed }: Scenario): Promise<boolean> {
  const port = drill.cluster.loadBalancer.statusPort;
  if (noticed === "vip") {
    const page = await askPage(drill.cluster.registration.address, port, PAGE_MS);
    return page !== null && page.name !== node.name;
  }
  const pages = await pagesOf(drill, node);
  const gone = (page: Page) =>
    entries(page, node.name).every(([key, up]) => !up || (noticed === "api" && !key.startsWith("be_api/")));
  return pages.length > 0 && pages.every((page) => page !== null && gone(page));
}

async function heal(drill: Drill, node: Node, { script, unreachable }: Scenario): Promise<void> {
  if (!script) return drill.power(node.name, "on");
  // It does so by itself, and nobody can ask it before.
  if (unreachable) return;
  await must(drill, node, `systemctl stop quorate-drill.service 2>/dev/null\n${script.heal}\n`);
}

/** Everything as before: every machine ready, every load balancer seeing everybody. Throws a Failure where that does not come. */
async function untilWell(drill: Drill): Promise<void> {
  const end = Date.now() + WELL_MS;
  for (;;) {
    const wrong = await notWell(drill);
    if (wrong === null) return;
    if (drill.interrupted.aborted)
      throw new Failure(`interrupted; not well yet: ${wrong}`, "npx quorate status --watch");
    if (Date.now() >= end) {
      throw new Failure(
        `the cluster is not well again after ${WELL_MS / 1000} s: ${wrong}`,
        "npx quorate status says what is waited for; the drill has ended",
      );
    }
    await pause(drill, 1000);
  }
}

/** What is not well, or null. */
async function notWell(drill: Drill): Promise<string | null> {
  const { cluster, remote } = drill;
  const states = await Promise.all(cluster.nodes.map((node) => askNode(remote, cluster, node)));
  const ill = states.find(({ state }) => state !== "ready");
  if (ill) return `${ill.name} is ${ill.state}${ill.detail && ` (${ill.detail})`}`;
  const servers = states.filter(({ role }) => role === "server");
  const lacking = servers.find(({ status }) => status?.voter !== true || status.members !== servers.length);
  if (lacking) return `${lacking.name} does not vote among ${servers.length} servers`;
  for (const balancer of ofRole(cluster, "loadbalancer")) {
    const page = await askPage(balancer.address, cluster.loadBalancer.statusPort, PAGE_MS);
    if (!page) return `${balancer.name} shows no page of its backends`;
    const down = [...page.servers].find(([, up]) => !up);
    if (down) return `${balancer.name} sees ${down[0]} down`;
  }
  return null;
}

/** The registration address is where the failure will be: the worst case, and the same one each time. */
async function holdVip(drill: Drill, node: Node): Promise<void> {
  const { cluster } = drill;
  const holder = async () =>
    (await askPage(cluster.registration.address, cluster.loadBalancer.statusPort, PAGE_MS))?.name;
  const other = await holder();
  if (other === node.name || other === undefined) return;
  await must(drill, nodeOf(cluster, other), `exec ${NODE_PATHS.program} yield 60\n`);
  const end = Date.now() + 15_000;
  while ((await holder()) !== node.name) {
    if (Date.now() >= end)
      throw new Failure(
        `${node.name} does not take the registration address`,
        "look at it: npx quorate status",
      );
    await pause(drill, LOOK_MS);
  }
  await must(
    drill,
    nodeOf(cluster, other),
    "systemctl stop quorate-vip.service 2>/dev/null\nsystemctl start keepalived\n",
  );
  await untilWell(drill);
}

/** Pages of the load balancers but the machine itself; null where one does not answer. */
function pagesOf({ cluster }: Drill, besides: Node): Promise<readonly (Page | null)[]> {
  const others = ofRole(cluster, "loadbalancer").filter((balancer) => balancer !== besides);
  return Promise.all(others.map(({ address }) => askPage(address, cluster.loadBalancer.statusPort, PAGE_MS)));
}

function entries({ servers }: Page, name: string): readonly (readonly [string, boolean])[] {
  return [...servers].filter(([key]) => key.endsWith(`/${name}`));
}

async function must(drill: Drill, node: Node, script: string): Promise<void> {
  const result = await drill.remote.run(node.name, script, { limit: SCRIPT_MS });
  if (!result.finished) throw new Failure(`${node.name}: ${result.message}`, result.next);
  if (result.exit === 0) return;
  const last = result.stderr.trim().split("\n").at(-1) ?? "";
  throw new Failure(
    `${node.name}: ${last || `a script ended with ${result.exit}`}`,
    `look at it: npx quorate ssh ${node.name}`,
  );
}

function nodeOf({ nodes }: Cluster, name: string): Node {
  const node = nodes.find((each) => each.name === name);
  if (!node) throw new Error(`there is no machine ${name}`);
  return node;
}

async function pause({ interrupted }: Drill, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal: interrupted }).catch(() => {});
}
