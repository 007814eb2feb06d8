// Every time limit that decides how long a failure is felt. haproxy.cfg and keepalived.conf are printed from these
// values and the tolerance table computes with them, so that the promise cannot drift from the files.

/** HAProxy's view of a backend group. Milliseconds and counts. */
export interface CheckTiming {
  /** Between checks while the server is fully up. */
  readonly inter: number;
  /** Between checks while the state is changing. */
  readonly fastInter: number;
  /** Between checks while it is down. */
  readonly downInter: number;
  /** Failed checks in a row until DOWN. */
  readonly fall: number;
  /** Good checks in a row until UP again. */
  readonly rise: number;
}

/** Shared by all HAProxy proxies in TCP mode; milliseconds. */
export const PROXY_TIMING = {
  /** `timeout connect`: also bounds the connect of a check. Short is safe with `option redispatch 1`. */
  connect: 1000,
  /** `timeout check`: how long a server may take to answer a check. */
  check: 2000,
  /** `retries`: each goes to another server. */
  retries: 3,
  /** `srvtcpka-*`: the only detector left in old workers after a reload. */
  serverKeepalive: { idle: 10_000, interval: 5000, count: 3 },
} as const;

// docs/failover.md: with 250 ms, streams of a server that is gone are released in 3.8 s and not in 4.5.
export const API_CHECK: CheckTiming = { inter: 1000, fastInter: 250, downInter: 1000, fall: 3, rise: 2 };
export const INGRESS_CHECK: CheckTiming = { inter: 2000, fastInter: 500, downInter: 1000, fall: 3, rise: 2 };

/** VRRP version 3 and keepalived's own check of HAProxy; milliseconds and counts. */
export const VRRP_TIMING = {
  /** `advert_int`. */
  advert: 500,
  checkInterval: 1000,
  /** `--max-time` of the request to HAProxy: how long a hung one holds up a check. */
  checkTimeout: 1000,
  checkFall: 2,
  checkRise: 2,
} as const;

/** Priorities by position in the config: the first load balancer 150, each later one 10 less, never below 10. */
export function vrrpPriority(position: number): number {
  return Math.max(10, 150 - 10 * position);
}

/** Kubernetes and K3s, milliseconds: not ours to set, but felt. */
export const KUBERNETES_TIMING = {
  /** kube-controller-manager's node-monitor-grace-period: a silent node turns NotReady. 50 s since Kubernetes 1.32. */
  nodeMonitorGrace: 50_000,
  /** kube-controller-manager's node-monitor-period: how often it looks at the nodes; a node reports every second time. */
  nodeMonitorPeriod: 5000,
  /** tolerationSeconds of not-ready and unreachable: pods of a dead node are replaced after it. */
  podEviction: 300_000,
  /** 1 / node-eviction-rate: nodes that fail together have their pods replaced one node after the other. */
  nodeEvictionInterval: 10_000,
  /** leader-elect-lease-duration of scheduler and controller manager: how long a silent leader is waited for. */
  leaderLease: 15_000,
  /** The longest pause between two looks at that lease: retry period 2 s and up to 1.2 times that on top (client-go). */
  leaderRetry: 4400,
  /** A client notices a dead API connection after 30 s of silence and 15 s without an answer to its ping (client-go). */
  deadConnection: 45_000,
  /** etcd's election timeout in K3s: a new leader after the old one is silent. */
  etcdElection: 5000,
  /** CoreDNS' readiness probe in K3s' manifest; `failures` is a count. */
  dnsProbe: { period: 2000, timeout: 1000, failures: 3 },
} as const;

/** The node program's limits: seconds, except `freeKilobytes`. */
export const NODE_TIMING = {
  /** To connect to a server that may be off. */
  connect: 2,
  /** For its answer: a server checks a token with scrypt, which takes a Pi a while. */
  answer: 8,
  /** After which a start that led to no data is looked at again: is the server it joins through still there? */
  joining: 60,
  /** Below this a failed step is put down to the full disk. */
  freeKilobytes: 20_000,
} as const;

/** Apply's own limits; milliseconds, `leaseSeconds` and the like apart. */
export const APPLY_TIMING = {
  /** A machine that does not answer is asked again for so long: a network that comes back, sshd that reloads. */
  silence: 60_000,
  /** The same after a failure: what can be put back is put back, and the rest is said. */
  recovery: 10_000,
  /** From Ctrl-C to the end: kubectl on a Pi takes seconds. */
  cleanUp: 60_000,
  /** For open streams, after a machine takes no new ones: then they are closed. Longer than most requests. */
  drainSeconds: 10,
  /** After which a load balancer takes a drained machine back by itself, or takes part in the vip again. */
  healSeconds: 900,
  /** For Kubernetes to move the pods of a machine elsewhere. */
  evictSeconds: 300,
  /** A hold on a machine, taken anew three times as often. */
  leaseSeconds: 45,
  /** After which a change that could have cut us off is undone, unless we come back. */
  undoSeconds: 60,
  /** Until a machine is healthy again, by what was done to it. A Pi with an SD card needs minutes to start K3s. */
  health: { none: 120_000, reload: 120_000, restart: 420_000, upgrade: 900_000, reboot: 900_000 },
  /** A new machine that is silent is waited for where a person looks on: somebody is on the way with its card. */
  absence: 900_000,
  /** Until a new machine has joined, once it answers: a Pi installs K3s and its packages meanwhile. */
  join: 1_800_000,
  /** A new machine that answered starts again at its first boot, and is silent for so long. */
  firstBoot: 300_000,
  /** Until etcd counts a removed member no more: K3s tries for a minute (k3s-io/k3s:pkg/etcd/member_controller.go). */
  forget: 90_000,
  /** What a machine says has failed is believed after so long. */
  failure: 45_000,
  /** Until another load balancer holds the vip. */
  yield: 15_000,
} as const;

/** verify's own limits. */
export const VERIFY_LIMITS = {
  /** To connect to a machine that may be off; curl counts the handshake of TLS too. */
  connectSeconds: 4,
  /** For a whole answer: a busy Pi is slow. */
  answerSeconds: 6,
  /** Questions at a time, where there are not very many more. */
  atOnce: 64,
  /** A certificate that ends sooner is told. K3s makes a new one when it starts within 120 days of the end. */
  certificateDays: 30,
  /** Farther apart, a clock is wrong: certificates made by it begin in the future, and the second of the answer is not it. */
  skewSeconds: 5,
} as const;
