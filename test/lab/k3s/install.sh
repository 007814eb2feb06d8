#!/bin/sh
# Installs the stand-in for K3s as K3s' own script installs K3s: the same knobs, files and units (k3s.md section 1).
# Left out: channels, OpenRC, SELinux packages, read-only binary folders, crictl and ctr, iptables rules.
set -eu

say() { echo "[INFO]  $*"; }
fail() { echo "[ERROR]  $*" >&2; exit 1; }

# The command: the first word of the arguments or of INSTALL_K3S_EXEC; only flags mean agent where K3S_URL is set.
# shellcheck disable=SC2086 # INSTALL_K3S_EXEC is a list of words on purpose
set -- ${INSTALL_K3S_EXEC:-} "$@"
case "${1:-}" in
-* | '')
    if [ -z "${K3S_URL:-}" ]; then
        command=server
    elif [ -z "${K3S_TOKEN:-}${K3S_TOKEN_FILE:-}" ]; then
        fail "Defaulted k3s exec command to 'agent' because K3S_URL is defined, but K3S_TOKEN or K3S_TOKEN_FILE is not defined."
    else
        command=agent
    fi
    ;;
*)
    command=$1
    shift
    ;;
esac
case "${K3S_URL:-}" in
'' | https://*) ;;
*) fail "Only https:// URLs are supported for K3S_URL (have $K3S_URL)" ;;
esac

if [ "$command" = server ]; then name=k3s; else name=k3s-$command; fi
if [ -n "${INSTALL_K3S_NAME:-}" ]; then name=k3s-$INSTALL_K3S_NAME; fi
bin=${INSTALL_K3S_BIN_DIR:-/usr/local/bin}
units=${INSTALL_K3S_SYSTEMD_DIR:-/etc/systemd/system}
unit=$units/$name.service
env_file=$unit.env
releases=${INSTALL_K3S_ARTIFACT_URL:-https://github.com/k3s-io/k3s/releases/download}

case $(uname -m) in
x86_64 | amd64) arch=amd64 suffix='' ;;
aarch64 | arm64) arch=arm64 suffix=-arm64 ;;
arm*) arch=arm suffix=-armhf ;;
*) fail "Unsupported architecture $(uname -m)" ;;
esac

hashes() { sha256sum "$bin/k3s" "$unit" "$env_file" 2>&1 || true; }
before=$(hashes)

download() {
    if command -v curl >/dev/null 2>&1; then
        curl -o "$1" -sfL "$2" || fail "Download failed: $2"
    else
        wget -qO "$1" "$2" || fail "Download failed: $2"
    fi
}

install_binary() {
    [ -n "${INSTALL_K3S_VERSION:-}" ] || fail 'the stand-in has no channels: set INSTALL_K3S_VERSION'
    say "Using $INSTALL_K3S_VERSION as release"
    release=$releases/$(echo "$INSTALL_K3S_VERSION" | sed 's/+/%2B/g')
    work=$(mktemp -d -t k3s-install.XXXXXXXXXX)
    trap 'rm -rf "$work"' EXIT
    say "Downloading hash $release/sha256sum-$arch.txt"
    download "$work/hash" "$release/sha256sum-$arch.txt"
    wanted=$(grep " k3s$suffix\$" "$work/hash" | cut -d ' ' -f 1)
    if [ -x "$bin/k3s" ] && [ "$(sha256sum "$bin/k3s" | cut -d ' ' -f 1)" = "$wanted" ]; then
        say 'Skipping binary downloaded, installed k3s matches hash'
        return
    fi
    say "Downloading binary $release/k3s$suffix"
    download "$work/k3s" "$release/k3s$suffix"
    say 'Verifying binary download'
    found=$(sha256sum "$work/k3s" | cut -d ' ' -f 1)
    [ "$wanted" = "$found" ] || fail "Download sha256 does not match $wanted, got $found"
    say "Installing k3s to $bin/k3s"
    chmod 755 "$work/k3s"
    # Into the same folder first, so that the last step is a rename.
    cp -p "$work/k3s" "$bin/.k3s.new"
    mv -f "$bin/.k3s.new" "$bin/k3s"
}

case "${INSTALL_K3S_SKIP_DOWNLOAD:-}" in
true | binary)
    say 'Skipping k3s download and verify'
    [ -x "$bin/k3s" ] || fail "Executable k3s binary not found at $bin/k3s"
    ;;
*) install_binary ;;
esac

if [ "${INSTALL_K3S_SYMLINK:-}" != skip ] && [ ! -e "$bin/kubectl" ]; then
    if command -v kubectl >/dev/null 2>&1; then
        say "Skipping $bin/kubectl symlink to k3s, command exists in PATH at $(command -v kubectl)"
    else
        say "Creating $bin/kubectl symlink to k3s"
        ln -s k3s "$bin/kubectl"
    fi
fi

say "Creating killall script $bin/k3s-killall.sh"
cat >"$bin/k3s-killall.sh" <<'KILLALL'
#!/bin/sh
# Stops K3s and what stands for its pods. Data stays.
for service in /etc/systemd/system/k3s*.service; do
    [ -s "$service" ] && systemctl stop "$(basename "$service")"
done
if [ -s /run/k3s/ingress.pid ]; then
    kill -9 "$(cat /run/k3s/ingress.pid)" 2>/dev/null
    rm -f /run/k3s/ingress.pid
fi
true
KILLALL
chmod 755 "$bin/k3s-killall.sh"

uninstall=$bin/$name-uninstall.sh
say "Creating uninstall script $uninstall"
# /etc/rancher/node stays, and so does the etcd member that the other servers know.
cat >"$uninstall" <<UNINSTALL
#!/bin/sh
$bin/k3s-killall.sh
systemctl disable $name
systemctl reset-failed $name
rm -f $unit $env_file
systemctl daemon-reload
rm -rf /etc/rancher/k3s /run/k3s "\${K3S_DATA_DIR:-/var/lib/rancher/k3s}" /var/lib/kubelet
[ -L $bin/kubectl ] && rm -f $bin/kubectl
rm -f $bin/k3s $bin/k3s-killall.sh $uninstall
UNINSTALL
chmod 755 "$uninstall"

systemctl disable "$name" >/dev/null 2>&1 || true
rm -f "$unit" "$env_file"

say "env: Creating environment file $env_file"
touch "$env_file"
chmod 0600 "$env_file"
# Unquoted and read with backslashes, as in K3s' script: values of letters and digits only survive (section 3).
# shellcheck disable=SC2162,SC2086
sh -c export | while read _ value; do echo $value; done |
    grep -E '^((K3S|CONTAINERD|KINE)_|[A-Za-z]+_(PROXY|proxy)=)' >"$env_file" || true

quoted=$command
for argument; do
    quoted="$quoted \\
	'$(printf '%s' "$argument" | sed "s/'/'\\\\''/g")'"
done

say "systemd: Creating service file $unit"
cat >"$unit" <<UNIT
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=${INSTALL_K3S_TYPE:-notify}
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-$env_file
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=$bin/k3s \\
    $quoted
UNIT

[ "${INSTALL_K3S_SKIP_ENABLE:-}" = true ] && exit 0
say "systemd: Enabling $name unit"
systemctl enable "$unit" >/dev/null
systemctl daemon-reload >/dev/null
[ "${INSTALL_K3S_SKIP_START:-}" = true ] && exit 0

if [ "$before" = "$(hashes)" ] && [ "${INSTALL_K3S_FORCE_RESTART:-}" != true ]; then
    say 'No change detected so skipping service start'
    exit 0
fi
say "systemd: Starting $name"
systemctl restart "$name"
