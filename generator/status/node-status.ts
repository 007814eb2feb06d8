// What `quorate-node status --json` says on a machine, read without trust.
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";

export interface NodeStatus {
  readonly state: "working" | "waiting" | "failed" | "ready";
  readonly step: string;
  /** Seconds in this state, by the machine's own clock; null where that clock jumped meanwhile. */
  readonly seconds: number | null;
  readonly waitingFor: string;
  readonly error: string;
  readonly next: string;
  readonly k3s: string;
  /** The digest of the file set in force; empty: none yet. */
  readonly applied: string;
  /** This machine is a voting member of etcd. */
  readonly voter: boolean;
  /** Members that it counts, itself included; 0: it cannot say. */
  readonly members: number;
  /** It holds the registration address. */
  readonly vip: boolean;
}

export type StatusAnswer =
  | { readonly ok: true; readonly status: NodeStatus }
  | { readonly ok: false; readonly message: string; readonly next: string };

/** How the answer of a machine of another name or cluster is told. */
export const SAYS_OTHER = "it says that it is";

const FORMAT = 1;
const STATES = ["working", "waiting", "failed", "ready"] as const;
const TEXTS = ["name", "cluster", "step", "waitingFor", "error", "next", "k3s", "applied"] as const;
const NUMBERS = ["since", "now", "members"] as const;
const FLAGS = ["voter", "vip"] as const;
/** Longer texts of a machine are cut: they are for one line. */
const LONGEST = 300;
/** A longer time in one state is a clock that was set, not patience. */
const LONGEST_SECONDS = 365 * 24 * 3600;

/** Reads the answer of the machine that should have that name in that cluster. Texts come out printable and without secrets. */
export function parseNodeStatus(text: string, name: string, cluster: string): StatusAnswer {
  const value = parseObject(text);
  if (!value) return broken(name, "is not JSON");
  const format = value["format"];
  if (typeof format === "number" && format > FORMAT) {
    return {
      ok: false,
      message: `its answer has format ${format}, and this Quorate knows ${FORMAT}`,
      next: "update Quorate on this computer: git pull && npm ci",
    };
  }
  if (format !== FORMAT) return broken(name, `has no format ${FORMAT}`);
  const faulty =
    TEXTS.find((key) => typeof value[key] !== "string") ??
    NUMBERS.find((key) => !Number.isSafeInteger(value[key])) ??
    FLAGS.find((key) => typeof value[key] !== "boolean");
  if (faulty !== undefined) return broken(name, `has no proper "${faulty}"`);
  const state = STATES.find((each) => each === value["state"]);
  if (!state) return broken(name, 'has an unknown "state"');
  const said = (key: (typeof TEXTS)[number]) => clean(String(value[key]));
  if (said("name") !== name || said("cluster") !== cluster) {
    return {
      ok: false,
      message: `${SAYS_OTHER} ${said("name")} of cluster ${said("cluster")}`,
      next: `give ${name} its own address in the config, or write its card again`,
    };
  }
  const seconds = Number(value["now"]) - Number(value["since"]);
  return {
    ok: true,
    status: {
      state,
      step: said("step"),
      seconds: seconds >= 0 && seconds <= LONGEST_SECONDS ? seconds : null,
      waitingFor: said("waitingFor"),
      error: said("error"),
      next: said("next"),
      k3s: said("k3s"),
      applied: /^[0-9a-f]{64}$/.test(String(value["applied"])) ? String(value["applied"]) : "",
      voter: value["voter"] === true,
      members: Number(value["members"]),
      vip: value["vip"] === true,
    },
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function broken(name: string, fault: string): StatusAnswer {
  return {
    ok: false,
    message: `the answer of quorate-node ${fault}`,
    next: `look at it: npx quorate ssh ${name} -- sudo quorate-node status --json`,
  };
}

function clean(text: string): string {
  const whole = printable(maskSecrets(text));
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole;
}
