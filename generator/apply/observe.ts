// Asks a machine what it has: one read-only script, told what is expected, that prints only what differs.
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import { deriveSecret } from "../secrets/derive.ts";
import { type Cluster, type Node } from "../model/cluster.ts";
import { type NodeFile, publicText, type SecretRef } from "../model/files.ts";
import { actionOfWord } from "../plan/desired.ts";
import type { ObservedFile, ObservedMachine } from "../plan/observed.ts";
import { createHash } from "node:crypto";
import { NODE_PATHS } from "../render/node-paths.ts";
import { parseNodeStatus } from "../status/node-status.ts";
import type { Remote } from "./remote.ts";

const LIMIT_MS = 20_000;
/** A longer file of ours does not exist; it is told, not sent. */
const LONGEST = 512 * 1024;

// Standard input: `MODE SHA256 PATH` for each file that should be there. It writes nothing.
const SCRIPT = `wanted=$(cat)
show() {
  if [ "$(stat -c %s "$1")" -le ${LONGEST} ]; then base64 -w 0 <"$1"; else printf -- -; fi
}
printf '%s\\n' "$wanted" | while read -r mode sum path; do
  if [ ! -f "$path" ]; then printf 'missing %s\\n' "$path"; continue; fi
  is=0$(stat -c %a "$path") have=$(sha256sum <"$path")
  if [ "\${have%% *}" != "$sum" ]; then printf 'different %s %s %s\\n' "$is" "$(show "$path")" "$path"
  elif [ "$is" != "$mode" ]; then printf 'mode %s %s\\n' "$is" "$path"; fi
done
while read -r mode action path; do
  case $path in /*) ;; *) continue ;; esac
  printf '%s\\n' "$wanted" | grep -q " $path\\$" && continue
  [ ! -f "$path" ] || printf 'stale %s %s %s\\n' "$action" "$(show "$path")" "$path"
done <${NODE_PATHS.fileList}
printf 'status %s\\n' "$(${NODE_PATHS.program} status --json | base64 -w 0)"
echo end
`;

/** What is observed of one machine. `files` are all that it should have. Never rejects for what a machine does. */
export async function observe(
  remote: Remote,
  cluster: Cluster,
  node: Node,
  files: readonly NodeFile[],
  root: Uint8Array,
): Promise<ObservedMachine> {
  const reveal = (ref: SecretRef) => deriveSecret(root, ref);
  const input = files
    .map((file) => {
      const text = file.content.map((part) => (typeof part === "string" ? part : reveal(part))).join("");
      return `${file.mode} ${createHash("sha256").update(text).digest("hex")} ${file.path}\n`;
    })
    .join("");
  const unknown = { name: node.name, files: null, voter: false, vip: false, ready: false };
  const result = await remote.run(node.name, SCRIPT, { limit: LIMIT_MS, input });
  if (!result.finished) return { ...unknown, problem: { message: result.message, next: result.next } };
  const look = `look at it: npx quorate ssh ${node.name}`;
  const lines = result.stdout.split("\n");
  if (result.exit !== 0 || lines.at(-2) !== "end")
    return { ...unknown, problem: { message: "it did not answer to the end", next: look } };
  const hide = hiding(cluster, files, reveal);
  const seen = lines.flatMap((line) => observedFile(line, hide) ?? []);
  const status = lines.flatMap((line) => /^status (\S*)$/.exec(line)?.[1] ?? [])[0] ?? "";
  const answer = parseNodeStatus(decode(status), node.name, cluster.name);
  return {
    name: node.name,
    files: seen,
    problem: null,
    voter: answer.ok && answer.status.voter,
    vip: answer.ok && answer.status.vip,
    ready: answer.ok && answer.status.state === "ready",
  };
}

function observedFile(line: string, hide: (text: string) => string): ObservedFile | null {
  const [, kind = "", rest = ""] = /^(missing|mode|different|stale) (.*)$/.exec(line) ?? [];
  const [first = "", second = "", ...more] = rest.split(" ");
  switch (kind) {
    case "missing":
      return { path: rest, is: "missing" };
    case "mode":
      return { path: [second, ...more].join(" "), is: "mode", mode: first };
    case "different":
      return { path: more.join(" "), is: "different", mode: first, text: shown(second, hide) };
    case "stale":
      return { path: more.join(" "), is: "stale", action: actionOfWord(first), text: shown(second, hide) };
    default:
      return null;
  }
}

function shown(base64: string, hide: (text: string) => string): string | null {
  if (base64 === "-") return null;
  const text = decode(base64);
  if (text.includes("\u0000")) return null;
  // A person will read it, also where somebody else has written it.
  return hide(text)
    .split("\n")
    .map((line) => printable(maskSecrets(line)))
    .join("\n");
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** Puts the names of the secrets of these files, of every generation so far, in the places of their values. */
function hiding(
  { generations }: Cluster,
  files: readonly NodeFile[],
  reveal: (ref: SecretRef) => string,
): (text: string) => string {
  const refs = files.flatMap(({ content }) =>
    content.flatMap((part) => (typeof part === "string" ? [] : [part.secret])),
  );
  const newest = Math.max(...Object.values(generations));
  const known = [...new Set(refs)].flatMap((secret) =>
    Array.from({ length: newest }, (_, index) => ({ secret, generation: index + 1 })),
  );
  const pairs = known.map((ref) => [reveal(ref), publicText([ref])] as const);
  return (text) => pairs.reduce((all, [value, name]) => all.replaceAll(value, name), text);
}
