// The record, out/applied.json: which cluster stands and what runs on each machine. Only apply writes it.
import { ACTION_CLASSES, type ActionClass } from "./action.ts";
import type { Role } from "./cluster.ts";

export interface ClusterRecord {
  readonly cluster: RecordedCluster;
  /** By name, in no order that means anything. Machines that something was applied to. */
  readonly machines: ReadonlyMap<string, RecordedMachine>;
}

export interface RecordedCluster {
  readonly name: string;
  /** SHA-256 of the cluster's CA certificates as `/cacerts` gives them, in lower-case hex. */
  readonly caHash: string;
  /** The one-way check value of the root secret (secrets/derive.ts, `rootCheck`). */
  readonly secretCheck: string;
  /** The UID of the namespace kube-system: no two clusters have the same. Null: nobody could ask yet. */
  readonly uid: string | null;
  /** K3s' settings that a running cluster keeps for ever, as they were when it was recorded (model/fixed.ts). */
  readonly fixed: Readonly<Record<string, string>>;
}

export interface RecordedMachine {
  readonly role: Role;
  readonly address: string;
  /** The git tree of out/nodes/NAME that it was given: 40 hex digits. */
  readonly tree: string;
  /** The digest of its file set over the public form, as its list of files has it. */
  readonly digest: string;
  /** What was done to bring it there. */
  readonly action: ActionClass;
  /** failed: it was given these files and was not seen to work with them. */
  readonly result: "applied" | "failed";
  /** K3s' version; empty on a load balancer. */
  readonly k3s: string;
  /** The commit whose config this is; null where the config was changed and not committed, or lies in no repository. */
  readonly commit: string | null;
  /** `ssh-ed25519 BASE64`: the public half, by which it is known without the root secret. */
  readonly hostKey: string;
}

export type RecordText =
  | { readonly ok: true; readonly record: ClusterRecord }
  | { readonly ok: false; readonly reason: string };

const FORMAT = 1;
const HEX_64 = /^[0-9a-f]{64}$/;
const GIT_ID = /^[0-9a-f]{40}$/;
/** Names become arguments and lines of ssh's files. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** A person reads it on a terminal, or a workflow in its log. */
const PLAIN = /^[ -~]*$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const ROLES: readonly unknown[] = ["server", "agent", "loadbalancer"] satisfies readonly Role[];

/** The text of out/applied.json: the same record gives the same bytes. It holds no time, so that nothing new is nothing to commit. */
export function recordText({ cluster, machines }: ClusterRecord): string {
  const inOrder = [...machines].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `${JSON.stringify({ format: FORMAT, cluster, machines: Object.fromEntries(inOrder) }, null, 2)}\n`;
}

/** Reads the text of out/applied.json. What is not known here is left alone: a newer Quorate may have added it. */
export function parseRecord(text: string): RecordText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: "it is no JSON" };
  }
  if (!isObject(value)) return { ok: false, reason: "it is no JSON object" };
  if (value["format"] !== FORMAT)
    return { ok: false, reason: "it has a format that this Quorate does not know" };
  const { cluster, machines } = value;
  if (!isObject(cluster) || !isObject(machines))
    return { ok: false, reason: "cluster or machines is missing" };
  const { name, caHash, secretCheck, uid = null, fixed = {} } = cluster;
  if (typeof name !== "string" || !NAME.test(name)) return { ok: false, reason: "cluster.name is no name" };
  if (typeof caHash !== "string" || !HEX_64.test(caHash))
    return { ok: false, reason: "cluster.caHash is no SHA-256" };
  if (typeof secretCheck !== "string" || !/^[0-9a-f]{16}$/.test(secretCheck))
    return { ok: false, reason: "cluster.secretCheck is no check value" };
  if (uid !== null && (typeof uid !== "string" || !/^[0-9a-f-]{36}$/.test(uid)))
    return { ok: false, reason: "cluster.uid is no UID" };
  if (!isTexts(fixed)) return { ok: false, reason: "cluster.fixed holds something else than plain texts" };
  const nameless = Object.keys(machines).find((name) => !NAME.test(name));
  if (nameless !== undefined)
    return { ok: false, reason: `machines: ${JSON.stringify(nameless)} is no machine's name` };
  const entries = Object.entries(machines).map(([key, each]) => [key, machineOf(each)] as const);
  const faulty = entries.find(([, machine]) => typeof machine === "string");
  if (faulty) return { ok: false, reason: `machines.${faulty[0]}: ${String(faulty[1])}` };
  const known = entries.flatMap(([key, machine]) =>
    typeof machine === "string" ? [] : [[key, machine] as const],
  );
  return {
    ok: true,
    record: { cluster: { name, caHash, secretCheck, uid, fixed }, machines: new Map(known) },
  };
}

/** The machine, or what is wrong with it. */
function machineOf(value: unknown): RecordedMachine | string {
  if (!isObject(value)) return "it is no object";
  const { role, address, tree, digest, action, result, k3s, commit, hostKey } = value;
  const text = (each: unknown, pattern: RegExp): each is string =>
    typeof each === "string" && pattern.test(each);
  if (!ROLES.includes(role)) return "role is missing";
  if (!text(address, IPV4)) return "address is no address";
  if (!text(tree, GIT_ID)) return "tree is no git tree";
  if (!text(digest, HEX_64)) return "digest is no SHA-256";
  const known = ACTION_CLASSES.find((each) => each === action);
  if (known === undefined) return "action is not known";
  if (result !== "applied" && result !== "failed") return "result is not known";
  if (!text(k3s, /^[\w.+-]*$/)) return "k3s is no version";
  if (commit !== null && !text(commit, GIT_ID)) return "commit is no commit";
  if (!text(hostKey, /^ssh-ed25519 [A-Za-z0-9+/=]+$/)) return "hostKey is no ed25519 key";
  return { role: role as Role, address, tree, digest, action: known, result, k3s, commit, hostKey };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    isObject(value) &&
    Object.entries(value)
      .flat()
      .every((each) => typeof each === "string" && PLAIN.test(each))
  );
}
