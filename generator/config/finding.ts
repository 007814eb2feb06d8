// The vocabulary of everything Quorate can find wrong with a config: codes are data, sentences are made where the rule is.

export type Severity = "error" | "warning" | "info";

/** What people read for a severity. */
export const SEVERITY_LABELS = { error: "error", warning: "warning", info: "note" } as const satisfies Record<
  Severity,
  string
>;

/** Every code with its severity. Errors stop everything; warnings and infos never block. */
export const CODES = {
  // the file itself
  "config-missing": "error",
  "config-directory": "error",
  "config-unreadable": "error",
  "config-empty": "error",
  "config-too-large": "error",
  "config-encoding": "error",
  "config-bom": "error",
  "json-syntax": "error",
  "json-depth": "error",
  "json-duplicate-key": "error",
  // the shape
  "unknown-key": "error",
  "missing-key": "error",
  "wrong-type": "error",
  "wrong-value": "error",
  "wrong-length": "error",
  // text
  "control-character": "error",
  "unsafe-text": "error",
  "secret-in-config": "error",
  // names and addresses
  "name-invalid": "error",
  "name-duplicate": "error",
  "name-reserved": "error",
  "address-invalid": "error",
  "address-duplicate": "error",
  "address-outside-subnet": "error",
  "address-not-usable": "error",
  "mac-invalid": "error",
  "mac-duplicate": "error",
  "interface-invalid": "error",
  "interface-missing": "error",
  "cidr-invalid": "error",
  "cidr-host-bits": "error",
  "cidr-overlap": "error",
  "cidr-too-small": "error",
  "dns-name-invalid": "error",
  "user-invalid": "error",
  "ssh-key-invalid": "error",
  "ssh-key-duplicate": "error",
  // topology
  "no-server": "error",
  "server-count-even": "error",
  "vip-missing": "error",
  "vip-without-load-balancer": "error",
  "ingress-unplaced": "error",
  "ingress-needs-servicelb": "error",
  "agent-field-on-load-balancer": "error",
  "label-invalid": "error",
  "label-reserved": "error",
  "taint-invalid": "error",
  "taint-duplicate": "error",
  // K3s and the load balancer
  "k3s-version": "error",
  "cron-invalid": "error",
  "managed-key": "error",
  "unknown-agent-flag": "error",
  "traefik-disabled": "error",
  "port-conflict": "error",
  "url-invalid": "error",
  "sha256-invalid": "error",
  // the pipeline
  "branch-invalid": "error",
  // said, never in the way
  "unknown-server-flag": "warning",
  "single-server": "warning",
  "no-load-balancer": "warning",
  "single-load-balancer": "warning",
  "server-on-sd": "warning",
  "sample-ssh-key": "warning",
  "install-script-unpinned": "warning",
  "mirror-unverified": "warning",
  "sample-addresses": "info",
  "snapshots-stay-on-node": "info",
} as const satisfies Record<string, Severity>;

export type Code = keyof typeof CODES;

/** Where a finding points: a JSON path, e.g. `["nodes", 1, "address"]`. Empty means the document. */
export type Path = readonly (string | number)[];

/** A stretch of the source text, in UTF-16 code units as JavaScript counts them. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface Finding {
  readonly code: Code;
  readonly severity: Severity;
  readonly path: Path;
  /** Underline the key instead of the value. */
  readonly onKey?: boolean;
  /** Exact place in the text, where there is no path to it (syntax errors). */
  readonly span?: Span;
  /** Lower case, no full stop: what must hold, and the value seen in quotes. */
  readonly message: string;
  /** The exact next action. */
  readonly hint: string;
}

/** Makes a finding; the severity follows from the code. */
export function finding(
  code: Code,
  path: Path,
  message: string,
  hint: string,
  place: Pick<Finding, "onKey" | "span"> = {},
): Finding {
  return { code, severity: CODES[code], path, message, hint, ...place };
}

/** `nodes[1].address`, the way people write a path; the document itself is `$`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return "$";
  return path
    .map((full, index) => {
      const step = typeof full === "string" && full.length > 100 ? `${full.slice(0, 100)}…` : full;
      if (typeof step === "number") return `[${step}]`;
      if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** True where nothing may be written. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((each) => each.severity === "error");
}
