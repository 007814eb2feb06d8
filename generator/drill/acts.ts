// How each kind of failure is made and ended. What a script breaks the machine puts right by itself, whatever becomes of us:
// that is armed before anything is broken.
import { askNode } from "../apply/ask-node.ts";
import { Failure } from "../failure.ts";
import { type Node, ofRole } from "../model/cluster.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { shellQuote } from "../render/k3s.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Drill, must, nodeOf, pause } from "./drill.ts";
import { isNoticed } from "./notice.ts";
import { type Broken, type Scenario, STOPPED } from "./scenario.ts";

export interface Acts {
  /** What has to be so before the client begins. */
  readonly before: () => Promise<void>;
  /** Returns when it began, in ms since 1970. Throws a Failure where it cannot be made: nothing of it is left then. */
  readonly make: () => Promise<number>;
  /** Tells the machine that we are still there. */
  readonly renew: () => Promise<void>;
  /** Ends it, and what was before. */
  readonly heal: () => Promise<void>;
}

/** A machine heals itself so many seconds after nobody has said any more that it should wait. */
const HEAL_SECONDS = 20;
/** Before a network is cut: the connection has to end first. */
const DELAY_SECONDS = 0.5;
const NOTICE_MS = 30_000;
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

function power(drill: Drill, { name }: Node): Acts {
  let off = false;
  return {
    before: nothing,
    make: async () => {
      await drill.power(name, "off");
      off = true;
      return Date.now();
    },
    renew: nothing,
    heal: async () => {
      if (off) await drill.power(name, "on");
    },
  };
}

function arming(heal: string, seconds: number): string {
  return `${NODE_PATHS.program} later ${UNIT} ${seconds} ${shellQuote(heal)}`;
}

const armed = (heal: string, seconds: number) =>
  `${arming(heal, seconds)} || { echo 'its healing could not be armed, so nothing was made' >&2; exit 1; }\n`;

function reachable(drill: Drill, node: Node, { make, heal }: Broken): Acts {
  const undone = `{ systemctl stop ${UNIT}.service; exit 1; }`;
  return {
    before: nothing,
    make: async () => {
      await must(drill, node, `${drill.fence}\n${armed(heal, HEAL_SECONDS)}{ ${make}; } || ${undone}\n`);
      return Date.now();
    },
    // Late is as good as not at all: then it heals itself, and the measurement says so.
    renew: async () =>
      void (await drill.remote.run(node.name, arming(heal, HEAL_SECONDS), { limit: 15_000 })),
    heal: () => must(drill, node, `systemctl stop ${UNIT}.service 2>/dev/null\n${heal}\n`),
  };
}

/** Nobody reaches the machine while it lasts: it is as long as was armed. */
function cutOff(drill: Drill, node: Node, { make, heal }: Broken, seconds: number): Acts {
  const delayed = shellQuote(`sleep ${DELAY_SECONDS}; ${make}`);
  const cut = `systemd-run --quiet --collect --unit=${UNIT}-make /bin/sh -c ${delayed}`;
  return {
    before: nothing,
    make: async () => {
      await must(drill, node, `${drill.fence}\n${armed(heal, seconds)}${cut}\n`);
      return Date.now() + DELAY_SECONDS * 1000;
    },
    renew: nothing,
    heal: nothing,
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
        await must(drill, node, `${drill.fence}\nsystemctl restart k3s\n`, APPLY_TIMING.health.restart);
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
    if (drill.interrupted.aborted) throw new Failure("interrupted", "run npx quorate drill again");
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
