// What a running server does about the members of its etcd: promotes learners, evicts stalled ones, removes deleted nodes.
import { setTimeout as sleep } from "node:timers/promises";
import { etcdClient, type EtcdClient, type Member } from "./etcd-client.ts";
import type { EtcdTls } from "./join.ts";
import { log, reason } from "./log.ts";
import {
  ETCD_ADDRESS,
  ETCD_NAME,
  LEARNER,
  listNodes,
  NO_MEMBER,
  type Node,
  setCondition,
  VOTER,
} from "./objects.ts";
import type { Store } from "./store.ts";

/** K3s' own times (k3s.md section 4, "Join order" and "Wiped server"). */
const TICK = 15_000;
const STALL = 300_000;
const REMOVAL = 60_000;

interface Progress {
  id: string;
  index: number;
  since: number;
}

/** Goes on for as long as the process lives. Only etcd's leader does anything. */
export async function manageMembers(
  etcd: EtcdClient,
  tls: EtcdTls,
  store: () => Store | undefined,
): Promise<never> {
  const progress: Progress = { id: "", index: 0, since: 0 };
  for (;;) {
    try {
      const { memberId, leader } = await etcd.status();
      if (memberId === leader) await manage(etcd, tls, store(), progress);
    } catch (error) {
      log("error", `Failed to check local etcd status for learner management: ${reason(error)}`);
    }
    await sleep(TICK);
  }
}

async function manage(
  etcd: EtcdClient,
  tls: EtcdTls,
  store: Store | undefined,
  progress: Progress,
): Promise<void> {
  const members = await etcd.members();
  for (const member of members) if (member.isLearner) await tend(etcd, tls, member, progress);
  if (!store) return;
  for (const node of await listNodes(store)) {
    const name = node.metadata.annotations[ETCD_NAME];
    if (name === undefined) continue;
    const member = members.find((one) => one.name === name);
    const said = !member ? NO_MEMBER : member.isLearner ? LEARNER : await health(member, tls);
    await setCondition(store, node.metadata.name, "EtcdIsVoter", said);
  }
}

async function health(member: Member, tls: EtcdTls): Promise<typeof VOTER> {
  const [url] = member.clientURLs;
  try {
    if (url === undefined) throw new Error("etcd member ClientURLs list is empty");
    await etcdClient(url, tls).status();
    return VOTER;
  } catch (error) {
    return { status: "False", reason: "Unhealthy", message: reason(error) };
  }
}

async function tend(etcd: EtcdClient, tls: EtcdTls, learner: Member, progress: Progress): Promise<void> {
  try {
    await etcd.promote(learner.ID);
    log("info", `Promoted learner ${learner.name}`);
    return;
  } catch {
    // It has not caught up: etcd wants 90 % of the leader's log.
  }
  if (progress.id !== learner.ID) Object.assign(progress, { id: learner.ID, index: 0, since: Date.now() });
  const [url] = learner.clientURLs;
  const seen =
    url === undefined
      ? undefined
      : await etcdClient(url, tls)
          .status()
          .catch(() => undefined);
  if (seen && seen.raftAppliedIndex > progress.index) {
    Object.assign(progress, { index: seen.raftAppliedIndex, since: Date.now() });
  }
  const stalled = Date.now() - progress.since;
  if (stalled > 0) {
    log(
      "warning",
      `Learner ${learner.name} stalled at RaftAppliedIndex=${progress.index} for ${stalled / 1000}s`,
    );
  }
  if (stalled > STALL) {
    await etcd.removeMember(learner.ID);
    log("warning", `Removed learner ${learner.name} from etcd cluster`);
  }
}

/**
 * The member of a deleted node goes too, by the name and address in the node's annotations; leadership is moved away from
 * it first. Tried for a minute, then logged.
 */
export async function removeMemberOf(etcd: EtcdClient, tls: EtcdTls, node: Node): Promise<void> {
  const { [ETCD_NAME]: name, [ETCD_ADDRESS]: address } = node.metadata.annotations;
  if (name === undefined || address === undefined) return;
  const end = Date.now() + REMOVAL;
  log("info", `Removing etcd member from cluster due to node delete: ${name}`);
  for (;;) {
    try {
      return await removeMember(etcd, tls, name, address);
    } catch (error) {
      if (Date.now() > end) return log("error", `etcd member ${name} could not be removed: ${reason(error)}`);
      await sleep(1000);
    }
  }
}

async function removeMember(etcd: EtcdClient, tls: EtcdTls, name: string, address: string): Promise<void> {
  const members = await etcd.members();
  const member = members.find(
    (one) => one.name === name && one.peerURLs.some((url) => new URL(url).hostname === address),
  );
  if (!member) return;
  const { leader } = await etcd.status();
  const [other] = members.filter((one) => one !== member && !one.isLearner);
  if (leader === member.ID && other) await etcdClient(member.clientURLs[0] ?? "", tls).moveLeader(other.ID);
  await etcd.removeMember(member.ID);
}
