#!/bin/sh
# Installs what the contract tests and the lab need: the real programs that read what Quorate writes, and what boots
# machines out of a folder. Debian and Ubuntu, as root.
# Nothing of it is started: no service is left running, and cloud-init is told to stay out of this machine's own boot.
set -eu

packages="bash cloud-init curl dash debootstrap dosfstools e2fsprogs etcd-client etcd-server fdisk git haproxy iproute2 keepalived mtools netplan.io openssh-client openssh-server openssl procps psmisc python3-venv python3-yaml qemu-system-x86 shellcheck strace sudo systemd-container util-linux xz-utils"

# The judge of .github/workflows: Debian has none, so it comes from PyPI into a place of its own.
zizmor=1.32.0
zizmor_home=/usr/local/lib/quorate-zizmor

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
has_zizmor() { [ "$("$zizmor_home/bin/zizmor" --version 2>/dev/null)" = "zizmor $zizmor" ]; }
if [ -z "$missing" ] && has_zizmor; then
    echo "setup: all there ($packages zizmor)"
    exit 0
fi
extra=""
has_zizmor || extra=" zizmor"
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: not installed:$missing$extra. Next: sudo sh test/setup.sh" >&2
    exit 1
fi

install_packages() {
    mkdir -p /etc/cloud
    touch /etc/cloud/cloud-init.disabled
    # Debian starts a service when its package is installed, unless this says no.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "setup: installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words on purpose
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
    if command -v systemctl >/dev/null 2>&1; then
        systemctl disable haproxy keepalived >/dev/null 2>&1 || true
    fi
}

[ -z "$missing" ] || install_packages
if ! has_zizmor; then
    echo "setup: installing zizmor"
    rm -rf "$zizmor_home"
    /usr/bin/python3 -m venv "$zizmor_home"
    # Where no PyPI is to be had the rest is tested all the same.
    if "$zizmor_home/bin/pip" install -q --only-binary :all: --no-deps "zizmor==$zizmor"; then
        ln -sf "$zizmor_home/bin/zizmor" /usr/local/bin/zizmor
    else
        echo "setup: zizmor could not be had from PyPI: the workflows will be judged by our own rules and GitHub's parser only" >&2
    fi
fi
echo "setup: done"
