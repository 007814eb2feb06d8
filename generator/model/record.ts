// The record, out/applied.json: which cluster stands and what runs on each machine. Only apply writes it.

export interface ClusterRecord {
  readonly cluster: {
    readonly name: string;
    /** SHA-256 of the cluster's CA certificates as `/cacerts` gives them, in lower-case hex. */
    readonly caHash: string;
    /** The one-way check value of the root secret (secrets/derive.ts, `rootCheck`). */
    readonly secretCheck: string;
  };
  /** Names of the machines that something was applied to. */
  readonly machines: readonly string[];
}

export type RecordText =
  | { readonly ok: true; readonly record: ClusterRecord }
  | { readonly ok: false; readonly reason: string };

const FORMAT = 1;

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
  const { name, caHash, secretCheck } = cluster;
  if (typeof name !== "string" || name === "") return { ok: false, reason: "cluster.name is missing" };
  if (typeof caHash !== "string" || !/^[0-9a-f]{64}$/.test(caHash))
    return { ok: false, reason: "cluster.caHash is no SHA-256" };
  if (typeof secretCheck !== "string" || !/^[0-9a-f]{16}$/.test(secretCheck))
    return { ok: false, reason: "cluster.secretCheck is no check value" };
  return { ok: true, record: { cluster: { name, caHash, secretCheck }, machines: Object.keys(machines) } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
