"""Looking at one node for the inventory: where it answers, who it is, how it is. Whatever happens, a row comes out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from talospatch.errors import NodeError, NotAuthorized, NotFound, TalosPatchError, VersionError
from talospatch.fleet.candidates import same_host, version_of
from talospatch.fleet.inventory import NodeRow
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from talospatch.containerd.carriers import DropIn
    from talospatch.fleet.candidates import Candidate
    from talospatch.talos.resources import StoredConfig
    from talospatch.talosapi.client import Client

_T = TypeVar("_T")


class Looker:
    """Looks at nodes, a bounded number of calls at a time.

    Args:
        client: what calls are made with.
        limit: calls under way at once.
        full: whether to ask each node who and how it is; else only what is needed to address it, and of a node that discovery does not
            know, who it is.
    """

    def __init__(self, client: Client, *, limit: int, full: bool) -> None:
        self._client, self._full, self._gate = client, full, asyncio.Semaphore(limit)

    async def row(self, candidate: Candidate) -> NodeRow:
        """Return a node's row."""
        member = candidate.member
        row = NodeRow(address=candidate.addresses[0], hostname=candidate.hostname)
        if member is not None:
            row = replace(row, machine_type=member.machine_type, talos=version_of(member))
            if not self._full and len(candidate.addresses) == 1:
                return row
        try:
            row = await self._reached(candidate, row)
        except TalosPatchError as error:
            return replace(row, error=str(error))
        if member is None or self._full:
            row = await self._identified(row)
        if not candidate.named and "machine_type" in row.unread:
            return replace(row, error=f"whether it is a worker or a control-plane node is not known: {row.unread['machine_type']}")
        return await self._described(row) if self._full and not row.error else row

    async def _reached(self, candidate: Candidate, row: NodeRow) -> NodeRow:
        """Take the first address that answers.

        Raises:
            TalosPatchError: none does; the error of the first one.
        """
        errors = []
        for address in candidate.addresses:
            version = await self._ask(self._client.version, address)
            if not isinstance(version, TalosPatchError):
                return replace(row, address=address, talos=version.tag)
            errors.append(version)
        raise errors[0]

    async def _identified(self, row: NodeRow) -> NodeRow:
        """Ask the node who it is."""
        node, unread = row.address, dict(row.unread)
        hostname, uuid = await asyncio.gather(self._ask(self._client.hostname, node), self._ask(self._client.machine_uuid, node))
        if isinstance(uuid, NotFound):  # containers and many small boards have none
            uuid = ""
        elif isinstance(uuid, TalosPatchError):
            unread["uuid"], uuid = _sentence(uuid), ""
        if isinstance(hostname, TalosPatchError):
            unread["hostname"], hostname = _sentence(hostname), ""
        kind = row.machine_type
        if kind is MachineType.UNKNOWN:
            answer = await self._ask(self._client.machine_type, node)
            if isinstance(answer, TalosPatchError):
                unread["machine_type"] = _sentence(answer)
            else:
                kind = answer
        row = replace(row, uuid=uuid, machine_type=kind, unread=unread)
        if row.hostname and hostname and not same_host(row.hostname, hostname):
            problem = f"{node} is known as {row.hostname}, but {hostname} answers there; discovery may be out of date"
            return replace(row, error=problem)
        return replace(row, hostname=row.hostname or hostname)

    async def _described(self, row: NodeRow) -> NodeRow:
        """Ask the node how it is."""
        from talospatch.cni.runtimes import runtime_of

        node, unread = row.address, dict(row.unread)
        status, active, persistent = await asyncio.gather(
            self._ask(self._client.machine_status, node),
            self._ask(self._client.machine_config, node),
            self._ask(self._client.machine_config, node, "persistent"),
        )
        if isinstance(status, TalosPatchError):
            unread["stage"] = _sentence(status)
        else:
            row = replace(row, stage=status.stage, ready=status.ready)
        row = replace(row, pending=_pending(active, persistent, unread), dropin=_dropin(active, row.talos, unread))
        runtime = runtime_of(row.talos)
        shipped = "" if runtime is None else runtime.containerd if runtime.exact else f"{runtime.containerd} or newer"
        return replace(row, containerd=shipped, unread=unread)

    async def _ask(self, call: Callable[..., Awaitable[_T]], *arguments: str) -> _T | TalosPatchError:
        async with self._gate:
            try:
                return await call(*arguments)
            except TalosPatchError as error:
                return error


def _sentence(error: TalosPatchError) -> str:
    if isinstance(error, NotAuthorized):
        return "needs os:admin"
    return error.text or error.code if isinstance(error, NodeError) else str(error)


def _pending(active: StoredConfig | TalosPatchError, persistent: StoredConfig | TalosPatchError, unread: dict[str, str]) -> bool | None:
    if isinstance(active, TalosPatchError):
        unread["pending"] = _sentence(active)
        return None
    if isinstance(persistent, TalosPatchError):
        unread["pending"] = "Talos before 1.10 cannot tell" if isinstance(persistent, NotFound) else _sentence(persistent)
        return None
    return active.data != persistent.data


def _dropin(active: StoredConfig | TalosPatchError, tag: str, unread: dict[str, str]) -> DropIn | None:
    from talospatch.containerd.carriers import describe
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.versions import TalosVersion

    if isinstance(active, TalosPatchError):
        unread["dropin"] = _sentence(active)
        return None
    try:
        return describe(MachineConfig.parse(active.data, source="the node's configuration"), TalosVersion.parse(tag))
    except VersionError:
        unread["dropin"] = f"{tag[:40]!r} names no Talos version"
    except TalosPatchError as error:
        unread["dropin"] = f"its configuration cannot be read: {error}"
    return None
