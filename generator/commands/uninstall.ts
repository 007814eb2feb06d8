// The verb uninstall: what Quorate and K3s have put on a machine goes, and the cluster forgets it; or the whole cluster goes.
import { dirname, join } from "node:path";
import { askNode } from "../apply/ask-node.ts";
import { formatResults } from "../apply/progress.ts";
import type { Remote } from "../apply/remote.ts";
import { type MachineResult, succeeded } from "../apply/rollout.ts";
import { retire } from "../apply/steps/retire.ts";
import { uninstall as clear } from "../apply/steps/uninstall.ts";
import { printable } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { type Cluster, ofRole } from "../model/cluster.ts";
import { APPLY_TIMING } from "../model/timing.ts";
import { counted, listed } from "../model/words.ts";
import { formatPlan } from "../plan/format.ts";
import { formerNode, goneMachines } from "../plan/order.ts";
import { programs } from "../program.ts";
import { isOther, NOTHING_THERE } from "../status/ask.ts";
import { type Intent, look, prepare, refuse } from "./apply-intent.ts";
import { carryOut, hold, jobOf, openRecord, refuseNewerRecord } from "./apply-run.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";
import { removeRecord } from "../record-store.ts";

/**
 * Exit 0 when nothing of it is left; 1 where something is, or it was refused; 3 for a bad config or bad words; 130 where it was
 * interrupted. The same command again goes on.
 */
export const uninstall: Command = async (invocation) => {
  const { config, json, colour, words, flags, session } = invocation;
  const [name, ...more] = words;
  const all = flags["all"] === true;
  if (more.length > 0 || all === (name !== undefined)) {
    const text =
      "error: uninstall: needs the NAME of a machine, or --all\n  next: npx quorate uninstall --help\n";
    return { exit: 3, stdout: "", stderr: text };
  }
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const intent = await prepare(invocation, cluster, programs(invocation.environment));
  // Where it was recorded, also where the config has it at another address by now.
  const others = { ...cluster, nodes: cluster.nodes.filter((node) => node.name !== name) };
  const remote = reach(others, intent.root, invocation, { ends: false, record: intent.record });
  try {
    const results = name === undefined ? await whole(intent, remote) : await single(intent, remote, name);
    const done = succeeded(results) && results.every(({ outcome }) => outcome !== "left alone");
    // A new cluster may be founded here.
    if (done && name === undefined) removeRecord(join(dirname(config), "out", "applied.json"));
    return resultOf(invocation, results, done, endingOf(cluster, name, done), session.interrupted.aborted);
  } finally {
    await remote.close();
  }
};

function endingOf(cluster: Cluster, name: string | undefined, done: boolean): string {
  if (!done) return "not everything is removed: the same command again goes on";
  if (name === undefined) {
    const { branch } = cluster.state;
    const rest = branch === null ? "commit that" : `remove it from the branch ${branch} too`;
    return `cluster ${cluster.name} is gone; its secret and its config are kept, and out/applied.json is removed: ${rest}`;
  }
  return cluster.nodes.some((node) => node.name === name)
    ? `${name} is out of the cluster, and still in the config: take it out there, or write it a new card`
    : `${name} is out of the cluster`;
}

/** As an apply does it with a machine that the config has no more, and with no other. */
async function single(intent: Intent, remote: Remote, name: string): Promise<readonly MachineResult[]> {
  const { cluster, record } = intent;
  if (!record?.machines.has(name)) {
    const names = [...(record?.machines.keys() ?? [])].toSorted();
    throw new Failure(
      `no machine "${printable(name)}" is recorded, so nobody knows what to remove`,
      names.length === 0
        ? "npx quorate apply records what runs where"
        : `recorded are ${listed(names)}; one that was taken out without being asked: erase its disk`,
    );
  }
  const others = { ...cluster, nodes: cluster.nodes.filter((node) => node.name !== name) };
  if (record.machines.get(name)?.role === "server" && ofRole(others, "server").length === 0) {
    throw new Failure(
      `${name} is the only server: without it there is no cluster; nothing was changed`,
      "to remove all of it: npx quorate uninstall --all",
    );
  }
  // Its name is typed after the plan was read: an outage is accepted with it.
  const flags = { ...intent.invocation.flags, "accept-outage": true };
  const invocation = { ...intent.invocation, flags };
  const without = { ...intent, invocation, cluster: others, only: new Set([name]) };
  const plan = await look(without, remote);
  const stuck = plan.refusals.find(({ machines }) => machines.includes(name));
  if (stuck) {
    throw new Failure(
      `${stuck.message}; nothing was changed`,
      record.machines.get(name)?.role === "server"
        ? "bring the other servers back first (npx quorate status), or uninstall one that is dead before this one"
        : stuck.next,
    );
  }
  refuse(without, plan);
  const machine = plan.machines.filter((each) => each.name === name);
  await typed(intent.invocation, name, formatPlan({ ...plan, machines: machine, notes: [] }));
  const { results } = await carryOut(without, remote, plan, { consent: () => {} });
  return results.filter((each) => each.name === name);
}

/** All at once: there is no quorum to be kept. */
async function whole(intent: Intent, remote: Remote): Promise<readonly MachineResult[]> {
  const { cluster, record, invocation } = intent;
  const { session } = invocation;
  if (record && record.cluster.name !== cluster.name) {
    throw new Failure(
      `the cluster ${record.cluster.name} is recorded, and the config describes ${cluster.name}; nothing was changed`,
      `put ${JSON.stringify(record.cluster.name)} back, if that one is to go; another cluster has its own folder, without this record`,
    );
  }
  const nodes = [...cluster.nodes, ...goneMachines(cluster, record).map(formerNode)];
  const states = await Promise.all(nodes.map((node) => askNode(remote, cluster, node)));
  const silent = states.filter(({ state }) => state === "no answer");
  const others = states.filter(isOther);
  const there = states.filter(
    (each) => each.state !== "no answer" && each.detail !== NOTHING_THERE && !isOther(each),
  );
  const lines = [
    `${counted(there.length, "machine")} of cluster ${cluster.name}: K3s, etcd, its snapshots and everything on local volumes is deleted`,
    ...silent.map(({ name, detail }) => `${name} does not answer (${detail}), and keeps what it has`),
    ...others.map(
      ({ name, address, detail }) =>
        `what answers at ${address} is not ${name} (${detail}), and is left alone`,
    ),
  ];
  await typed(invocation, cluster.name, `${lines.join("\n")}\n`);
  session.needs(APPLY_TIMING.cleanUp);
  const reachable = new Set(there.map(({ name }) => name));
  const lease = await hold(intent, remote, reachable);
  const job = jobOf(intent, remote, {
    reachable,
    fence: lease.fence,
    note: (machine, text) => session.show(`${machine}: ${text}\n`),
  });
  const known = states.map(({ name, role }) => ({ name, role, ready: false, action: "none" as const }));
  try {
    await refuseNewerRecord(intent);
    const write = record ? await openRecord(intent, remote, { machines: known }) : () => {};
    return await Promise.all(
      nodes.map(async (node): Promise<MachineResult> => {
        const { name, role } = node;
        const base = { name, role, action: "remove", seconds: 0, message: "", next: "" } as const;
        const state = states.find((each) => each.name === name);
        if (state?.state === "no answer") {
          const next = `switch it on, then npx quorate uninstall --all again; if it never comes back with the disk that it has, remove out/applied.json yourself`;
          return {
            ...base,
            outcome: "not reached",
            message: `${name} does not answer: ${state.detail}`,
            next,
          };
        }
        if (state && isOther(state))
          return { ...base, outcome: "failed", message: `${name}: ${state.detail}`, next: state.next };
        const begun = performance.now();
        const seconds = () => Math.round((performance.now() - begun) / 100) / 10;
        try {
          if (reachable.has(name)) {
            await retire(job, node);
            await clear(job, node);
          }
          write({ name, action: "remove" }, "removed");
          return { ...base, outcome: "removed", seconds: seconds() };
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          return { ...base, outcome: "failed", seconds: seconds(), message: error.message, next: error.hint };
        }
      }),
    );
  } finally {
    await lease.close();
  }
}

/** What is deleted does not come back: so its name is typed, and --yes is not enough. */
async function typed({ flags, session }: Invocation, name: string, what: string): Promise<void> {
  session.show(`${what}\n`);
  const given = flags["confirm"];
  if (given === name) return;
  if (given !== undefined) {
    throw new Failure(
      `--confirm says ${JSON.stringify(given)}, and what would be removed is ${name}; nothing was changed`,
      `if it is meant: --confirm ${name}`,
    );
  }
  if (!session.terminal)
    throw new Failure("there is nobody to ask; nothing was changed", `if it is meant: --confirm ${name}`);
  const answer = await session.dialogue.text({
    message: `This cannot be undone. To remove it, type its name: ${name}`,
    flag: `--confirm ${name}`,
  });
  if (answer !== name)
    throw new Failure("that is not its name; nothing was changed", "the same command asks again");
}

function resultOf(
  { json }: Invocation,
  results: readonly MachineResult[],
  done: boolean,
  ending: string,
  interrupted: boolean,
): Result {
  const text = `${formatResults(results)}uninstall: ${ending}\n`;
  const exit = done ? 0 : interrupted ? 130 : 1;
  if (!json) return { exit, stdout: text, stderr: "" };
  return { exit, stdout: `${JSON.stringify({ results }, null, 2)}\n`, stderr: text };
}
