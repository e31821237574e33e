#!/bin/sh
# boot.sh DISK PROGRAMS: the first process of a running node. Its root has this machine's programs, read-only, and nothing else of it:
# /etc and /var are the disk's, /run and the network are new with each boot. PROGRAMS is a directory to put first, or empty.
set -eu
disk=$1 programs=$2

mount -t tmpfs -o mode=0755 root "$disk/root"
cd "$disk/root"
mkdir -p dev etc mnt opt/programs opt/cni proc run sys tmp usr var
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then
    cp -P "/$name" "$name"
  elif [ -d "/$name" ]; then
    mkdir "$name"
    mount --rbind "/$name" "$name"
    mount -o remount,bind,ro "$name"
  fi
done
mount --rbind /usr usr
mount -o remount,bind,ro usr
if [ -n "$programs" ]; then
  mount --bind "$programs" opt/programs
  mount -o remount,bind,ro opt/programs
fi
mount --bind "$disk/etc" etc
mount --bind "$disk/opt/cni" opt/cni
mount --bind "$disk/var" var
mount --bind /etc/alternatives etc/alternatives
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
pivot_root . mnt
cd /
umount -l /mnt
ip link set lo up
echo booted
# Whatever loses its parent is ours to bury; wait does it.
while :; do
  sleep 3600 &
  wait $!
done
