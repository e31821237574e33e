"""Which containerd a Talos version ships, and which libcni that containerd holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from talospatch.errors import VersionError
from talospatch.versions import TalosVersion


@dataclass(frozen=True, slots=True)
class Runtime:
    """The part of a node that reads the cache.

    Attributes:
        containerd: its version, as ``1.7.16``.
        libcni: the libcni in it, as ``1.1.2``.
        exact: False when the node is newer than the table and the newest row stands in for it.
    """

    containerd: str
    libcni: str
    exact: bool = True


class _TalosRow(NamedTuple):
    first: str
    containerd: str


# Source: DefaultContainerdVersion in Talos's pkg/machinery/constants at each tag. Each row holds from its first tag up to the next row's.
TALOS = (
    _TalosRow("1.3.0-alpha.0", "1.6.8"),
    _TalosRow("1.3.0-alpha.2", "1.6.9"),
    _TalosRow("1.3.0-beta.0", "1.6.10"),
    _TalosRow("1.3.0-beta.1", "1.6.11"),
    _TalosRow("1.3.0-beta.2", "1.6.12"),
    _TalosRow("1.3.1", "1.6.14"),
    _TalosRow("1.3.2", "1.6.15"),
    _TalosRow("1.3.4", "1.6.16"),
    _TalosRow("1.3.5", "1.6.18"),
    _TalosRow("1.3.7", "1.6.20"),
    _TalosRow("1.4.0-alpha.0", "1.6.14"),
    _TalosRow("1.4.0-alpha.1", "1.6.15"),
    _TalosRow("1.4.0-alpha.2", "1.6.18"),
    _TalosRow("1.4.0-alpha.3", "1.6.19"),
    _TalosRow("1.4.0-alpha.4", "1.6.20"),
    _TalosRow("1.4.2", "1.6.21"),
    _TalosRow("1.5.0-beta.0", "1.6.22"),
    _TalosRow("1.5.0", "1.6.23"),
    _TalosRow("1.5.6", "1.6.28"),
    _TalosRow("1.6.0-alpha.0", "1.6.23"),
    _TalosRow("1.6.0-alpha.1", "1.7.7"),
    _TalosRow("1.6.0-alpha.2", "1.7.9"),
    _TalosRow("1.6.0-beta.0", "1.7.10"),
    _TalosRow("1.6.1", "1.7.11"),
    _TalosRow("1.6.4", "1.7.13"),
    _TalosRow("1.6.8", "1.7.20"),
    _TalosRow("1.7.0-alpha.0", "1.7.15"),
    _TalosRow("1.7.1", "1.7.16"),
    _TalosRow("1.7.5", "1.7.18"),
    _TalosRow("1.7.7", "1.7.22"),
    _TalosRow("1.8.0-alpha.0", ""),  # which containerd each pre-release of 1.8 had is not recorded; it went from 1.7 to 2.0 there
    _TalosRow("1.8.0", "2.0.0-rc.4"),
    _TalosRow("1.8.1", "2.0.0-rc.5"),
    _TalosRow("1.8.2", "2.0.0-rc.6"),
    _TalosRow("1.8.3", "2.0.0"),
    _TalosRow("1.9.0-alpha.0", "2.0.1"),
    _TalosRow("1.9.2", "2.0.2"),
    _TalosRow("1.9.5", "2.0.3"),
    _TalosRow("1.9.6", "2.0.5"),
    _TalosRow("1.10.0-alpha.0", "2.0.5"),
    _TalosRow("1.10.8", "2.0.7"),
    _TalosRow("1.11.0-alpha.0", "2.1.4"),
    _TalosRow("1.11.5", "2.1.5"),
    _TalosRow("1.12.0-alpha.0", "2.1.6"),
    _TalosRow("1.12.7", "2.1.7"),
    _TalosRow("1.12.8", "2.2.4"),
    _TalosRow("1.12.9", "2.2.5"),
    _TalosRow("1.13.0-alpha.0", "2.2.3"),
    _TalosRow("1.13.3", "2.2.4"),
    _TalosRow("1.13.5", "2.2.5"),
    _TalosRow("1.13.7", "2.2.6"),
    _TalosRow("1.13.9", "2.2.7"),
    _TalosRow("1.14.0-alpha.0", "2.2.3"),
    _TalosRow("1.14.0-alpha.1", "2.3.1"),
    _TalosRow("1.14.0-alpha.2", "2.3.2"),
    _TalosRow("1.14.0-beta.0", "2.3.3"),
)
NEWEST_MINOR = (1, 14)


class _ContainerdRow(NamedTuple):
    first: tuple[int, int, int, int]
    libcni: str


# Source: go.mod of containerd at each tag. The fourth number orders pre-releases: beta 0, rc 1 + number, release 100.
CONTAINERD = (
    _ContainerdRow((1, 4, 1, 0), "0.8.0"),
    _ContainerdRow((1, 5, 0, 0), "0.8.1"),
    _ContainerdRow((1, 6, 0, 0), "1.0.1"),
    _ContainerdRow((1, 6, 4, 0), "1.1.0"),
    _ContainerdRow((1, 6, 5, 0), "1.1.1"),
    _ContainerdRow((1, 7, 0, 0), "1.1.2"),
    _ContainerdRow((2, 0, 0, 2), "1.2.0"),  # 2.0.0-rc.1; the betas and rc.0 still had 1.1.2
    _ContainerdRow((2, 0, 0, 5), "1.2.3"),  # 2.0.0-rc.4
    _ContainerdRow((2, 1, 0, 0), "1.3.0"),
)
_CONTAINERD = re.compile(
    r"(?:containerd://)?v?(\d{1,4})\.(\d{1,4})\.(?:(\d{1,4})|x)(?:-(?:(rc)\.(\d{1,3})|beta\.\d+|alpha\.\d+))?(?:[+~-].*)?"
)
_RELEASE = 100


def libcni_of(containerd: str) -> str | None:
    """Return the libcni in a containerd, given as ``2.0.0-rc.4`` or as Kubernetes writes it, ``containerd://1.7.16``; None when unknown."""
    match = _CONTAINERD.fullmatch(containerd.strip())
    if match is None:
        return None
    major, minor, patch, stage, number = match.groups()
    suffix = containerd.partition("-")[2]
    order = 1 + int(number) if stage else 0 if suffix.startswith(("beta", "alpha")) else _RELEASE
    key = (int(major), int(minor), int(patch or 0), order)
    return next((row.libcni for row in reversed(CONTAINERD) if row.first <= key), None)


@cache
def runtime_of(talos: str) -> Runtime | None:
    """Return what a Talos version ships; None where the table does not know it: older than 1.3, a pre-release of 1.8, no version.

    A version newer than the table gets its newest row, with ``exact`` False: libcni has read damaged files without failing since 1.2.0.
    """
    try:
        version = TalosVersion.parse(talos)
    except VersionError:
        return None
    row = next((row for row in reversed(TALOS) if TalosVersion.parse(row.first) <= version), None)
    libcni = libcni_of(row.containerd) if row is not None else None
    if row is None or libcni is None:
        return None
    return Runtime(row.containerd, libcni, exact=version.key[:2] <= NEWEST_MINOR)
