// What some HAProxy from 2.4 to 3.4 rejects or warns about, as data: a config that keeps these rules starts on all of them.
import type { Section } from "./haproxy-config.ts";

/** The long-term versions of the range, each of which the table was tried with. */
export const VERSIONS = ["2.4", "2.6", "2.8", "3.0", "3.2", "3.4"] as const;
type Version = (typeof VERSIONS)[number];

export interface Rule {
  readonly name: string;
  /** The first and the last of VERSIONS that refuse it under `-dW`, which makes warnings fatal. */
  readonly from: Version;
  readonly to: Version;
  /** What offends, each by a line or a name. */
  readonly offences: (sections: readonly Section[]) => readonly string[];
  /** A config that breaks this rule and no other. */
  readonly example: string;
}

interface Parts {
  readonly global?: string;
  readonly defaults?: string;
  readonly frontend?: string;
  readonly backend?: string;
}

/** A small config that every version takes, with something added to its sections. */
export function smallConfig({
  global = "",
  defaults = "timeout client 1s",
  frontend = "",
  backend = "",
}: Parts): string {
  return [
    ["global", "maxconn 100", global],
    ["defaults", "mode tcp", "timeout connect 1s", "timeout server 1s", defaults],
    ["frontend fe", "bind 127.0.0.1:1", "default_backend be", frontend],
    ["backend be", "server a 127.0.0.1:2", backend],
  ]
    .map(([head, ...lines]) => [head, ...lines.filter(Boolean).map((line) => `    ${line}`), ""].join("\n"))
    .join("\n");
}

const everyVersion = { from: "2.4", to: "3.4" } as const;
const only24 = { from: "2.4", to: "2.4" } as const;
const before30 = { from: "2.4", to: "2.8" } as const;

export const RULES: readonly Rule[] = [
  line(/^nbproc\b/, { from: "2.6", to: "3.4" }, { global: "nbproc 1" }),
  line(/^stats\s+bind-process\b/, { from: "2.8", to: "3.4" }, { global: "stats bind-process all" }),
  line(/^bind-process\b/, { from: "2.6", to: "3.4" }, { frontend: "bind-process all" }),
  line(/^bind\s.*\sprocess\s/, { from: "2.6", to: "3.4" }, { frontend: "bind 127.0.0.1:3 process all" }),
  line(/^option\s+httpchk\b.*\\n/, everyVersion, { backend: "option httpchk GET / HTTP/1.0\\r\\nHost:\\ a" }),
  line(/^fd-hard-limit\b/, only24, { global: "fd-hard-limit 100000" }),
  line(/^close-spread-time\b/, only24, { global: "close-spread-time 1s" }),
  line(/^grace\b/, only24, { global: "grace 1s" }),
  line(/^bind\s.*\sshards\s/, only24, { frontend: "bind 127.0.0.1:3 shards 2" }),
  line(/\bca-file\s+@system-ca\b/, only24, {
    backend: "server b 127.0.0.1:5 ssl verify required ca-file @system-ca",
  }),
  line(/^option\s+idle-close-on-response\b/, everyVersion, { frontend: "option idle-close-on-response" }),
  line(
    /^tune\.listener\.default-shards\b/,
    { from: "2.4", to: "2.6" },
    {
      global: "tune.listener.default-shards by-thread",
    },
  ),
  line(/^thread-hard-limit\b/, before30, { global: "thread-hard-limit 8" }),
  line(/^expose-deprecated-directives\b/, before30, { global: "expose-deprecated-directives" }),
  line(/^harden\./, before30, { global: "harden.reject-privileged-ports.tcp on" }),
  // Known from 3.0 on, where a file that is not there yet is a warning.
  line(/^stats-file\b/, everyVersion, { global: "stats-file /nowhere/stats" }),
  line(
    /^(default-)?server\s.*\sinit-state\s/,
    { from: "2.4", to: "3.0" },
    {
      backend: "server b 127.0.0.1:5 check init-state down",
    },
  ),
  line(
    /^(default-)?server\s.*\sno-check-sni-auto\b/,
    { from: "2.4", to: "3.2" },
    {
      backend: "server b 127.0.0.1:5 check check-ssl verify none no-check-sni-auto",
    },
  ),
  line(/^master-worker\b/, { from: "3.4", to: "3.4" }, { global: "master-worker" }),
  line(/^dispatch\b/, { from: "3.4", to: "3.4" }, { backend: "dispatch 127.0.0.1:4" }),
  line(/^option\s+transparent\b/, { from: "3.4", to: "3.4" }, { backend: "option transparent" }),
  line(/^no\s+option\s+(tcp|http)log\b/, everyVersion, { frontend: "no option tcplog" }),
  {
    name: "a frontend and a backend of one name",
    from: "3.2",
    to: "3.4",
    example: smallConfig({}).replaceAll(/\b(fe|be)$/gm, "same"),
    offences: (sections) => {
      const names = sections.filter(isProxy).map(({ name }) => name);
      return names.filter((name, index) => names.indexOf(name) !== index);
    },
  },
  proxy(
    "an option for HTTP in TCP mode",
    { global: "log 127.0.0.1 local0", frontend: "log global\n    option httplog" },
    ({ effective }) =>
      effective.includes("mode tcp")
        ? effective.filter((text) => /^option\s+(httplog|forwardfor)\b/.test(text))
        : [],
  ),
  proxy("a log format without a log", { frontend: "option tcplog" }, ({ effective }) =>
    effective.some((text) => /^log\s/.test(text))
      ? []
      : effective.filter((text) => /^option\s+(tcp|http)log\b/.test(text)),
  ),
  proxy(
    "TLS to a server whose certificate is neither checked nor left unchecked by name",
    { backend: "server b 127.0.0.1:5 check check-ssl" },
    ({ effective }) => {
      const inherited = effective.filter((text) => text.startsWith("default-server ")).join(" ");
      const servers = effective.filter((text) => text.startsWith("server "));
      return servers.filter((text) => {
        const options = `${inherited} ${text}`;
        return /\s(check-)?ssl\b/.test(options) && !/\s(verify none|ca-file)\b/.test(options);
      });
    },
  ),
  proxy("a proxy without its time limits", { defaults: "timeout queue 1s" }, ({ kind, name, effective }) => {
    const needed = [
      ...(kind === "backend" ? [] : ["client"]),
      ...(kind === "frontend" ? [] : ["connect", "server"]),
    ];
    const missing = needed.filter((side) => !effective.some((text) => text.startsWith(`timeout ${side} `)));
    return missing.map((side) => `${name}: timeout ${side}`);
  }),
];

/** No such line in any section. */
function line(pattern: RegExp, versions: Pick<Rule, "from" | "to">, bad: Parts): Rule {
  return {
    ...versions,
    name: String(pattern),
    example: smallConfig(bad),
    offences: (sections) => sections.flatMap(({ lines }) => lines.filter((text) => pattern.test(text))),
  };
}

/** On every version: nothing of the kind in any frontend, backend or listen section. */
function proxy(name: string, bad: Parts, offences: (section: Section) => readonly string[]): Rule {
  return {
    ...everyVersion,
    name,
    example: smallConfig(bad),
    offences: (sections) => sections.filter(isProxy).flatMap(offences),
  };
}

function isProxy({ kind }: Section): boolean {
  return kind !== "global" && kind !== "defaults";
}
