"""Directories that List and Copy may be asked for.

A root that vanishes between two of the walker's looks crashes machined, the node's PID 1 (nil FileInfo in archiver/walker.go, every version
up to 1.14). What lies below a root may come and go. So only directories that nothing on a running node removes are roots; that a file or
another directory has vanished is seen by listing the directory above it.
"""

from __future__ import annotations

from dataclasses import dataclass

from talospatch.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Root:
    """A directory that stays.

    Attributes:
        path: absolute, without a slash at the end.
        children: whether each directory directly below it stays as well.
        reason: what makes it, and why nothing removes it while the node runs.
    """

    path: str
    reason: str
    children: bool = False


ROOTS = (
    Root("/var/lib/cni", "libcni's global cache directory (libcni api.go, CacheDir); nothing removes it"),
    Root("/var/lib/cni/results", "libcni makes it with the first ADD and removes files in it only, never the directory (api.go, cacheDel)"),
    Root(
        "/var/lib/cni/networks",
        "host-local makes it, and in it a directory for each network (backend/disk New); it releases leases by removing files only",
        children=True,
    ),
    Root("/var/lib/cni/flannel", "the flannel plugin's scratch directory; it removes the file of each container only"),
    Root("/run/netns", "containerd makes it with the first pod of a boot and removes only the namespaces in it (pkg/netns/netns_linux.go)"),
    Root("/etc/cni/net.d", "part of the overlay that Talos mounts at boot; CNI installers add and remove files in it"),
    Root("/etc/cri/conf.d", "part of Talos's root file system; its controllers write files into it"),
    Root(
        "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes",
        "containerd's CRI plugin makes it at start; the directory of each sandbox below it comes and goes",
    ),
    Root(
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io",
        "containerd makes it with the first task of a boot and removes only the directory of each task below it (runtime/v2/bundle.go)",
    ),
    Root("/var/log", "made by Talos at boot; logs below it are rotated"),
)
_BY_PATH = {root.path: root for root in ROOTS}


def allowed(path: str) -> str:
    """Return the root as it is to be sent, without a slash at the end.

    Only the plain spelling is known: a path with ``.``, ``..`` or ``//`` in it is not on the list, whatever it would lead to.

    Raises:
        RefusedError: ``unstable-root``; nothing was sent.
    """
    plain = path[:-1] if len(path) > 1 and path.endswith("/") else path
    if plain in _BY_PATH:
        return plain
    parent, _, name = plain.rpartition("/")
    if name not in {"", ".", ".."} and "\0" not in name and (root := _BY_PATH.get(parent)) is not None and root.children:
        return plain
    raise RefusedError(
        "unstable-root",
        f"{path[:200]!r} is not listed: if a listed directory vanishes meanwhile, machined crashes and the node with it, so only "
        f"directories that stay are asked for; these are {', '.join(root.path for root in ROOTS)}",
    )
