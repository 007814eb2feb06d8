// What a machine told of itself. Texts in it are fit for people: printable, and what looks like a secret is hidden.
import type { StatusAnswer } from "../status/node-status.ts";

/** A file that is not as it was put there. */
export interface SeenFile {
  readonly path: string;
  /** unknown: the machine does not know how it was put there. */
  readonly is: "missing" | "linked" | "changed" | "mode" | "unknown";
  /** Its mode, and the one that it was put there with; null where nobody knows. */
  readonly mode: string | null;
  readonly given: string | null;
  /** Null where it may hold a secret, or nobody knows what it should be. */
  readonly text: string | null;
}

/** A live copy that is not as the staged file that it is made from. */
export interface SeenCopy {
  readonly staged: string;
  readonly live: string;
  /** unstaged: there is no such staged file. */
  readonly is: "missing" | "different" | "unstaged";
  readonly text: string | null;
}

/** A unit in systemd's own words. */
export interface SeenUnit {
  readonly name: string;
  readonly load: string;
  readonly active: string;
  /** enabled, disabled, masked, ...; empty where there is no unit file. */
  readonly file: string;
}

export interface SeenMember {
  /** NAME-<8 hex>; empty for one that never started. */
  readonly name: string;
  readonly address: string;
  readonly learner: boolean;
}

export interface SeenNode {
  readonly name: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** The K3s that its kubelet is of. */
  readonly version: string;
}

/** What a server tells of its cluster; null each where it does not answer. */
export interface SeenCluster {
  readonly caHash: string | null;
  readonly uid: string | null;
  readonly members: readonly SeenMember[] | null;
  readonly nodes: readonly SeenNode[] | null;
}

export interface SeenMachine {
  /** Of its file set, as its list has it; null where the list has none. */
  readonly digest: string | null;
  readonly files: readonly SeenFile[];
  readonly copies: readonly SeenCopy[];
  readonly units: readonly SeenUnit[];
  readonly status: StatusAnswer;
  /** What an apply sent lies there and was not taken. */
  readonly pending: boolean;
  /** An apply closed it to new pods. */
  readonly cordoned: boolean;
  /** Who works on it at this moment; null: nobody. */
  readonly apply: string | null;
  /** What the installed binary calls itself; null where there is none. */
  readonly k3s: string | null;
  /** Names of the machines that its HAProxy sends nobody to. */
  readonly drained: readonly string[];
  readonly cluster: SeenCluster | null;
}

/** A machine that was asked: it told something, or there is a problem. */
export type Asked =
  | { readonly seen: SeenMachine; readonly problem: null }
  | { readonly seen: null; readonly problem: { readonly message: string; readonly next: string } };
