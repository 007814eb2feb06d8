#!/bin/sh
# Builds $1/disk.img: a card as one has it after flashing Ubuntu's image for the Pi, but for a PC that qemu emulates. The
# same two partitions, labels and file names; on the second one the lab's Debian ($2, see ../image.sh) with a kernel.
# Runs as root in a mount namespace of its own (../image.ts sees to that). $3: a Debian mirror; empty: the one this computer's apt uses.
set -eu
out=$1
base=$2
mirror=${3:-}
export LC_ALL=C

# In MiB. The file is sparse: only what is used takes room.
fat_start=1
fat_size=512
root_start=$((fat_start + fat_size))
root_size=1280

# Without dosfstools the boot partition is never checked, as it is on a Pi after a power cut. The others are what a load
# balancer installs: other tests of the lab watch it do so, and an emulated computer takes a minute for it.
packages="dosfstools haproxy socat"
# Taken apart, not installed: Debian's own way to the second partition (initramfs-tools) takes an emulated PC longer than all else.
kernel="linux-image-cloud-amd64 busybox-static"

if [ -z "$mirror" ]; then
    mirror=$(apt-get --print-uris download hostname 2>/dev/null | sed -n "s|^'\(.*\)/pool/.*|\1|p" | head -n 1)
fi
[ -n "$mirror" ] || {
    echo "card: no Debian mirror: this computer's apt names none. Next: apt-get update, or set QUORATE_LAB_MIRROR" >&2
    exit 1
}

root=$out/root
mkdir "$root" "$out/upper" "$out/work" "$out/fat"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$out/upper,workdir=$out/work,volatile" "$root"

echo "card: kernel"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# As in ../image.sh: the way to the mirror is this computer's.
find /etc/apt/apt.conf.d -type f ! -name 'docker-*' -exec cat {} + >"$root/host-apt.conf"
cp "$root/etc/resolv.conf" "$root/etc/hosts" "$out/"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
echo "deb [trusted=yes] $mirror bookworm main" >"$root/host-apt.list"
apt() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C \
        APT_CONFIG=/host-apt.conf apt-get -o Dir::Etc::SourceList=/host-apt.list "$@" >>"$out.log" 2>&1
}
apt update
# shellcheck disable=SC2086 # a list of words on purpose
apt install -y --no-install-recommends $packages
apt clean
# shellcheck disable=SC2086
apt install -y --no-install-recommends --download-only $kernel
dpkg-deb -x "$root"/var/cache/apt/archives/linux-image-[0-9]*.deb "$out/kernel"
dpkg-deb -x "$root"/var/cache/apt/archives/busybox-static_*.deb "$out/busybox"
apt clean
cp -a "$out/kernel/lib/modules" "$root/usr/lib/"
version=$(ls "$root/usr/lib/modules")
chroot "$root" depmod "$version"
rm -rf "$root"/var/lib/apt/lists/* "$root"/host-apt.* "$root/usr/sbin/policy-rc.d"
cp "$out/resolv.conf" "$out/hosts" "$root/etc/"
umount "$root/proc"

echo "card: settings"
# What stood in for the parts of a computer that a container lacks.
rm -rf "$root/var/lib/cloud/seed/nocloud" "$root/usr/local/bin/timedatectl" "$root/usr/local/bin/date" "$root/usr/local/lib/quorate-lab" "$root/etc/lab" \
    "$root/etc/systemd/system/systemd-networkd-wait-online.service.d" "$root/etc/sysctl.d/95-lab.conf"
systemctl --quiet --root="$root" unmask getty.target
systemctl --quiet --root="$root" disable haproxy.service
# `false` is valid from cloud-init 24.4 on only, and this one says so in a warning.
sed -i 's/^locale: false$/locale: C.UTF-8/' "$root/etc/cloud/cloud.cfg.d/95_lab.cfg"
echo LANG=C.UTF-8 >"$root/etc/default/locale"
# These two are Ubuntu's.
cat >"$root/etc/cloud/cloud.cfg.d/99-fake-cloud.cfg" <<'END_OF_FILE'
datasource_list: [ NoCloud, None ]
datasource:
  NoCloud:
    fs_label: system-boot
END_OF_FILE
cat >"$root/etc/fstab" <<'END_OF_FILE'
LABEL=writable     /               ext4  defaults  0  1
LABEL=system-boot  /boot/firmware  vfat  defaults  0  1
END_OF_FILE

echo "card: initrd"
initrd=$out/initrd
mkdir -p "$initrd/bin" "$initrd/dev" "$initrd/proc" "$initrd/modules" "$initrd/root"
cp "$out/busybox/bin/busybox" "$initrd/bin/"
for name in virtio_pci virtio_blk crc32c_generic ext4; do
    chroot "$root" modprobe --set-version "$version" --show-depends "$name"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$out/modules"
number=10
while read -r module; do
    cp "$root/$module" "$initrd/modules/$number-${module##*/}"
    number=$((number + 1))
done <"$out/modules"
cat >"$initrd/init" <<'END_OF_FILE'
#!/bin/busybox sh
# From the kernel to the partition that root=LABEL=... names.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
for module in /modules/*; do insmod "$module"; done
label=$(sed 's/.*root=LABEL=\([^ ]*\).*/\1/' /proc/cmdline)
until device=$(findfs "LABEL=$label"); do sleep 0.1; done
mount -o ro "$device" /root || exec sh
umount /proc
mount --move /dev /root/dev
exec switch_root /root /sbin/init
END_OF_FILE
chmod 755 "$initrd/init"

# A Pi's firmware takes the kernel from the first partition; so does board.ts.
(cd "$initrd" && find . | bin/busybox cpio -o -H newc >"$out/initrd.cpio")
gzip -1 <"$out/initrd.cpio" >"$out/fat/initrd.img"
cp "$out/kernel/boot/vmlinuz-$version" "$out/fat/vmlinuz"
cat >"$out/fat/cmdline.txt" <<'END_OF_FILE'
net.ifnames=0 dwc_otg.lpm_enable=0 console=tty1 root=LABEL=writable rootfstype=ext4 rootwait fixrtc
END_OF_FILE
cat >"$out/fat/config.txt" <<'END_OF_FILE'
# Stands for the firmware's settings, which nobody reads here.
[all]
kernel=vmlinuz
initramfs initrd.img followkernel
cmdline=cmdline.txt
END_OF_FILE
printf 'The lab'\''s card: test/lab/qemu/image.sh of Quorate.\n' >"$out/fat/README"
# As in Ubuntu's: a key with an underscore, which cloud-init does not know.
printf '# What cloud-init calls this machine.\n\ninstance_id: cloud-image\n' >"$out/fat/meta-data"
cat >"$out/fat/network-config" <<'END_OF_FILE'
# The network of the first boot, in netplan's form.

version: 2
ethernets:
  eth0:
    dhcp4: true
    optional: true
END_OF_FILE
cat >"$out/fat/user-data" <<'END_OF_FILE'
#cloud-config

# Nobody has written this card yet: the image's own login, with a password that has to be changed.
chpasswd:
  expire: true
  list:
  - debian:debian

ssh_pwauth: true
END_OF_FILE

echo "card: partitions"
disk=$out/disk.img
truncate -s "$((root_start + root_size + 1))M" "$disk"
sfdisk --quiet "$disk" <<END_OF_FILE
label: dos
start=${fat_start}MiB, size=${fat_size}MiB, type=c, bootable
start=${root_start}MiB, size=${root_size}MiB, type=83
END_OF_FILE
mkfs.vfat -F 32 -h $((fat_start * 2048)) -n system-boot --offset $((fat_start * 2048)) "$disk" $((fat_size * 1024)) >>"$out.log" 2>&1
mcopy -i "$disk@@${fat_start}M" "$out"/fat/* ::
# All of it is written now: the machine's kernel would do the rest in the background of its first boot.
mke2fs -q -t ext4 -L writable -d "$root" -E "offset=$((root_start * 1048576)),lazy_itable_init=0,lazy_journal_init=0" \
    "$disk" "${root_size}M" >>"$out.log" 2>&1
fallocate --dig-holes "$disk"
umount "$root"
find "$out" -mindepth 1 -maxdepth 1 ! -name disk.img -exec rm -rf {} +
rm -f "$out.log"
echo "card: done"
