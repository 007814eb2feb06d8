// Questions to one etcd member, through the JSON gateway that etcd 3.4 has on its client port.
import { Agent } from "node:https";
import { ask, type Question } from "./ask.ts";

export interface Member {
  /** A number of 64 bits, as decimal digits: it does not fit into a JavaScript number. */
  readonly ID: string;
  /** Empty until the member has started. */
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}

export interface Status {
  readonly memberId: string;
  /** "0" where there is no leader. */
  readonly leader: string;
  readonly isLearner: boolean;
  readonly raftAppliedIndex: number;
  readonly version: string;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Of its last change; "0" is a key that is not there. */
  readonly revision: string;
}

export interface EtcdClient {
  /** Throws where there is no leader, or this member is a learner. */
  readonly range: (key: string, prefix?: boolean) => Promise<readonly Entry[]>;
  /** Writes only where the key is still at that revision; tells whether it did. */
  readonly write: (key: string, value: string, revision: string) => Promise<boolean>;
  readonly put: (key: string, value: string, leaseSeconds?: number) => Promise<void>;
  readonly remove: (key: string) => Promise<boolean>;
  readonly members: () => Promise<readonly Member[]>;
  readonly addLearner: (peerUrl: string, limit: number) => Promise<void>;
  readonly promote: (id: string) => Promise<void>;
  readonly removeMember: (id: string) => Promise<void>;
  readonly moveLeader: (id: string) => Promise<void>;
  readonly status: () => Promise<Status>;
  /** All of its data, as `etcdctl snapshot save` writes them: etcd's file, and its SHA-256 at the end. */
  readonly snapshot: () => Promise<Uint8Array>;
}

interface Reply {
  readonly header?: { readonly member_id?: string };
  readonly kvs?: readonly { readonly key: string; readonly value?: string; readonly mod_revision?: string }[];
  readonly members?: readonly (Partial<Member> & { readonly ID: string })[];
  readonly succeeded?: boolean;
  readonly deleted?: string;
  readonly leader?: string;
  readonly isLearner?: boolean;
  readonly raftAppliedIndex?: string;
  readonly version?: string;
  readonly ID?: string;
  readonly error?: string;
  readonly message?: string;
}

const encode = (text: string) => Buffer.from(text).toString("base64");
const decode = (text = "") => Buffer.from(text, "base64").toString("utf8");
/** K3s dials for 2 s; a linearizable answer without a leader would take as long as the election. */
const LIMIT = 5000;

/** `tls`: the CA of etcd's servers and the certificate of a client. Errors are etcd's words. */
export function etcdClient(url: string, tls: Pick<Question, "ca" | "cert" | "key">): EtcdClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...tls });
  const call = async (path: string, body: object, limit = LIMIT): Promise<Reply> => {
    const question = { method: "POST", body: JSON.stringify(body), ...tls, agent, limit };
    const answer = await ask(`${url}/v3/${path}`, question);
    const reply: Reply = parse(answer.body);
    if (answer.status !== 200) throw new Error(reply.message ?? reply.error ?? `etcd: ${answer.status}`);
    return reply;
  };
  return {
    range: async (key, prefix) => {
      const end = key.slice(0, -1) + String.fromCharCode(key.charCodeAt(key.length - 1) + 1);
      const all = { key: encode(key), ...(prefix && { range_end: encode(end) }) };
      const { kvs = [] } = await call("kv/range", all);
      return kvs.map((kv) => ({
        key: decode(kv.key),
        value: decode(kv.value),
        revision: kv.mod_revision ?? "0",
      }));
    },
    write: async (key, value, revision) => {
      const { succeeded = false } = await call("kv/txn", {
        compare: [{ key: encode(key), target: "MOD", result: "EQUAL", mod_revision: revision }],
        success: [{ request_put: { key: encode(key), value: encode(value) } }],
      });
      return succeeded;
    },
    put: async (key, value, leaseSeconds) => {
      const lease = leaseSeconds ? (await call("lease/grant", { TTL: leaseSeconds })).ID : undefined;
      await call("kv/put", { key: encode(key), value: encode(value), ...(lease && { lease }) });
    },
    remove: async (key) => Number((await call("kv/deleterange", { key: encode(key) })).deleted ?? 0) > 0,
    members: async () => {
      const { members = [] } = await call("cluster/member/list", {});
      return members.map(({ ID, name = "", peerURLs = [], clientURLs = [], isLearner = false }) => {
        return { ID, name, peerURLs, clientURLs, isLearner };
      });
    },
    addLearner: async (peerUrl, limit) =>
      void (await call("cluster/member/add", { peerURLs: [peerUrl], isLearner: true }, limit)),
    promote: async (id) => void (await call("cluster/member/promote", { ID: id })),
    removeMember: async (id) => void (await call("cluster/member/remove", { ID: id })),
    moveLeader: async (id) => void (await call("maintenance/transfer-leadership", { targetID: id }, 10_000)),
    snapshot: async () => {
      const answer = await ask(`${url}/v3/maintenance/snapshot`, {
        method: "POST",
        body: "{}",
        ...tls,
        agent,
        limit: 60_000,
      });
      // A message a line, each with a part.
      const parts = answer.body
        .split("\n")
        .filter(Boolean)
        .map(
          (line) =>
            JSON.parse(line) as { readonly result?: { readonly blob?: string }; readonly error?: object },
        );
      const broken = parts.find(({ error }) => error !== undefined);
      if (answer.status !== 200 || broken) throw new Error(JSON.stringify(broken?.error ?? answer.status));
      return Buffer.concat(parts.map(({ result }) => Buffer.from(result?.blob ?? "", "base64")));
    },
    status: async () => {
      const reply = await call("maintenance/status", {}, 2000);
      return {
        memberId: reply.header?.member_id ?? "",
        leader: reply.leader ?? "0",
        isLearner: reply.isLearner ?? false,
        raftAppliedIndex: Number(reply.raftAppliedIndex ?? 0),
        version: reply.version ?? "",
      };
    },
  };
}

function parse(text: string): Reply {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text.trim() };
  }
}
