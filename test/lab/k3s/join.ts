// How a new server becomes a member of a running etcd: as a learner, one at a time (k3s.md section 4, "Membership rules").
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { get, type Question } from "./ask.ts";
import { etcdClient, type Member } from "./etcd-client.ts";
import { peerUrl } from "./etcd.ts";
import { log, reason } from "./log.ts";
import type { Place } from "./place.ts";
import type { Access } from "./token.ts";

export interface Initial {
  readonly cluster: readonly string[];
  readonly state: "new" | "existing";
}

/** One attempt may take this long. */
const ATTEMPT = 20_000;

/**
 * Asks every second until this machine may join; returns what etcd has to be started with. Throws what K3s ends for: most
 * of all a member that already has this node's name.
 */
export async function joinEtcd(place: Place, name: string, access: Access, tls: EtcdTls): Promise<Initial> {
  for (;;) {
    try {
      return await attempt(place, name, access, tls);
    } catch (error) {
      const why = reason(error);
      if (/too many learner|unhealthy cluster/.test(why)) {
        log("info", `Waiting for other members to finish joining etcd cluster: ${why}`);
      } else if (why.startsWith("failed to get MemberList")) {
        log("info", `Waiting to retrieve etcd cluster member list: ${why}`);
      } else if (why.includes("deadline exceeded") || why.includes("timed out")) {
        log("info", "Retrying etcd cluster join: MemberAdd request timed out");
      } else {
        throw new Error(`etcd cluster join failed: ${why}`, { cause: error });
      }
    }
    await sleep(1000);
  }
}

export type EtcdTls = Pick<Question, "ca" | "cert" | "key">;

async function attempt(place: Place, name: string, access: Access, tls: EtcdTls): Promise<Initial> {
  const members = await memberList(access);
  const cluster: string[] = [];
  let add = true;
  for (const member of members) {
    const here = member.peerURLs.some((url) => new URL(url).hostname === place.address);
    // A member that has not started has no name yet: with our address it is us, from a start that was cut off.
    const known = member.name === "" && here ? name : member.name;
    if (known === name && here) add = false;
    if (known !== name && known.replace(/(.)-[^-]*$/, "$1") === place.node) {
      // So that a new name is drawn once the node's name has been changed.
      rmSync(join(place.etcd, "name"), { force: true });
      throw new Error("duplicate node name found, please use a unique name for this node");
    }
    if (member.peerURLs[0]) cluster.push(`${known}=${member.peerURLs[0]}`);
  }
  if (!add) {
    log("info", `Starting etcd to join cluster with members [${cluster.join(" ")}]`);
    return { cluster, state: cluster.length > 1 ? "existing" : "new" };
  }
  log("info", `Adding member ${name}=${peerUrl(place)} to etcd cluster [${cluster.join(" ")}]`);
  const [first] = members.filter(({ isLearner }) => !isLearner).flatMap(({ clientURLs }) => clientURLs);
  if (first === undefined)
    throw new Error("failed to get MemberList from server: no member has a client URL");
  await etcdClient(first, tls).addLearner(peerUrl(place), ATTEMPT);
  return { cluster: [...cluster, `${name}=${peerUrl(place)}`], state: "existing" };
}

async function memberList(access: Access): Promise<readonly Member[]> {
  try {
    const text = await get(`${access.url}/db/info`, { ...access.question, limit: 10_000 });
    const { members }: { members: readonly Partial<Member>[] } = JSON.parse(text);
    return members.map(({ name = "", peerURLs = [], clientURLs = [], isLearner = false }) => {
      // The ID would have lost digits on its way through a JavaScript number; nobody needs it here.
      return { ID: "", name, peerURLs, clientURLs, isLearner };
    });
  } catch (error) {
    throw new Error(`failed to get MemberList from server: ${reason(error)}`, { cause: error });
  }
}
