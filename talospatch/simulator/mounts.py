"""Mounts: the file systems of a node, as ``/proc/mounts`` lists them, each with its size.

Source: Mounts in internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go at v1.13.9 and v1.14.0-rc.1: sizes are statfs's where
the mount point is a directory, and 0 elsewhere. Talos 1.6, which leaves out what is no directory, is answered for like the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.simulator.exchange import Exchange, answer
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.simulator.node import SimulatedNode

_MEMORY = 2 << 30  # bytes, of which a tmpfs may have half
_ROOT = 64 << 20  # bytes of the image that is the root; nothing in it is free
# What is mounted wherever Talos runs, with its size and what is free.
_FIRST = (
    ("/dev/loop0", "/", _ROOT, 0),
    ("devtmpfs", "/dev", _MEMORY, _MEMORY),
    ("proc", "/proc", 0, 0),
    ("sysfs", "/sys", 0, 0),
    ("tmpfs", "/run", _MEMORY // 2, _MEMORY // 2 - (8 << 20)),
    ("tmpfs", "/system", _MEMORY // 2, _MEMORY // 2 - (1 << 20)),
    ("tmpfs", "/tmp", 64 << 20, 64 << 20),  # noqa: S108 - a node's
    ("cgroup2", "/sys/fs/cgroup", 0, 0),
)
# Overlays whose upper directory lies below /var/system/overlays: statfs speaks of that one.
_OVERLAYS = ("/etc/cni", "/etc/kubernetes", "/usr/libexec/kubernetes", "/opt")
_SHM = 64 << 20


def list_mounts(node: SimulatedNode) -> Exchange:
    """Answer Mounts."""
    stats = [
        machine_pb2.MountStat(filesystem=source, mounted_on=path, size=size, available=available)
        for source, path, size, available in _mounts(node)
    ]
    return answer(machine_pb2.MountsResponse(messages=[machine_pb2.Mounts(stats=stats)]))


def _mounts(node: SimulatedNode) -> Iterator[tuple[str, str, int, int]]:
    spec = node.spec
    var = (spec.var_size, 0 if spec.faults.full_disk else spec.var_available)
    yield from _FIRST
    yield ("/dev/vda6" if spec.platform == "metal" else "/dev/vda1", "/var", *var)
    yield from (("overlay", path, *var) for path in _OVERLAYS)
    for sandbox in spec.sandboxes:
        if sandbox.ready:
            yield "shm", f"/run/containerd/io.containerd.grpc.v1.cri/sandboxes/{sandbox.id}/shm", _SHM, _SHM
            yield ("overlay", f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{sandbox.id}/rootfs", *var)
        if sandbox.network:
            yield "nsfs", f"/run/netns/cni-{sandbox.id[:8]}", 0, 0
