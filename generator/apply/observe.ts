// Asks a machine what it has: one read-only script, told what is expected, that prints only what differs.
import { revealOn } from "../cards/reveal.ts";
import { concealed, presentable } from "../config/presentable.ts";
import { type Cluster, type Node } from "../model/cluster.ts";
import { type NodeFile, publicText, type SecretRef } from "../model/files.ts";
import type { ClusterRecord } from "../model/record.ts";
import { textSum } from "../plan/cause.ts";
import { actionOfWord } from "../plan/desired.ts";
import type { ObservedFile, ObservedMachine } from "../plan/observed.ts";
import { K3S_PATHS } from "../render/k3s.ts";
import { digestOf } from "../render/node-program.ts";
import { ARMED, CORDONED, NODE_PATHS } from "../render/node-paths.ts";
import { deriveSecret } from "../secrets/derive.ts";
import { NOTHING_THERE } from "../status/ask.ts";
import { parseNodeStatus, type StatusAnswer } from "../status/node-status.ts";
import type { Remote } from "./remote.ts";

const LIMIT_MS = 20_000;
const INCOMING = "/var/lib/quorate/incoming /var/lib/quorate/incoming.next";
/** Where systemd keeps the units that somebody made by hand: a drain that a load balancer is to end by itself is one of ours. */
const DRAINS = "/run/systemd/transient/quorate-undrain-*.service";
/** A longer file of ours does not exist; it is told, not sent. */
const LONGEST = 512 * 1024;

// Standard input: `MODE SHA256[,SHA256] PATH` for each file that should be there, with one of these sums. It writes nothing.
const SCRIPT = `wanted=$(cat)
show() {
  if [ "$(stat -c %s "$1")" -le ${LONGEST} ]; then base64 -w 0 <"$1"; else printf -- -; fi
}
there=$({ printf '%s\\n' "$wanted" | cut -d' ' -f3; awk '$3 ~ /^\\// { print $3 }' ${NODE_PATHS.fileList}; } 2>/dev/null | sort -u)
# A few programs for all files: on a small machine each start of one counts.
{
  printf '%s\\n' "$wanted" | sed 's/^/wanted /'
  sed 's/^/listed /' ${NODE_PATHS.fileList}
  printf '%s\\n' "$there" | xargs sha256sum | sed 's/^/sum /'
  printf '%s\\n' "$there" | xargs stat -c 'mode 0%a %n'
} 2>/dev/null | awk '
  $1 == "wanted" { mode[$4] = $2; sums[$4] = "," $3 ","; order[++all] = $4 }
  $1 == "listed" && $4 ~ /^\\// { action[$4] = $3; list[++own] = $4 }
  $1 == "sum" { sum[$3] = $2 }
  $1 == "mode" { is[$3] = $2 }
  END {
    for (at = 1; at <= all; at++) {
      path = order[at]
      if (!(path in sum)) print "missing", "-", path
      else if (!index(sums[path], "," sum[path] ",")) print "different", is[path], path
      else if (is[path] != mode[path]) print "mode", is[path], path
    }
    for (at = 1; at <= own; at++) if (!(list[at] in mode) && list[at] in sum) print "stale", action[list[at]], list[at]
  }' | while read -r kind what path; do
  case $kind in
    missing) printf 'missing %s\\n' "$path" ;;
    mode) printf 'mode %s %s\\n' "$what" "$path" ;;
    *) printf '%s %s %s %s\\n' "$kind" "$what" "$(show "$path")" "$path" ;;
  esac
done
printf 'status %s\\n' "$(${NODE_PATHS.program} status --json | base64 -w 0)"
for place in ${INCOMING}; do [ ! -d "$place" ] || echo pending; done
[ ! -e ${ARMED} ] || echo unconfirmed
[ ! -e ${CORDONED} ] || echo cordoned
for unit in ${DRAINS}; do [ ! -e "$unit" ] || printf 'drains %s\\n' "$unit"; done
echo end
`;

/**
 * What is observed of one machine. `files` are all that it should have. Where a cluster is recorded, the token by which it
 * joined may name that cluster, as a later card has it, or not. Never rejects for what a machine does.
 */
export async function observe(
  remote: Remote,
  cluster: Cluster,
  node: Node,
  files: readonly NodeFile[],
  root: Uint8Array,
  record: ClusterRecord | null = null,
): Promise<ObservedMachine> {
  const plain = (ref: SecretRef) => deriveSecret(root, ref);
  const forms = record ? [plain, revealOn(node, root, record)] : [plain];
  const input = files.map((file) => `${file.mode} ${sumsOf(file, forms)} ${file.path}\n`).join("");
  const unknown = { name: node.name, files: null, ...NOBODY_KNOWS };
  const result = await remote.run(node.name, SCRIPT, { limit: LIMIT_MS, input });
  if (!result.finished) return { ...unknown, problem: { message: result.message, next: result.next } };
  const look = `look at it: npx quorate ssh ${node.name}`;
  const lines = result.stdout.split("\n");
  if (result.exit !== 0 || lines.at(-2) !== "end")
    return { ...unknown, problem: { message: "it did not answer to the end", next: look } };
  if (files.every(({ path }) => lines.includes(`missing ${path}`)))
    return { ...unknown, problem: { message: NOTHING_THERE, next: `npx quorate card ${node.name}` } };
  const hide = hiding(cluster, files, forms);
  const shown = showing(files, hide);
  const seen = lines.flatMap((line) => observedFile(line, shown) ?? []);
  const status = lines.flatMap((line) => /^status (\S*)$/.exec(line)?.[1] ?? [])[0] ?? "";
  const answer = parseNodeStatus(decode(status), node.name, cluster.name);
  const pending = lines.includes("pending");
  return {
    name: node.name,
    files: seen,
    problem: null,
    k3s: answer.ok ? answer.status.k3s : "",
    voter: answer.ok && answer.status.voter,
    vip: answer.ok && answer.status.vip,
    ready: answer.ok && answer.status.state === "ready",
    unfinished: unfinished(answer, pending, seen.length > 0 ? null : digestOf(files)),
    unconfirmed: lines.includes("unconfirmed"),
    cordoned: lines.includes("cordoned"),
    drains: lines.flatMap((line) => /^drains .*\/quorate-undrain-(\S+)\.service$/.exec(line)?.[1] ?? []),
  };
}

/** Of a machine that says nothing of itself. */
export const NOBODY_KNOWS = {
  k3s: "",
  voter: false,
  vip: false,
  ready: false,
  unfinished: null,
  unconfirmed: false,
  cordoned: false,
  drains: [],
};

/** Why what is there is not in force, or does not work. `digest`: of what should be in force; null: it has not come yet. */
function unfinished(answer: StatusAnswer, pending: boolean, digest: string | null): string | null {
  if (!answer.ok) return answer.message;
  const { state, step, waitingFor, error, applied } = answer.status;
  if (state !== "ready") return [state, step, waitingFor, error].filter((text) => text !== "").join(": ");
  if (pending) return "it has not taken what was sent last";
  return digest === null || applied === digest ? null : "what it has is not in force yet";
}

/** The sums that a file may have, one for each form of the secrets in it that differs. */
function sumsOf({ content }: NodeFile, forms: readonly Reveal[]): string {
  const texts = forms.map((reveal) =>
    content.map((part) => (typeof part === "string" ? part : reveal(part))).join(""),
  );
  return [...new Set(texts)].map(textSum).join(",");
}

type Reveal = (ref: SecretRef) => string;

function observedFile(line: string, shown: Show): ObservedFile | null {
  const [, kind = "", rest = ""] = /^(missing|mode|different|stale) (.*)$/.exec(line) ?? [];
  const [first = "", second = "", ...more] = rest.split(" ");
  const path = more.join(" ");
  switch (kind) {
    case "missing":
      return { path: rest, is: "missing" };
    case "mode":
      return { path: [second, ...more].join(" "), is: "mode", mode: first };
    case "different":
      return { path, is: "different", mode: first, ...shown(path, second) };
    case "stale":
      return { path, is: "stale", action: actionOfWord(first), ...shown(path, second) };
    default:
      return null;
  }
}

type Show = (path: string, base64: string) => { readonly text: string | null; readonly sum?: string };

/** Their going or another text in their place is shown; what that text is may be a secret of somebody else. */
const SECRETS: readonly string[] = [
  NODE_PATHS.hostKey,
  NODE_PATHS.peerKey,
  K3S_PATHS.serverToken,
  K3S_PATHS.agentToken,
  K3S_PATHS.nodePassword,
];

/** From what a machine sent of a file to what people may see of it. */
function showing(files: readonly NodeFile[], hide: (text: string) => string): Show {
  const wanted = new Map(files.map(({ path, content }) => [path as string, publicText(content)]));
  return (path, base64) => {
    if (base64 === "-") return { text: null };
    const text = hide(decode(base64));
    const sum = textSum(text);
    if (text.includes("\u0000")) return { text: null, sum };
    const present = SECRETS.includes(path) ? concealed : presentable;
    return { text: present(text, wanted.get(path)), sum };
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** Puts the names of the secrets of these files, of every generation so far, in the places of their values. */
function hiding(
  { generations }: Cluster,
  files: readonly NodeFile[],
  forms: readonly Reveal[],
): (text: string) => string {
  const refs = files.flatMap(({ content }) =>
    content.flatMap((part) => (typeof part === "string" ? [] : [part.secret])),
  );
  const newest = Math.max(...Object.values(generations));
  const known = [...new Set(refs)].flatMap((secret) =>
    Array.from({ length: newest }, (_, index) => ({ secret, generation: index + 1 })),
  );
  // The longer form first: it holds the shorter one.
  const pairs = forms
    .toReversed()
    .flatMap((reveal) => known.map((ref) => [reveal(ref), publicText([ref])] as const));
  return (text) => pairs.reduce((all, [value, name]) => all.replaceAll(value, name), text);
}
