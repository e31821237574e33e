"""The CNI configuration in force on a node: which file of ``/etc/cni/net.d`` it is, and the little of it that decides about the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from talospatch.cni.godecode import match_key
from talospatch.cni.gojson import Object, read

# Source: go-cni opts.go, loadFromConfDir: files with these extensions, sorted by name; containerd takes the first (max_conf_num 1).
EXTENSIONS = (".conf", ".conflist", ".json")
# Plugins that call other networks with a libcni of their own, so that files of networks other than the one in force are read too.
DELEGATING = frozenset({"multus", "multus-shim"})


@dataclass(frozen=True, slots=True)
class Conflist:
    """A CNI configuration.

    Attributes:
        name: the network's name, first part of the names of its cache files.
        cni_version: its ``cniVersion``; empty when it has none.
        file: base name on the node; empty when it is assumed.
        delegates: whether one of its plugins calls other networks by itself (Multus).
    """

    name: str
    cni_version: str
    file: str = ""
    delegates: bool = False

    @property
    def assumed(self) -> bool:
        """Whether it was not read from the node."""
        return not self.file


# Where the conflist cannot be read, the network in a file's name tells which one it most likely is. Sources: Talos's own flannel since 1.3,
# k8stemplates/flannel.go at v1.11.0 (up to Talos 1.2 it was 0.3.1); the conflists that Calico and Cilium install.
ASSUMED = {
    conflist.name: conflist for conflist in (Conflist("cbr0", "1.0.0"), Conflist("k8s-pod-network", "0.3.1"), Conflist("cilium", "0.3.1"))
}
# Interfaces on which containerd calls CNI: it takes one configuration (max_conf_num 1), whose interface go-cni numbers first (opts.go,
# getIfName), and its own for the loopback. Other names are of plugins that call networks themselves.
INTERFACE, LOOPBACK_INTERFACE = "eth0", "lo"
# containerd's own network for `lo`: its conflist is built in (go-cni opts.go, WithLoNetwork).
LOOPBACK = Conflist("cni-loopback", "0.3.1", file="built in")


def active(names: Iterable[str]) -> str | None:
    """Return the file that containerd takes, or None when there is none."""
    return min((name for name in names if name.endswith(EXTENSIONS)), default=None)


@lru_cache(maxsize=16)  # most nodes of a fleet have the same one
def parse(content: bytes, file: str) -> Conflist | None:
    """Read a conflist, or a single plugin's configuration; None when it is not one that libcni would load.

    Args:
        content: the file's bytes.
        file: its base name; the extension decides how libcni reads it.
    """
    top = read(content).value
    if not isinstance(top, Object):
        return None
    # A list is read into a Go map, whose keys are exact; a single plugin into a struct, where case does not count.
    fold = not file.endswith(".conflist")
    name, version = _text(top, "name", fold=fold), _text(top, "cniVersion", fold=fold)
    if not name:
        return None
    plugins = [dict(top)] if fold else dict(top).get("plugins")
    types = [dict(plugin).get("type") for plugin in plugins if isinstance(plugin, (Object, dict))] if isinstance(plugins, list) else []
    return Conflist(name, version, file, delegates=any(isinstance(kind, str) and kind in DELEGATING for kind in types))


def _text(top: Object, field: str, *, fold: bool) -> str:
    found: Any = ""
    for key, value in top:
        if key == field or (fold and match_key(key, (field,))):
            found = value
    return found if isinstance(found, str) else ""
