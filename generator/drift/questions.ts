// What a machine is asked, by its role: no more than a person without the root secret may know.
import { PLACEHOLDER_MARK } from "../model/files.ts";
import type { Role } from "../model/cluster.ts";
import type { RecordedMachine } from "../model/record.ts";
import { textSum } from "../plan/cause.ts";
import type { RecordedFiles } from "../plan/recorded.ts";
import { K3S_PATHS } from "../render/k3s.ts";
import { NODE_PATHS } from "../render/node-paths.ts";

export interface Questions {
  /** The recorded digest of its files: where it has another set, no content is asked for. */
  readonly digest: string;
  /** The login whose authorized keys are looked at. */
  readonly login: string;
  /** Files without a secret in them, whose recorded text is known: their content may be told. */
  readonly open: readonly { readonly path: string; readonly sum: string }[];
  /** Staged file and live copy. */
  readonly copies: readonly (readonly [staged: string, live: string])[];
  readonly units: readonly string[];
  readonly k3s: boolean;
  /** Whether it is a server, and knows the cluster. */
  readonly cluster: boolean;
  readonly balancer: boolean;
}

export const KEEPALIVED = "keepalived";
const UNITS: Readonly<Record<Role, readonly string[]>> = {
  server: ["k3s"],
  agent: ["k3s-agent"],
  loadbalancer: ["haproxy", KEEPALIVED],
};

/** `recorded`: the files that the record's git tree names; undefined where it is not to be had. */
export function questionsFor(
  { role, digest }: RecordedMachine,
  login: string,
  recorded: RecordedFiles | undefined,
): Questions {
  return {
    digest,
    login,
    open: [...(recorded ?? [])].flatMap(([path, { text }]) =>
      text.includes(PLACEHOLDER_MARK) ? [] : [{ path, sum: textSum(text) }],
    ),
    copies: [
      [NODE_PATHS.authorizedKeys, `~${login}/.ssh/authorized_keys`],
      [NODE_PATHS.hostKey, "/etc/ssh/ssh_host_ed25519_key"],
      ...(role === "loadbalancer"
        ? ([
            [NODE_PATHS.haproxy, "/etc/haproxy/haproxy.cfg"],
            [NODE_PATHS.keepalived, "/etc/keepalived/keepalived.conf"],
          ] as const)
        : []),
    ],
    units: [NODE_PATHS.unit, ...UNITS[role]],
    k3s: role !== "loadbalancer",
    cluster: role === "server",
    balancer: role === "loadbalancer",
  };
}

/** Every manifest of ours that K3s is to apply has its staged file of the same name. */
export const MANIFESTS = { staged: NODE_PATHS.manifests, live: K3S_PATHS.manifests } as const;
