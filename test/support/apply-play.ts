// Machines that an apply works on, played: each script is known by what it asks for, and does in a few variables what
// quorate-node and kubectl do (generator/templates/quorate-node.sh.ejs, the verbs of an apply).
import { isBehind } from "../../generator/apply/backends.ts";
import type { Clock, Job } from "../../generator/apply/job.ts";
import type { Problem, Remote, RemoteResult } from "../../generator/apply/remote.ts";
import type { MachineResult, Rollout } from "../../generator/apply/rollout.ts";
import { rollOut } from "../../generator/apply/rollout.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import type { Plan } from "../../generator/plan/plan.ts";
import { digestOf } from "../../generator/render/node-program.ts";
import { filesOf, nodeOf, SIX } from "./plan-play.ts";
import { statusText } from "./says.ts";
import { snapshotList } from "./snapshot-list.ts";

/** What one machine is like, beside what apply does to it. */
export interface Played {
  /** Over `quorate-node status --json`; null: it does not answer. */
  status: Readonly<Record<string, unknown>> | null;
  applied: string;
  /** The digest that a start puts in force; null: it stays as it is. */
  staged: string | null;
  boot: number;
  drained: readonly string[];
  keepalived: boolean;
  cordoned: boolean;
  unschedulable: boolean;
  /** Kubernetes says so. */
  nodeReady: boolean;
  /** Kubernetes says that it votes in etcd. */
  etcdVoter: boolean;
  snapshots: readonly string[];
  /** Kubernetes knows it, and etcd counts it if it is a server. */
  known: boolean;
  /** etcd counts it, without a vote. */
  learner: boolean;
  /** K3s answers there, whether or not sshd does. */
  lives: boolean;
  /** It has etcd's data. */
  data: boolean;
  retired: boolean;
  uninstalled: boolean;
}

/** Called before a machine does what a script asks for; returns an answer of its own instead. */
export type Meddle = (machine: string, verb: string, times: number) => RemoteResult | undefined | void;

export interface ApplyPlay {
  readonly cluster: Cluster;
  readonly job: Job;
  readonly machines: ReadonlyMap<string, Played>;
  readonly of: (name: string) => Played;
  /** `MACHINE VERB` for everything that changes something, in order. */
  readonly done: string[];
  /** The same with what only asks. */
  readonly asked: string[];
  readonly notes: string[];
  readonly recorded: string[];
  readonly interrupt: () => void;
  /** Seconds that have passed. */
  readonly seconds: () => number;
  readonly rollOut: (plan: Plan, more?: Partial<Rollout>) => Promise<readonly MachineResult[]>;
}

const FENCE = "quorate-node lease take id 90 me || exit 75";
export const OLD = "ab".repeat(32);

export const finished = (stdout = "", exit = 0, stderr = ""): RemoteResult => ({
  finished: true,
  exit,
  stdout,
  stderr,
});

export function lostTo(problem: Problem, mayHaveRun = true): RemoteResult {
  return { finished: false, problem, mayHaveRun, message: `lost: ${problem}`, next: "look" };
}

const BACKENDS = ["be_api", "be_http"] as const;

export function applyPlay(
  cluster: Cluster = SIX,
  meddle: Meddle = () => {},
  reachable?: readonly string[],
  /** What the config says; the machines are those of \`cluster\`. */
  config: Cluster = cluster,
): ApplyPlay {
  const machines = new Map(
    cluster.nodes.map(({ name, role }): [string, Played] => [
      name,
      {
        status: {},
        applied: OLD,
        staged: null,
        boot: 1,
        drained: [],
        keepalived: role === "loadbalancer",
        cordoned: false,
        unschedulable: false,
        nodeReady: true,
        etcdVoter: true,
        snapshots: [],
        known: role !== "loadbalancer",
        learner: false,
        lives: false,
        data: role === "server",
        retired: false,
        uninstalled: false,
      },
    ]),
  );
  const of = (name: string): Played => {
    const found = machines.get(name);
    if (!found) throw new Error(name);
    return found;
  };
  const [done, asked, notes, recorded]: [string[], string[], string[], string[]] = [[], [], [], []];
  const abort = new AbortController();
  let time = 0;
  const clock: Clock = {
    now: () => time,
    pause: async () => {
      time += 1000;
      if (time > 3_600_000) throw new Error(`it waits for ever: ${notes.at(-1) ?? ""}`);
    },
  };

  const nodeJson = (name: string) => {
    const { unschedulable, nodeReady, etcdVoter } = of(name);
    const conditions = [
      { type: "Ready", status: nodeReady ? "True" : "False" },
      ...(etcdVoter ? [{ type: "EtcdIsVoter", status: "True" }] : []),
    ];
    return JSON.stringify({ spec: unschedulable ? { unschedulable } : {}, status: { conditions } });
  };
  // HAProxy sees a machine up that says that it is ready (haproxy.cfg: /readyz, Traefik's ping).
  const backends = (balancer: string) =>
    cluster.nodes
      .filter((node) => isBehind(cluster, node))
      .flatMap(({ name, role }) =>
        BACKENDS.filter((backend) =>
          backend === "be_api" ? role === "server" : cluster.addonNodes.includes(name),
        ).map((backend) => {
          const { status, nodeReady } = of(name);
          const up = status !== null && (status["state"] ?? "ready") === "ready" && nodeReady;
          return `${backend}/${name} ${up ? "up" : "down"} ${of(balancer).drained.includes(name) ? "drained" : "-"}\n`;
        }),
      )
      .join("");

  // As K3s gives them: the member's name is the node's with 8 hex digits.
  const members = () =>
    JSON.stringify({
      members: cluster.nodes
        .filter(({ name, role }) => role === "server" && (of(name).known || of(name).learner))
        .map(({ name, address }) => ({
          name: `${name}-0badcafe`,
          peerURLs: [`https://${address}:2380`],
          ...(of(name).learner && { isLearner: true }),
        })),
    });

  const verbs: readonly (readonly [
    RegExp,
    string,
    (machine: Played, name: string, words: RegExpExecArray) => string,
  ])[] = [
    [
      /status --json/,
      "?status",
      ({ status, applied, keepalived }, name) => {
        const vip = keepalived ? {} : { vip: false };
        return statusText(name, { cluster: cluster.name, applied, ...status, ...vip });
      },
    ],
    [/quorate-node backends\n/, "?backends", (_, name) => backends(name)],
    [
      /kubectl delete node (\S+) /,
      "delete",
      (_, _name, [, node = ""]) => {
        of(node).known = false;
        return "";
      },
    ],
    [/kubectl get node (\S+) /, "?node", (_, _name, [, node = ""]) => (of(node).known ? nodeJson(node) : "")],
    [/^\[ ! -d \S+\/wal \] \|\| echo data$/m, "?data", ({ data }) => (data ? "data\n" : "")],
    [
      / https:\/\/([\d.]+):\d+\/ping && echo lives/,
      "?lives",
      (_, _name, [, address]) => {
        const { name } = cluster.nodes.find((node) => node.address === address) ?? { name: "" };
        return of(name).lives ? "lives\n" : "";
      },
    ],
    [/^\[ ! -e \S+cordoned \] \|\| echo ours/m, "?cordoned", ({ cordoned }) => (cordoned ? "ours\n" : "")],
    [/^cat \/proc\/sys\/kernel\/random\/boot_id\n$/, "?boot", ({ boot }) => `${boot}\n`],
    [
      /tar -x/,
      "send",
      (machine, name) => {
        machine.staged = digestOf(filesOf(name, cluster));
        return "";
      },
    ],
    [
      /systemctl start --no-block quorate-node/,
      "start",
      (machine) => {
        machine.applied = machine.staged ?? machine.applied;
        machine.keepalived = true;
        return "";
      },
    ],
    [
      /etcd-snapshot save --name (\S+) /,
      "snapshot",
      (machine, name, [, base = ""]) => {
        const saved = `${base}-${name}-1764147600`;
        machine.snapshots = [...machine.snapshots, saved];
        const list = snapshotList(machine.snapshots.map((each) => ({ name: each })));
        return `begun 1764147600\nsnapshots ${Buffer.from(list).toString("base64")}\n`;
      },
    ],
    [/\/db\/info/, "?members", () => members()],
    [
      /quorate-node retire \|\|/,
      "retire",
      (machine) => {
        machine.retired = true;
        return "";
      },
    ],
    [
      /quorate-node uninstall\n/,
      "uninstall",
      (machine) => {
        machine.uninstalled = true;
        return "";
      },
    ],
    [/quorate-node confirm /, "confirm", () => ""],
    [/\/run\/quorate\/accessible/, "?inForce", () => ""],
    [
      /quorate-node undo /,
      "undo",
      (machine) => {
        machine.applied = OLD;
        machine.staged = null;
        machine.status = {};
        return "";
      },
    ],
    [
      /systemctl reboot/,
      "reboot",
      (machine) => {
        machine.boot += 1;
        return "";
      },
    ],
    [
      /quorate-node drain (\S+) /,
      "drain",
      (machine, _, [, node = ""]) => {
        machine.drained = [...machine.drained, node];
        return "";
      },
    ],
    [
      /quorate-node undrain (\S+)/,
      "undrain",
      (machine, _, [, node = ""]) => {
        machine.drained = machine.drained.filter((each) => each !== node);
        return "";
      },
    ],
    [
      /quorate-node yield /,
      "yield",
      (machine) => {
        machine.keepalived = false;
        const next = cluster.nodes.find(({ name, role }) => role === "loadbalancer" && of(name) !== machine);
        if (next && of(next.name).status) of(next.name).status = { ...of(next.name).status, vip: true };
        return "";
      },
    ],
    [
      /systemctl start keepalived/,
      "keepalived",
      (machine) => {
        machine.keepalived = true;
        return "";
      },
    ],
    [
      /: >\S+cordoned/,
      "close",
      (machine) => {
        machine.cordoned = true;
        return "";
      },
    ],
    [
      /rm -f \S+cordoned/,
      "opened",
      (machine) => {
        machine.cordoned = false;
        return "";
      },
    ],
    [
      /kubectl drain (\S+) /,
      "evict",
      (_, _name, [, node = ""]) => {
        of(node).unschedulable = true;
        return "";
      },
    ],
    [
      /kubectl uncordon (\S+) /,
      "uncordon",
      (_, _name, [, node = ""]) => {
        of(node).unschedulable = false;
        return "";
      },
    ],
  ];
  const CHANGES = new Set([
    "snapshot",
    "send",
    "start",
    "undo",
    "reboot",
    "drain",
    "yield",
    "close",
    "evict",
    "delete",
    "retire",
    "uninstall",
  ]);

  const times = new Map<string, number>();
  const run = async (name: string, script: string): Promise<RemoteResult> => {
    const [found] = verbs.flatMap(([pattern, verb, act]) => {
      const words = pattern.exec(script);
      return words ? [{ verb, act, words }] : [];
    });
    if (!found) throw new Error(`a script that nobody knows:\n${script}`);
    const { verb, act, words } = found;
    const object = words[1] === undefined || verb.startsWith("?") ? "" : ` ${words[1]}`;
    const line = `${name} ${verb}${object}`;
    if (CHANGES.has(verb) !== script.split("\n").slice(0, 2).includes(FENCE))
      throw new Error(`${line}: with or without the fence`);
    asked.push(line);
    const count = (times.get(line) ?? 0) + 1;
    times.set(line, count);
    const meddled = meddle(name, verb, count);
    if (meddled) return meddled;
    if (of(name).status === null) return lostTo("no-answer", false);
    if (!verb.startsWith("?")) done.push(line);
    return finished(act(of(name), name, words));
  };
  const remote: Remote = { run, close: async () => {} };
  const job: Job = {
    cluster: config,
    remote,
    absence: 0,
    leaving: cluster.nodes.filter(
      ({ name, role }) => role === "server" && config.nodes.every((node) => node.name !== name),
    ),
    reachable: new Set(reachable ?? cluster.nodes.map(({ name }) => name)),
    together: new Set(),
    reveal: () => () => "secret",
    patience: 60_000,
    fence: FENCE,
    interrupted: abort.signal,
    note: (machine, text) => void notes.push(`${machine}: ${text}`),
    clock,
  };
  return {
    cluster,
    job,
    machines,
    of,
    done,
    asked,
    notes,
    recorded,
    interrupt: () => abort.abort(),
    seconds: () => time / 1000,
    rollOut: (plan, more = {}) =>
      rollOut(job, {
        plan,
        only: null,
        filesOf: (node) => filesOf(node.name, cluster),
        outage: false,
        withoutSnapshot: false,
        watcher: { begin: () => {}, end: () => {}, result: () => {} },
        record: ({ name }, result) => void recorded.push(`${name} ${result}`),
        ...more,
      }),
  };
}

/** The digest that a machine is to have. */
export function wantedOf(name: string, cluster: Cluster = SIX): string {
  return digestOf(filesOf(nodeOf(name, cluster).name, cluster));
}
