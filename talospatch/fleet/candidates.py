"""From a choice of nodes to the nodes it may mean: by cluster discovery, else by what the talosconfig names. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.planning.order import natural
from talospatch.talos.finding import Finding, Severity
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from talospatch.fleet.targets import Targets
    from talospatch.talos.node import Member

_VERSION = re.compile(r"\((v\d[^()\s]*)\)")  # as discovery writes it: "Talos (v1.13.4)"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may be a target.

    Attributes:
        addresses: to be tried in this order; a name that the user gave stands alone.
        member: what discovery knows of it, or None.
        named: whether the user named it.
    """

    addresses: tuple[str, ...]
    member: Member | None = None
    named: bool = False

    @property
    def hostname(self) -> str:
        """By which discovery knows it, or empty."""
        return self.member.hostname if self.member else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that a filter may match."""
        return (self.hostname, *self.addresses, *(self.member.addresses if self.member else ()))


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a choice may mean.

    Attributes:
        chosen: candidates; of those without a member the type is not known yet.
        rest: members that are no candidates.
    """

    chosen: tuple[Candidate, ...]
    rest: tuple[Member, ...]
    findings: tuple[Finding, ...] = ()


def candidates(targets: Targets, members: Sequence[Member], context_nodes: Sequence[str] = ()) -> Candidates:
    """Return the nodes that a choice may mean, those named first, each once.

    Where discovery knows nothing, the nodes of the talosconfig's context stand in for it: they still have to be of a chosen type, they do
    not count as named.

    Args:
        targets: the choice; its filter is applied to members here, to others when their host name is known.
        members: what discovery knows; empty when it knows nothing.
        context_nodes: ``nodes`` of the talosconfig's context.
    """
    chosen: list[Candidate] = []
    findings: list[Finding] = []
    taken: dict[str, str] = {}
    known = _by_any_name(members)
    for name in targets.names:
        member = known.get(_canonical(name))
        identity = member.hostname if member else name
        if identity in taken:
            findings.append(_duplicate(name, taken[identity], identity))
            continue
        taken[identity] = name
        if member is None and members:
            findings.append(_not_discovered(name, "it was named"))
        chosen.append(Candidate((name,), member, named=True))
    others = [member for member in members if member.hostname not in taken]
    if targets.types and members:
        chosen += [
            Candidate(ordered(member.addresses) or (member.hostname,), member)
            for member in _sorted(others)
            if member.machine_type in targets.types
        ]
        findings += [_not_discovered(name, "the talosconfig names it") for name in context_nodes if _canonical(name) not in known]
    elif targets.types:
        chosen += [Candidate((name,)) for name in dict.fromkeys(context_nodes) if name not in taken]
    chosen = [candidate for candidate in chosen if candidate.member is None or targets.matches(*candidate.texts)]
    meant = {candidate.hostname for candidate in chosen}
    return Candidates(tuple(chosen), tuple(member for member in members if member.hostname not in meant), tuple(findings))


def same_host(one: str, other: str) -> bool:
    """Whether two host names are one machine's, with or without their domain."""
    return one.partition(".")[0].lower() == other.partition(".")[0].lower()


def ordered(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return addresses as they are to be tried: IPv4 first, then IPv6, link-local ones not at all."""

    def rank(address: str) -> int:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return 1
        return -1 if parsed.is_link_local else 0 if parsed.version == 4 else 1

    return tuple(sorted((address for address in dict.fromkeys(addresses) if rank(address) >= 0), key=rank))


def version_of(member: Member) -> str:
    """Return the version tag that discovery gives a member, or the empty text."""
    match = _VERSION.search(member.operating_system)
    return match[1] if match else ""


def _sorted(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: (member.machine_type is not MachineType.CONTROL_PLANE, natural(member.hostname.lower())))


def _by_any_name(members: Iterable[Member]) -> dict[str, Member]:
    """Return the members by host name and by each address; a name that two of them have is the first one's."""
    found: dict[str, Member] = {}
    for member in members:
        for name in (member.hostname.lower(), *map(_canonical, member.addresses)):
            found.setdefault(name, member)
    return found


def _canonical(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text.lower().rstrip(".")


def _duplicate(name: str, first: str, hostname: str) -> Finding:
    return Finding(Severity.WARNING, "duplicate-node", "", f"{name} and {first} are the same machine, {hostname}; it counts once")


def _not_discovered(name: str, why: str) -> Finding:
    message = f"cluster discovery does not know {name} ({why})"
    return Finding(
        Severity.WARNING, "not-discovered", "", message, "a node that never joined discovery is not among all workers or all nodes"
    )
