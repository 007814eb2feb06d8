// GET /db/info: the members of etcd, for servers that want to join and for whoever asks on loopback (k3s.md section 4).
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { EtcdClient, Member } from "./etcd-client.ts";
import type { Identity } from "./identity.ts";
import { reason } from "./log.ts";
import { API_SERVERS } from "./objects.ts";
import { type Fail, sendJson } from "./reply.ts";

/** `handling`: phase 1 is over. */
export async function answerInfo(
  { etcd, handling }: { readonly etcd: EtcdClient | null; readonly handling: boolean },
  who: Identity,
  request: IncomingMessage,
  response: ServerResponse,
  fail: Fail,
): Promise<void> {
  if (!etcd) return fail(400, "etcd datastore disabled");
  if (!who.local) {
    // In phase 1 nobody can be told apart yet: 401 for the right token too.
    if (who.wrong || !handling) return fail(401, "not authorized");
    if (!who.groups.includes("k3s:server")) return fail(403, "forbidden");
  }
  if (request.method !== "GET") return fail(405, "method not allowed");
  if (!handling) return fail(500, "failed to get etcd MemberList: etcd not started");
  try {
    return sendJson(response, membersJson(await withinLimit(etcd)));
  } catch (error) {
    return fail(500, `failed to get etcd MemberList: ${reason(error)}`);
  }
}

/**
 * 2 s, as K3s gives it; an etcd that is not there yet is waited for that long. etcd 3.6 lists its members only with a
 * leader's consent; 3.4 does not ask, so a read asks first.
 */
async function withinLimit(etcd: EtcdClient): Promise<readonly Member[]> {
  const end = Date.now() + 2000;
  for (;;) {
    const left = end - Date.now();
    if (left <= 0) throw new Error("context deadline exceeded");
    try {
      return await Promise.race([etcd.range(API_SERVERS).then(() => etcd.members()), late(left)]);
    } catch (error) {
      if (!/ECONN|socket|no leader/.test(reason(error))) throw error;
      await sleep(100);
    }
  }
}

async function late(milliseconds: number): Promise<never> {
  await sleep(milliseconds, undefined, { ref: false });
  throw new Error("context deadline exceeded");
}

/** Go's JSON of etcd's members: the ID as a number of 64 bits, and nothing that is empty. */
function membersJson(members: readonly Member[]): string {
  const all = members.map(({ ID, name, peerURLs, clientURLs, isLearner }) => {
    const rest = {
      ...(name && { name }),
      ...(peerURLs.length && { peerURLs }),
      ...(clientURLs.length && { clientURLs }),
      ...(isLearner && { isLearner }),
    };
    return `{"ID":${ID},${JSON.stringify(rest).slice(1)}`;
  });
  return `{"members":[${all.join(",")}]}`;
}
