// One table of the string formats that the schema names: the test, what must hold, what to do.
import ipaddr from "ipaddr.js";
import type { Code } from "./finding.ts";

export interface Format {
  readonly code: Code;
  readonly test: (value: string) => boolean;
  /** "must be …", without the value. */
  readonly must: string;
  readonly hint: (value: string) => string;
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A literal IPv4 address in four decimal parts without leading zeros. */
export function isIpv4(value: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(value) && ipaddr.IPv4.parse(value).toString() === value;
}

/** An RFC 1123 name that is not an address: `k3s.home.arpa`. */
function isDnsName(value: string): boolean {
  return (
    value.length <= 253 && value.split(".").every((part) => LABEL.test(part)) && !/^[0-9.]+$/.test(value)
  );
}

function isCidr(value: string): boolean {
  const [address, prefix, ...rest] = value.split("/");
  if (address === undefined || prefix === undefined || rest.length > 0) return false;
  return isIpv4(address) && /^(3[0-2]|[12]?\d)$/.test(prefix);
}

function withoutLeadingZeros(value: string): string | undefined {
  const [address = "", prefix] = value.split("/");
  if (!/^\d{1,4}(\.\d{1,4}){3}$/.test(address)) return undefined;
  const plain = address.split(".").map(Number).join(".");
  if (plain === address || !isIpv4(plain)) return undefined;
  return prefix === undefined ? plain : `${plain}/${Number(prefix)}`;
}

function asLabel(value: string): string {
  const plain = value
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return LABEL.test(plain) ? plain : "server-1";
}

const decimalHint = (value: string, example: string) => {
  const plain = withoutLeadingZeros(value);
  if (plain) return `write "${plain}"; a leading zero means octal to some programs`;
  if (value.includes(":")) return "write the machine's IPv4 address; IPv6 is not supported yet";
  return `write four numbers from 0 to 255, such as "${example}"`;
};

export const FORMATS: Readonly<Record<string, Format>> = {
  "ipv4-text": {
    code: "address-invalid",
    test: isIpv4,
    must: "must be an IPv4 address without leading zeros",
    hint: (value) => decimalHint(value, "192.168.1.11"),
  },
  "cidr-text": {
    code: "cidr-invalid",
    test: isCidr,
    must: "must be an IPv4 network in CIDR form",
    hint: (value) =>
      isIpv4(value) ? `add the prefix length, such as "${value}/24"` : decimalHint(value, "192.168.1.0/24"),
  },
  "rfc1123-label": {
    code: "name-invalid",
    test: (value) => LABEL.test(value),
    must: "must be lower-case letters, digits and dashes, start and end with a letter or digit, and have at most 63 characters (RFC 1123)",
    hint: (value) => `write "${asLabel(value)}"`,
  },
  "rfc1123-name": {
    code: "dns-name-invalid",
    test: isDnsName,
    must: "must be a DNS name in lower case",
    hint: (value) =>
      isIpv4(value)
        ? "an address belongs into cluster.vip or k3s.tlsSans; leave dnsName out if there is no name"
        : 'write a name such as "k3s.home.arpa", or leave it out',
  },
  "host-text": {
    code: "dns-name-invalid",
    test: (value) => isIpv4(value) || isDnsName(value),
    must: "must be a DNS name in lower case or an IPv4 address",
    hint: () => 'write only the host, such as "api.example.org", without https:// and without a port',
  },
  "mac-text": {
    code: "mac-invalid",
    // An odd first pair is a group address, which no network card has.
    test: (value) => /^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/.test(value) && !/^[0:]+$/.test(value),
    must: "must be a network card's address, six pairs of hex digits with colons",
    hint: () => 'write it as "52:54:00:12:34:56"; `ip link` shows it',
  },
  "interface-name": {
    code: "interface-invalid",
    test: (value) => /^[a-z][a-z0-9_.-]{0,14}$/i.test(value),
    must: "must be the kernel name of a network interface, at most 15 characters",
    hint: () => 'write a name such as "eth0" or "end0"; `ip link` shows it',
  },
  "linux-user": {
    code: "user-invalid",
    test: (value) => /^[a-z_][a-z0-9_-]{0,31}$/.test(value) && !RESERVED_USERS.has(value),
    must: "must be a login of lower-case letters, digits, - and _, and not one of the system's own",
    hint: () => 'write a name such as "ops"',
  },
  "k3s-version": {
    code: "k3s-version",
    test: (value) => /^v1\.\d{1,3}\.\d{1,3}\+k3s\d{1,2}$/.test(value),
    must: "must be an exact K3s release",
    hint: (value) => {
      if (/^(stable|latest|testing|v1\.\d+)$/.test(value)) {
        return `"${value}" is a channel, which moves: machines installed on different days would differ; write a release such as "v1.36.4+k3s1"`;
      }
      return 'write it with v and +k3s, such as "v1.36.4+k3s1"';
    },
  },
  "http-url": {
    code: "url-invalid",
    test: isPlainHttpUrl,
    must: "must be an http or https URL without user, password, query or spaces",
    hint: () => 'write it as "https://host/path"',
  },
  "sha256-hex": {
    code: "sha256-invalid",
    test: (value) => /^[0-9a-f]{64}$/.test(value),
    must: "must be a SHA-256 of 64 lower-case hex digits",
    hint: () => "take it from the release page, or from `sha256sum FILE`",
  },
  "git-branch": {
    code: "branch-invalid",
    test: isStateBranch,
    must: "must be the name of a git branch, of letters, digits, dots, dashes, underscores and slashes, and not the branch of the config",
    hint: (value) =>
      HOLDS_THE_CONFIG.has(value)
        ? "leave it out: out/ and the record then stay on the branch of the config"
        : 'write a name such as "state"',
  },
};

/** Names that a repository's first branch has, and HEAD, which is no branch: a branch that holds only out/ would replace the config. */
const HOLDS_THE_CONFIG: ReadonlySet<string> = new Set(["main", "master", "HEAD"]);

/**
 * A name that git takes (git-check-ref-format(1)) and GitHub too, which refuses what looks like a commit. Of fewer characters
 * than git allows: it stands in commands and URLs.
 */
function isStateBranch(value: string): boolean {
  const parts = value.split("/");
  return (
    value.length <= 100 &&
    !HOLDS_THE_CONFIG.has(value) &&
    !value.includes("..") &&
    !/^(refs\/|-)|^[0-9a-fA-F]{40}$|\.$/.test(value) &&
    parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part) && !part.endsWith(".lock"))
  );
}

// Logins that exist on the images or that sshd and sudo treat specially.
const RESERVED_USERS: ReadonlySet<string> = new Set([
  ..."root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody".split(" "),
  ..."sshd messagebus haproxy keepalived_script systemd-network systemd-resolve _apt sudo admin".split(" "),
]);

// No character that a shell, YAML or systemd could read as more than text: the URL goes into a root shell's environment.
function isPlainHttpUrl(value: string): boolean {
  if (value.length > 2048) return false;
  if (!/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~%+/-]*)?$/.test(value)) return false;
  return URL.canParse(value);
}
