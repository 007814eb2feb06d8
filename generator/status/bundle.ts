// One text file for a bug report: what was asked of each machine, put together and redacted.
import type { RemoteResult } from "../apply/remote.ts";
import { printable } from "../config/printable.ts";
import { redact } from "../secrets/redact.ts";

/** The first line of every bundle: a file without it is not overwritten. */
export const BUNDLE_MARK =
  "# A bundle made by `npx quorate status --bundle`: secrets are taken out, names and addresses are not.";

/** How long a machine may take to send its journals, in milliseconds. */
export const BUNDLE_LIMIT_MS = 60_000;

const UNITS = ["quorate-node", "k3s", "k3s-agent", "haproxy", "keepalived", "cloud-init", "cloud-final"];
const JOURNAL_LINES = 300;

/** Changes nothing on the machine. redact() knows the form of journalctl's lines. */
export const BUNDLE_SCRIPT = `section() { printf '\\n--- %s\\n' "$*"; }
run() { section "$*"; timeout 10 "$@" 2>&1 </dev/null || printf '(ended with %s)\\n' "$?"; }
run uname -a
run cat /etc/os-release
run uptime
run free -m
run df -h
run ip -brief address
run timedatectl
run /usr/local/sbin/quorate-node status --json
run cloud-init status --long
for unit in ${UNITS.join(" ")}; do
  systemctl cat "$unit" >/dev/null 2>&1 || continue
  run systemctl status --no-pager --lines=0 "$unit"
  run journalctl --unit "$unit" --lines=${JOURNAL_LINES} --output=short-iso --no-pager
done
exit 0
`;

export interface BundleParts {
  /** Name and text, in order. */
  readonly sections: readonly (readonly [title: string, text: string])[];
  readonly machines: readonly (readonly [name: string, result: RemoteResult])[];
}

/** The whole text. Each section is redacted for itself, so that a broken one cannot take the others with it. */
export function bundleText(parts: BundleParts, secrets: readonly (string | Uint8Array)[]): string {
  const sections = [
    ...parts.sections,
    ...parts.machines.map(([name, result]) => [`machine ${name}`, machineText(result)] as const),
  ];
  const texts = sections.map(([title, text]) => `\n===== ${title}\n${safe(redact(text, secrets))}\n`);
  return `${BUNDLE_MARK}\n${texts.join("")}`;
}

function machineText(result: RemoteResult): string {
  if (!result.finished) return `no answer (${result.message})`;
  return `${result.stdout}${result.stderr === "" ? "" : `\n--- standard error\n${result.stderr}`}`;
}

/** Line by line as it is safe on a terminal. */
function safe(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split("\t").map(printable).join("\t").trimEnd())
    .join("\n")
    .trimEnd();
}
