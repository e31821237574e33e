"""How full the file system is that holds the cache: a full one is what cuts a file of this boot short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.cni.directories import RESULTS

if TYPE_CHECKING:
    from talospatch.talos.node import Mount

# Where its file system can be mounted. Nothing else that a node names is looked at, nor shown.
_ABOVE = frozenset({"/", *(RESULTS[:end] for end in range(1, len(RESULTS) + 1) if RESULTS[end : end + 1] in {"", "/"})})
# Source: the kubelet's default evictionHard, nodefs.available<10% (Kubernetes, node-pressure eviction). Talos sets none of its own.
KUBELET_EVICTS = 0.10
_LARGEST = (1 << 63) - 1  # bytes; no file system of Linux is larger (loff_t)
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True, slots=True)
class Space:
    """The file system that holds a node's cache.

    Attributes:
        mounted_on: where it is mounted, as ``/var``.
        size: bytes.
        available: bytes that are free. Whether it has inodes left is not told.
        problem: why this was not seen; else empty, and the rest holds.
    """

    mounted_on: str = ""
    size: int = 0
    available: int = 0
    problem: str = ""

    @property
    def is_low(self) -> bool:
        """Whether less is free than the kubelet leaves to pods unless it is told otherwise."""
        return not self.problem and self.available < self.size * KUBELET_EVICTS

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        if self.problem:
            return {"problem": self.problem}
        return {"mountedOn": self.mounted_on, "size": self.size, "available": self.available}


def space_in(mounts: Iterable[Mount]) -> Space:
    """Return what a node's mounts say of the one that holds the cache. Figures that cannot be are not believed."""
    holding = [mount for mount in mounts if mount.mounted_on in _ABOVE]
    if not holding:
        return Space(problem=f"no mount that the node names holds {RESULTS}")
    # What was mounted last on the longest path is what a file there is written to.
    found = max(enumerate(holding), key=lambda each: (len(each[1].mounted_on), each[0]))[1]
    if found.size == 0:
        return Space(problem=f"the node does not tell the size of {found.mounted_on}")
    if not 0 <= found.available <= found.size <= _LARGEST:
        return Space(problem=f"what the node says of {found.mounted_on} cannot be: {found.available} of {found.size} bytes are free")
    return Space(found.mounted_on, found.size, found.available)


def clause(space: Space) -> str:
    """Return what was seen of it, as a clause; what the node said in a problem is not escaped yet."""
    if space.problem:
        return f"how full the file system of {RESULTS} is was not seen: {space.problem}"
    free = f"{space.mounted_on} has {amount(space.available)} of {amount(space.size)} free now"
    return f"{free}, less than the {KUBELET_EVICTS:.0%} at which the kubelet evicts pods by default" if space.is_low else free


def amount(number: int) -> str:
    """Return a number of bytes for a person, as ``312 MiB``; never more than there are."""
    power = 0
    while number >> 10 * (power + 1) and power + 1 < len(_UNITS):
        power += 1
    if power == 0:
        return "1 byte" if number == 1 else f"{number} bytes"
    tenths = (number * 10) >> (10 * power)
    whole = tenths >= 100 or tenths % 10 == 0
    return f"{tenths // 10}{'' if whole else f'.{tenths % 10}'} {_UNITS[power]}"
