// Asks a machine what drift wants to know: one script that only tells, and says nothing that could hold a secret.
import { presentable } from "../config/presentable.ts";
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import { MANIFESTS, type Questions } from "../drift/questions.ts";
import type { Asked, SeenCluster, SeenCopy, SeenFile, SeenMachine, SeenUnit } from "../drift/seen.ts";
import { API_PORT_ON_SERVERS } from "../model/cluster.ts";
import { textSum } from "../plan/cause.ts";
import type { RecordedFiles } from "../plan/recorded.ts";
import { CORDONED, NODE_PATHS } from "../render/node-paths.ts";
import { parseNodeStatus } from "../status/node-status.ts";
import { parseBackends } from "./backends.ts";
import { parseMembers, parseNodes, uidOf } from "./cluster-answers.ts";
import type { Remote } from "./remote.ts";

/** A Pi needs a second for each question to Kubernetes. */
const LIMIT_MS = 90_000;
/** A longer file of ours does not exist; it is told, not sent. */
const LONGEST = 512 * 1024;
const API = `https://127.0.0.1:${API_PORT_ON_SERVERS}`;
const CURL = "curl -sk --noproxy '*' --max-time 10";
const K3S = "/usr/local/bin/k3s";

// Standard input: a question a line, its kind first. A link is not followed: what it leads to may hold a secret.
const SCRIPT = `wanted=$(cat)
files=${NODE_PATHS.fileList} given=${NODE_PATHS.given}
of() { printf '%s\\n' "$wanted" | sed -n "s/^$1 //p"; }
digest=$(sed -n 's/^digest //p' "$files")
printf 'digest %s\\n' "$digest"
[ "$digest" = "$(of digest)" ] || wanted=$(printf '%s\\n' "$wanted" | grep -v '^open ')
sum_of() { of open | awk -v path="$1" '$2 == path { print $1 }'; }
show() {
  if [ -n "$(sum_of "$2")" ] && [ ! -L "$1" ] && [ "$(stat -c %s "$1")" -le ${LONGEST} ]; then base64 -w 0 <"$1"; else printf -- -; fi
}
{
  cat "$given"
  awk '$3 ~ /^\\// { print $1, "-", $3 }' "$files"
  of open | awk '{ print "-", "-", $2 }'
} | awk '$3 ~ /^\\// && !told[$3]++' | while read -r mode sum path; do
  if [ -L "$path" ]; then printf 'file linked - - - %s\\n' "$path"; continue; fi
  if [ ! -f "$path" ]; then printf 'file missing - - - %s\\n' "$path"; continue; fi
  is=0$(stat -c %a "$path") have=$(sha256sum <"$path") right=$(sum_of "$path")
  have=\${have%% *}
  [ "$sum" != - ] || sum=\${right:--}
  if [ "$sum" = - ]; then printf 'file unknown %s %s - %s\\n' "$is" "$mode" "$path"
  elif [ "$have" != "$sum" ] || [ "$have" != "\${right:-$sum}" ]; then
    printf 'file changed %s %s %s %s\\n' "$is" "$mode" "$(show "$path" "$path")" "$path"
  elif [ "$mode" != - ] && [ "$is" != "$mode" ]; then printf 'file mode %s %s - %s\\n' "$is" "$mode" "$path"
  fi
done
login=$(of login)
home=$(getent passwd "$login" | cut -d: -f6)
copy() {
  place=$2
  case $place in "~$login/"*) place=$home/\${place#*/} ;; esac
  if [ ! -f "$1" ]; then printf 'copy unstaged - %s %s\\n' "$1" "$2"
  elif [ ! -f "$place" ]; then printf 'copy missing - %s %s\\n' "$1" "$2"
  elif ! cmp -s "$1" "$place"; then printf 'copy different %s %s %s\\n' "$(show "$place" "$1")" "$1" "$2"
  fi
}
of copy | while read -r staged live; do copy "$staged" "$live"; done
if [ -n "$(of cluster)" ]; then
  for staged in ${MANIFESTS.staged}/quorate-*.yaml; do
    [ ! -f "$staged" ] || copy "$staged" "${MANIFESTS.live}/\${staged##*/}"
  done
  for live in ${MANIFESTS.live}/quorate-*.yaml; do
    [ ! -f "$live" ] || [ -f "${MANIFESTS.staged}/\${live##*/}" ] || copy "${MANIFESTS.staged}/\${live##*/}" "$live"
  done
fi
of unit | while read -r unit; do
  printf 'unit %s %s\\n' "$unit" "$(systemctl show -p LoadState -p ActiveState -p UnitFileState "$unit" </dev/null | tr '\\n' ' ')"
done
for place in /var/lib/quorate/incoming /var/lib/quorate/incoming.next; do [ ! -d "$place" ] || echo pending; done
[ ! -e ${CORDONED} ] || echo cordoned
if [ -e /run/quorate/lease ]; then
  read -r until owner who </run/quorate/lease
  read -r now rest </proc/uptime
  [ "\${now%.*}" -ge "$until" ] || printf 'apply %s\\n' "$who"
fi
printf 'status %s\\n' "$(${NODE_PATHS.program} status --json </dev/null | base64 -w 0)"
[ -z "$(of k3s)" ] || printf 'k3s %s\\n' "$(timeout 10 ${K3S} --version </dev/null | head -n 1)"
[ -z "$(of balancer)" ] || ${NODE_PATHS.program} backends </dev/null | sed 's/^/backend /'
if [ -n "$(of cluster)" ]; then
  printf 'ca %s\\n' "$(${CURL} -f ${API}/cacerts | sha256sum | cut -d' ' -f1)"
  printf 'members %s\\n' "$(${CURL} -f ${API}/db/info | base64 -w 0)"
  printf 'namespace %s\\n' "$(timeout 15 ${K3S} kubectl get --raw /api/v1/namespaces/kube-system </dev/null | base64 -w 0)"
  printf 'nodes %s\\n' "$(timeout 20 ${K3S} kubectl get nodes -o json </dev/null | base64 -w 0)"
fi
echo end
`;

/** Never rejects for what a machine does. `cluster`: the name that it should give. */
export async function inspect(
  remote: Remote,
  { name, cluster, address }: { readonly name: string; readonly cluster: string; readonly address: string },
  questions: Questions,
  recorded: RecordedFiles | undefined,
): Promise<Asked> {
  const result = await remote.run(name, SCRIPT, { limit: LIMIT_MS, input: linesOf(questions) });
  if (!result.finished) {
    if (result.problem === "host-key") return { seen: null, problem: otherKey(name, address) };
    return { seen: null, problem: { message: result.message, next: result.next } };
  }
  const lines = result.stdout.split("\n");
  if (result.exit !== 0 || lines.at(-2) !== "end") {
    const next = `look at it: npx quorate ssh ${name}`;
    return { seen: null, problem: { message: "it did not answer to the end", next } };
  }
  return { seen: seenMachine(lines, name, cluster, questions, recorded), problem: null };
}

function otherKey(name: string, address: string) {
  return {
    message: `the machine at ${address} has another ssh host key than the recorded one of ${name}: it may be another machine`,
    next: `find out which machine has that address, and log in to it no more before that; if ${name} got a new card: npx quorate apply records its key`,
  };
}

function linesOf({ digest, login, open, copies, units, k3s, cluster, balancer }: Questions): string {
  const lines = [
    `digest ${digest}`,
    `login ${login}`,
    ...open.map(({ path, sum }) => `open ${sum} ${path}`),
    ...copies.map((copy) => `copy ${copy.join(" ")}`),
    ...units.map((unit) => `unit ${unit}`),
    ...(k3s ? ["k3s ?"] : []),
    ...(cluster ? ["cluster ?"] : []),
    ...(balancer ? ["balancer ?"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function seenMachine(
  lines: readonly string[],
  name: string,
  cluster: string,
  questions: Questions,
  recorded: RecordedFiles | undefined,
): SeenMachine {
  const all = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
  const one = (kind: string) => all(kind)[0] ?? "";
  const digest = one("digest");
  const k3s = /\bversion (v[\w.+-]+)/.exec(one("k3s"))?.[1] ?? null;
  const drained = parseBackends(all("backend").join("\n")).filter((backend) => backend.drained);
  const apply = all("apply")[0];
  return {
    digest: HEX_64.test(digest) ? digest : null,
    files: all("file").flatMap((line) => seenFile(line, recorded)),
    copies: all("copy").flatMap((line) => seenCopy(line, recorded)),
    units: all("unit").map(seenUnit),
    status: parseNodeStatus(decode(one("status")), name, cluster),
    pending: lines.includes("pending"),
    cordoned: lines.includes("cordoned"),
    apply: apply === undefined ? null : clean(apply),
    k3s,
    drained: [...new Set(drained.map(({ server }) => clean(server)))],
    cluster: questions.cluster ? seenCluster(one) : null,
  };
}

const HEX_64 = /^[0-9a-f]{64}$/;
/** What a command prints that printed nothing. */
const OF_NOTHING = textSum("");

function seenFile(line: string, recorded: RecordedFiles | undefined): readonly SeenFile[] {
  const [kind, mode = "-", given = "-", content = "-", ...rest] = line.split(" ");
  const is = (["missing", "linked", "changed", "mode", "unknown"] as const).find((each) => each === kind);
  const path = rest.join(" ");
  if (is === undefined || path === "") return [];
  const known = (text: string) => (/^0\d{3,4}$/.test(text) ? text : null);
  const text = textOf(content, recorded?.get(path)?.text);
  return [{ path: clean(path), is, mode: known(mode), given: known(given), text }];
}

function seenCopy(line: string, recorded: RecordedFiles | undefined): readonly SeenCopy[] {
  const [kind, content = "-", staged = "", live = ""] = line.split(" ");
  const is = (["missing", "different", "unstaged"] as const).find((each) => each === kind);
  if (is === undefined) return [];
  const text = textOf(content, recorded?.get(staged)?.text);
  return [{ staged: clean(staged), live: clean(live), is, text }];
}

function textOf(base64: string, wanted: string | undefined): string | null {
  if (base64 === "-" || wanted === undefined) return null;
  const text = decode(base64);
  return text.includes("\u0000") ? null : presentable(text, wanted);
}

/** `NAME KEY=VALUE...` as `systemctl show` has them. */
function seenUnit(line: string): SeenUnit {
  const [name = "", ...pairs] = line.trim().split(" ");
  const value = (key: string) =>
    clean(pairs.find((pair) => pair.startsWith(`${key}=`)) ?? "").slice(key.length + 1);
  return { name, load: value("LoadState"), active: value("ActiveState"), file: value("UnitFileState") };
}

function seenCluster(one: (kind: string) => string): SeenCluster {
  const ca = one("ca");
  return {
    caHash: HEX_64.test(ca) && ca !== OF_NOTHING ? ca : null,
    uid: uidOf(decode(one("namespace"))),
    members: parseMembers(decode(one("members")), clean),
    nodes: parseNodes(decode(one("nodes")), clean),
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function clean(text: string): string {
  return printable(maskSecrets(text)).slice(0, 300);
}
