r"""Addresses that host-local holds for pods: one file for each, below ``/var/lib/cni/networks/<network>``.

Source: backend/disk of the host-local plugin. A file has its address as its name and ``<container ID>\r\n<interface>`` as its content,
before plugins 0.8.3 the ID alone. DEL looks for files whose content is just that. A file that holds anything else, such as nothing after
a power cut (the files are not synced either), matches no container, and its address is never given out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from talospatch.cni.verdict import WRITING, Liveness, NodeState, whereabouts

# What host-local writes for a sandbox of containerd; Go trims what Unicode calls white space.
_CONTENT = re.compile(r"([0-9a-f]{64})(?:\r\n([^/:\s]{1,15}))?")
SHORTEST = 64  # bytes, of an ID alone: what is shorter names no sandbox


class Holder(StrEnum):
    """Who an address is held for."""

    RUNNING = "running"  # a pod that runs
    STOPPED = "stopped"  # a pod that is gone and whose sandbox containerd still knows: it comes back when that sandbox stops
    KNOWN = "known"  # a sandbox that containerd knows; whether its pod runs cannot be told
    STARTING = "starting"  # an unknown sandbox, but so new that it may be in the making
    GONE = "gone"  # a sandbox that containerd does not know: nobody will release it
    NOBODY = "nobody"  # the file names no sandbox, so it can never be released
    UNREAD = "unread"  # its content was not read
    UNSEEN = "unseen"  # which sandboxes exist was not seen


LEAKED = frozenset({Holder.GONE, Holder.NOBODY})
_OF_LIVENESS = {
    Liveness.RUNNING: Holder.RUNNING,
    Liveness.STOPPED: Holder.STOPPED,
    Liveness.KNOWN: Holder.KNOWN,
    Liveness.STARTING: Holder.STARTING,
    Liveness.GONE: Holder.GONE,
    Liveness.UNSEEN: Holder.UNSEEN,
}


class Lease(NamedTuple):
    """One file of an address.

    Attributes:
        network: name of the network, which is the directory's name.
        address: as text.
        size: bytes.
        modified: seconds since 1970.
        sandbox, interface: what its content names; empty when it was not read or names nothing.
        was_read: whether its content is known, as that of a file too short to name a sandbox is.
    """

    network: str
    address: str
    size: int
    modified: int
    sandbox: str = ""
    interface: str = ""
    was_read: bool = False

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4


@dataclass(frozen=True, slots=True)
class HeldAddress:
    """A lease with whom it is held for."""

    lease: Lease
    holder: Holder


def address_of(name: str) -> str | None:
    """Return the address in a file's name; None for host-local's own files (``lock``, ``last_reserved_ip.0``) and anything else."""
    try:
        return str(ip_address(name)) if name == name.strip() and "%" not in name else None
    except ValueError:
        return None


def lease(network: str, name: str, size: int, modified: int) -> Lease | None:
    """Return the lease that a file stands for; None when it is none."""
    address = address_of(name)
    if address is None:
        return None
    return Lease(network, address, size, modified, was_read=size < SHORTEST)


def with_content(found: Lease, content: bytes) -> Lease:
    """Return the lease with what its content names."""
    match = _CONTENT.fullmatch(content.decode("utf-8", "replace").strip())
    if match is None:
        return found._replace(sandbox="", interface="", was_read=True)
    return found._replace(sandbox=match[1], interface=match[2] or "", was_read=True)


def holder(found: Lease, node: NodeState) -> Holder:
    """Return who an address is held for."""
    if not found.was_read:
        return Holder.UNREAD
    if found.sandbox:
        return _OF_LIVENESS[whereabouts(found.sandbox, found.modified, node)]
    # host-local makes the file and then writes into it.
    is_fresh = node.now is not None and found.modified > node.now - WRITING
    return Holder.STARTING if is_fresh else Holder.NOBODY


def held(leases: Iterable[Lease], node: NodeState) -> tuple[HeldAddress, ...]:
    """Return each lease with its holder, in the order of addresses."""
    return tuple(HeldAddress(each, holder(each, node)) for each in sorted(leases, key=_order))


def by_sandbox(leases: Iterable[Lease]) -> Mapping[str, tuple[Lease, ...]]:
    """Return leases by the sandbox that they name."""
    found: dict[str, tuple[Lease, ...]] = {}
    for each in leases:
        if each.sandbox:
            found[each.sandbox] = (*found.get(each.sandbox, ()), each)
    return found


def at_least_leaked(leases: Iterable[Lease], sandboxes: int) -> int:
    """Return how many addresses must be held by nobody, where contents were not read.

    A sandbox holds one address of each family of a network at most. So where there are more addresses than sandboxes, the surplus is
    leaked, whichever of them it is. A surplus of one or two says little: the directory of a new sandbox is made later than its lease.

    Args:
        leases: of one network.
        sandboxes: how many the node knows, those in the making included.
    """
    counts = {4: 0, 6: 0}
    for each in leases:
        counts[each.version] += 1
    return sum(max(count - sandboxes, 0) for count in counts.values())


def _order(found: Lease) -> tuple[str, int, int]:
    address: IPv4Address | IPv6Address = ip_address(found.address)
    return found.network, address.version, int(address)
