// Asks a machine that is recorded and not in the config any more how it stands: nothing is rendered for it to be compared with.
import type { Cluster } from "../model/cluster.ts";
import type { ObservedMachine } from "../plan/observed.ts";
import { formerNode, type Gone } from "../plan/order.ts";
import { isOther, NOTHING_THERE } from "../status/ask.ts";
import { askNode } from "./ask-node.ts";
import { NOBODY_KNOWS } from "./observe.ts";
import type { Remote } from "./remote.ts";

/**
 * Never rejects for what a machine does. `files` is empty where it answers, for it should have none; `unfinished` says where nothing
 * of ours is on it any more.
 */
export async function observeGone(remote: Remote, cluster: Cluster, gone: Gone): Promise<ObservedMachine> {
  const answer = await askNode(remote, cluster, formerNode(gone));
  const { state, status, detail, next } = answer;
  const base = { ...NOBODY_KNOWS, name: gone.name };
  // Whatever that one is, nothing on it is ours to remove.
  if (state === "no answer" || isOther(answer))
    return { ...base, files: null, problem: { message: detail, next } };
  if (detail === NOTHING_THERE) return { ...base, files: [], problem: null, unfinished: NOTHING_THERE };
  const { k3s = "", voter = false, vip = false } = status ?? {};
  return { ...base, files: [], problem: null, k3s, voter, vip, ready: state === "ready" };
}
