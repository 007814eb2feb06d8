#!/bin/sh
# Does the K3s cluster home answer where it should? Run it from any computer on its LAN: sh verify.sh
# One line for each question: ok or FAIL, and what to do. Exit status 0 when all are ok. Changes nothing. Needs curl.
# Made from cluster.config.json by `npm run render`. Edit that, not this.
set -u
LC_ALL=C
export LC_ALL

command -v curl >/dev/null 2>&1 || { echo "FAIL  curl is not installed here. Next: install it" >&2; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
jobs=""
stop() {
    # A shell's background jobs do not hear Ctrl-C; left alone they would write into a folder that is gone.
    for job in $jobs; do kill "$job" 2>/dev/null; done
    exit 130
}
trap stop INT TERM HUP

# ask URL BODY: prints the HTTP status, 000 when there is no answer; the body goes to BODY. At most 8 seconds.
# The servers' certificates are checked by kubectl, not here (-k): these questions carry no secret. -q: no ~/.curlrc.
ask() {
    curl -q -sk --noproxy '*' --connect-timeout 3 --max-time 8 -o "$2" -w '%{http_code}' "$1" 2>/dev/null
    return 0
}

# say ID RESULT NAME ANSWER: one line, kept until all are done, so that the order is always the same.
say() {
    printf '%-5s %-28s %s\n' "$2" "$3" "$4" >"$dir/line.$1"
}

# readyz ID NAME HOST PORT NEXT
readyz() {
    code=$(ask "https://$3:$4/readyz" /dev/null)
    case $code in
    200 | 401) say "$1" ok "$2" "$3:$4 answers $code" ;;
    503) say "$1" FAIL "$2" "$3:$4 is starting (503). Next: wait; then on it: journalctl -u k3s" ;;
    000) say "$1" FAIL "$2" "$3:$4 does not answer. Next: $5" ;;
    *) say "$1" FAIL "$2" "$3:$4 answers $code. Next: on it: journalctl -u k3s" ;;
    esac
}

# server ID NAME HOST: its API, and then the identity of the cluster that it belongs to.
server() {
    readyz "$1" "$2 /readyz" "$3" 6443 "is it on? ping $3"
    [ "$code" = 000 ] && return 0
    code=$(ask "https://$3:6443/cacerts" "$dir/body.$1")
    [ "$code" = 200 ] && echo "$(cksum <"$dir/body.$1") $2" >"$dir/ca.$1"
    return 0
}

# backends ID NAME HOST: whom this load balancer sees. Many ingress nodes are one line: be_http 299 of 300 UP.
backends() {
    code=$(ask "http://$3:8404/backends" "$dir/body.$1")
    case $code in
    200) ;;
    000) code="does not answer" ;;
    *) code="answers $code" ;;
    esac
    if [ "$code" != 200 ]; then
        say "$1" FAIL "$2 /backends" "$3:8404 $code. Next: is it on? On it: systemctl status haproxy"
    elif down=$(grep -e ' DOWN$' -e ' of .* UP$' "$dir/body.$1" | grep -v ' \([0-9]*\) of \1 UP$'); then
        down=$(printf '%s\n' "$down" | sed 's/ DOWN$//' | paste -s -d , -)
        say "$1" FAIL "$2 /backends" "not up: $down. Next: on those machines: journalctl -u k3s -u k3s-agent"
    else
        say "$1" ok "$2 /backends" "$(grep -c ' UP$' "$dir/body.$1") up, none down"
    fi
}

# web ID SCHEME HOST PORT: any answer of the ingress will do; 404 means that it knows no such host.
web() {
    code=$(ask "$2://$3:$4/" /dev/null)
    case $code in
    000) say "$1" FAIL "ingress $2" "$3:$4 does not answer. Next: kubectl -n kube-system get pods,svc" ;;
    5??) say "$1" FAIL "ingress $2" "$3:$4 answers $code. Next: kubectl -n kube-system logs ds/traefik" ;;
    *) say "$1" ok "ingress $2" "$3:$4 answers $code" ;;
    esac
}

# started: after each job. Not more than 16 at a time, so that a small computer is not flooded.
running=0
started() {
    jobs="$jobs $!"
    running=$((running + 1))
    [ "$running" -lt 16 ] && return 0
    wait
    jobs=""
    running=0
}

readyz 00000 "registration address" 192.168.1.11 6443 "is the first server on?" &
started
server 10000 "server-1" 192.168.1.11 &
started
web 40000 http 192.168.1.11 80 &
started
web 40001 https 192.168.1.11 443 &
started
wait

set -- "$dir"/ca.*
if [ ! -e "$1" ]; then
    say 20000 FAIL "/cacerts" "no server gives its certificate. Next: see the lines above"
else
    sort "$@" >"$dir/sorted"
    clusters=""
    last=""
    while read -r sum size name; do
        [ "$sum $size" = "$last" ] || clusters="$clusters${last:+ /}"
        clusters="$clusters${clusters:+ }$name"
        last="$sum $size"
    done <"$dir/sorted"
    case $clusters in
    */*) say 20000 FAIL "/cacerts" "different clusters: $clusters. Next: re-flash nothing; find out which one holds your data" ;;
    *) say 20000 ok "/cacerts" "$# of 1 servers answer, all of one cluster" ;;
    esac
fi

cat "$dir"/line.*
failed=$(cat "$dir"/line.* | grep -c '^FAIL')
if [ "$failed" -eq 0 ]; then
    echo "all ok"
else
    echo "$failed of $(cat "$dir"/line.* | grep -c '') FAILED"
    exit 1
fi
