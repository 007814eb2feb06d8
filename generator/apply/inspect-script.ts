// The script that tells what drift wants to know of a machine. It decides nothing, writes nothing but what
// `quorate-node status` notes under /run, and sends no content of a file that could hold a secret.
import { MANIFESTS, type Questions } from "../drift/questions.ts";
import { API_PORT_ON_SERVERS } from "../model/cluster.ts";
import { CORDONED, NODE_PATHS } from "../render/node-paths.ts";

/** A longer file of ours does not exist; it is told, not sent. */
const LONGEST = 512 * 1024;
const API = `https://127.0.0.1:${API_PORT_ON_SERVERS}`;
const CURL = "curl -sk --noproxy '*' --max-time 10";
const K3S = "/usr/local/bin/k3s";

/** Standard input: a question a line, its kind first. A link is not followed: what it leads to may hold a secret. */
export const INSPECT_SCRIPT = `wanted=$(cat)
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

/** What the script finds on its standard input. */
export function inputOf({ digest, login, open, copies, units, k3s, cluster, balancer }: Questions): string {
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
