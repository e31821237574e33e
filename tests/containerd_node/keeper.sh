#!/bin/sh
# keeper.sh DISK CGROUP: holds a machine while somebody holds our standard input, and leaves nothing behind when they let go.
#
# The machine is a mount and a PID namespace with one process in them; DISK is memory in there, an empty directory outside. What boots
# later joins both, so the end of that process is the end of everything, mounts and files included. It also ends with us: --pdeathsig.
set -u
disk=$1 cgroup=$2

setpriv --pdeathsig KILL \
  unshare --mount --propagation private --pid --fork --kill-child=KILL \
  sh -c 'mount -t tmpfs -o mode=0755,size=2g disk "$1" && echo ready && exec sleep infinity; echo failed' machine "$disk" &
machine=$!

cat >/dev/null

kill -KILL "$machine" 2>/dev/null
wait "$machine" 2>/dev/null
# Control groups outlive their processes. The kernel lets go of them a moment after the last one ended.
for try in 1 2 3 4 5 6 7 8 9 10; do
  left=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "$cgroup" 2>/dev/null)
  [ -z "$left" ] && break
  find $left -depth -type d -exec rmdir {} + 2>/dev/null
  sleep 0.1
done
rmdir "$disk" 2>/dev/null
exit 0
