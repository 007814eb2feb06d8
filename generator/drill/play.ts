// One failure, from quiet to quiet: a client asks all the while, and nothing goes on before everything is well again.
import { TakenOver } from "../apply/job.ts";
import { Failure } from "../failure.ts";
import type { Node } from "../model/cluster.ts";
import { type Acts, actsOf } from "./acts.ts";
import { startClient } from "./client.ts";
import { type Drill, goOn, nodeOf, pause } from "./drill.ts";
import { isNoticed } from "./notice.ts";
import { broken, type Measured } from "./report.ts";
import { feltAt } from "./sample.ts";
import type { Scenario } from "./scenario.ts";
import { holdVip } from "./vip.ts";
import { untilWell } from "./well.ts";

/** The failure could not be made on that machine, and nothing is left of it: the others can be. */
export class NotMade extends Failure {}

const RATE = 60;
const REQUEST_MS = 10_000;
/** Before and after a failure, so that both are seen to be quiet. */
const QUIET_MS = 3000;
const LOOK_MS = 200;
const RENEW_MS = 5000;

/**
 * Throws NotMade where it could not be made and everything is well all the same, and another Failure where the cluster does not
 * get well again, or is in the hands of another.
 */
export async function play(drill: Drill, scenario: Scenario): Promise<Measured> {
  try {
    return await once(drill, scenario);
  } catch (error) {
    if (!(error instanceof NotMade)) throw error;
    // It may have been made by half: with the next one on top of it the cluster could lose more than it carries.
    await untilWell(drill).catch((ill: unknown) => {
      if (!(ill instanceof Failure)) throw ill;
      throw new Failure(`${error.message}; then: ${ill.message}`, ill.hint, ill);
    });
    throw error;
  }
}

async function once(drill: Drill, scenario: Scenario): Promise<Measured> {
  const node = nodeOf(drill.cluster, scenario.node);
  if (node.role === "loadbalancer") await holdVip(drill, node);
  const acts = actsOf(drill, scenario);
  let ended = false;
  const heal = async () => {
    ended = true;
    await acts.heal();
  };
  let client;
  try {
    await notMade(acts.before());
    client = startClient({ targets: drill.targets, rate: RATE, limit: REQUEST_MS });
    await pause(drill, QUIET_MS);
    goOn(drill);
    drill.say(`${scenario.title}, for ${scenario.seconds} s`);
    const made = await notMade(acts.make());
    const noticed = await keep(drill, node, scenario, acts, made);
    await heal();
    const healed = Date.now();
    drill.say(`${node.name} is back; waiting until everything is well`);
    await untilWell(drill);
    const well = Date.now() - healed;
    await pause(drill, QUIET_MS);
    const { samples, from, to, drift } = await client.stop();
    const felt = drill.targets.map(({ name }) => feltAt(name, samples, from, to));
    return {
      id: scenario.id,
      title: scenario.title,
      worst: scenario.worst,
      felt,
      noticed,
      well,
      drift: drift.worst,
      moments: { from, made, healed, to },
      samples,
      broken: broken(scenario, felt, noticed),
    };
  } finally {
    // Also where it was interrupted: the machine must not wait for its own healing.
    if (!ended) await acts.heal().catch((error: unknown) => unhealed(drill, node, error));
    await client?.stop();
  }
}

/** What ends the drill is said by whoever has ended it; this would be lost beside it. */
function unhealed({ say }: Drill, { name }: Node, error: unknown): void {
  say(
    `${name} may still be as the failure left it: ${(error as Error).message}; look at it: npx quorate status`,
  );
}

async function notMade<T>(making: Promise<T>): Promise<T> {
  return making.catch((error: unknown) => {
    // Where another one is at work no failure is made at all.
    if (!(error instanceof Failure) || error instanceof TakenOver) throw error;
    throw new NotMade(error.message, error.hint, error);
  });
}

/** While it lasts: who notices, and when, in ms from its beginning. */
async function keep(
  drill: Drill,
  node: Node,
  scenario: Scenario,
  acts: Acts,
  made: number,
): Promise<number | null> {
  const end = Math.max(made, Date.now() - LOOK_MS) + scenario.seconds * 1000;
  let noticed: number | null = null;
  // At once: to make it may have taken most of the time that was armed. Beside the looks: a machine that is slow holds none up.
  let renewed = 0;
  let renewing: Promise<void> | null = null;
  while (Date.now() < end && !drill.interrupted.aborted) {
    if (renewing === null && Date.now() - renewed >= RENEW_MS) {
      renewed = Date.now();
      renewing = acts.renew().finally(() => (renewing = null));
    }
    if (noticed === null && (await isNoticed(drill, node, scenario.noticed)))
      noticed = Math.max(0, Date.now() - made);
    await pause(drill, LOOK_MS);
  }
  // One that came after the end would arm the machine again.
  await renewing;
  goOn(drill);
  return noticed;
}
