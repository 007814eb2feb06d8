// quorate-node: the program on every machine, the unit that starts it, and what it reads about its machine.
import { createHash } from "node:crypto";
import { API_PORT_ON_SERVERS, type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { FOUNDING, foundersNeeded, type Outcome, OUTCOMES, SITUATION_KEYS } from "../model/founding.ts";
import { type NodeFile, publicText } from "../model/files.ts";
import { NODE_TIMING } from "../model/timing.ts";
import { GENERATED } from "./generated.ts";
import { K3S_PATHS, shellQuote } from "./k3s.ts";
import { NODE_PATHS, NOT_YET } from "./node-paths.ts";
import { printTemplate, type Templates } from "./template.ts";

interface ProgramLocals {
  readonly paths: typeof NODE_PATHS;
  readonly k3s: typeof K3S_PATHS;
  readonly apiPortOnServers: number;
  /** Seconds, and kB for freeKilobytes. */
  readonly limits: typeof NODE_TIMING;
  readonly notYet: number;
  /** The parts of a situation as shell variables, in the order of the patterns. */
  readonly keys: readonly string[];
  readonly cases: readonly { readonly pattern: string; readonly outcome: Outcome }[];
  readonly outcomes: readonly {
    readonly name: string;
    readonly state: string;
    readonly text: string;
    readonly next: string;
  }[];
}

/** The text of quorate-node, POSIX sh: the same on every machine of every cluster. */
export function nodeProgram(templates: Templates): string {
  return printTemplate<ProgramLocals>(templates, "quorate-node.sh", {
    paths: NODE_PATHS,
    k3s: K3S_PATHS,
    apiPortOnServers: API_PORT_ON_SERVERS,
    limits: NODE_TIMING,
    notYet: NOT_YET,
    keys: SITUATION_KEYS.map((key) => (key === "mayFound" ? "may_found" : key)),
    cases: FOUNDING.map(({ when, outcome }) => ({ pattern: casePattern(when), outcome })),
    outcomes: Object.entries(OUTCOMES).map(([name, meaning]) => ({ name, ...meaning })),
  });
}

/** A row of the founding table as a pattern of a shell's `case`: one word a part, `*` where it does not matter. */
function casePattern(when: (typeof FOUNDING)[number]["when"]): string {
  return SITUATION_KEYS.map((key) => `/${when[key] ?? "*"}`).join("");
}

/** quorate-node.service: at every boot, and again whenever it was cut off. It never holds up the boot. */
export function nodeUnit(): string {
  return `${GENERATED}[Unit]
Description=Quorate: bring this machine to what its card says
# A target waits for what it wants, unless that says no here; and multi-user.target, the login prompt and the end of
# cloud-init would wait for other machines.
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
Wants=basic.target
# cloud-init may be writing the files again that this reads. The second name is the same stage from cloud-init 24.3 on.
After=sysinit.target basic.target network.target cloud-init.service cloud-init-network.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${NODE_PATHS.program} converge
Restart=on-failure
RestartSec=5
TimeoutStartSec=infinity
StandardOutput=journal+console

[Install]
WantedBy=multi-user.target
`;
}

/** Put before K3s' own start: a server without data and without a decision must not start. */
export const GUARD_UNIT = `${GENERATED}[Service]\nExecStartPre=${NODE_PATHS.program} guard\n`;

/** Programs beside K3s, by Debian's names; K3s brings all else. */
function packages(cluster: Cluster, node: Node): readonly string[] {
  const common = ["ca-certificates", "curl"];
  if (node.role !== "loadbalancer") return [...common, "openssl"];
  return [
    ...common,
    "haproxy",
    "socat",
    ...(cluster.registration.holder === "keepalived" ? ["keepalived"] : []),
  ];
}

/** node.conf: what this machine is, as lines that a POSIX shell reads. */
export function nodeSettings(cluster: Cluster, node: Node): string {
  const servers = ofRole(cluster, "server");
  const lines: readonly (readonly [string, string])[] = [
    ["NAME", node.name],
    ["ROLE", node.role],
    ["CLUSTER", cluster.name],
    ["ADDRESS", node.address],
    ["INTERFACE", node.interface],
    ["OS", node.os],
    ["LOGIN", cluster.access.user],
    ["PACKAGES", packages(cluster, node).join(" ")],
    ["UNIT", { server: "k3s", agent: "k3s-agent", loadbalancer: "haproxy" }[node.role]],
    ["REGISTRATION", cluster.registration.address],
    ["API_PORT", String(cluster.registration.port)],
    ["HOLDER", cluster.registration.holder],
    ["STATUS_PORT", String(cluster.loadBalancer.statusPort)],
    ["SERVERS", servers.map(({ name, address }) => `${name}=${address}`).join(" ")],
    ["SERVER_COUNT", String(servers.length)],
    ["FOUNDERS", String(foundersNeeded(servers.length))],
  ];
  return GENERATED + lines.map(([name, value]) => `${name}=${shellQuote(value)}\n`).join("");
}

/**
 * The list of a machine's files, for the machine: a line `digest SHA256` over path, mode and the SHA-256 of the public form
 * of each, then
 * `MODE ACTION PATH` each, the action being what a change of the file needs: none, reboot, or reload:UNIT, restart:UNIT.
 */
export function fileList(files: readonly NodeFile[]): string {
  const digest = createHash("sha256");
  for (const file of files) digest.update(`${file.path} ${file.mode} ${sha256(file)}\n`);
  const lines = files.map(({ path, mode, onChange }) => {
    const action = typeof onChange === "string" ? onChange : `${onChange.how}:${onChange.unit}`;
    return `${mode} ${action} ${path}\n`;
  });
  return `digest ${digest.digest("hex")}\n${lines.join("")}`;
}

/** The digest of a machine's file set, as the list among its files has it. */
export function digestOf(files: readonly NodeFile[]): string {
  const list = files.find(({ path }) => path === NODE_PATHS.fileList);
  const [, digest] = /^digest ([0-9a-f]{64})$/m.exec(publicText(list?.content ?? [])) ?? [];
  if (digest === undefined) throw new Error("a set of files without its list");
  return digest;
}

const digests = new WeakMap<NodeFile, string>();

function sha256(file: NodeFile): string {
  const known = digests.get(file);
  if (known !== undefined) return known;
  const digest = createHash("sha256").update(publicText(file.content)).digest("hex");
  digests.set(file, digest);
  return digest;
}

/** The peer account: the other servers may ask this one about the cluster, and nothing else. */
export const PEER_SSHD = `${GENERATED}Match User ${NODE_PATHS.peerUser}
    AuthorizedKeysFile ${NODE_PATHS.peerAuthorizedKeys}
    AuthenticationMethods publickey
    DisableForwarding yes
    PermitTTY no
Match all
`;

export const PEER_SUDO = `${GENERATED}${NODE_PATHS.peerUser} ALL=(root) NOPASSWD: ${NODE_PATHS.program} census *\n`;
