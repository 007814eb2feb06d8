// How long a failure is felt: one formula per mechanism, from the constants that haproxy.cfg and keepalived.conf are
// printed from. Milliseconds. Counted are timers; the network, image pulls and a pod's own start are not.
import {
  type CheckTiming,
  KUBERNETES_TIMING as KUBERNETES,
  PROXY_TIMING,
  VRRP_TIMING as VRRP,
} from "../model/timing.ts";

export interface Interruption {
  /** The likelier case: the machine loses power, timers are half way. */
  readonly typical: number;
  /** The last affected connection is served again, whatever the kind of failure and wherever the timers stand. */
  readonly worst: number;
}

export const NOT_FELT: Interruption = { typical: 0, worst: 0 };

/** Things that happen side by side: the slowest decides. */
export function longest(...parts: readonly Interruption[]): Interruption {
  return {
    typical: Math.max(0, ...parts.map(({ typical }) => typical)),
    worst: Math.max(0, ...parts.map(({ worst }) => worst)),
  };
}

/** Things that wait for each other. */
export function inTurn(...parts: readonly Interruption[]): Interruption {
  return {
    typical: parts.reduce((sum, { typical }) => sum + typical, 0),
    worst: parts.reduce((sum, { worst }) => sum + worst, 0),
  };
}

/** killed: the port is closed, the machine answers. unreachable: nothing answers. hung: connections open, no answers. */
export type FailureMode = "killed" | "unreachable" | "hung";

/**
 * HAProxy takes a server out: up to `inter` until the next check, `fall` failed checks of T each, `fastinter` between
 * them (HAProxy configuration.txt: inter, fastinter, timeout check). T is 0 for a closed port, min(connect, inter) where
 * nothing answers, `timeout check` for a hang. New connections rarely wait for it, they are redispatched after `timeout
 * connect`; open streams do, they are cut when the server is marked down.
 */
export function detection(check: CheckTiming, mode: FailureMode): Interruption {
  const answer = {
    killed: 0,
    unreachable: Math.min(PROXY_TIMING.connect, check.inter),
    hung: PROXY_TIMING.check,
  };
  return failedChecks(check.inter, check.fall, answer[mode], check.fastInter);
}

/** A server behind HAProxy fails in whatever way: typically the machine is gone, at worst it hangs. */
export function redirection(check: CheckTiming): Interruption {
  const modes = (["killed", "unreachable", "hung"] as const).map((mode) => detection(check, mode));
  return { typical: detection(check, "unreachable").typical, worst: longest(...modes).worst };
}

/** A backup waits 3 adverts and its skew before it takes the vip (RFC 5798, section 6.1, Master_Down_Interval). */
export function masterDown(priority: number): number {
  return 3 * VRRP.advert + skew(priority);
}

/** VRRP version 3: (256 - priority) / 256 of an advert, so that the highest priority is first (RFC 5798, Skew_Time). */
export function skew(priority: number): number {
  return ((256 - priority) / 256) * VRRP.advert;
}

/**
 * The vip moves to the backup of this priority. The machine is gone: `masterDown` after the last advert. Only HAProxy is:
 * keepalived's own check finds out, sends priority 0 as it steps down, and the backup waits for its skew alone. A check
 * that runs into its time limit can miss its next turn (keepalived vrrp_scheduler.c, vrrp_script_thread).
 */
export function takeover(priority: number): Interruption {
  const hung = failedChecks(VRRP.checkInterval, VRRP.checkFall, VRRP.checkTimeout, VRRP.checkInterval);
  return {
    typical: masterDown(priority) - VRRP.advert / 2,
    worst: Math.max(masterDown(priority), hung.worst + skew(priority)),
  };
}

/**
 * etcd chooses a new leader; until then nothing is written and no consistent read is answered. Every follower draws its
 * time-out between one and two election times (raft, resetRandomizedElectionTimeout); the first of them decides.
 */
export function election(followers: number): Interruption {
  return {
    typical: KUBERNETES.etcdElection * (1 + 1 / (followers + 1)),
    worst: 2 * KUBERNETES.etcdElection,
  };
}

/**
 * Another server takes the scheduler's or controller manager's lease: it waits `leaderLease` from when it last saw the
 * lease renewed (client-go, leaderelection), which is up to one look late, and acts at its next look.
 */
export function leaseTakeover(): Interruption {
  return {
    typical: KUBERNETES.leaderLease + KUBERNETES.leaderRetry / 2,
    worst: KUBERNETES.leaderLease + 2 * KUBERNETES.leaderRetry,
  };
}

/**
 * Scheduler and controller manager act again after a server is lost. With three leaders about (etcd, scheduler,
 * controller manager) a server usually has one. At worst it had all: then nobody can see the lease before etcd has elected.
 */
export function controlPlane(serversLeft: number): Interruption {
  const lease = leaseTakeover();
  const etcd = election(serversLeft);
  return { typical: longest(lease, etcd).typical, worst: inTurn(etcd, lease).worst };
}

/** An agent whose connection went to the lost server hears of new pods only when it has given that connection up. */
export function reconnection(): Interruption {
  return { typical: 0, worst: KUBERNETES.deadConnection };
}

/**
 * A silent node turns NotReady: only then do Services leave its pods out and the scheduler avoid it. The grace counts
 * from when the controller saw the last report, at worst one period late; the controller looks once a period.
 */
export function notReady(): Interruption {
  return {
    typical: KUBERNETES.nodeMonitorGrace,
    worst: KUBERNETES.nodeMonitorGrace + 2 * KUBERNETES.nodeMonitorPeriod,
  };
}

/** Pods of silent nodes are made anew elsewhere: NotReady, then the 300 s that Kubernetes tolerates by default. */
export function replacement(nodes: number): Interruption {
  const queue = (nodes - 1) * KUBERNETES.nodeEvictionInterval;
  return inTurn(notReady(), { typical: KUBERNETES.podEviction, worst: KUBERNETES.podEviction + queue });
}

/** A CoreDNS pod that hangs gets no more queries: its readiness probe fails often enough. */
export function dnsDropped(): Interruption {
  const { period, timeout, failures } = KUBERNETES.dnsProbe;
  return failedChecks(period, failures, timeout, period - timeout);
}

/** A phase of up to one interval, `fall` failed checks, a pause between them. Typical: half the phase. */
function failedChecks(interval: number, fall: number, answer: number, pause: number): Interruption {
  const checks = fall * answer + (fall - 1) * pause;
  return { typical: interval / 2 + checks, worst: interval + checks };
}
