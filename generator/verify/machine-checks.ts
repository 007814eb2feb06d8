// The lines of verify that need a login on the machines: from what they say to what that means.
import type { Problem } from "../apply/remote.ts";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { VERIFY_LIMITS } from "../model/timing.ts";
import { listed } from "../model/words.ts";
import { clusterState } from "../status/cluster-state.ts";
import type { MachineState } from "../status/ask.ts";
import { type Check, passed, skipped } from "./check.ts";
import type { MachineAnswer } from "./machine.ts";

/** The lines of these machines, which are all of the config, in its order. */
export function machineChecks(cluster: Cluster, answers: readonly MachineAnswer[]): readonly Check[] {
  return [
    quorumCheck(cluster, answers),
    ...(cluster.registration.holder === "server" ? [] : [holdersCheck(cluster, answers)]),
    ...answers.flatMap((answer) => {
      const { node } = answer;
      const asked = answer.problem === null;
      const rest = (id: string, judge: () => Check) =>
        asked ? judge() : skipped(id, `see status/${node.name}`);
      return idsOf(node).map((id) =>
        id.startsWith("status/")
          ? statusCheck(id, answer)
          : rest(id, () => JUDGES[kindOf(id)](id, answer, cluster)),
      );
    }),
  ];
}

/** The same lines where nobody could be asked. */
export function machinesNotAsked(cluster: Cluster, why: string): readonly Check[] {
  const ids = [
    "quorum",
    ...(cluster.registration.holder === "server" ? [] : ["holders"]),
    ...cluster.nodes.flatMap(idsOf),
  ];
  return ids.map((id) => skipped(id, why));
}

type Kind = "clock" | "k3s" | "etcd";
type Judge = (id: string, answer: MachineAnswer, cluster: Cluster) => Check;

const JUDGES: Readonly<Record<Kind, Judge>> = { clock: clockCheck, k3s: k3sCheck, etcd: etcdCheck };

function idsOf({ name, role }: Node): readonly string[] {
  const runs = role === "loadbalancer" ? [] : [`k3s/${name}`];
  return [`status/${name}`, `clock/${name}`, ...runs, ...(role === "server" ? [`etcd/${name}`] : [])];
}

function kindOf(id: string): Kind {
  return id.split("/")[0] as Kind;
}

function failed(id: string, expected: string, seen: string, cause: string, next: string): Check {
  return { id, result: "fail", expected, seen, cause, next };
}

const onIt = (name: string, command: string) => `npx quorate ssh ${name} -- ${command}`;

const UNREACHED: Readonly<Record<Problem, string>> = {
  refused: "its sshd does not run",
  "no-answer": "it is off, unplugged, or not at that address",
  unreachable: "it is off, unplugged, or not at that address",
  "no-ssh-server": "another program has the port of its sshd",
  "host-key": "another machine has its address, or its card was written with another secret",
  denied: "none of your keys is among access.authorizedKeys there",
  sudo: "somebody changed what the user may do there",
  "no-ssh-client": "ssh is not installed here",
  "too-long": "it is overloaded, or hangs",
  "too-much": "it is another program that answers",
  interrupted: "it was interrupted here",
  cut: "the network, or the machine, went away meanwhile",
};

const STATES: Readonly<Record<MachineState["state"], string>> = {
  ready: "",
  "no answer": "",
  booting: "it was switched on a moment ago",
  working: "a step runs at this moment",
  waiting: "it goes on by itself when that is there",
  failed: "a step failed, and is tried again",
};

function statusCheck(id: string, { node, state, problem }: MachineAnswer): Check {
  const expected = "ready";
  const { name } = node;
  if (state.state === "ready") return passed(id, expected, "ready");
  const look = onIt(name, "sudo quorate-node status");
  const next = state.next === "" ? look : state.next;
  if (problem !== null) return failed(id, expected, state.detail, UNREACHED[problem], next);
  const seen = state.detail === "" ? state.state : `${state.state}: ${state.detail}`;
  return failed(id, expected, seen, STATES[state.state], next);
}

function clockCheck(id: string, { node, clock, synchronised }: MachineAnswer): Check {
  const { skewSeconds } = VERIFY_LIMITS;
  const expected = `synchronised, and at most ${skewSeconds} s from this computer's clock`;
  const cause = "it does not reach a time server (UDP 123)";
  const next = onIt(node.name, "timedatectl");
  if (!clock)
    return failed(id, expected, "it does not say", "another program answers for quorate-node", next);
  const off = secondsAhead(clock);
  if (Math.abs(off) > skewSeconds) {
    const seen = `${Math.abs(off)} s ${off < 0 ? "behind" : "ahead"}`;
    return failed(id, expected, seen, synchronised ? "this computer's clock is wrong, or its" : cause, next);
  }
  return synchronised
    ? passed(id, expected, "synchronised")
    : failed(id, expected, "not synchronised", cause, next);
}

/** How far a machine's clock is ahead of this computer's, at least; negative: behind. */
export function secondsAhead({ there, begin, end }: NonNullable<MachineAnswer["clock"]>): number {
  return there < begin ? there - begin : Math.max(0, there - end);
}

function k3sCheck(id: string, { node, k3s }: MachineAnswer, { k3s: { version } }: Cluster): Check {
  if (k3s === version) return passed(id, version, version);
  return k3s === ""
    ? failed(
        id,
        version,
        "there is no K3s",
        "it was not installed yet",
        onIt(node.name, "sudo quorate-node status"),
      )
    : failed(
        id,
        version,
        k3s,
        "the config was changed and not applied, or somebody installed it",
        "npx quorate plan",
      );
}

function etcdCheck(id: string, { node, etcd }: MachineAnswer): Check {
  const expected = "etcd calls itself healthy";
  // etcd before 3.5 has no "reason".
  if (/^\{"health": ?"true"/.test(etcd)) return passed(id, expected, "healthy");
  const next = onIt(node.name, "sudo journalctl -u k3s -n 50");
  return etcd === ""
    ? failed(id, expected, "it does not answer", "K3s does not run there, or is about to start", next)
    : failed(id, expected, etcd, "it has no leader: it does not reach a majority of the servers", next);
}

/** Two holders are two load balancers that do not hear each other. Those that could not be asked have a line of their own. */
function holdersCheck(cluster: Cluster, answers: readonly MachineAnswer[]): Check {
  const { address } = cluster.registration;
  const expected = `exactly one load balancer holds ${address}`;
  const balancers = answers.filter(({ node }) => node.role === "loadbalancer");
  const asked = balancers.filter(({ state }) => state.status !== null);
  const holders = asked.filter(({ state }) => state.status?.vip === true).map(({ node }) => node.name);
  const [first] = asked;
  if (!first)
    return skipped("holders", `see ${balancers.map(({ node }) => `status/${node.name}`).join(", ")}`);
  if (holders.length === 1) return passed("holders", expected, `${holders[0]} does`);
  if (holders.length > 1)
    return failed(
      "holders",
      expected,
      `${listed(holders)} do`,
      "they do not hear each other: something between them drops VRRP (IP protocol 112)",
      onIt(holders[0] ?? "", "sudo journalctl -u keepalived -n 50"),
    );
  const keepalived = cluster.registration.holder === "keepalived";
  return failed(
    "holders",
    expected,
    "none does",
    keepalived
      ? "keepalived does not run, or HAProxy answers on none of them"
      : "its network is not as in the config",
    onIt(first.node.name, keepalived ? "sudo journalctl -u keepalived -n 50" : "ip address show"),
  );
}

function quorumCheck(cluster: Cluster, answers: readonly MachineAnswer[]): Check {
  const servers = ofRole(cluster, "server").length;
  const expected = `${servers} voters, and every server counts ${servers} members`;
  const { voters, notes, machines } = clusterState(
    cluster,
    answers.map(({ state }) => state),
  );
  const [note] = notes;
  if (note)
    return failed("quorum", expected, note.message, "a server was added, removed or cut off", note.next);
  const others = machines.filter(({ role, status }) => role === "server" && !status?.voter);
  if (others.length === 0) return passed("quorum", expected, `${voters} of ${servers} vote`);
  const voteless = others.filter(({ status }) => status !== null).map(({ name }) => name);
  if (voteless.length === 0)
    return skipped("quorum", `see ${others.map(({ name }) => `status/${name}`).join(", ")}`);
  return failed(
    "quorum",
    expected,
    `${voters} of ${servers} vote`,
    `${listed(voteless)} ${voteless.length === 1 ? "has" : "have"} no vote`,
    "npx quorate status",
  );
}
