"""Finding the nodes that a command is about, without being told where they are.

Cluster discovery knows every node that joined it; any endpoint can be asked, and os:reader is enough. Where it knows nothing, the nodes of
the talosconfig's context are asked what they are, and a finding says so. One dead node never blocks the others: it becomes a row with its
reason.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING

from talospatch.errors import NodeError, RefusedError
from talospatch.fleet.candidates import candidates, version_of
from talospatch.fleet.inventory import Inventory
from talospatch.fleet.look import Looker
from talospatch.talos.finding import Finding, Severity
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.fleet.candidates import Candidate
    from talospatch.fleet.inventory import NodeRow
    from talospatch.fleet.targets import Targets
    from talospatch.talos.node import Member
    from talospatch.talosapi.client import Client

LIMIT = 64  # calls under way at once


class Detail(Enum):
    """How much is asked of each node."""

    NAMES = "names"  # only what is needed to address it: nothing where discovery gives one address
    FULL = "full"  # version, stage, hardware, configuration


async def find(
    client: Client, targets: Targets, *, context_nodes: Sequence[str] = (), detail: Detail = Detail.FULL, limit: int = LIMIT
) -> Inventory:
    """Return the nodes that are meant.

    Args:
        client: what calls are made with.
        targets: the choice.
        context_nodes: ``nodes`` of the talosconfig's context; never counted as named.
        detail: how much is asked of each node.
        limit: calls under way at once.

    Raises:
        RefusedError: the choice means no node; the code says which kind was missing, such as ``no-workers``.
        DialError: no endpoint can be reached.
    """
    members, findings = await _discover(client)
    found = candidates(targets, members, context_nodes)
    looker = Looker(client, limit=limit, full=detail is Detail.FULL)
    rows = await asyncio.gather(*(looker.row(candidate) for candidate in found.chosen))
    kept = [row for candidate, row in zip(found.chosen, rows, strict=True) if _is_meant(candidate, row, targets)]
    unique, doubles = _each_once(kept)
    findings = (*findings, *found.findings, *doubles)
    if not unique:
        raise _nothing(targets, members, findings)
    others = dict.fromkeys(tag for member in found.rest if (tag := version_of(member)))
    return Inventory(rows=unique, findings=findings, fleet=tuple(others))


async def _discover(client: Client) -> tuple[tuple[Member, ...], tuple[Finding, ...]]:
    """Ask the endpoint itself, whichever answers: the one call that names no node, because none is known yet."""
    try:
        members = await client.members("")
    except NodeError as error:
        why = f"cluster discovery cannot be read: {error.text}"
        return (), (Finding(Severity.WARNING, "discovery-unreadable", "", why, "name the nodes with -n"),)
    if not members:
        why = "cluster discovery knows no nodes; it is disabled, or this node has not joined it"
        return (), (Finding(Severity.WARNING, "discovery-empty", "", why, "name the nodes with -n, or list them in the talosconfig"),)
    return members, ()


def _is_meant(candidate: Candidate, row: NodeRow, targets: Targets) -> bool:
    """Whether a node, now that it was looked at, is one of the chosen. One that cannot be seen stays: it may be."""
    if candidate.member is not None:
        return True
    right_type = candidate.named or row.machine_type in targets.types or (bool(row.error) and row.machine_type is MachineType.UNKNOWN)
    return right_type and targets.matches(row.hostname, row.address)


def _each_once(rows: Sequence[NodeRow]) -> tuple[tuple[NodeRow, ...], tuple[Finding, ...]]:
    """Drop machines that were found under two addresses. Clones may share a UUID, and two machines a host name: both must agree."""
    seen: dict[tuple[str, str], NodeRow] = {}
    unique: list[NodeRow] = []
    findings: list[Finding] = []
    for row in rows:
        identity = (row.uuid, row.hostname)
        if all(identity) and identity in seen:
            message = f"{row.address} and {seen[identity].address} are the same machine, {row.hostname}; it counts once"
            findings.append(Finding(Severity.WARNING, "duplicate-node", "", message))
            continue
        seen[identity] = row
        unique.append(row)
    return tuple(unique), tuple(findings)


_MISSING = {
    frozenset({MachineType.WORKER}): ("no-workers", "no worker was found"),
    frozenset({MachineType.CONTROL_PLANE}): ("no-control-planes", "no control-plane node was found"),
}


def _nothing(targets: Targets, members: Sequence[Member], findings: Sequence[Finding]) -> RefusedError:
    code, sentence = _MISSING.get(targets.types, ("no-nodes", "no node was found"))
    if targets.pattern:
        return RefusedError("no-match", f"no node matches: {targets.label}")
    if members:
        counted = ", ".join(f"{member.hostname} ({member.machine_type.value})" for member in members[:10])
        return RefusedError(code, f"{sentence}; cluster discovery knows {counted}{' …' if len(members) > 10 else ''}")
    said = "; ".join(finding.message for finding in findings)
    return RefusedError(code, f"{sentence}: {said}; name the nodes with -n" if said else f"{sentence}; name the nodes with -n")
