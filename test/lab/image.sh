#!/bin/sh
# Builds the root file system of the lab's machines in the empty folder $1: Debian 12 as a card image has it, plus what the stand-in for K3s needs.
# Runs as root in a mount namespace of its own (image.ts sees to that). $2: a Debian mirror; empty: the one this computer's apt uses.
set -eu
root=$1
mirror=${2:-}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

first="systemd,systemd-sysv,dbus,ca-certificates,netbase,iproute2"
# Without udev cloud-init's netplan renderer crashes; naming cloud-init in debootstrap's own list fails (virtual packages).
then="cloud-init udev kmod netplan.io openssh-server sudo curl openssl procps iputils-ping etcd-server etcd-client socat strace nftables"
# Not installed, for a load balancer has to install them: they wait in the local repository, the only one that a machine has.
offered="haproxy keepalived"

if [ -z "$mirror" ]; then
    mirror=$(apt-get --print-uris download hostname 2>/dev/null | sed -n "s|^'\(.*\)/pool/.*|\1|p" | head -n 1)
fi
[ -n "$mirror" ] || {
    echo "image: no Debian mirror: this computer's apt names none. Next: apt-get update, or set QUORATE_LAB_MIRROR" >&2
    exit 1
}

echo "image: debootstrap"
debootstrap --variant=minbase --include="$first" bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
    # A computer without Debian's keyring, or with an older one, can still build a machine that never leaves it.
    find "$root" -mindepth 1 -delete
    debootstrap --no-check-gpg --variant=minbase --include="$first" bookworm "$root" "$mirror" >"$root.log" 2>&1
}

echo "image: packages"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/dpkg/dpkg.cfg.d/lab" <<'END'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
END
# The way to the mirror is this computer's: the proxies, certificates and dates that its apt settings name. Docker's throw packages away.
find /etc/apt/apt.conf.d -type f ! -name 'docker-*' -exec cat {} + >"$root/host-apt.conf"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp -L /etc/hosts "$root/etc/hosts"
echo "deb [trusted=yes] $mirror bookworm main" >"$root/etc/apt/sources.list"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C APT_CONFIG=/host-apt.conf "$@" >>"$root.log" 2>&1; }
inside apt-get update
# shellcheck disable=SC2086 # lists of words on purpose
inside apt-get install -y --no-install-recommends $then
inside apt-get clean
# shellcheck disable=SC2086
inside apt-get install -y --no-install-recommends --download-only $offered

echo "image: local repository"
packages=$root/var/cache/lab-packages
mkdir -p "$packages"
mv "$root"/var/cache/apt/archives/*.deb "$packages/"
for deb in "$packages"/*.deb; do
    dpkg-deb -f "$deb"
    echo "Filename: ./${deb##*/}"
    echo "Size: $(wc -c <"$deb")"
    echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
    echo
done >"$packages/Packages"
echo "deb [trusted=yes] file:/var/cache/lab-packages ./" >"$root/etc/apt/sources.list"
inside apt-get clean
rm -rf "$root"/var/lib/apt/lists/* "$root/host-apt.conf"

echo "image: settings"
rm -f "$root/usr/sbin/policy-rc.d" "$root"/etc/ssh/ssh_host_*_key* "$root/etc/network/interfaces" "$root/etc/hostname"
# Empty, not missing: else systemd takes the boot for its very first and enables every unit there is.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
printf '127.0.0.1 localhost\n10.88.0.1 mirror.lab\n' >"$root/etc/hosts"
# Nobody answers there, and it says so at once: a machine of the lab has no names but those above.
echo "nameserver 10.88.0.1" >"$root/etc/resolv.conf"
cat >"$root/etc/cloud/cloud.cfg.d/95_lab.cfg" <<'END'
datasource_list: [NoCloud, None]
locale: false
apt: {preserve_sources_list: true}
grub_dpkg: {enabled: false}
growpart: {mode: "off"}
resize_rootfs: false
END
mkdir -p "$root/boot/firmware" "$root/var/lib/cloud/seed" "$root/var/log/journal" "$root/usr/local/lib/quorate-lab" "$root/etc/lab"
: >"$root/usr/local/lib/quorate-lab/node"
# As on a card: what cloud-init reads is what lies on the boot partition.
ln -s /boot/firmware "$root/var/lib/cloud/seed/nocloud"

# The container shares this computer's clock, so the two questions that a machine asks about it can be answered by a test.
cat >"$root/usr/local/bin/timedatectl" <<'END'
#!/bin/sh
# The lab's: /etc/lab/clock holds the answer to "synchronised?", yes where there is none.
if [ "$*" = "show -p NTPSynchronized --value" ]; then
    cat /etc/lab/clock 2>/dev/null || echo yes
    exit 0
fi
exec /usr/bin/timedatectl "$@"
END
cat >"$root/usr/local/bin/date" <<'END'
#!/bin/sh
# The lab's: /etc/lab/epoch holds the seconds that `date +%s` prints, where it is there.
if [ "$*" = "+%s" ] && [ -s /etc/lab/epoch ]; then
    cat /etc/lab/epoch
    exit 0
fi
exec /usr/bin/date "$@"
END
chmod 755 "$root/usr/local/bin/timedatectl" "$root/usr/local/bin/date"

units=$root/etc/systemd/system
mkdir -p "$units/systemd-networkd-wait-online.service.d" "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
cat >"$units/systemd-networkd-wait-online.service.d/lab.conf" <<'END'
[Service]
ExecStart=
ExecStart=/lib/systemd/systemd-networkd-wait-online --any --operational-state=routable --timeout=5
END
printf '[Journal]\nRateLimitBurst=0\nSystemMaxUse=64M\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
# A second of waiting for a double of one's own IPv6 address at each boot, on a LAN that cannot have one.
printf 'net.ipv6.conf.all.accept_dad=0\nnet.ipv6.conf.default.accept_dad=0\nnet.ipv6.conf.eth0.accept_dad=0\n' >"$root/etc/sysctl.d/95-lab.conf"
systemctl --quiet --root="$root" enable systemd-networkd.service systemd-networkd-wait-online.service ssh.service
systemctl --quiet --root="$root" mask etcd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
    e2scrub_all.timer e2scrub_reap.service systemd-timesyncd.service console-getty.service getty.target systemd-logind.service \
    systemd-journal-catalog-update.service systemd-hwdb-update.service ldconfig.service systemd-update-utmp.service \
    systemd-update-utmp-runlevel.service systemd-pcrphase.service systemd-pcrphase-sysinit.service
umount "$root/proc"
rm -f "$root.log"
echo "image: done"
