// Rules on what is passed to K3s: the flags Quorate manages, flags K3s does not know, snapshots, downloads.
import { type Finding, finding } from "../finding.ts";
import { K3S_AGENT_FLAGS, K3S_SERVER_FLAGS } from "../k3s-flags.ts";
import { nearest, show } from "../show.ts";
import type { Rule, RuleInput } from "./rule.ts";

/** Flags that Quorate writes or that would undo what it guarantees, each with what to do instead. */
export const MANAGED_FLAGS: Readonly<Record<string, string>> = {
  "advertise-address": "it is the node's address; set nodes[].address",
  "agent-token": "it is derived and put in when a card is written",
  "agent-token-file": "it is derived and put in when a card is written",
  "cluster-cidr": "set k3s.clusterCidr",
  "cluster-init":
    "founding happens once, by the machine itself; a cluster-init in the config would found a second cluster",
  "cluster-reset": "it must never be in a config file; it would reset the cluster at every start",
  "cluster-reset-restore-path": "it must never be in a config file",
  config: "Quorate writes the config file",
  "data-dir": "Quorate expects /var/lib/rancher/k3s; leave it out",
  "datastore-cafile": "embedded etcd is the datastore; leave it out",
  "datastore-certfile": "embedded etcd is the datastore; leave it out",
  "datastore-endpoint": "embedded etcd is the datastore; leave it out",
  "datastore-keyfile": "embedded etcd is the datastore; leave it out",
  disable: "set k3s.disable",
  "disable-apiserver": "every server runs the API; leave it out",
  "disable-etcd": "every server is an etcd voter; leave it out",
  "etcd-disable-snapshots": "set k3s.snapshots",
  "etcd-s3-access-key": "secrets do not belong here, and S3 is not supported yet; leave it out",
  "etcd-s3-secret-key": "secrets do not belong here, and S3 is not supported yet; leave it out",
  "etcd-s3-session-token": "secrets do not belong here, and S3 is not supported yet; leave it out",
  "etcd-snapshot-retention": "set k3s.snapshots.retention",
  "etcd-snapshot-schedule-cron": "set k3s.snapshots.schedule",
  "flannel-backend": "set k3s.flannelBackend",
  "https-listen-port": "servers always listen on 6443; set loadBalancer.apiPort for the port that people use",
  "node-external-ip": "it would replace the address that machines dial; leave it out",
  "node-ip": "set nodes[].address",
  "node-label": "set nodes[].labels",
  "node-name": "set nodes[].name",
  "node-taint": "set nodes[].taints",
  "secrets-encryption": "set k3s.secretsEncryption",
  server: "it is the registration address; set cluster.vip",
  "service-cidr": "set k3s.serviceCidr",
  "tls-san": "set k3s.tlsSans",
  token: "secrets do not belong here; tokens are derived and put in when a card is written",
  "token-file": "tokens are derived and put in when a card is written",
  "vpn-auth": "secrets do not belong here; use vpn-auth-file with a file of your own",
  "with-node-id": "it would change the node's name at every re-flash; leave it out",
};

const GROUPS = [
  { field: "serverConfig", kind: "server", known: K3S_SERVER_FLAGS, unknown: "unknown-server-flag" },
  { field: "agentConfig", kind: "agent", known: K3S_AGENT_FLAGS, unknown: "unknown-agent-flag" },
] as const;

function passThrough({ config }: RuleInput): readonly Finding[] {
  return GROUPS.flatMap(({ field, kind, known, unknown }) =>
    Object.keys(config.k3s[field]).flatMap((key) => {
      const flag = key.replace(/\+$/, "");
      const path = ["k3s", field, key];
      const instead = Object.hasOwn(MANAGED_FLAGS, flag) ? MANAGED_FLAGS[flag] : undefined;
      if (instead) {
        return [finding("managed-key", path, `"${key}" is managed by Quorate`, instead, { onKey: true })];
      }
      if (known.has(flag)) return [];
      const near = nearest(flag, [...known]);
      const elsewhere = kind === "agent" && K3S_SERVER_FLAGS.has(flag);
      return [
        finding(
          unknown,
          path,
          kind === "agent"
            ? `K3s agents know no flag ${show(flag)}, and an agent with an unknown key does not start`
            : `K3s servers know no flag ${show(flag)}; an unknown key is skipped without an error`,
          elsewhere
            ? "it is a flag of servers: move it to k3s.serverConfig"
            : near
              ? `did you mean "${near}"?`
              : `remove it, or look it up: k3s ${kind} --help`,
          { onKey: true },
        ),
      ];
    }),
  );
}

function ingressParts({ config }: RuleInput): readonly Finding[] {
  const findings: Finding[] = [];
  const at = (name: "traefik" | "servicelb") => ["k3s", "disable", config.k3s.disable.indexOf(name)];
  if (config.k3s.disable.includes("traefik")) {
    findings.push(
      finding(
        "traefik-disabled",
        at("traefik"),
        "whether Traefik runs is decided by ingress.kind",
        config.ingress.kind === "none"
          ? 'remove "traefik" from k3s.disable; ingress.kind none leaves it out already'
          : 'remove it here and write "ingress": { "kind": "none" }; the load balancers then forward the API only',
      ),
    );
  }
  if (config.ingress.kind === "traefik" && config.k3s.disable.includes("servicelb")) {
    findings.push(
      finding(
        "ingress-needs-servicelb",
        at("servicelb"),
        "Traefik is reached through servicelb: without it nothing answers on ports 80 and 443 of the nodes",
        'remove "servicelb" from k3s.disable, or write "ingress": { "kind": "none" }',
      ),
    );
  }
  return findings;
}

const CRON_FIELDS = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of the month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12 },
  { name: "day of the week", from: 0, to: 6 },
] as const;

/** Numbers, lists, ranges and steps of the standard five fields, as robfig/cron in K3s reads them. */
function cronProblem(schedule: string): string | undefined {
  const fields = schedule.split(/ +/);
  if (fields.length !== CRON_FIELDS.length) return `it has ${fields.length} fields, not five`;
  for (const [index, { name, from, to }] of CRON_FIELDS.entries()) {
    const text = fields[index] ?? "";
    const good = text.split(",").every((part) => {
      const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
      if (!match) return false;
      const [, low, high, step] = match.map((each) => (each === undefined ? undefined : Number(each)));
      return (
        (low === undefined || (low >= from && low <= to)) &&
        (high === undefined || (low !== undefined && high >= low && high <= to)) &&
        (step === undefined || step > 0)
      );
    });
    if (!good) return `"${text}" is no ${name} from ${from} to ${to}`;
  }
  return undefined;
}

function snapshotSchedule({ config }: RuleInput): readonly Finding[] {
  const { schedule } = config.k3s.snapshots;
  const problem = cronProblem(schedule);
  if (!problem) return [];
  return [
    finding(
      "cron-invalid",
      ["k3s", "snapshots", "schedule"],
      `k3s.snapshots.schedule must be a cron line, but ${problem}`,
      'write minute, hour, day, month, weekday, such as "0 */6 * * *" (every six hours)',
    ),
  ];
}

function snapshotsOffNode({ config, nodes }: RuleInput): readonly Finding[] {
  const servers = nodes.filter(({ node }) => node.role === "server").length;
  if (servers === 0) return [];
  const { retention } = config.k3s.snapshots;
  return [
    finding(
      "snapshots-stay-on-node",
      ["k3s", "snapshots"],
      `etcd snapshots stay on the servers' own disks (the newest ${retention} on each)`,
      "copy /var/lib/rancher/k3s/server/db/snapshots off the machines now and then",
    ),
  ];
}

function pinnedScript({ config }: RuleInput): readonly Finding[] {
  const { installScript, installScriptSha256 } = config.k3s.artifacts;
  if (!installScript.startsWith("http://") || installScriptSha256 !== undefined) return [];
  return [
    finding(
      "install-script-unpinned",
      ["k3s", "artifacts", "installScript"],
      "the install script comes over plain http and runs as root; anybody on the way can change it",
      'pin it: "installScriptSha256": what `sha256sum install.sh` prints',
    ),
  ];
}

function verifiedMirror({ config }: RuleInput): readonly Finding[] {
  if (!config.k3s.artifacts.mirror.startsWith("http://")) return [];
  return [
    finding(
      "mirror-unverified",
      ["k3s", "artifacts", "mirror"],
      "K3s comes over plain http, and its checksums from the same place: anybody on the way can change both",
      "serve the mirror over https, or make sure that only your machines are on that network",
    ),
  ];
}

export const K3S_RULES: readonly Rule[] = [
  { needs: ["k3s"], run: passThrough },
  { needs: ["k3s", "ingress"], run: ingressParts },
  { needs: ["k3s"], run: snapshotSchedule },
  { needs: ["k3s", "nodes"], everyNode: true, run: snapshotsOffNode },
  { needs: ["k3s"], run: pinnedScript },
  { needs: ["k3s"], run: verifiedMirror },
];
