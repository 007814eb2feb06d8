// How each kind of failure is made and ended. What a script breaks the machine puts right by itself, whatever becomes of us:
// that is armed before anything is broken.
import { askNode } from "../apply/ask-node.ts";
import { TakenOver } from "../apply/job.ts";
import { Failure } from "../failure.ts";
import { type Node, ofRole } from "../model/cluster.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { shellQuote } from "../render/k3s.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Drill, goOn, must, nodeOf, pause } from "./drill.ts";
import { isNoticed } from "./notice.ts";
import { type Broken, type Scenario, STOPPED } from "./scenario.ts";

export interface Acts {
  /** What has to be so before the client begins. */
  readonly before: () => Promise<void>;
  /** Returns when it began, in ms since 1970. Throws a Failure where it cannot be made: nothing of it is left then. */
  readonly make: () => Promise<number>;
  /** Tells the machine that we are still there. */
  readonly renew: () => Promise<void>;
  /** Ends it, and what was before; also where nobody knows whether it was made. */
  readonly heal: () => Promise<void>;
}

/** A machine heals itself so many seconds after nobody has said any more that it should wait. */
const HEAL_SECONDS = 20;
/** Before a network is cut: the connection has to end first. */
const DELAY_SECONDS = 0.5;
const NOTICE_MS = 30_000;
/** To say that it should wait. */
const RENEW_MS = 15_000;
const UNIT = "quorate-drill";

const nothing = async () => {};

/** How this failure is made on that machine. */
export function actsOf(drill: Drill, scenario: Scenario): Acts {
  const node = nodeOf(drill.cluster, scenario.node);
  const { work, seconds } = scenario;
  switch (work.how) {
    case "power":
      return power(drill, node);
    case "script":
      return work.unreachable ? cutOff(drill, node, work, seconds) : reachable(drill, node, work);
    case "restart":
      return restart(drill, node);
    case "reload":
      return reload(drill, node, nodeOf(drill.cluster, work.down));
  }
}

function power(drill: Drill, node: Node): Acts {
  const { name } = node;
  let perhaps = false;
  return {
    before: () => must(drill, node, drill.fence),
    make: async () => {
      // A switch that fails, or whose end is not waited for, may have switched.
      perhaps = true;
      await drill.power(name, "off");
      return Date.now();
    },
    renew: nothing,
    heal: async () => {
      if (perhaps) await drill.power(name, "on");
    },
  };
}

function arming(heal: string, seconds: number): string {
  return `${NODE_PATHS.program} later ${UNIT} ${seconds} ${shellQuote(heal)}`;
}

const armed = (heal: string, seconds: number) =>
  `${arming(heal, seconds)} || { echo 'its healing could not be armed, so nothing was made' >&2; exit 1; }\n`;

/**
 * All of it behind the fence: a machine that is another's has healed itself since, for a hold lasts longer than that, and what
 * would be ended there now is the other's.
 */
function reachable(drill: Drill, node: Node, { make, heal }: Broken): Acts {
  const disarm = `systemctl stop ${UNIT}.service`;
  let theirs = false;
  return {
    before: nothing,
    make: async () => {
      try {
        await must(drill, node, `${drill.fence}\n${armed(heal, HEAL_SECONDS)}{ ${make}; } || exit 1\n`);
      } catch (error) {
        theirs = error instanceof TakenOver;
        throw error;
      }
      return Date.now();
    },
    // Late is as good as not at all: then it heals itself.
    renew: async () => {
      const script = `${drill.fence}\n${arming(heal, HEAL_SECONDS)}\n`;
      await drill.remote.run(node.name, script, { limit: RENEW_MS });
    },
    // Its own healing is taken from it only when it is healed.
    heal: async () => {
      if (!theirs)
        await must(drill, node, `${drill.fence}\n{ ${heal}; } || exit 1\n${disarm} 2>/dev/null || true\n`);
    },
  };
}

/** Nobody reaches the machine while it lasts: it is as long as was armed. */
function cutOff(drill: Drill, node: Node, { make, heal }: Broken, seconds: number): Acts {
  const delayed = shellQuote(`sleep ${DELAY_SECONDS}; ${make}`);
  const cut = `systemd-run --quiet --collect --unit=${UNIT}-make /bin/sh -c ${delayed}`;
  let perhaps = false;
  return {
    before: nothing,
    make: async () => {
      perhaps = true;
      await must(drill, node, `${drill.fence}\n${armed(heal, seconds)}${cut}\n`);
      perhaps = false;
      return Date.now() + DELAY_SECONDS * 1000;
    },
    renew: nothing,
    heal: async () => {
      if (drill.interrupted.aborted) drill.say(`${node.name} comes back by itself within ${seconds} s`);
      // The answer may be what was lost: it could be asked before it is cut, and be well then.
      else if (perhaps) await pause(drill, (DELAY_SECONDS + seconds) * 1000);
    },
  };
}

/** As apply restarts a server: no load balancer sends anybody to it meanwhile. */
function restart(drill: Drill, node: Node): Acts {
  const onBalancers = async (words: string, limit: number) => {
    const script = `${drill.fence}\nexec ${NODE_PATHS.program} ${words}\n`;
    const all = ofRole(drill.cluster, "loadbalancer").map((balancer) => must(drill, balancer, script, limit));
    const failed = (await Promise.allSettled(all)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  };
  const undrain = () => onBalancers(`undrain ${node.name} ours`, 15_000);
  return {
    before: nothing,
    make: async () => {
      const began = Date.now();
      try {
        const { drainSeconds, healSeconds } = APPLY_TIMING;
        await onBalancers(`drain ${node.name} ${drainSeconds} ${healSeconds}`, drainSeconds * 1000 + 30_000);
        const script = `${drill.fence}\nsystemctl restart k3s\n`;
        // It takes minutes, and goes on by itself: who wants to end is not kept waiting, nor are the load balancers.
        await must(drill, node, script, APPLY_TIMING.health.restart, drill.interrupted);
        await untilReady(drill, node);
      } finally {
        await undrain();
      }
      return began;
    },
    renew: nothing,
    heal: nothing,
  };
}

async function untilReady(drill: Drill, node: Node): Promise<void> {
  const end = Date.now() + APPLY_TIMING.health.restart;
  for (;;) {
    const { state, status, detail } = await askNode(drill.remote, drill.cluster, node);
    if (state === "ready" && status?.voter === true) return;
    goOn(drill);
    if (Date.now() >= end)
      throw new Failure(
        `${node.name} is not ready after its restart: ${detail || state}`,
        "npx quorate status says what is waited for",
      );
    await pause(drill, 1000);
  }
}

/** A new worker of HAProxy takes every server for up until its own check fails (haproxy#918), so one is down here. */
function reload(drill: Drill, node: Node, down: Node): Acts {
  const stopped = reachable(drill, down, STOPPED);
  return {
    before: async () => {
      await stopped.make();
      const end = Date.now() + NOTICE_MS;
      while (!(await isNoticed(drill, down, "api"))) {
        goOn(drill);
        if (Date.now() >= end)
          throw new Failure(
            `the load balancers do not see that the API of ${down.name} is down`,
            "look at what they see: npx quorate verify",
          );
        await stopped.renew();
        await pause(drill, 1000);
      }
    },
    make: async () => {
      await must(drill, node, `${drill.fence}\nexec systemctl reload haproxy\n`);
      return Date.now();
    },
    renew: stopped.renew,
    heal: stopped.heal,
  };
}
