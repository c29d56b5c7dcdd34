# Boots a Debian machine out of this one: its own processes, network, host name, cgroups, and a copy of all files that is written
# to instead of them. $1 is a private folder, $2 the name of its cgroup, $3 how large what it writes may become.
#
# Run in a mount namespace of its own. Its one child ends as systemd, process 1 of the machine, which dies with whoever started
# this. When process 1 ends and "$1/again" is there, the machine boots once more from its disk.
set -e
dir=$1
mount --make-rprivate /
mount -t tmpfs -o size="$3",mode=755 tmpfs "$dir"
mkdir "$dir/cgroups" "$dir/upper" "$dir/work" "$dir/root"
mount -t cgroup2 cgroup2 "$dir/cgroups"
# What machines of tests that are over have left.
for old in "$dir"/cgroups/mirai-test-*; do
    pid=${old##*/mirai-test-}
    [ -d "/proc/${pid%-*}" ] || find "$old" -depth -type d -exec rmdir {} + 2>/dev/null || true
done
mkdir -p "$dir/cgroups/$2"
echo $$ >"$dir/cgroups/$2/cgroup.procs"
# Nothing of what this machine starts by itself.
disk=$dir/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" "$disk"
rm -rf "$disk"/etc/systemd/system/*.wants "$disk"/srv/* "$disk"/var/log/journal
umount "$disk"
boot() {
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --net --uts --ipc --cgroup --propagation private \
        sh -eu -c "$machine" machine "$dir"
}
machine='
    root=$1/root
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/net" "$root/dev/pts" "$root/dev/shm"
    mknod -m 666 "$root/dev/net/tun" c 10 200
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir "$root/here"
    cd "$root"
    pivot_root . here
    umount -l /here
    rmdir /here
    hostname machine
    exec env -i container=mirai-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system --log-target=journal --unit=multi-user.target
'
boot || true
while [ -e "$dir/again" ]; do
    rm "$dir/again"
    boot || true
done
