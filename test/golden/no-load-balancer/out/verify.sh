#!/bin/sh
# Does the K3s cluster home work? From any computer on its LAN: sh verify.sh [--tap | --json | --quiet] [KUBECONFIG]
# A line for each question: ok, or FAIL with what was expected, the likely cause and the next command. With a kubeconfig, given
# or in KUBECONFIG, Kubernetes is asked too. Exit status 0 when everything asked is as it should be, 1 when not, 3 for a wrong
# use. Asks everything at once and changes nothing. Needs curl, openssl and awk. Holds no secret.
# Made from cluster.config.json by `npm run render`. Edit that, not this.
set -u
umask 077
LC_ALL=C
export LC_ALL

usage() {
    echo "${1:+error: $1
}usage: sh verify.sh [--tap | --json | --quiet] [KUBECONFIG]
  --tap    Test Anything Protocol
  --json   one JSON document
  --quiet  only what fails: for cron" >&2
    exit 3
}

form=text
config=
for word in "$@"; do
    case $word in
        --tap | --json | --quiet)
            [ "$form" = text ] || usage "one of --tap, --json and --quiet"
            form=${word#--}
            ;;
        --help) usage ;;
        -*) usage "there is no $word" ;;
        *)
            [ -z "$config" ] || usage "one KUBECONFIG, not two"
            config=$word
            ;;
    esac
done
for tool in curl openssl awk; do
    command -v "$tool" >/dev/null 2>&1 || { echo "error: $tool is not installed here
  next: install it" >&2; exit 1; }
done
if [ -n "$config" ] && [ ! -r "$config" ]; then
    echo "error: $config cannot be read
  next: npx quorate kubeconfig FILE makes one" >&2
    exit 3
fi

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
jobs=""
stop() {
    # A shell's background jobs do not hear Ctrl-C; left alone they would write into a folder that is gone.
    for job in $jobs; do kill "$job" 2>/dev/null; done
    exit 130
}
trap stop INT TERM HUP

# ---------------------------------------------------------------- what the config says

cluster='home'
address=192.168.1.11
port=6443
servers="server-1 server-2 server-3"
kubernetes_nodes="server-1 server-2 server-3"
voters="server-1 server-2 server-3"
traefik_nodes="server-1 server-2 server-3"
coredns=2
version=v1.36.4+k3s1
snapshot_hours=8
days=30
skew=5

# ---------------------------------------------------------------- asking

# ask FACT URL [OPTION...]: one GET, at most 6 s. Afterwards $dir/FACT is one line `CODE HOW ADDRESS`, CODE the HTTP status or
# 000, HOW what stood in its way; .body, .head and .said (what curl says) lie beside it. -q: not with ~/.curlrc.
ask() {
    fact=$dir/$1 url=$2
    shift 2
    answer=$(curl -q -sSv --noproxy '*' --connect-timeout 4 --max-time 6 -D "$fact.head" -o "$fact.body" \
        -w '%{http_code} %{remote_ip}' "$@" "$url" 2>"$fact.said")
    status=$?
    # shellcheck disable=SC2086 # two words
    set -- $answer
    code=${1:-000} how=answered
    if [ "$code" = 000 ]; then
        case $status in
            6) how=unknown ;;
            7) how=off; ! grep -qi 'connection refused' "$fact.said" || how=refused ;;
            # The address of the other side is known once it has taken the connection.
            28) how=silent; [ -n "${2:-}" ] || how=off ;;
            51 | 60) how=distrusted ;;
            *) how='cut' ;;
        esac
    fi
    echo "$code $how ${2:-}" >"$fact"
}

# bounded SECONDS COMMAND...: the command, ended after so long.
bounded() {
    limit=$1
    shift
    "$@" &
    command=$!
    (
        nap=
        trap 'kill "$nap"; exit' TERM
        sleep "$limit" &
        nap=$!
        wait "$nap"
        kill "$command"
    ) >/dev/null 2>&1 &
    guard=$!
    wait "$command"
    kill "$guard" 2>/dev/null
}

# The certificates are checked apart, so -k; no secret is sent with it.
ask_registration() {
    ask api "https://$address:$port/readyz" -k
    [ "$code" = 000 ] || ask ca "https://$address:$port/cacerts" -k
}

# ask_server NAME ADDRESS: how far it is, its CA, and its certificate by the registration address's name.
ask_server() {
    begin=$(date +%s)
    ask "api.$1" "https://$2:6443/readyz" -k
    echo "$begin $(date +%s)" >"$dir/when.$1"
    [ "$code" != 000 ] || return 0
    [ "$code" != 503 ] || ask "ping.$1" "https://$2:6443/ping" -k
    ask "ca.$1" "https://$2:6443/cacerts" -k
    [ "$code" = 200 ] || return 0
    ask "trust.$1" "https://$address:$port/readyz" --cacert "$dir/ca.$1.body" --connect-to "::$2:6443"
    bounded 6 openssl s_client -connect "$2:6443" >"$dir/chain.$1" 2>/dev/null
    openssl x509 -in "$dir/chain.$1" -noout -dates -text >"$dir/certificate.$1" 2>/dev/null
}

# kubernetes FACT PATH [OPTION...]: key and certificate are files of our own folder, so no argument holds them.
kubernetes() {
    fact=$1 path=$2
    shift 2
    ask "$fact" "https://$address:$port$path" --cacert "$dir/kube.ca" --cert "$dir/kube.cert" --key "$dir/kube.key" "$@"
}

# started: after each job. Not all at once where there are very many, so that a small computer is not flooded.
running=0
started() {
    jobs="$jobs $!"
    running=$((running + 1))
    [ "$running" -lt 64 ] && return 0
    wait
    jobs=""
    running=0
}

# ---------------------------------------------------------------- reading

# epoch(): seconds since 1970 of a day and a time, in Gregorian arithmetic; moment(): of the three forms that are met here.
# `awk` knows no clock of its own.
# shellcheck disable=SC2016 # for awk
time_awk='
function epoch(year, month, day, time,  part) {
    if (month < 3) { year--; month += 12 }
    split(time, part, ":")
    return (365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * month - 457) / 5) + day - 719469) * 86400 \
        + part[1] * 3600 + part[2] * 60 + int(part[3])
}
function number(month) { return (index("JanFebMarAprMayJunJulAugSepOctNovDec", month) + 2) / 3 }
function moment(text,  part) {
    # 2026-11-26T10:00:00Z (RFC 3339), Thu, 26 Nov 2026 10:00:00 GMT (HTTP), Nov 26 10:00:00 2026 GMT (openssl)
    if (text ~ /^[0-9]+-[0-9]+-[0-9]+T/) { split(text, part, /[-TZ]/); return epoch(part[1], part[2], part[3], part[4]) }
    split(text, part, " ")
    if (text ~ /^[A-Z][a-z][a-z], /) return epoch(part[4], number(part[3]), part[2], part[5])
    return epoch(part[4], number(part[1]), part[2], part[3])
}'

# A kubeconfig in the form that kubectl, K3s and Quorate write: YAML in blocks. Its entry for this cluster goes to $dir/kube.*,
# base64 still; prints what it found. `hosts`: how the API may be called there; `only`: a single cluster is this one.
# shellcheck disable=SC2016 # for awk
kubeconfig_awk='
function value(text) {
    sub(/^[^:]*:[ \t]*/, "", text)
    sub(/[ \t\r]+$/, "", text)
    gsub(/^["\047]|["\047]$/, "", text)
    return text
}
function put(kind, section, i, field,  data, file) {
    data = v[section, i, field "-data"]
    file = v[section, i, field]
    if (data == "" && file != "") print kind, (file ~ /^\// ? "" : folder "/") file
    for (; data != ""; data = substr(data, 65)) print substr(data, 1, 64) >(dir "/kube." kind ".base64")
}
/^[a-zA-Z-]+:/ {
    section = $0
    sub(/:.*/, "", section)
    if (section == "current-context") current = value($0)
    dash = -1
    next
}
{
    line = $0
    match(line, /^ */)
    indent = RLENGTH
    line = substr(line, indent + 1)
    if (line ~ /^- / && (dash < 0 || indent == dash)) {
        dash = indent
        count[section]++
        sub(/^- +/, "", line)
        indent = dash + 2
    }
    key = line
    sub(/:.*/, "", key)
    if (key != "name" || indent == dash + 2) v[section, count[section], key] = value(line)
}
END {
    for (i = 1; i <= count["clusters"]; i++) {
        host = v["clusters", i, "server"]
        sub(/\/$/, "", host)
        if (index(" " hosts " ", " " host " ") || (only && count["clusters"] == 1)) { cluster = i; break }
    }
    if (!cluster) { print "none"; exit }
    for (i = 1; i <= count["contexts"]; i++) {
        if (v["contexts", i, "cluster"] != v["clusters", cluster, "name"]) continue
        if (wanted == "" || v["contexts", i, "name"] == current) wanted = v["contexts", i, "user"]
    }
    for (i = 1; i <= count["users"]; i++) if (wanted != "" && v["users", i, "name"] == wanted) user = i
    print "found"
    if (!user) exit
    put("ca", "clusters", cluster, "certificate-authority")
    put("cert", "users", user, "client-certificate")
    put("key", "users", user, "client-key")
}'

# JSON, whatever its blanks and its order: every other record is the inside of a string. found() is called for each value, with
# type[], key[] and item[] the way to it. Escapes in strings stay as they are.
# shellcheck disable=SC2016 # for awk
json_awk='
BEGIN { RS = "\"" }
inside {
    text = text $0
    if (match($0, /\\+$/) && RLENGTH % 2) { text = text "\""; next }
    inside = 0
    if (type[depth] == "{" && !valued) key[depth] = text
    else found(text)
    next
}
{
    for (rest = $0; rest != ""; rest = substr(rest, 1 + taken)) {
        taken = 1
        letter = substr(rest, 1, 1)
        if (letter == "{" || letter == "[") { type[++depth] = letter; item[depth] = 0; valued = 0 }
        else if (letter == "}" || letter == "]") depth--
        else if (letter == ":") valued = 1
        else if (letter == ",") { valued = 0; item[depth]++ }
        else if (match(rest, /^[a-z0-9.+-]+/)) { taken = RLENGTH; found(substr(rest, 1, taken)) }
    }
    inside = 1
    text = ""
}'

# A list of nodes, pods or snapshots as a line each: NAME NODE CLOSED VERSION READY WHY VOTER WHY BORN TAKEN USABLE, - where
# there is none. Of a single object its uid.
# shellcheck disable=SC2016 # for awk
items_awk='
function found(text,  i) {
    gsub(/[ \t\n]/, "_", text)
    if (depth == 2 && key[1] == "metadata" && key[2] == "uid") print text
    if (key[1] != "items") return
    i = item[2]
    if (depth == 4 && key[3] == "metadata" && key[4] == "name") { name[i] = text; if (i >= count) count = i + 1 }
    if (depth == 4 && key[3] == "metadata" && key[4] == "creationTimestamp") born[i] = text
    if (depth == 4 && key[3] == "spec" && key[4] == "nodeName") node[i] = text
    if (depth == 4 && key[3] == "spec" && key[4] == "unschedulable") closed[i] = text
    if (depth == 4 && key[3] == "status" && key[4] == "creationTime") taken_at[i] = text
    if (depth == 4 && key[3] == "status" && key[4] == "readyToUse") usable[i] = text
    if (depth == 5 && key[3] == "status" && key[4] == "nodeInfo" && key[5] == "kubeletVersion") version[i] = text
    if (depth == 6 && key[3] == "status" && key[4] == "conditions") { said[i, item[5], key[6]] = text; most[i] = item[5] }
}
function or_none(text) { return text == "" ? "-" : text }
END {
    for (i = 0; i < count; i++) {
        split("", is)
        split("", why)
        for (c = 0; c <= most[i]; c++) { is[said[i, c, "type"]] = said[i, c, "status"]; why[said[i, c, "type"]] = said[i, c, "reason"] }
        print name[i], or_none(node[i]), or_none(closed[i]), or_none(version[i]), or_none(is["Ready"]), or_none(why["Ready"]), \
            or_none(is["EtcdIsVoter"]), or_none(why["EtcdIsVoter"]), or_none(born[i]), or_none(taken_at[i]), or_none(usable[i])
    }
}'

# read_kubeconfig FILE [only]: $kube is ready where it names this cluster, lacking where it has no client certificate for it.
read_kubeconfig() {
    kube=none
    awk -v dir="$dir" -v folder="$(dirname "$1")" -v only="${2:+1}" -v hosts="https://192.168.1.11:6443 https://192.168.1.12:6443 https://192.168.1.13:6443" "$kubeconfig_awk" "$1" >"$dir/kube.found"
    grep -q '^found$' "$dir/kube.found" || return 0
    while read -r kind file; do
        [ -z "$file" ] || cat "$file" >"$dir/kube.$kind" 2>/dev/null
    done <"$dir/kube.found"
    for kind in ca cert key; do
        [ ! -e "$dir/kube.$kind.base64" ] || openssl base64 -d -in "$dir/kube.$kind.base64" -out "$dir/kube.$kind" 2>/dev/null
    done
    kube=ready
    for kind in ca cert key; do [ -s "$dir/kube.$kind" ] || kube=lacking; done
}

kube=none
if [ -n "$config" ]; then
    read_kubeconfig "$config" only
    [ "$kube" != none ] || kube=other
else
    # As kubectl reads it: a list of files. One that names other clusters is not for us.
    remaining=${KUBECONFIG:-}
    while [ -n "$remaining" ]; do
        config=${remaining%%:*}
        case $remaining in *:*) remaining=${remaining#*:} ;; *) remaining= ;; esac
        [ ! -r "$config" ] || read_kubeconfig "$config"
        [ "$kube" = none ] || break
    done
fi

# ---------------------------------------------------------------- everything is asked

ask_registration &
started
ask_server server-1 192.168.1.11 &
started
ask_server server-2 192.168.1.12 &
started
ask_server server-3 192.168.1.13 &
started
ask http.server-1 http://192.168.1.11:80/ -k &
started
ask https.server-1 https://192.168.1.11:443/ -k &
started
ask http.server-2 http://192.168.1.12:80/ -k &
started
ask https.server-2 https://192.168.1.12:443/ -k &
started
ask http.server-3 http://192.168.1.13:80/ -k &
started
ask https.server-3 https://192.168.1.13:443/ -k &
started
if [ "$kube" = ready ]; then
    kubernetes nodes /api/v1/nodes &
    started
    kubernetes snapshots /apis/k3s.cattle.io/v1/etcdsnapshotfiles &
    started
    kubernetes traefik '/api/v1/namespaces/kube-system/pods?labelSelector=app.kubernetes.io%2Fname%3Dtraefik' &
    started
    kubernetes coredns '/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns' &
    started
    kubernetes identity.server-1 /api/v1/namespaces/kube-system --connect-to "::192.168.1.11:6443" &
    started
    kubernetes identity.server-2 /api/v1/namespaces/kube-system --connect-to "::192.168.1.12:6443" &
    started
    kubernetes identity.server-3 /api/v1/namespaces/kube-system --connect-to "::192.168.1.13:6443" &
    started
fi
wait
jobs=""
now=$(date +%s)

# ---------------------------------------------------------------- judging

# say RESULT ID EXPECTED SEEN [CAUSE NEXT]: six lines for each question.
say() { printf '%s\n' "$1" "$2" "$3" "$4" "${5:-}" "${6:-}" >>"$dir/lines"; }
# not_asked ID WHY: what another line that fails, or the lack of a kubeconfig, makes impossible to tell.
not_asked() { say skip "$1" "" "$2"; }

# known FACT: what came of a question, in $code and $how.
known() {
    code=000 how=unasked
    [ ! -e "$dir/$1" ] || read -r code how _ <"$dir/$1"
}

# is_up FACT: an API server that answers, with or without asking who we are.
is_up() {
    known "$1"
    [ "$code" = 200 ] || [ "$code" = 401 ]
}

# in_words PLACE: $code and $how as what was seen, in $seen.
in_words() {
    case $how in
        answered) seen="$1 answers $code" ;;
        refused) seen="$1 refuses connections" ;;
        silent) seen="$1 takes connections and says nothing" ;;
        distrusted) seen="$1 has a certificate of another CA" ;;
        cut) seen="$1 cuts connections" ;;
        *) seen="$1 does not answer" ;;
    esac
}



# judge_server NAME ADDRESS: closed, starting, not joined or up (K3s answers 503 on /readyz until etcd has joined and its API
# server runs, and then asks everybody for credentials).
judge_server() {
    id=server/$1 place=$2:6443
    expected="up: 200 or 401 on /readyz"
    journal="npx quorate ssh $1 -- sudo journalctl -u k3s -n 50"
    known "ping.$1"
    ping=$code
    if is_up "api.$1"; then say pass "$id" "$expected" "up: $place answers $code"; return; fi
    known "api.$1"
    in_words "$place"
    case $code:$how:$ping in
        503:*:200) say fail "$id" "$expected" "not joined: K3s runs, and etcd has no majority yet" \
            "it waits for the other servers, or joins at this moment" "npx quorate ssh $1 -- sudo quorate-node status" ;;
        503:*) say fail "$id" "$expected" "starting: $place answers 503" "K3s was started seconds ago" "run this again in a minute; then: $journal" ;;
        000:refused:*) say fail "$id" "$expected" "closed: $place refuses connections" "K3s does not run there" "$journal" ;;
        000:off:*) say fail "$id" "$expected" "$2 does not answer" "it is off, unplugged, or not at that address" "switch it on; ping $2" ;;
        000:*) say fail "$id" "$expected" "$seen" "K3s hangs there, or another program has its port" "$journal" ;;
        *) say fail "$id" "$expected" "$place answers $code" "its API server runs and is not well" "$journal" ;;
    esac
}

# lasts FILE: the days until the certificate that `openssl x509 -dates` described ends, of its notAfter= line.
lasts() {
    awk -v now="$now" "$time_awk"'
        sub(/^notAfter=/, "") { print int((moment($0) - now) / 86400 - (moment($0) < now)) }' "$1"
}

# judge_certificate NAME: whose certificate it is, which names it has, and how long it lasts.
judge_certificate() {
    expected="it names $address, and is signed by the CA of /cacerts"
    if [ ! -s "$dir/certificate.$1" ]; then
        known "api.$1"
        case $code in
            000 | 503) not_asked "certificate/$1" "see server/$1"; not_asked "expiry/$1" "see server/$1" ;;
            *)
                say fail "certificate/$1" "$expected" "/cacerts gives nothing" "what answers there is not K3s" "npx quorate ssh $1 -- sudo ss -ltnp"
                not_asked "expiry/$1" "see certificate/$1"
                ;;
        esac
        return
    fi
    renew="one server after the other: npx quorate ssh $1 -- sudo systemctl restart k3s"
    names=$(grep -e 'IP Address:' -e 'DNS:' "$dir/certificate.$1" | tr ',' '\n' | sed 's/^ *//')
    lacking=''
    echo "$names" | grep -qxF "IP Address:$address" || lacking=" $address"
    left=$(lasts "$dir/certificate.$1")
    early=$(awk -v now="$now" "$time_awk"' sub(/^notBefore=/, "") { print (moment($0) > now) }' "$dir/certificate.$1")
    known "trust.$1"
    if [ -n "$lacking" ]; then
        say fail "certificate/$1" "$expected" "it does not name$lacking" "it was made before the config (tls-san) had that" \
            "npx quorate plan; then $renew"
    elif [ "$early" = 1 ]; then
        say fail "certificate/$1" "$expected" "it begins in the future" "the clock was wrong when it was made, or is wrong here" "compare the clocks: date; npx quorate ssh $1 -- date"
    elif [ "$left" -lt 0 ] || [ "$how" != distrusted ]; then
        say pass "certificate/$1" "$expected" "it names $address"
    else
        say fail "certificate/$1" "$expected" "it is signed by another CA than /cacerts gives" "the CA was exchanged, and K3s has not been started since" "$renew"
    fi
    judge_days "expiry/$1" "$left" "K3s renews it only when it starts, and has not been started for long" "$renew"
}

# judge_days ID LEFT CAUSE NEXT
judge_days() {
    if [ "$2" -ge "$days" ]; then
        say pass "$1" "$days days left" "$2 days left"
    elif [ "$2" -ge 0 ]; then
        say fail "$1" "$days days left" "$2 days left" "$3" "$4"
    else
        say fail "$1" "$days days left" "it has expired" "$3" "$4"
    fi
}

# groups FILE [named]: lines `VALUE NAME` as "server-1 server-3 / server-2", those of one value together, with the value or not.
groups() {
    awk -v named="${2:-}" '
        !($1 in names) { order[++count] = $1; names[$1] = $2; next }
        { names[$1] = names[$1] " " $2 }
        END { for (i = 1; i <= count; i++) printf "%s%s%s", (i == 1 ? "" : " / "), names[order[i]], (named == "" ? "" : " (" order[i] ")") }' "$1"
}

judge_ca() {
    expected="one CA, at the registration address and on every server"
    : >"$dir/sums"
    for each in $servers ; do
        fact=ca.$each
        [ "$each" != "$address" ] || fact=ca
        known "$fact"
        [ "$code" != 200 ] || [ ! -s "$dir/$fact.body" ] || echo "$(openssl dgst -sha256 <"$dir/$fact.body" | sed 's/.*[= ]//') $each" >>"$dir/sums"
    done
    asked=$(grep -c '' "$dir/sums")
    groups=$(groups "$dir/sums")
    case $groups in
        '') not_asked ca "see the servers" ;;
        */*) say fail ca "$expected" "different ones: $groups" "there are two clusters, or a machine of another cluster has one of these addresses" \
            "write no card and delete nothing; find out which of them has your data: npx quorate status --bundle FILE" ;;
        *) say pass ca "$expected" "$asked of 3 answer, with the same" ;;
    esac
}

# How far each server's clock is from this computer's, by the Date that it sends: not farther than the answer took.
judge_clocks() {
    expected="at most $skew s from this computer's clock"
    for each in $servers; do
        { read -r begin end; } <"$dir/when.$each"
        date=$(sed -n 's/^[Dd]ate: *//p' "$dir/api.$each.head" 2>/dev/null | tr -d '\r' | tail -n 1)
        [ -z "$date" ] || echo "$each $begin $end $date"
    done >"$dir/dates"
    awk -v skew="$skew" "$time_awk"'
        {
            name = $1
            begin = $2
            end = $3
            sub(/^[^ ]+ [^ ]+ [^ ]+ /, "")
            there = moment($0)
            off = there < begin ? there - begin : there > end ? there - end : 0
            if (off > skew || off < -skew) {
                wrong++
                names = names (wrong == 1 ? "" : ", ") name " is " (off < 0 ? -off : off) " s " (off < 0 ? "behind" : "ahead")
                if (first == "") first = name
                if (least == "" || off < least) least = off
                if (most == "" || off > most) most = off
            }
        }
        END {
            print NR
            print names
            print first
            print (wrong == NR && NR > 1 && most - least <= skew ? "here" : "there")
        }' "$dir/dates" >"$dir/clocks"
    { read -r asked; read -r wrong; read -r first; read -r where; } <"$dir/clocks"
    if [ "$asked" = 0 ]; then
        not_asked clocks "see the servers"
    elif [ -z "$wrong" ]; then
        say pass clocks "$expected" "$asked of 3 servers agree with it"
    elif [ "$where" = here ]; then
        say fail clocks "$expected" "$wrong" "all differ alike: this computer's own clock is wrong" "date; let it reach a time server (UDP 123)"
    else
        say fail clocks "$expected" "$wrong" "it does not reach a time server (UDP 123)" "npx quorate ssh $first -- timedatectl"
    fi
}

# judge_web ID PLACE WHERE: any answer of the ingress will do; 404 means that it knows no such host. WHERE: address, the name of
# a load balancer (balancer NAME) or of a node (node NAME).
judge_web() {
    scheme=${1%%/*}
    known "$scheme${4:+.$4}"
    expected="an answer of the ingress"
    in_words "$2"
    case $code in
        000) ;;
        5??)
            say fail "$1" "$expected" "$seen" "Traefik runs and is not well" "kubectl -n kube-system logs -l app.kubernetes.io/name=traefik --tail 50"
            return
            ;;
        *)
            say pass "$1" "$expected" "$seen"
            return
            ;;
    esac
    pods="kubectl -n kube-system get pods -o wide -l app.kubernetes.io/name=traefik"
    proxy="HAProxy does not listen on that port"
    case $3:$how in
        address:off | balancer:off)
            root=address
            [ "$3" = address ] || root=backends/$4
            not_asked "$1" "see $root"
            ;;
        address:refused) say fail "$1" "$expected" "$seen" "$proxy" "npx quorate plan" ;;
        balancer:refused)
            known "page.$4"
            if [ "$code" = 000 ]; then not_asked "$1" "see backends/$4"; else say fail "$1" "$expected" "$seen" "$proxy" "npx quorate plan"; fi
            ;;
        address:* | balancer:*) say fail "$1" "$expected" "$seen" "HAProxy has no ingress node that is up: see the lines $scheme/NODE" "$pods" ;;
        node:off)
            known "api.$4"
            if [ "$how" = off ]; then
                not_asked "$1" "see server/$4"
            elif [ "$scheme" = https ] && known "http.$4" && [ "$how" = off ]; then
                not_asked "$1" "see http/$4"
            else
                say fail "$1" "$expected" "$seen" "$4 is off, unplugged, or not at that address" "switch it on; ping ${2%:*}"
            fi
            ;;
        *) say fail "$1" "$expected" "$seen" "Traefik does not run on $4" "$pods" ;;
    esac
}

# rows FACT: the items of a list, once; false where Kubernetes did not give it.
rows() {
    known "$1"
    [ "$code" = 200 ] || return 1
    [ -e "$dir/$1.rows" ] || awk "$json_awk$items_awk" "$dir/$1.body" >"$dir/$1.rows"
}

# refused_list ID FACT EXPECTED: the line for a list that did not come.
refused_list() {
    known "$2"
    in_words "the API"
    say fail "$1" "$3" "$seen" "its answer says why: $(head -c 300 "$dir/$2.body" 2>/dev/null | tr '\n' ' ' | sed -n 's/.*"message": *"\([^"]*\)".*/\1/p')" \
        "KUBECONFIG=$config kubectl auth whoami"
}

# problems FACT: lines `KIND NAMES` of what is not as wanted, from a program for the rows.
judge_nodes() {
    expected="every node Ready and open for pods"
    problems=$(awk -v wanted="$kubernetes_nodes" '
        function add(kind, text) { list[kind] = list[kind] (list[kind] == "" ? "" : ", ") text }
        { seen[$1]; closed[$1] = $3; ready[$1] = $5; why[$1] = $6; order[NR] = $1 }
        END {
            count = split(wanted, want, " ")
            for (i = 1; i <= count; i++) {
                one = want[i]
                ours[one]
                if (!(one in seen)) add("missing", one)
                else if (ready[one] == "Unknown") add("silent", one)
                else if (ready[one] != "True") add("unready", one " (" why[one] ")")
                else if (closed[one] == "true") add("closed", one)
            }
            for (i = 1; i <= NR; i++) if (!(order[i] in ours)) add("foreign", order[i])
            split("missing silent unready closed foreign", kinds, " ")
            for (i = 1; i <= 5; i++) if (list[kinds[i]] != "") print kinds[i], list[kinds[i]]
        }' "$dir/nodes.rows")
    [ -n "$problems" ] || { say pass nodes "$expected" "3 of 3 are"; return; }
    seen=$(printf '%s\n' "$problems" | sed 's/^missing/not there:/; s/^silent/not Ready, and silent:/; s/^unready/not Ready:/; s/^closed/closed to new pods:/; s/^foreign/not in the config:/' | paste -s -d ';' - | sed 's/;/; /g')
    kind=${problems%% *}
    first=$(printf '%s\n' "$problems" | head -n 1 | cut -d' ' -f2 | tr -d ,)
    case $kind in
        missing) cause="it has not joined, or was deleted" next="npx quorate ssh $first -- sudo quorate-node status" ;;
        silent) cause="the machine is off, or K3s does not run there" next="npx quorate status" ;;
        unready) cause="its kubelet says so" next="kubectl describe node $first" ;;
        closed) cause="somebody closed it, or an apply was cut off" next="npx quorate apply, or kubectl uncordon $first" ;;
        *) cause="it was taken out of the config and not out of the cluster" next="kubectl get node $first -o wide" ;;
    esac
    say fail nodes "$expected" "$seen" "$cause" "$next"
}

judge_versions() {
    expected="$version on every node"
    others=$(awk -v wanted=" $kubernetes_nodes " -v version="$version" '
        index(wanted, " " $1 " ") && $4 != version { printf "%s%s has %s", (count++ ? ", " : ""), $1, $4 }' "$dir/nodes.rows")
    if [ -z "$others" ]; then
        say pass versions "$expected" "$version"
    else
        say fail versions "$expected" "$others" "the config was changed and not applied, or an upgrade was cut off" "npx quorate plan"
    fi
}

judge_voters() {
    expected="every server a voter of etcd"
    others=$(awk -v wanted="$voters" '
        { is[$1] = $7; why[$1] = $8 }
        END {
            count = split(wanted, want, " ")
            for (i = 1; i <= count; i++) {
                reason = (want[i] in why) && why[want[i]] != "-" ? why[want[i]] : "no word of it"
                if (is[want[i]] != "True") printf "%s%s (%s)", (n++ ? ", " : ""), want[i], reason
            }
        }' "$dir/nodes.rows")
    first=${others%% *}
    case $others in
        '') say pass voters "$expected" "3 of 3 are"; return ;;
        *MemberIsLearner*) cause="it joined and has no vote yet: one server at a time gets it, every 15 s" next="run this again in a minute" ;;
        *NotAMember*) cause="etcd has forgotten it" next="npx quorate ssh $first -- sudo quorate-node status" ;;
        *Unhealthy*) cause="its etcd does not answer the others" next="npx quorate ssh $first -- sudo journalctl -u k3s -n 50" ;;
        *) cause="it has not joined" next="npx quorate ssh $first -- sudo quorate-node status" ;;
    esac
    say fail voters "$expected" "$others" "$cause" "$next"
}

# A split cluster is two that both work: each has a kube-system namespace of its own.
judge_identity() {
    expected="one UID of kube-system, asked of each server"
    : >"$dir/uids"
    for each in $servers; do
        known "identity.$each"
        case $code:$how in
            200:*) echo "$(awk "$json_awk$items_awk" "$dir/identity.$each.body") $each" ;;
            # A certificate that is not trusted is a matter of the lines above.
            401:* | 403:*) echo "does-not-know-us $each" ;;
        esac
    done >"$dir/uids"
    asked=$(grep -c '' "$dir/uids")
    groups=$(groups "$dir/uids" named)
    case $groups in
        '') not_asked identity "see the servers" ;;
        */*) say fail identity "$expected" "different ones: $groups" "there are two clusters with the same names" \
            "write no card and delete nothing; find out which of them has your data: npx quorate status --bundle FILE" ;;
        *) say pass identity "$expected" "$asked of 3 answer, with the same" ;;
    esac
}

# judge_spread ID NODES NUMBER WHAT: ready pods on these nodes; NUMBER 0: on each of them.
judge_spread() {
    there=$(awk '$5 == "True" { print $2 }' "$dir/$1.rows" | sort -u)
    pods="kubectl -n kube-system get pods -o wide -l $5"
    lacking=''
    found=0
    for each in $2; do
        if printf '%s\n' "$there" | grep -qxF "$each"; then found=$((found + 1)); else lacking="$lacking $each"; fi
    done
    if [ "$3" -gt 0 ]; then
        if [ "$found" -ge "$3" ]; then
            say pass "$1" "$4" "ready on $found"
        else
            say fail "$1" "$4" "ready on $found" "a pod waits for a node that takes it, or does not start" "$pods"
        fi
    elif [ -z "$lacking" ]; then
        say pass "$1" "$4" "ready on $found"
    else
        say fail "$1" "$4" "not ready on$lacking" "its pod there does not start, or the node is not Ready" "$pods"
    fi
}

# Every server keeps snapshots of its own. One that has just joined has none yet.
judge_snapshots() {
    expected="on every server one of the last $snapshot_hours h"
    awk -v wanted="$servers" -v limit="$snapshot_hours" -v now="$now" "$time_awk"'
        FILENAME ~ /nodes.rows$/ { age[$1] = (now - moment($9)) / 3600; next }
        $11 != "false" && $10 != "-" { old = (now - moment($10)) / 3600; if (!($2 in least) || old < least[$2]) least[$2] = old }
        END {
            count = split(wanted, want, " ")
            for (i = 1; i <= count; i++) {
                one = want[i]
                if (!(one in least) && (one in age) && age[one] <= limit) { fresh++; continue }
                if (!(one in least) || least[one] > limit) {
                    printf "%s%s", (n++ ? ", " : "bad "), one ": " ((one in least) ? int(least[one]) " h old" : "none")
                } else if (least[one] > oldest) oldest = least[one]
            }
            if (!n) print (fresh == count ? "good none yet, and none is due" : "good the last is at most " int(oldest) + 1 " h old")
        }' "$dir/nodes.rows" "$dir/snapshots.rows" >"$dir/snapshots.said"
    read -r kind seen <"$dir/snapshots.said"
    first=${seen%%:*}
    if [ "$kind" = good ]; then
        say pass snapshots "$expected" "$seen"
    else
        say fail snapshots "$expected" "$seen" "the disk is full, or K3s did not run at the hour" "npx quorate ssh $first -- sudo k3s etcd-snapshot ls; df -h"
    fi
}

judge_kubeconfig() {
    expected="it lets us in, for another $days days"
    again="npx quorate kubeconfig FILE"
    case $kube in
        none) not_asked kubeconfig "needs a kubeconfig"; return 1 ;;
        other)
            say fail kubeconfig "a cluster at https://$address:$port in it" "$config has none" "it is of another cluster" "$again"
            return 1
            ;;
        lacking)
            say fail kubeconfig "a client certificate for this cluster in it" "$config has none" "it was not written by K3s, kubectl or Quorate" "$again"
            return 1
            ;;
    esac
    openssl x509 -in "$dir/kube.cert" -noout -dates >"$dir/kube.dates" 2>/dev/null
    left=$(lasts "$dir/kube.dates")
    known nodes
    case $code:$how in
        200:*) judge_days kubeconfig "${left:-0}" "K3s renews it only when it starts; and this is a copy" "npx quorate ssh server-1 -- sudo systemctl restart k3s; $again" ;;
        401:*)
            if [ "${left:-0}" -lt 0 ]; then
                say fail kubeconfig "$expected" "its certificate has expired" "K3s renews it only when it starts; and this is a copy" "npx quorate ssh server-1 -- sudo systemctl restart k3s; $again"
            else
                say fail kubeconfig "$expected" "the API does not let it in (401)" "it is of an older cluster with the same addresses" "$again"
            fi
            return 1
            ;;
        403:*) say fail kubeconfig "$expected" "it may not list nodes (403)" "it is not the administrator's" "$again"; return 1 ;;
        000:distrusted) say fail kubeconfig "$expected" "the API's certificate is not signed by the CA in it" "it is of another cluster, or the CA was exchanged" "$again"; return 1 ;;
        *) not_asked kubeconfig "see the servers"; return 1 ;;
    esac
}

judge_server server-1 192.168.1.11
judge_server server-2 192.168.1.12
judge_server server-3 192.168.1.13
judge_ca
judge_clocks
for each_server in $servers; do judge_certificate "$each_server"; done
judge_web http/server-1 192.168.1.11:80 node server-1
judge_web https/server-1 192.168.1.11:443 node server-1
judge_web http/server-2 192.168.1.12:80 node server-2
judge_web https/server-2 192.168.1.12:443 node server-2
judge_web http/server-3 192.168.1.13:80 node server-3
judge_web https/server-3 192.168.1.13:443 node server-3
if judge_kubeconfig; then
    if rows nodes; then
        judge_nodes
        judge_versions
        judge_voters
        :
    fi
    judge_identity
    what="a ready Traefik on each of: $traefik_nodes"
    if rows traefik; then judge_spread traefik "$traefik_nodes" 0 "$what" app.kubernetes.io/name=traefik; else refused_list traefik traefik "$what"; fi
    what="CoreDNS ready on $coredns node(s)"
    if rows coredns; then judge_spread coredns "$kubernetes_nodes" "$coredns" "$what" k8s-app=kube-dns; else refused_list coredns coredns "$what"; fi
    if rows snapshots; then judge_snapshots; else refused_list snapshots snapshots "the list of snapshots"; fi
else
    why="see kubeconfig"
    [ "$kube" != none ] || why="needs a kubeconfig"
    not_asked nodes "$why"
    not_asked versions "$why"
    not_asked voters "$why"
    not_asked identity "$why"
    not_asked traefik "$why"
    not_asked coredns "$why"
    not_asked snapshots "$why"
fi

# ---------------------------------------------------------------- saying

# shellcheck disable=SC2016 # for awk
awk -v form="$form" -v cluster="$cluster" '
function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}
{
    gsub(/[[:cntrl:]]/, " ")
    field[(NR - 1) % 6] = $0
    if (NR % 6) next
    result = field[0]
    id = field[1]
    count[result]++
    number++
    if (field[3] == "needs a kubeconfig") without++
    if (form == "json") {
        printf "%s\n    {\"id\": %s, \"result\": %s, \"expected\": %s, \"seen\": %s, \"cause\": %s, \"next\": %s}", (number == 1 ? "" : ","), \
            quoted(id), quoted(result), quoted(field[2]), quoted(field[3]), quoted(field[4]), quoted(field[5])
    } else if (form == "tap") {
        text = id " - " field[3]
        gsub(/#/, "\\#", text)
        if (result == "skip") print "ok " number " - " id " # SKIP " field[3]
        else print (result == "pass" ? "ok " : "not ok ") number " - " text
        if (result == "fail") print "  ---\n  expected: " quoted(field[2]) "\n  seen: " quoted(field[3]) "\n  cause: " quoted(field[4]) "\n  next: " quoted(field[5]) "\n  ..."
    } else if (result == "fail") {
        printf "FAIL  %-24s %s\n      expected: %s\n      cause:    %s\n      next:     %s\n", id, field[3], field[2], field[4], field[5]
    } else if (form == "text") {
        printf "%-5s %-24s %s\n", (result == "pass" ? "ok" : "-"), id, (result == "pass" ? "" : "not asked: ") field[3]
    }
}
BEGIN {
    if (form == "json") printf "{\n  \"cluster\": %s,\n  \"checks\": [", quoted(cluster)
    if (form == "tap") print "TAP version 13"
}
END {
    if (form == "json") printf "\n  ],\n  \"passed\": %d,\n  \"failed\": %d,\n  \"skipped\": %d\n}\n", count["pass"], count["fail"], count["skip"]
    if (form == "tap") print "1.." number
    if (form == "text") {
        printf "%s: %d ok, %d failed", cluster, count["pass"], count["fail"]
        if (count["skip"]) printf ", %d not asked", count["skip"]
        print (without ? "; with a kubeconfig it asks more: sh verify.sh KUBECONFIG" : "")
    }
    # What was not asked for another reason hides behind a line that fails.
    exit !(count["fail"] == 0 && count["skip"] == without && count["pass"] > 0)
}' "$dir/lines"
