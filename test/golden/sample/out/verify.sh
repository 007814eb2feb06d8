#!/bin/sh
# Does the K3s cluster home answer where it should? Run it from any computer on its LAN: sh out/verify.sh
# One line for each question: ok or FAIL, and what to do. Exit status 0 when all are ok. Changes nothing. Needs curl.
# Made from cluster.config.json by `npm run render`. Edit that, not this.
set -u
LC_ALL=C
export LC_ALL

command -v curl >/dev/null 2>&1 || { echo "FAIL  curl is not installed here. Next: install it" >&2; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# ask URL BODY: prints the HTTP status, 000 when there is no answer; the body goes to BODY. At most 8 seconds.
# The servers' certificates are checked by kubectl, not here (-k): these questions carry no secret.
ask() {
    curl -sk --noproxy '*' --connect-timeout 3 --max-time 8 -o "$2" -w '%{http_code}' "$1" 2>/dev/null
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

# cacerts ID HOST PORT: the cluster's identity as this server gives it.
cacerts() {
    code=$(ask "https://$2:$3/cacerts" "$dir/body.$1")
    [ "$code" = 200 ] && cksum <"$dir/body.$1" >"$dir/ca.$1"
    return 0
}

# backends ID NAME HOST
backends() {
    code=$(ask "http://$3:8404/backends" "$dir/body.$1")
    if [ "$code" != 200 ]; then
        say "$1" FAIL "$2 /backends" "$3:8404 answers $code. Next: is it on? On it: systemctl status haproxy"
    elif down=$(grep ' DOWN$' "$dir/body.$1"); then
        say "$1" FAIL "$2 /backends" "down: $(printf '%s' "$down" | sed 's/ DOWN$//' | tr '\n' ' ')"
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

# Not more than 16 at a time, so that a small computer is not flooded.
running=0
next() {
    running=$((running + 1))
    if [ "$running" -ge 16 ]; then
        wait
        running=0
    fi
}

readyz 00000 "registration address" 192.168.1.10 6443 "is the load balancer on?" &
next
readyz 10000 "server-1 /readyz" 192.168.1.11 6443 "is it on? ping 192.168.1.11" &
cacerts 10000 192.168.1.11 6443 &
next
readyz 10001 "server-2 /readyz" 192.168.1.12 6443 "is it on? ping 192.168.1.12" &
cacerts 10001 192.168.1.12 6443 &
next
readyz 10002 "server-3 /readyz" 192.168.1.13 6443 "is it on? ping 192.168.1.13" &
cacerts 10002 192.168.1.13 6443 &
next
backends 30000 "lb-1" 192.168.1.5 &
next
web 40000 http 192.168.1.10 80 &
next
web 40001 https 192.168.1.10 443 &
next
wait

set -- "$dir"/ca.*
if [ ! -e "$1" ]; then
    say 20000 FAIL "/cacerts" "no server gives its certificate. Next: see the lines above"
elif [ "$(sort -u "$@" | wc -l)" -eq 1 ]; then
    say 20000 ok "/cacerts" "$# of 3 servers answer, all of one cluster"
else
    say 20000 FAIL "/cacerts" "the servers belong to different clusters. Next: do not re-flash anything; find out which one holds your data"
fi

cat "$dir"/line.*
failed=$(cat "$dir"/line.* | grep -c '^FAIL')
if [ "$failed" -eq 0 ]; then
    echo "all ok"
else
    echo "$failed of $(cat "$dir"/line.* | grep -c '') FAILED"
    exit 1
fi
